/** Folds the events of a run log into the row that stands for the run in a list. Pure; nothing from Node. */
import type { LoggedEvent, RunHeader } from './events.js'

/** Event types that change nothing but `seq`: a reader in a hurry need not parse their lines. */
export const HEADER_IGNORES: ReadonlySet<string> = new Set([
  'submitted',
  'invoked',
  'setup',
  'fetched',
  'started',
  'sample',
  'log',
  'progress',
  'metric',
  'stored',
  'collected',
  'job.finished',
])

/**
 * The header after one more event. Start with `undefined`; the first event must be `run.created`. A new object is returned
 * only when something besides `seq` changes, so folding a long log is cheap; `header` itself may be changed.
 */
export function foldHeader(header: RunHeader | undefined, event: LoggedEvent): RunHeader | undefined {
  if (event.type === 'run.created') {
    const { runId, name, backend, notebook, cellId, at, seq } = event
    const place = { ...(notebook === undefined ? {} : { notebook }), ...(cellId === undefined ? {} : { cellId }) }
    const counts = { jobs: 0, calls: 0, done: 0, failed: 0, cost: 0, lambdaCost: 0 }
    return { runId, name, status: 'running', backend, ...place, createdAt: at, ...counts, seq }
  }
  if (!header) return undefined
  header.seq = event.seq
  switch (event.type) {
    case 'job.created':
      return { ...header, jobs: header.jobs + 1, calls: header.calls + event.total }
    case 'done':
      return { ...header, done: header.done + 1 }
    case 'failed':
      return event.final ? { ...header, failed: header.failed + 1 } : header
    case 'run.finished': {
      const { status, cost, lambdaCost, at } = event
      return { ...header, status, cost, lambdaCost, finishedAt: at }
    }
    default:
      return header
  }
}
