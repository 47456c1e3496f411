/**
 * The life of every call, as a state machine: an event comes in with its time, the state changes, actions come out. No
 * clock, no I/O and no promises; the same events always give the same actions. The shell (`scheduler.ts`) carries the actions out.
 *
 * The state is owned by one manager and changed in place, because a map of 100,000 calls must not be copied per event.
 *
 * Laws (tested with random event sequences): every call comes to exactly one end (`commit` or `fail`); no call is committed
 * twice, whatever duplicates, copies and late answers there are; never more batches are under way than the window allows; a
 * call fails at most `attempts` times; a job finishes exactly once, after the end of its last call; the budget is kept.
 */
import { Budget } from './budget.js'
import { BLOCKED, DONE, FAILED, type Flight, Job, RUNNING, WAITING } from './job.js'
import type { CallRef, JobAction, JobEvent } from './types.js'
import { Window, type WindowOptions } from './window.js'

/** A batch aims at this much work, ms: small enough for fairness, large enough to hide the hand-over. */
const BATCH_MS = 8
const BATCH_MAX = 64

export interface ManagerOptions extends WindowOptions {
  /** US dollars. Default: no limit. */
  budget?: number | undefined
}

export class JobManager {
  readonly #jobs = new Map<number, Job>()
  readonly #window: Window
  readonly #budget: Budget
  #at = 0

  /** @param options the backend's window, usually the number of workers. */
  constructor(options: ManagerOptions) {
    this.#window = new Window(options)
    this.#budget = new Budget(options.budget)
  }

  /** Batches under way. */
  get busy(): number {
    return this.#window.busy
  }

  /** US dollars spent by attempts that have ended, as far as they cost anything. */
  get spent(): number {
    return this.#budget.spent
  }

  /** When a `tick` is due if nothing else happens before, ms; undefined if none is. */
  get wakeAt(): number | undefined {
    let wake = Number.POSITIVE_INFINITY
    let inLine = 0
    for (const job of this.#jobs.values()) {
      if (!job.ready) continue
      inLine += job.inLine
      wake = Math.min(wake, job.laterAt ?? Number.POSITIVE_INFINITY)
      if (job.inLine > 0) continue
      const due = job.stragglers?.due
      if (due === undefined) continue
      for (const [flight] of job.flights.values()) if (flight) wake = Math.min(wake, flight.since + due)
    }
    if (inLine > 0) wake = Math.min(wake, this.#window.wakeAt(this.#at) ?? Number.POSITIVE_INFINITY)
    return Number.isFinite(wake) ? wake : undefined
  }

  /** Takes one event and says what to do now, in order. `at`: ms on a clock that never goes back. */
  step(event: JobEvent, at: number): JobAction[] {
    this.#at = Math.max(this.#at, at)
    const actions: JobAction[] = []
    if (event.type === 'submit') this.#submit(event, actions)
    else if (event.type !== 'tick') {
      if (event.type === 'batchEnded') this.#window.end(event.refused === true)
      if (event.type === 'throttled') this.#window.refused(this.#at, event.retryAfter)
      this.#settle(event)
      const job = this.#jobs.get(event.job)
      if (job) this.#apply(job, event, actions)
    }
    this.#dispatch(actions)
    return actions
  }

  #submit(event: JobEvent & { type: 'submit' }, actions: JobAction[]): void {
    const job = new Job(event.total, event.policy, event.blocked === true)
    this.#jobs.set(event.job, job)
    this.#finishIfOver(event.job, job, actions)
  }

  /** An attempt that has ended costs what it costs, whether anybody still waits for it or not. */
  #settle(event: Exclude<JobEvent, { type: 'submit' | 'tick' }>): void {
    if (this.#budget.settled || !('attempt' in event) || event.type === 'started') return
    this.#budget.settle(keyOf(event.job, event), 'cost' in event ? (event.cost ?? 0) : 0)
  }

  #apply(job: Job, event: Exclude<JobEvent, { type: 'submit' | 'tick' }>, actions: JobAction[]): void {
    const id = event.job
    if (event.type === 'ready') job.ready = true
    else if (event.type === 'input') {
      if (job.status[event.index] === BLOCKED) job.enqueue(event.index)
    } else if (event.type === 'reject') {
      if (job.status[event.index] === BLOCKED) this.#fail(id, job, event.index, event.kind, actions)
    } else if (event.type === 'known') {
      this.#known(id, job, event.index, actions)
    } else if (event.type === 'cancel') {
      for (const index of event.indices ?? job.status.keys()) this.#cancel(id, job, index, 'cancelled', actions)
    } else if (event.type !== 'batchEnded') {
      const flight = job.flight(event.index, event.attempt)
      if (flight && job.status[event.index] === RUNNING) this.#applyTo(flight, job, event, actions)
    }
    this.#finishIfOver(id, job, actions)
  }

  #applyTo(
    flight: Flight,
    job: Job,
    event: Extract<JobEvent, { type: 'started' | 'done' | 'failed' | 'returned' | 'throttled' }>,
    actions: JobAction[],
  ): void {
    const { index, attempt } = event
    const ref = { job: event.job, index, attempt }
    if (event.type === 'started') {
      flight.since = this.#at
      flight.begun = true
      return
    }
    const others = job.land(index, attempt)
    if (event.type === 'done') {
      job.status[index] = DONE
      job.done++
      job.pace = job.pace === undefined ? event.ms : job.pace * 0.8 + event.ms * 0.2
      job.stragglers?.ended(event.ms)
      actions.push({ type: 'commit', ...ref })
      for (const other of others) actions.push({ type: 'abort', ...ref, attempt: other.attempt })
      job.flights.delete(index)
    } else if (event.type === 'returned' || event.type === 'throttled') {
      if (job.attempt[index] === attempt) job.attempt[index] = attempt - 1
      if (others.length === 0) job.enqueue(index)
    } else {
      const { kind } = event
      const failures = ++job.failures[index]!
      const { attempts, on, backoff, hopeless } = job.policy
      job.last.set(index, { kind, attempt, runtimeMemory: flight.memory })
      if (others.length > 0) actions.push({ type: 'drop', ...ref, kind })
      else if (failures < attempts && on.includes(kind) && !hopeless?.(kind, flight.memory)) {
        const delay = backoff?.(failures, kind) ?? 0
        job.enqueue(index, delay > 0 ? this.#at + delay : 0)
        actions.push({ type: 'retry', ...ref, kind })
      } else this.#fail(event.job, job, index, kind, actions, attempt)
    }
  }

  #fail(
    id: number,
    job: Job,
    index: number,
    kind: (JobAction & { type: 'fail' })['kind'],
    actions: JobAction[],
    attempt = Math.max(1, job.attempt[index]!),
  ): void {
    job.status[index] = FAILED
    job.failed++
    actions.push({ type: 'fail', job: id, index, attempt, kind })
    if (kind === 'cancelled' || ++job.broken !== (job.policy.tolerate ?? Number.POSITIVE_INFINITY) + 1) return
    for (const other of job.status.keys()) this.#cancel(id, job, other, 'cancelled', actions)
  }

  #known(id: number, job: Job, index: number, actions: JobAction[]): void {
    if (job.status[index] !== WAITING && job.status[index] !== BLOCKED) return
    job.status[index] = DONE
    job.done++
    actions.push({ type: 'commit', job: id, index, attempt: Math.max(1, job.attempt[index]!) })
  }

  /** Ends a call that has not ended, and its attempts. */
  #cancel(id: number, job: Job, index: number, kind: 'cancelled' | 'budget', actions: JobAction[]): void {
    const status = job.status[index]
    if (status === DONE || status === FAILED || status === undefined) return
    for (const { attempt } of job.flights.get(index) ?? []) actions.push({ type: 'abort', job: id, index, attempt })
    job.flights.delete(index)
    this.#fail(id, job, index, kind, actions)
  }

  #finishIfOver(id: number, job: Job, actions: JobAction[]): void {
    if (!job.over || !this.#jobs.delete(id)) return
    actions.push({ type: 'finish', job: id, done: job.done, failed: job.failed })
  }

  #dispatch(actions: JobAction[]): void {
    for (const [id, job] of this.#jobs) {
      if (!job.ready) continue
      job.wake(this.#at)
      while (this.#window.free(this.#at)) {
        const memory = this.#memoryOfNext(job)
        const calls = memory === NOTHING ? [] : this.#take(id, job, memory)
        if (calls.length > 0) this.#invoke(id, calls, memory as number | undefined, false, actions)
        else if (!this.#copy(id, job, actions)) break
      }
      this.#stopIfBroke(id, job, actions)
    }
  }

  #invoke(job: number, calls: CallRef[], memory: number | undefined, copy: boolean, actions: JobAction[]): void {
    this.#window.begin()
    actions.push({ type: 'invoke', job, calls, memory, copy })
  }

  #memoryOfNext(job: Job): number | undefined | typeof NOTHING {
    const index = job.peek()
    return index === undefined ? NOTHING : job.policy.memory?.(index, job.last.get(index))
  }

  /** The calls of the next batch: all need the same memory. */
  #take(id: number, job: Job, memory: number | undefined): CallRef[] {
    const calls: CallRef[] = []
    const size = this.#batchSize(job)
    while (calls.length < size) {
      const index = job.peek()
      if (index === undefined || this.#memoryOfNext(job) !== memory) break
      // A call that is tried again goes alone, so that a crash it causes costs no other call a try.
      const again = job.failures[index]! > 0
      if (again && calls.length > 0) break
      const attempt = job.attempt[index]! + 1
      if (!this.#reserve(id, job, { index, attempt }, memory)) break
      job.take()
      job.status[index] = RUNNING
      job.attempt[index] = attempt
      job.flights.set(index, [{ attempt, since: this.#at, begun: false, memory }])
      calls.push({ index, attempt })
      if (again) break
    }
    return calls
  }

  /** A second copy of the slowest call, when no other call waits for the place. */
  #copy(id: number, job: Job, actions: JobAction[]): boolean {
    const due = job.inLine > 0 ? undefined : job.stragglers?.due
    if (due === undefined) return false
    for (const [index, flights] of job.flights) {
      const first = flights[0]!
      if (flights.length > 1 || this.#at - first.since < due) continue
      const attempt = job.attempt[index]! + 1
      const { memory } = first
      if (!this.#reserve(id, job, { index, attempt }, memory)) return false
      job.attempt[index] = attempt
      job.flights.set(index, [...flights, { attempt, since: this.#at, begun: false, memory }])
      job.stragglers!.copied()
      this.#invoke(id, [{ index, attempt }], memory, true, actions)
      return true
    }
    return false
  }

  #reserve(id: number, { policy }: Job, ref: CallRef, memory: number | undefined): boolean {
    return !policy.worst || this.#budget.reserve(keyOf(id, ref), policy.worst(memory))
  }

  /** Ends the waiting calls of a job when there is not enough money for the next and none can come back. */
  #stopIfBroke(id: number, job: Job, actions: JobAction[]): void {
    if (!this.#budget.settled || !job.policy.worst) return
    const memory = this.#memoryOfNext(job)
    if (memory === NOTHING || this.#budget.affords(job.policy.worst(memory))) return
    for (const [index, status] of job.status.entries()) {
      if (status === WAITING || status === BLOCKED) this.#cancel(id, job, index, 'budget', actions)
    }
    this.#finishIfOver(id, job, actions)
  }

  #batchSize({ policy, pace, inLine }: Job): number {
    if (policy.chunk !== 'auto') return policy.chunk
    if (pace === undefined) return 1
    const fair = Math.max(1, Math.ceil(inLine / (this.#window.size * 2)))
    return Math.min(BATCH_MAX, fair, Math.max(1, Math.floor(BATCH_MS / Math.max(pace, 0.01))))
  }
}

const NOTHING = Symbol('nothing waits')

function keyOf(job: number, { index, attempt }: CallRef): string {
  return `${job}/${index}/${attempt}`
}
