'use client'
import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import { type ReactNode, useRef } from 'react'

/**
 * A modal window with a title. The focus goes to what is marked `data-autofocus`, else to the first control, and in the end
 * back to where it was. `onOpenChange(false)` is called by Esc, the cross and a click outside.
 */
export function Dialog({
  open,
  onOpenChange,
  title,
  description,
  onClosed,
  children,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
  /** Called when the window is gone and the focus is back where it was. */
  onClosed?: () => void
  title: string
  description?: string
  children: ReactNode
}) {
  const before = useRef<Element>(null)
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/45" />
        <Radix.Content
          // Radix gives the focus back to a trigger; these windows are also opened by keys, from anywhere.
          onOpenAutoFocus={(event) => {
            before.current = document.activeElement
            const first = (event.target as Element).querySelector<HTMLElement>('[data-autofocus]')
            if (!first) return
            event.preventDefault()
            first.focus()
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault()
            if (before.current instanceof HTMLElement) before.current.focus()
            onClosed?.()
          }}
          className="fixed top-[10vh] left-1/2 z-50 flex max-h-[80vh] w-[min(44rem,calc(100vw-2rem))] -translate-x-1/2 flex-col rounded-xl border border-line bg-raised shadow-float"
        >
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
