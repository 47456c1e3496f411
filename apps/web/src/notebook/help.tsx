import { Dialog } from '../ui/dialog'
import { Keys } from '../ui/keys'
import { COMMANDS } from './commands'

const GROUPS = ['Run', 'Move', 'Cells', 'Kernel', 'Notebook'] as const

/** The table of shortcuts, drawn from the commands themselves. */
export function HelpDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="Shortcuts"
      description="Esc leaves a cell for command mode, Enter goes back in. In a cell, Ctrl+M lets Tab move the focus on."
    >
      <div className="grid gap-x-10 gap-y-5 sm:grid-cols-2">
        {GROUPS.map((group) => (
          <section key={group} aria-label={group}>
            <h3 className="mb-1 font-semibold text-[13px]">{group}</h3>
            <ul>
              {COMMANDS.filter((command) => command.group === group && command.keys.length > 0).map((command) => (
                <li key={command.id} className="flex min-h-7 items-center gap-3 text-[13px]">
                  <span className="grow text-ink-2">{command.title}</span>
                  {command.keys.map((keys) => (
                    <Keys key={keys} keys={keys} />
                  ))}
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </Dialog>
  )
}
