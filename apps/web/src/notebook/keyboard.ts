/** The notebook's keys: one listener for the page, reading the command table. */
import { useEffect } from 'react'
import { chordOf, matchKeys, SEQUENCE_MS } from '../lib/hotkeys'
import { bindingsOf, type CommandContext } from './commands'
import { runCommand } from './context'

/** Listens while the notebook is shown. Editors handle their own keys first; what they use never comes here. */
export function useNotebookKeys(context: CommandContext): void {
  useEffect(() => {
    let pending = ''
    let pendingSince = 0
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return
      const place = placeOf(event.target)
      if (place === 'elsewhere') return
      const chord = chordOf(event)
      const plain = !event.ctrlKey && !event.metaKey && !event.altKey
      if (place === 'field' && (plain || chord === 'alt+enter')) return
      if (place === 'control' && plain && (chord === 'enter' || chord === 'space')) return
      const { mode } = context.store.getState()
      const bindings = bindingsOf(place === 'field' ? 'edit' : mode)
      if (event.timeStamp - pendingSince > SEQUENCE_MS) pending = ''
      const match = matchKeys(bindings.keys(), pending, chord)
      pending = match.pending
      pendingSince = event.timeStamp
      const command = match.binding === undefined ? undefined : bindings.get(match.binding)
      if (!command && !pending) return
      event.preventDefault()
      if (command) runCommand(command, context)
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [context])
}

/** `page`: keys act on cells; `control`: a button or link; `field`: one types here; `elsewhere`: a dialog or menu. */
function placeOf(target: EventTarget | null): 'page' | 'control' | 'field' | 'elsewhere' {
  if (!(target instanceof Element)) return 'page'
  if (target.closest('[role="dialog"], [role="menu"], iframe')) return 'elsewhere'
  if (target.closest('input, textarea, select, [contenteditable="true"], .monaco-editor')) return 'field'
  return target.closest('button, a, summary, [role="tab"]') ? 'control' : 'page'
}
