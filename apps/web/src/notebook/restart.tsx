import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { useServices } from './context'
import type { NotebookState } from './store'

/** Whether a restart would lose something: the kernel lives, and a cell has run in it. */
export function holdsVariables(state: Pick<NotebookState, 'kernel' | 'kernelLostAt' | 'cells'>): boolean {
  if (state.kernel === 'dead') return false
  return Object.values(state.cells).some(
    (cell) => cell.kind === 'code' && cell.startedAt !== undefined && cell.startedAt > state.kernelLostAt,
  )
}

/** Asks before variables are lost; Enter restarts, Esc does not. */
export function RestartDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const { context } = useServices()
  const restart = async (runAll: boolean) => {
    onOpenChange(false)
    await context.session.restart()
    if (runAll) context.session.run(context.store.getState().order)
  }
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="Restart the kernel?"
      description="All variables are lost and running cells stop. Code and outputs stay."
    >
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={() => onOpenChange(false)}>Cancel</Button>
        <Button data-testid="restart-run-all" onClick={() => void restart(true)}>
          Restart and run all
        </Button>
        <Button data-autofocus tone="primary" data-testid="restart-confirm" onClick={() => void restart(false)}>
          Restart
        </Button>
      </div>
    </Dialog>
  )
}
