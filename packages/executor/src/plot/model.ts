/** What the plots show: every attempt of a run with its boundaries, folded from the run log. Pure. */
import { BOUNDARIES, type Boundary, type LoggedEvent } from '../events.js'

export interface PlotAttempt {
  /** Row: the run-wide number of the call. */
  call: number
  attempt: number
  /** Milliseconds since the epoch per boundary, in their order; NaN where it was not reached. */
  bounds: Float64Array
  cold: boolean
  /** When and that it came to a bad end. */
  failedAt: number | undefined
}

export interface PlotData {
  title: string
  /** Milliseconds since the epoch: creation of the run and its last event; 0 without any. */
  start: number
  end: number
  calls: number
  jobs: { id: string; name: string; first: number; total: number }[]
  attempts: PlotAttempt[]
}

const INDEX = Object.fromEntries(BOUNDARIES.map((name, i) => [name, i])) as Record<Boundary, number>

/** Folds the events of one run. Events of a log that was cut short give what they say. */
export function plotData(events: Iterable<LoggedEvent>): PlotData {
  const data: PlotData = { title: '', start: 0, end: 0, calls: 0, jobs: [], attempts: [] }
  const known = new Map<string, PlotAttempt>()
  for (const event of events) {
    if (data.end === 0) data.start = data.end = event.at
    data.end = Math.max(data.end, event.at)
    if (event.type === 'run.created') data.title = event.name
    else if (event.type === 'job.created') {
      data.jobs.push({ id: event.job, name: event.name, first: event.first, total: event.total })
      data.calls = Math.max(data.calls, event.first + event.total)
    } else if ('call' in event) place(event, attemptOf(event, known, data))
  }
  return data
}

function attemptOf(
  event: { call: number; attempt: number },
  known: Map<string, PlotAttempt>,
  data: PlotData,
): PlotAttempt {
  const key = `${event.call}/${event.attempt}`
  let found = known.get(key)
  if (!found) {
    const bounds = new Float64Array(BOUNDARIES.length).fill(Number.NaN)
    found = { call: event.call, attempt: event.attempt, bounds, cold: false, failedAt: undefined }
    known.set(key, found)
    data.attempts.push(found)
  }
  return found
}

function place(event: LoggedEvent & { call: number }, attempt: PlotAttempt): void {
  const { bounds } = attempt
  switch (event.type) {
    case 'submitted':
    case 'invoked':
    case 'started':
    case 'collected':
      bounds[INDEX[event.type]] = event.at
      break
    case 'setup':
      bounds[INDEX.setup] = event.at
      attempt.cold = event.cold
      break
    case 'fetched':
      bounds[INDEX.loaded] = event.loaded
      break
    case 'stored':
      bounds[INDEX.ended] = event.ended
      bounds[INDEX.stored] = event.at
      break
    case 'done':
      bounds[INDEX.ended] = event.ended
      break
    case 'failed':
      attempt.failedAt = event.ended
      break
  }
}
