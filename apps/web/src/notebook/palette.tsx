import { useId, useRef, useState } from 'react'
import { cx } from '../lib/cx'
import { Dialog } from '../ui/dialog'
import { Keys } from '../ui/keys'
import { type Command, commandsFor } from './commands'
import { runCommand, useServices } from './context'

/** All commands, found by typing: arrows choose, Enter runs. What is run finds the focus where it was before. */
export function PaletteDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const { context } = useServices()
  const chosen = useRef<Command>(undefined)
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="Commands"
      onClosed={() => {
        if (chosen.current) runCommand(chosen.current, context)
        chosen.current = undefined
      }}
    >
      <Chooser
        onChoose={(command) => {
          chosen.current = command
          onOpenChange(false)
        }}
      />
    </Dialog>
  )
}

function Chooser({ onChoose }: { onChoose: (command: Command) => void }) {
  const id = useId()
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  // The palette itself is not worth choosing.
  const found = commandsFor(text).filter((command) => command.id !== 'notebook.palette')
  const optionId = (index: number) => `${id}-${index}`
  const go = (to: number) => {
    const next = (to + found.length) % found.length
    setAt(next)
    document.getElementById(optionId(next))?.scrollIntoView({ block: 'nearest' })
  }
  const steps: Record<string, () => void> = {
    ArrowDown: () => go(at + 1),
    ArrowUp: () => go(at - 1),
    PageDown: () => go(Math.min(at + 8, found.length - 1)),
    PageUp: () => go(Math.max(at - 8, 0)),
    Enter: () => onChoose(found[at]!),
  }
  return (
    <>
      <input
        data-autofocus
        role="combobox"
        aria-expanded
        aria-controls={id}
        aria-activedescendant={found.length > 0 ? optionId(at) : undefined}
        aria-label="Find a command"
        placeholder="Find a command"
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          setAt(0)
        }}
        onKeyDown={(event) => {
          const step = steps[event.key]
          if (!step || event.nativeEvent.isComposing) return
          event.preventDefault()
          if (found.length > 0) step()
        }}
        className="mb-2 h-9 w-full rounded-md border border-control bg-surface px-3 text-sm placeholder:text-ink-2"
      />
      <div id={id} role="listbox" aria-label="Commands">
        {found.map((command, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the field above
          <div
            key={command.id}
            id={optionId(index)}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            onClick={() => onChoose(command)}
            className={cx(
              'flex min-h-8 cursor-pointer items-center gap-3 rounded-md px-3 text-[13px] hover:bg-line/60',
              index === at && 'bg-accent-soft text-accent',
            )}
          >
            <span className="grow">{command.title}</span>
            <span className="text-ink-2 text-xs">{command.group}</span>
            {command.keys.slice(0, 1).map((keys) => (
              <Keys key={keys} keys={keys} />
            ))}
          </div>
        ))}
      </div>
      <p role="status" className={found.length > 0 ? 'sr-only' : 'px-3 py-2 text-[13px] text-ink-2'}>
        {found.length > 0 ? `${found.length} commands` : 'No command is called so.'}
      </p>
    </>
  )
}
