/**
 * The life of every call, as a state machine: an event comes in, the state changes, actions come out. No clock, no I/O and
 * no promises; the same events always give the same actions. The shell (`executor.ts`) carries the actions out.
 *
 * The state is owned by one manager and changed in place, because a map of 100,000 calls must not be copied per event.
 *
 * Laws (tested with random event sequences): every call comes to exactly one end (`commit` or `fail`); no call is committed
 * twice, whatever duplicates and late answers arrive; at most `window` batches are in flight; a call has at most
 * `attempts` tries; a job finishes exactly once, after the end of its last call.
 */
import type { FailureKind } from '../errors.js'

const WAITING = 0
const RUNNING = 1
const DONE = 2
const FAILED = 3

/** A batch aims at this much work, ms: small enough for fairness, large enough to hide the hand-over. */
const BATCH_MS = 8
const BATCH_MAX = 64

export interface CallRef {
  index: number
  attempt: number
}

export interface RetryPolicy {
  /** Tries in all. */
  attempts: number
  on: readonly FailureKind[]
}

export type JobEvent =
  | { type: 'submit'; job: number; total: number; retry: RetryPolicy; chunk: number | 'auto' }
  /** The function is where workers find it: calls may go out. */
  | { type: 'ready'; job: number }
  /** `ms`: how long the worker was busy with the call. */
  | ({ type: 'done'; job: number; ms: number } & CallRef)
  | ({ type: 'failed'; job: number; kind: FailureKind } & CallRef)
  /** The backend gives the call back unbegun; this costs no attempt. */
  | ({ type: 'returned'; job: number } & CallRef)
  /** A batch is over, its place is free. Its calls must have been reported before. */
  | { type: 'batchEnded'; job: number }
  /** Without `indices` the whole job. */
  | { type: 'cancel'; job: number; indices?: readonly number[] }

export type JobAction =
  | { type: 'invoke'; job: number; calls: CallRef[] }
  | ({ type: 'commit'; job: number } & CallRef)
  /** The attempt failed and another follows. */
  | ({ type: 'retry'; job: number; kind: FailureKind } & CallRef)
  /** The call failed for good. */
  | ({ type: 'fail'; job: number; kind: FailureKind } & CallRef)
  /** Stop this attempt on the backend: nobody waits for it any more. */
  | ({ type: 'abort'; job: number } & CallRef)
  | { type: 'finish'; job: number; done: number; failed: number }

interface Job {
  total: number
  retry: RetryPolicy
  chunk: number | 'auto'
  ready: boolean
  status: Uint8Array
  attempt: Uint8Array
  /** First call never handed out; retries and returned calls wait in `again` and go first. */
  next: number
  again: number[]
  done: number
  failed: number
  /** Moving average of a call's ms on a worker; undefined before the first. */
  pace: number | undefined
  batches: number
}

export class JobManager {
  readonly #jobs = new Map<number, Job>()
  readonly #window: number
  #busy = 0

  /** @param window batches in flight at most, usually the number of workers. */
  constructor(window: number) {
    this.#window = window
  }

  /** Batches in flight. */
  get busy(): number {
    return this.#busy
  }

  /** Takes one event and says what to do now, in order. */
  step(event: JobEvent): JobAction[] {
    const actions: JobAction[] = []
    if (event.type === 'submit') this.#submit(event, actions)
    else {
      const job = this.#jobs.get(event.job)
      if (event.type === 'batchEnded') this.#busy--
      if (job) this.#apply(job, event, actions)
    }
    this.#dispatch(actions)
    return actions
  }

  #submit(event: JobEvent & { type: 'submit' }, actions: JobAction[]): void {
    const { job: id, total, retry, chunk } = event
    const job: Job = {
      ...{ total, retry, chunk, ready: false, next: 0, again: [], done: 0, failed: 0, pace: undefined, batches: 0 },
      status: new Uint8Array(total),
      attempt: new Uint8Array(total),
    }
    this.#jobs.set(id, job)
    if (total === 0) this.#finishIfOver(id, job, actions)
  }

  #apply(job: Job, event: Exclude<JobEvent, { type: 'submit' }>, actions: JobAction[]): void {
    const id = event.job
    if (event.type === 'ready') job.ready = true
    else if (event.type === 'batchEnded') job.batches--
    else if (event.type === 'cancel') {
      const indices = event.indices ?? job.status.keys()
      for (const index of indices) this.#cancel(id, job, index, actions)
    } else if (job.status[event.index] === RUNNING && job.attempt[event.index] === event.attempt) {
      const { index, attempt } = event
      if (event.type === 'done') {
        job.status[index] = DONE
        job.done++
        job.pace = job.pace === undefined ? event.ms : job.pace * 0.8 + event.ms * 0.2
        actions.push({ type: 'commit', job: id, index, attempt })
      } else if (event.type === 'returned') {
        job.status[index] = WAITING
        job.attempt[index] = attempt - 1
        job.again.push(index)
      } else if (attempt < job.retry.attempts && job.retry.on.includes(event.kind)) {
        job.status[index] = WAITING
        job.again.push(index)
        actions.push({ type: 'retry', job: id, index, attempt, kind: event.kind })
      } else {
        job.status[index] = FAILED
        job.failed++
        actions.push({ type: 'fail', job: id, index, attempt, kind: event.kind })
      }
    }
    this.#finishIfOver(id, job, actions)
  }

  #cancel(id: number, job: Job, index: number, actions: JobAction[]): void {
    const status = job.status[index]
    if (status !== WAITING && status !== RUNNING) return
    const attempt = Math.max(1, job.attempt[index]!)
    if (status === RUNNING) actions.push({ type: 'abort', job: id, index, attempt })
    job.status[index] = FAILED
    job.failed++
    actions.push({ type: 'fail', job: id, index, attempt, kind: 'cancelled' })
  }

  #finishIfOver(id: number, job: Job, actions: JobAction[]): void {
    if (job.done + job.failed < job.total) return
    this.#jobs.delete(id)
    actions.push({ type: 'finish', job: id, done: job.done, failed: job.failed })
  }

  #dispatch(actions: JobAction[]): void {
    for (const [id, job] of this.#jobs) {
      while (job.ready && this.#busy < this.#window) {
        const calls = this.#take(job)
        if (calls.length === 0) break
        this.#busy++
        job.batches++
        actions.push({ type: 'invoke', job: id, calls })
      }
    }
  }

  #take(job: Job): CallRef[] {
    const calls: CallRef[] = []
    const size = this.#batchSize(job)
    while (calls.length < size) {
      const index = job.again.length > 0 ? job.again.shift()! : this.#nextFresh(job)
      if (index === undefined) break
      if (job.status[index] !== WAITING) continue
      job.status[index] = RUNNING
      const attempt = job.attempt[index]! + 1
      job.attempt[index] = attempt
      calls.push({ index, attempt })
      // A call that is tried again goes alone, so that a crash it causes costs no other call a try.
      if (attempt > 1) break
    }
    return calls
  }

  #nextFresh(job: Job): number | undefined {
    return job.next < job.total ? job.next++ : undefined
  }

  #batchSize(job: Job): number {
    const fair = Math.max(1, Math.ceil((job.total - job.next) / (this.#window * 2)))
    if (job.chunk !== 'auto') return job.chunk
    if (job.pace === undefined) return 1
    return Math.min(BATCH_MAX, fair, Math.max(1, Math.floor(BATCH_MS / Math.max(job.pace, 0.01))))
  }
}
