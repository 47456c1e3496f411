import type { ErrorValue, FailureKind } from '@mayfly/executor/errors'
import type { JobCreated, LoggedEvent, RunCreated, RunFinished, RunStatus } from '@mayfly/executor/events'
import { float64, int32, uint8, uint16 } from './columns'

/** Boundaries a call has (`executor/events`): row r's boundary b is `bounds.data[r * WIDTH + b]`, NaN until known. */
export const WIDTH = 8
export const B = {
  submitted: 0,
  invoked: 1,
  setup: 2,
  loaded: 3,
  started: 4,
  ended: 5,
  stored: 6,
  collected: 7,
} as const

/** Where a call is. `waiting`: not yet with a worker; `running`: with one; the others are final. */
export const STATES = ['waiting', 'running', 'done', 'failed', 'cancelled'] as const
export type CallState = (typeof STATES)[number]
export const S = { waiting: 0, running: 1, done: 2, failed: 3, cancelled: 4 } as const

export interface Job extends Omit<JobCreated, 'type' | 'at'> {
  createdAt: number
  finishedAt?: number
}

/** A bad end of one attempt, final or followed by another. */
export interface Failure {
  call: number
  attempt: number
  /** When the attempt was given to the backend and when it ended. */
  from: number
  to: number
  /** When its function was loaded, which starts the bill; NaN when it never was. */
  loaded: number
  kind: FailureKind
  error: ErrorValue
  final: boolean
}

export interface LogLine {
  call: number
  attempt: number
  at: number
  stream: 'stdout' | 'stderr'
  text: string
}

/** Log chunks kept for the page; the log file has them all. */
export const MOST_LOGS = 20_000

/**
 * A run as columns, grown event by event: everything the page draws is read from here. Folding is deterministic and
 * indifferent to how events are cut into batches; an event that was folded before is ignored.
 *
 * `version` changes with every fold that changed something; painters compare it.
 */
export class RunModel {
  version = 0
  /** Last sequence number folded. */
  seq = 0
  created?: Omit<RunCreated, 'type'>
  finished?: Omit<RunFinished, 'type'>
  /** Set from outside when the log ends without a last word. */
  lost = false
  readonly jobs: Job[] = []
  readonly workers: string[] = []
  readonly failures: Failure[] = []
  logs: LogLine[] = []
  logsDropped = 0
  readonly progress = new Map<number, { done: number; total?: number; note?: string }>()

  /** Rows. A row exists from the creation of its job. */
  rows = 0
  readonly bounds = float64(Number.NaN)
  /** When attempt 1 was submitted. */
  readonly first = float64(Number.NaN)
  /** Time of the row's last event. */
  readonly last = float64(Number.NaN)
  readonly state = uint8()
  readonly attempt = uint16()
  readonly job = uint16()
  readonly cold = uint8()
  /** Index into `workers`, −1 before a worker has it. */
  readonly worker = int32(-1)
  readonly cpuMs = float64(Number.NaN)
  readonly peakRss = float64(Number.NaN)
  readonly rx = float64(Number.NaN)
  readonly tx = float64(Number.NaN)
  readonly bytesIn = float64(Number.NaN)
  readonly bytesOut = float64(Number.NaN)
  /** What the attempts that have ended cost on the run's backend, US dollars. */
  readonly paid = float64()
  /** Index of the row's latest sample, −1 when there is none. */
  readonly lastSample = int32(-1)

  /** Samples of the calls' current attempts. `prev` is the one before of the same attempt, −1 at its first. */
  readonly samples = {
    call: int32(),
    at: float64(),
    cpuMs: float64(),
    rss: float64(),
    rx: float64(),
    tx: float64(),
    prev: int32(-1),
  }

  /** How many rows are in each state, by `S`. */
  readonly counts = new Float64Array(STATES.length)
  /** Calls that needed more than one attempt. */
  retried = 0
  /** Earliest and latest time of any event. */
  start = Number.NaN
  end = Number.NaN

  private readonly workerIndex = new Map<string, number>()

  get status(): RunStatus {
    if (this.finished) return this.finished.status
    return this.lost ? 'lost' : 'running'
  }

  /** Calls that have come to their end, whichever it was. */
  get settled(): number {
    return this.counts[S.done]! + this.counts[S.failed]! + this.counts[S.cancelled]!
  }

  /** Says that no more events will come although the run has no end. */
  markLost(): void {
    if (this.finished || this.lost) return
    this.lost = true
    this.version++
  }

  /** Folds events in; returns whether anything was new. */
  fold(events: Iterable<LoggedEvent>): boolean {
    const before = this.seq
    for (const event of events) {
      if (event.seq <= this.seq) continue
      this.seq = event.seq
      this.apply(event)
    }
    if (this.seq === before) return false
    this.version++
    return true
  }

  private apply(event: LoggedEvent): void {
    if (!(event.at >= this.start)) this.start = event.at
    if (!(event.at <= this.end)) this.end = event.at
    switch (event.type) {
      case 'run.created': {
        const { type: _, ...created } = event
        this.created = created
        return
      }
      case 'run.finished': {
        const { type: _, ...finished } = event
        this.finished = finished
        return
      }
      case 'job.created':
        this.addJob(event)
        return
      case 'job.finished': {
        const job = this.jobs.find((one) => one.job === event.job)
        if (job) job.finishedAt = event.at
        return
      }
      default:
        this.applyToCall(event)
    }
  }

  private addJob({ job, name, first, total, at }: JobCreated): void {
    const index = this.jobs.push({ job, name, first, total, createdAt: at }) - 1
    this.grow(first + total)
    this.job.data.fill(index, first, first + total)
  }

  private grow(rows: number): void {
    if (rows <= this.rows) return
    this.bounds.resize(rows * WIDTH)
    for (const column of this.rowColumns()) column.resize(rows)
    this.counts[S.waiting]! += rows - this.rows
    this.rows = rows
  }

  private rowColumns() {
    const { first, last, state, attempt, job, cold, worker, cpuMs, peakRss, rx, tx, bytesIn, bytesOut, paid } = this
    const metrics = [cpuMs, peakRss, rx, tx, bytesIn, bytesOut, paid]
    return [first, last, state, attempt, job, cold, worker, ...metrics, this.lastSample]
  }

  private applyToCall(event: Exclude<LoggedEvent, { type: `run.${string}` | `job.${string}` }>): void {
    const { call: row, attempt, at } = event
    this.grow(row + 1)
    if (event.type === 'log') {
      this.addLog({ call: row, attempt, at, stream: event.stream, text: event.text })
      return
    }
    const current = this.attempt.data[row]!
    if (event.type === 'done' || event.type === 'failed') this.paid.data[row]! += event.cost ?? 0
    if (event.type === 'failed') {
      const { kind, error, final, ended } = event
      this.failures.push({ call: row, attempt, ...this.beginOf(row, attempt, at), to: ended, kind, error, final })
    }
    // What an attempt says after the next has begun changes nothing any more.
    if (attempt < current) return
    if (attempt > current) this.begin(row, attempt, at)
    this.last.data[row] = at
    const base = row * WIDTH
    const bounds = this.bounds.data
    switch (event.type) {
      case 'submitted':
        bounds[base + B.submitted] = at
        this.setState(row, S.waiting)
        return
      case 'invoked':
        bounds[base + B.invoked] = at
        return
      case 'setup':
        bounds[base + B.setup] = at
        this.worker.data[row] = this.intern(event.worker)
        this.cold.data[row] = event.cold ? 1 : 0
        this.setState(row, S.running)
        return
      case 'fetched':
        bounds[base + B.loaded] = event.loaded
        this.bytesIn.data[row] = event.bytes
        return
      case 'started':
        bounds[base + B.started] = at
        this.setState(row, S.running)
        return
      case 'sample':
        this.addSample(row, event)
        return
      case 'progress': {
        const { done, total, note } = event
        this.progress.set(row, { done, total, note })
        return
      }
      case 'stored':
        bounds[base + B.ended] = event.ended
        bounds[base + B.stored] = at
        this.bytesOut.data[row] = event.bytes
        return
      case 'done':
        bounds[base + B.ended] = event.ended
        if (Number.isNaN(bounds[base + B.stored]!)) bounds[base + B.stored] = at
        this.setMetrics(row, event.metrics)
        this.setState(row, S.done)
        return
      case 'failed':
        bounds[base + B.ended] = event.ended
        if (event.metrics) this.setMetrics(row, event.metrics)
        if (!event.final) this.setState(row, S.waiting)
        else this.setState(row, event.kind === 'cancelled' ? S.cancelled : S.failed)
        return
      case 'collected':
        bounds[base + B.collected] = at
    }
  }

  /** Starts the row over for a further attempt; what the last one did is kept in `failures`. */
  private begin(row: number, attempt: number, at: number): void {
    if (this.attempt.data[row] === 0) this.first.data[row] = at
    if (attempt === 2) this.retried++
    this.attempt.data[row] = attempt
    this.bounds.data.fill(Number.NaN, row * WIDTH, (row + 1) * WIDTH)
    this.cold.data[row] = 0
    this.worker.data[row] = -1
    this.lastSample.data[row] = -1
    for (const column of [this.cpuMs, this.peakRss, this.rx, this.tx, this.bytesIn, this.bytesOut]) {
      column.data[row] = Number.NaN
    }
  }

  /** When the attempt began, as far as it is still known. */
  private beginOf(row: number, attempt: number, at: number): { from: number; loaded: number } {
    if (attempt !== this.attempt.data[row]) return { from: at, loaded: Number.NaN }
    const invoked = this.bounds.data[row * WIDTH + B.invoked]!
    return { from: Number.isNaN(invoked) ? at : invoked, loaded: this.bounds.data[row * WIDTH + B.loaded]! }
  }

  private setState(row: number, state: number): void {
    const before = this.state.data[row]!
    if (before === state) return
    // A final state stays: an event that arrives late does not bring a call back to life.
    if (before >= S.done && state < S.done) return
    this.counts[before]!--
    this.counts[state]!++
    this.state.data[row] = state
  }

  private setMetrics(row: number, metrics: { cpuMs: number; peakRss: number; rx: number; tx: number }): void {
    this.cpuMs.data[row] = metrics.cpuMs
    this.peakRss.data[row] = metrics.peakRss
    this.rx.data[row] = metrics.rx
    this.tx.data[row] = metrics.tx
  }

  private addSample(row: number, event: Extract<LoggedEvent, { type: 'sample' }>): void {
    const { samples } = this
    samples.call.push(row)
    samples.at.push(event.at)
    samples.cpuMs.push(event.cpuMs)
    samples.rss.push(event.rss)
    samples.rx.push(event.rx)
    samples.tx.push(event.tx)
    samples.prev.push(this.lastSample.data[row]!)
    this.lastSample.data[row] = samples.call.length - 1
    this.setMetrics(row, event)
  }

  private addLog(line: LogLine): void {
    this.logs.push(line)
    // Halving keeps the cost of dropping constant for each line.
    if (this.logs.length <= MOST_LOGS) return
    this.logsDropped += MOST_LOGS / 2
    this.logs = this.logs.slice(MOST_LOGS / 2)
  }

  private intern(worker: string): number {
    const known = this.workerIndex.get(worker)
    if (known !== undefined) return known
    const index = this.workers.push(worker) - 1
    this.workerIndex.set(worker, index)
    return index
  }
}
