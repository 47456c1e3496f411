'use client'
import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import type { ReactNode } from 'react'

/** A modal window with a title; `onOpenChange(false)` is called by Esc, the cross and a click outside. */
export function Dialog({
  open,
  onOpenChange,
  title,
  description,
  children,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  description?: string
  children: ReactNode
}) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/45" />
        <Radix.Content className="fixed top-[10vh] left-1/2 z-50 flex max-h-[80vh] w-[min(44rem,calc(100vw-2rem))] -translate-x-1/2 flex-col rounded-xl border border-line bg-raised shadow-float">
          <header className="flex items-start gap-4 border-line border-b px-5 py-3.5">
            <div className="grow">
              <Radix.Title className="font-semibold text-base">{title}</Radix.Title>
              <Radix.Description className={description ? 'text-[13px] text-ink-2' : 'sr-only'}>
                {description ?? title}
              </Radix.Description>
            </div>
            <Radix.Close
              aria-label="Close"
              className="-mr-1.5 rounded-md p-1.5 text-ink-2 hover:bg-line/60 hover:text-ink"
            >
              <X size={16} />
            </Radix.Close>
          </header>
          <section
            aria-label={title}
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
            tabIndex={0}
            className="overflow-auto px-5 py-4 focus-visible:outline-offset-[-2px]"
          >
            {children}
          </section>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
