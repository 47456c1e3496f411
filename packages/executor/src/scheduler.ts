/**
 * Carries out what the job manager decides: hands batches to the backend, feeds the manager with what the backend reports,
 * settles futures, and writes each event to the run log.
 *
 * This is where answers from all sides meet. Whatever comes (twice, late, from a copy, or not at all), an attempt gets one
 * end: the first that is reported, else `lost` when its stream ends or its lease runs out.
 */
import { setMaxListeners } from 'node:events'
import { Attempt } from './attempt.js'
import type { AttemptEvent, Backend, Deployment, Invocation, ResultRef } from './backends/backend.js'
import { endError, lostError } from './call-ends.js'
import { CallError } from './call-error.js'
import type { CallRecord } from './call-record.js'
import { type ErrorValue, type FailureKind, toErrorValue } from './errors.js'
import type { JobRecord } from './job-record.js'
import { JobManager } from './jobs/manager.js'
import type { CallRef, JobAction, JobEvent, JobPolicy } from './jobs/types.js'
import { type Lease, Leases } from './leases.js'
import { readableError } from './readable.js'
import { now } from './worker/clock.js'

type Failure = Extract<AttemptEvent, { type: 'failed' }> & { cost?: number }
type End = Extract<AttemptEvent, { type: 'done' | 'failed' | 'returned' | 'throttled' }>

/** A batch with the backend. */
interface Batch {
  job: JobRecord
  /** Attempts without an end, by id, in the order they are made. */
  open: Map<number, Attempt>
  aborter: AbortController
  lease: Lease
  /** True while the platform has refused everything so far. */
  refused: boolean | undefined
  over: boolean
}

export class Scheduler {
  readonly #backend: Backend
  readonly #manager: JobManager
  /** Jobs that have not ended, by key. */
  readonly #jobs = new Map<number, JobRecord>()
  readonly #batches = new Set<Batch>()
  readonly #leases = new Leases()
  #attemptCount = 0
  #tick: NodeJS.Timeout | undefined
  #tickAt = Number.POSITIVE_INFINITY

  /** @param budget US dollars for all jobs together; undefined is no limit. */
  constructor(backend: Backend, budget?: number) {
    this.#backend = backend
    const { concurrency: size, rate } = backend.limits
    this.#manager = new JobManager({ size, ...(rate ? { rate } : {}), budget })
  }

  /** US dollars of all attempts that have ended, where the backend has a price and a budget is set. */
  get spent(): number {
    return this.#manager.spent
  }

  /** Takes a job in. Its calls go out once it is `ready`, and, when `blocked`, each once it has its input. */
  submit(job: JobRecord, policy: JobPolicy, blocked = false): void {
    this.#jobs.set(job.key, job)
    this.#step({ type: 'submit', job: job.key, total: job.total, policy, blocked })
  }

  /** The job's code is where workers find it. */
  ready(job: JobRecord): void {
    this.#step({ type: 'ready', job: job.key })
  }

  /** The call has its input. */
  input({ job, index }: CallRecord): void {
    this.#step({ type: 'input', job: job.key, index })
  }

  /** The call will never have an input, because of this error. */
  reject({ job, index }: CallRecord, kind: FailureKind, error: ErrorValue): void {
    const at = now()
    const detail: Failure = { id: 0, type: 'failed', at, ended: at, kind, error }
    this.#step({ type: 'reject', job: job.key, index, kind }, detail)
  }

  /** The call's result is known from before: it is not made. */
  known(call: CallRecord, result: ResultRef): void {
    const { job, index } = call
    const at = now()
    if (!call.over) {
      const metrics = { cpuMs: 0, peakRss: 0, rx: 0, tx: 0 }
      job.log(call, call.attempt, { type: 'done', at, ended: at, metrics, cached: true })
    }
    this.#step({ type: 'known', job: job.key, index }, result)
  }

  /** Ends calls of a job that have not ended, all of them without `indices`. */
  cancel(job: JobRecord, indices?: readonly number[]): void {
    this.#step({ type: 'cancel', job: job.key, ...(indices ? { indices } : {}) })
  }

  /** Jobs that have not ended. */
  open(): JobRecord[] {
    return [...this.#jobs.values()]
  }

  /** Kills what runs. */
  async close(): Promise<void> {
    for (const job of this.open()) this.cancel(job)
    for (const { aborter } of this.#batches) aborter.abort()
    await this.#backend.close()
  }

  #step(event: JobEvent, detail?: Failure | ResultRef): void {
    for (const action of this.#manager.step(event, now())) this.#act(action, event, detail)
    const wake = this.#manager.wakeAt ?? Number.POSITIVE_INFINITY
    if (wake === this.#tickAt) return
    clearTimeout(this.#tick)
    this.#tickAt = wake
    if (!Number.isFinite(wake)) return
    const due = () => {
      this.#tickAt = Number.POSITIVE_INFINITY
      this.#step({ type: 'tick' })
    }
    this.#tick = setTimeout(due, Math.max(1, wake - now()))
  }

  #act(action: JobAction, event: JobEvent, detail: Failure | ResultRef | undefined): void {
    const job = this.#jobs.get(action.job)!
    if (action.type === 'invoke') void this.#invoke(job, action)
    else if (action.type === 'finish') this.#finish(job)
    else {
      const call = job.calls[action.index]!
      if (action.type === 'commit') this.#commit(job, call, action.attempt, detail as ResultRef)
      else if (action.type === 'abort') {
        for (const attempt of [call.live, call.copy]) {
          if (attempt?.attempt === action.attempt) this.#backend.cancel(attempt.id)
        }
      } else {
        // What ends with a call's failure are also others, for reasons of their own.
        const own = 'index' in event && event.index === action.index && event.job === action.job
        this.#failed(job, call, action, own ? (detail as Failure | undefined) : undefined)
      }
    }
  }

  /** Hands a batch to the backend and follows its events. */
  async #invoke(job: JobRecord, { calls, memory, copy }: JobAction & { type: 'invoke' }): Promise<void> {
    const { batch, invocations } = this.#batch(job, calls, memory, copy)
    const { lease, aborter } = batch
    const deployment = await this.#deploymentOf(job, memory)
    let why = 'went away without an answer'
    try {
      if (!deployment) return
      const wanted = this.#wanted(batch, invocations)
      if (wanted.length === 0) return
      const { running } = this.#backend.limits.lease
      for await (const event of this.#backend.invoke(deployment, wanted, aborter.signal)) {
        if (batch.over) break
        lease.seen = now()
        lease.silence = running
        if (event.type !== 'beat') this.#report(batch, event)
      }
    } catch (error) {
      why = `could not be reached: ${(error as Error).message}`
    } finally {
      this.#leave(batch, why)
    }
  }

  /** Without calls that were cancelled while the backend was made ready: it has not heard of them. */
  #wanted(batch: Batch, invocations: Invocation[]): Invocation[] {
    return invocations.filter(({ id }) => {
      const attempt = batch.open.get(id)
      if (!attempt?.call.over) return attempt !== undefined
      this.#end(batch, attempt, { id, type: 'returned', at: now() })
      return false
    })
  }

  #batch(job: JobRecord, calls: CallRef[], memory: number | undefined, copy: boolean) {
    const open = new Map<number, Attempt>()
    const invocations: Invocation[] = []
    for (const { index, attempt } of calls) {
      const call = job.calls[index]!
      const one = new Attempt(++this.#attemptCount, call, attempt, memory, copy)
      open.set(one.id, one)
      one.stats.invoked = now()
      one.log({ type: 'invoked', at: one.stats.invoked })
      invocations.push({ id: one.id, index, attempt, callId: call.callId, input: call.input! })
    }
    const aborter = new AbortController()
    setMaxListeners(0, aborter.signal)
    const lease = this.#leases.begin(this.#backend.limits.lease.start, () => {
      this.#leave(batch, 'stopped answering')
      aborter.abort()
    })
    const batch: Batch = { job, open, aborter, lease, refused: undefined, over: false }
    this.#batches.add(batch)
    return { batch, invocations }
  }

  async #deploymentOf(job: JobRecord, memory: number | undefined): Promise<Deployment | undefined> {
    try {
      return await job.deploymentFor(memory, this.#backend)
    } catch (error) {
      job.fault ??= toErrorValue(error)
      this.cancel(job)
      return undefined
    }
  }

  /** The batch is over. Of the attempts that have no end, the one under way is lost, the others were not begun. */
  #leave(batch: Batch, why: string): void {
    if (batch.over) return
    batch.over = true
    this.#leases.end(batch.lease)
    this.#batches.delete(batch)
    const open = [...batch.open.values()]
    const lost = open.find(({ begun }) => begun) ?? open[0]
    for (const attempt of open) {
      const at = now()
      const { id } = attempt
      if (attempt !== lost) this.#end(batch, attempt, { id, type: 'returned', at })
      else {
        const error = lostError(attempt.call.callId, why)
        this.#end(batch, attempt, { id, type: 'failed', at, ended: at, kind: 'lost', error })
      }
    }
    this.#step({ type: 'batchEnded', job: batch.job.key, refused: batch.refused === true })
  }

  #report(batch: Batch, event: AttemptEvent): void {
    const attempt = batch.open.get(event.id)
    if (!attempt) return
    const { type } = event
    if (type === 'done' || type === 'failed' || type === 'returned' || type === 'throttled') {
      this.#end(batch, attempt, event)
      return
    }
    attempt.told(event)
    const { call } = attempt
    if (type !== 'started' || !call.job.settings.hedge) return
    this.#step({ type, job: call.job.key, index: call.index, attempt: attempt.attempt })
  }

  #end(batch: Batch, attempt: Attempt, event: End): void {
    batch.open.delete(attempt.id)
    batch.refused = event.type === 'throttled' && batch.refused !== false
    const { call } = attempt
    if (event.type === 'failed' && event.kind === 'lost' && attempt.begun && !call.over) {
      void this.#lookForResult(attempt, event)
    } else this.#settle(attempt, event)
  }

  /** A worker may have published its result and then gone: what is done need not be done again. */
  async #lookForResult(attempt: Attempt, event: Failure): Promise<void> {
    const { call, stats } = attempt
    const { job } = call
    const found = await job.publishedResult(call)
    if (!found) {
      this.#settle(attempt, event)
      return
    }
    const { id, at, ended, metrics = { cpuMs: 0, peakRss: 0, rx: 0, tx: 0 } } = event
    if (stats.stored === undefined) attempt.told({ id, type: 'stored', at, ended, bytes: found.size })
    this.#settle(attempt, { id, type: 'done', at, ended, metrics, result: found })
  }

  /** Tells the manager how an attempt has ended, and writes its bill. */
  #settle(attempt: Attempt, event: End): void {
    const { call, stats } = attempt
    const { job, index } = call
    const ref = { job: job.key, index, attempt: attempt.attempt }
    if (event.type === 'returned' || event.type === 'throttled') {
      const { id: _id, at: _at, ...rest } = event
      this.#step({ ...rest, ...ref })
      return
    }
    Object.assign(stats, event.metrics)
    const ended = event.type === 'done' ? (stats.stored ?? event.at) : event.ended
    const { metrics, billed } = event
    const cost = job.bill(attempt, { ended, metrics, billed }, this.#backend)
    if (event.type === 'done') {
      const { id: _id, result, billed: _billed, ...logged } = event
      attempt.log(cost > 0 ? { ...logged, cost } : logged)
      this.#step({ type: 'done', ...ref, ms: event.at - (stats.setup ?? event.at), cost }, result)
    } else {
      stats.ended = event.ended
      this.#step({ type: 'failed', ...ref, kind: event.kind, cost }, { ...event, cost })
    }
  }

  #commit(job: JobRecord, call: CallRecord, attempt: number, result: ResultRef): void {
    if (call.copy?.attempt === attempt) call.copy.show()
    const { started, ended } = call.stats
    job.done++
    job.durations[call.index] = ended! - started!
    if ('bytes' in result) {
      job.collected(call)
      job.keepResult(call.index, result.bytes)
    }
    job.dropInput(call)
    call.succeed(result)
    job.display?.progress()
  }

  #failed(
    job: JobRecord,
    call: CallRecord,
    { type, kind, attempt }: JobAction & { type: 'retry' | 'drop' | 'fail' },
    detail: Failure | undefined,
  ): void {
    const at = now()
    const final = type === 'fail'
    // A copy that fails is nobody's concern while the first attempt goes on.
    if (type === 'drop' && call.copy?.attempt === attempt) {
      call.copy = undefined
      return
    }
    const error = readableError(detail?.error ?? job.fault ?? endError(kind, call.callId), job.readStack)
    const shown = job.fault && !detail ? 'error' : kind
    const ended = detail?.ended ?? at
    const metrics = detail?.metrics
    const event = { type: 'failed', at, ended, kind: shown, error, final } as const
    const { cost = 0 } = detail ?? {}
    job.log(call, attempt, { ...event, ...(metrics ? { metrics } : {}), ...(cost > 0 ? { cost } : {}) })
    if (type === 'drop') call.copy!.show()
    else if (!final) {
      call.state = 'new'
      call.stats.loaded = undefined
      job.log(call, attempt + 1, { type: 'submitted', at })
    } else {
      job.failed++
      job.dropInput(call)
      call.fail(new CallError(shown, error, { callId: call.callId, index: call.index, attempts: attempt }))
      job.display?.progress()
    }
  }

  #finish(job: JobRecord): void {
    const { id, done, failed, run } = job
    this.#jobs.delete(job.key)
    job.endedAt = now()
    run.append({ type: 'job.finished', at: job.endedAt, job: id, done, failed })
    job.release()
    run.jobEnded(failed)
    job.display?.end()
  }
}
