/** From events of a run log to its header, one event at a time. Pure. */
import type { RunCreated, RunEvent, RunHeader } from '@mayfly/executor/events'

/** A header on its way, with what is needed to find out whether the run still lives. */
export interface RunState {
  header: RunHeader
  pid: number
}

/** Event types that do not change a header: their lines need not be parsed. */
export const IGNORED: ReadonlySet<string> = new Set([
  'submitted',
  'invoked',
  'setup',
  'fetched',
  'started',
  'sample',
  'log',
  'progress',
  'stored',
  'collected',
  'job.finished',
])

/** The state after one more event; undefined until `run.created`. The given state is not changed. `seq` is left to the reader of the log. */
export function foldHeader(state: RunState | undefined, event: RunEvent): RunState | undefined {
  if (event.type === 'run.created') return { header: created(event), pid: event.host.pid }
  if (!state) return undefined
  const header = changed(state.header, event)
  return header === state.header ? state : { ...state, header }
}

function created(event: RunCreated): RunHeader {
  return {
    runId: event.runId,
    name: event.name,
    status: 'running',
    backend: event.backend,
    ...(event.notebook === undefined ? {} : { notebook: event.notebook }),
    ...(event.cellId === undefined ? {} : { cellId: event.cellId }),
    createdAt: event.at,
    jobs: 0,
    calls: 0,
    done: 0,
    failed: 0,
    cost: 0,
    lambdaCost: 0,
    seq: 0,
  }
}

function changed(header: RunHeader, event: RunEvent): RunHeader {
  switch (event.type) {
    case 'job.created':
      return { ...header, jobs: header.jobs + 1, calls: header.calls + event.total }
    case 'done':
      return { ...header, done: header.done + 1 }
    case 'failed':
      return event.final ? { ...header, failed: header.failed + 1 } : header
    case 'run.finished':
      return {
        ...header,
        status: event.status,
        finishedAt: event.at,
        cost: event.cost,
        lambdaCost: event.lambdaCost,
      }
    default:
      return header
  }
}
