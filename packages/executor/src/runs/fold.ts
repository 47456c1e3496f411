/** From events of a run log to what is known of the run, one event at a time. Pure. */
import type { LoggedEvent, RunHeader } from '../events.js'
import { foldHeader } from '../header.js'

/** A header on its way, with what is needed to find out whether the run still lives. */
export interface RunState {
  header: RunHeader
  pid: number
}

/** The state after one more event; undefined until `run.created`. The given state is not changed. */
export function foldRun(state: RunState | undefined, event: LoggedEvent): RunState | undefined {
  const header = foldHeader(state && { ...state.header }, event)
  const pid = event.type === 'run.created' ? event.host.pid : state?.pid
  return header && pid !== undefined ? { header, pid } : undefined
}
