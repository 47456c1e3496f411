'use client'
import { X } from 'lucide-react'
import { Toast as Radix } from 'radix-ui'
import { createStore, useStore } from 'zustand'
import { cx } from '../lib/cx'

export interface ToastMessage {
  title: string
  /** What to do next, or the cause. */
  detail?: string
  tone?: 'plain' | 'bad'
  action?: { title: string; run: () => void }
}

const toasts = createStore<{ list: (ToastMessage & { id: number })[] }>(() => ({ list: [] }))
let count = 0

/** Shows a short message at the foot of the page for six seconds; errors stay until they are closed. */
export function toast(message: ToastMessage): void {
  toasts.setState(({ list }) => ({ list: [...list.slice(-3), { ...message, id: ++count }] }))
}

function drop(id: number): void {
  toasts.setState(({ list }) => ({ list: list.filter((entry) => entry.id !== id) }))
}

/** The place where toasts appear; once, in the layout. */
export function Toaster() {
  const list = useStore(toasts, (state) => state.list)
  return (
    <Radix.Provider swipeDirection="right" duration={6000}>
      {list.map((entry) => (
        <Radix.Root
          key={entry.id}
          duration={entry.tone === 'bad' ? Number.POSITIVE_INFINITY : 6000}
          onOpenChange={(open) => !open && drop(entry.id)}
          className={cx(
            'flex items-start gap-3 rounded-lg border border-line border-l-4 bg-raised py-2.5 pr-2 pl-3.5 shadow-float',
            entry.tone === 'bad' ? 'border-l-bad' : 'border-l-accent',
          )}
        >
          <div className="grow">
            <Radix.Title className="font-medium text-[13px]">{entry.title}</Radix.Title>
            {entry.detail && <Radix.Description className="text-ink-2 text-xs">{entry.detail}</Radix.Description>}
          </div>
          {entry.action && (
            <Radix.Action
              altText={entry.action.title}
              onClick={entry.action.run}
              className="h-6 rounded px-2 font-medium text-accent text-xs hover:bg-accent-soft"
            >
              {entry.action.title}
            </Radix.Action>
          )}
          <Radix.Close
            aria-label="Dismiss"
            className="flex size-6 items-center justify-center rounded text-ink-2 hover:bg-line/60"
          >
            <X size={14} />
          </Radix.Close>
        </Radix.Root>
      ))}
      <Radix.Viewport className="fixed right-4 bottom-4 z-50 flex w-88 max-w-[calc(100vw-2rem)] flex-col gap-2" />
    </Radix.Provider>
  )
}
