/**
 * Key bindings as data. A binding is a chord (`mod+enter`, `a`, `shift+enter`) or a sequence of chords separated by
 * spaces (`d d`). `mod` is ⌘ on a Mac and Ctrl elsewhere. Pure but for nothing: events are read, never stopped, here.
 */
export interface KeyPress {
  key: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
  shiftKey: boolean
}

/** How long the second key of a sequence may take, ms. */
export const SEQUENCE_MS = 800

/** The chord of a key press, in the form bindings are written in. */
export function chordOf(press: KeyPress): string {
  const key = press.key === ' ' ? 'space' : press.key.toLowerCase()
  // Shift is part of printable characters (`?`, `A`) and named only for the other keys and for letters.
  const shift = press.shiftKey && (key.length > 1 || /[a-z]/.test(key))
  return [press.ctrlKey || press.metaKey ? 'mod' : '', press.altKey ? 'alt' : '', shift ? 'shift' : '', key]
    .filter(Boolean)
    .join('+')
}

export interface Match {
  /** The binding that is complete now, if any. */
  binding?: string
  /** What to hand in with the next press; empty when nothing is pending. */
  pending: string
}

/** Whether a press completes a binding, given the chords pending before it. */
export function matchKeys(bindings: Iterable<string>, pending: string, chord: string): Match {
  const typed = pending ? `${pending} ${chord}` : chord
  let prefix = false
  for (const binding of bindings) {
    if (binding === typed) return { binding, pending: '' }
    if (binding.startsWith(`${typed} `)) prefix = true
  }
  if (prefix) return { pending: typed }
  return pending ? matchKeys(bindings, '', chord) : { pending: '' }
}

const CAPS: Record<string, string> = {
  enter: '↵',
  escape: 'Esc',
  arrowup: '↑',
  arrowdown: '↓',
  shift: '⇧',
  space: 'Space',
}

/** The key caps that show a binding, for example `['Ctrl', '↵']`. */
export function displayKeys(keys: string, mac: boolean): string[] {
  return keys
    .split(' ')
    .flatMap((chord) => chord.split('+'))
    .map((part) => {
      if (part === 'mod') return mac ? '⌘' : 'Ctrl'
      if (part === 'alt') return mac ? '⌥' : 'Alt'
      return CAPS[part] ?? (part.length === 1 ? part.toUpperCase() : part)
    })
}
