'use client'
import { useSyncExternalStore } from 'react'
import { displayKeys } from '../lib/hotkeys'

/** A key binding as key caps; `mod` is ⌘ on a Mac and Ctrl elsewhere. */
export function Keys({ keys }: { keys: string }) {
  const mac = useSyncExternalStore(
    () => () => {},
    () => /Mac|iPhone|iPad/.test(navigator.platform),
    () => false,
  )
  return (
    <span className="inline-flex shrink-0 gap-1">
      {displayKeys(keys, mac).map((cap, i) => (
        <kbd
          // biome-ignore lint/suspicious/noArrayIndexKey: the caps of one binding never move
          key={i}
          className="min-w-5 rounded border border-line-strong border-b-2 bg-sunken px-1 text-center font-sans text-[11px] text-ink-2 leading-4"
        >
          {cap}
        </kbd>
      ))}
    </span>
  )
}
