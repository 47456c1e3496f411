/** Ends the open runs when their process ends in good order: by itself, by `process.exit`, or by a signal it does not handle. */

interface Leaving {
  finish(force: boolean): void
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const open = new Set<Leaving>()

function finishAll(): void {
  for (const run of open) run.finish(true)
}

/** Somebody else's handler decides what the signal means; without one it means the end, as if we were not here. */
function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return
  finishAll()
  process.removeListener(signal, onSignal)
  process.kill(process.pid, signal)
}

process.on('exit', finishAll)

/** `run.finish(true)` is called when the process ends. */
export function watchRun(run: Leaving): void {
  if (open.size === 0) for (const signal of SIGNALS) process.on(signal, onSignal)
  open.add(run)
}

export function leaveRun(run: Leaving): void {
  if (open.delete(run) && open.size === 0) for (const signal of SIGNALS) process.removeListener(signal, onSignal)
}
