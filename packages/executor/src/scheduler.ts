/**
 * Carries out what the job manager decides: hands batches to the backend, feeds the manager with what the backend reports,
 * settles futures, and writes each event to the run log.
 */
import { setMaxListeners } from 'node:events'
import type { AttemptEvent, Backend, Invocation, ResultRef } from './backends/backend.js'
import { CallError } from './call-error.js'
import type { CallRecord } from './call-record.js'
import { type ErrorValue, type FailureKind, toErrorValue } from './errors.js'
import { kernelHost } from './host.js'
import type { JobRecord } from './job-record.js'
import { type JobAction, type JobEvent, JobManager } from './jobs/manager.js'
import { now } from './worker/clock.js'

/** A frame of an anonymous function carries the name the closure serializer gave it. */
const SHIPPED_ANONYMOUS = /^(\s+at (?:async )?)\$mff\d+ \((.*)\)$/gm

type Failure = { kind: FailureKind; error: ErrorValue; ended: number } & Pick<
  Extract<AttemptEvent, { type: 'failed' }>,
  'metrics'
>

export class Scheduler {
  readonly #backend: Backend
  readonly #manager: JobManager
  /** Jobs that have not ended, by key. */
  readonly #jobs = new Map<number, JobRecord>()
  /** Attempts handed to the backend, by id. */
  readonly #attempts = new Map<number, { call: CallRecord; attempt: number }>()
  readonly #aborter = new AbortController()
  #attemptCount = 0

  constructor(backend: Backend) {
    this.#backend = backend
    this.#manager = new JobManager(backend.concurrency)
    // Each batch in flight listens; many are no leak.
    setMaxListeners(0, this.#aborter.signal)
  }

  /** Takes a job in. Its calls go out once it is `ready`. */
  submit(job: JobRecord, chunk: number | 'auto'): void {
    this.#jobs.set(job.key, job)
    const { attempts, on } = job.settings
    this.#step({ type: 'submit', job: job.key, total: job.total, retry: { attempts, on }, chunk })
  }

  /** The job's deployment is known. */
  ready(job: JobRecord): void {
    this.#step({ type: 'ready', job: job.key })
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
    this.#aborter.abort()
    await this.#backend.close()
  }

  #step(event: JobEvent, detail?: Failure | ResultRef): void {
    for (const action of this.#manager.step(event)) this.#act(action, detail)
  }

  #act(action: JobAction, detail: Failure | ResultRef | undefined): void {
    const job = this.#jobs.get(action.job)!
    if (action.type === 'invoke') void this.#invoke(job, action.calls)
    else if (action.type === 'finish') this.#finish(job)
    else {
      const call = job.calls[action.index]!
      if (action.type === 'commit') this.#commit(job, call, detail as ResultRef)
      else if (action.type === 'abort') {
        for (const [id, { call: other }] of this.#attempts) if (other === call) this.#backend.cancel(id)
      } else this.#failed(job, call, action, detail as Failure | undefined)
    }
  }

  /** Hands a batch to the backend and follows its events. */
  async #invoke(job: JobRecord, refs: { index: number; attempt: number }[]): Promise<void> {
    const batch: Invocation[] = []
    for (const { index, attempt } of refs) {
      const call = job.calls[index]!
      const id = ++this.#attemptCount
      const at = now()
      this.#attempts.set(id, { call, attempt })
      call.attempt = attempt
      call.state = 'invoked'
      call.stats.invoked = at
      job.log(call, attempt, { type: 'invoked', at })
      batch.push({ id, index, attempt, callId: call.callId, input: call.input! })
    }
    try {
      for await (const event of this.#backend.invoke(job.deployment!, batch, this.#aborter.signal)) this.#report(event)
    } catch (error) {
      for (const { id } of batch) {
        this.#report({ id, type: 'failed', at: now(), ended: now(), kind: 'lost', error: toErrorValue(error) })
      }
    }
    this.#step({ type: 'batchEnded', job: job.key })
  }

  #report(event: AttemptEvent): void {
    const known = this.#attempts.get(event.id)
    if (!known) return
    const { call, attempt } = known
    const { job, index, stats } = call
    const ref = { job: job.key, index, attempt }
    if (event.type === 'done' || event.type === 'failed' || event.type === 'returned') this.#attempts.delete(event.id)
    if (call.over || call.attempt !== attempt) return
    const { id: _id, ...rest } = event
    if (rest.type === 'returned') this.#step({ type: 'returned', ...ref })
    else if (rest.type === 'failed') {
      stats.ended = rest.ended
      Object.assign(stats, rest.metrics)
      this.#step({ type: 'failed', ...ref, kind: rest.kind }, rest)
    } else if (rest.type === 'done') {
      const { result, ...logged } = rest
      Object.assign(stats, rest.metrics)
      job.log(call, attempt, logged)
      this.#step({ type: 'done', ...ref, ms: rest.at - (stats.setup ?? rest.at) }, result)
    } else {
      job.log(call, attempt, rest)
      if (rest.type === 'setup')
        Object.assign(stats, { setup: rest.at, worker: rest.worker, cold: rest.cold, pid: rest.pid })
      else if (rest.type === 'fetched') Object.assign(stats, { fetched: rest.at, loaded: rest.loaded })
      else if (rest.type === 'started') {
        stats.started = rest.at
        call.state = 'running'
      } else if (rest.type === 'stored') Object.assign(stats, { ended: rest.ended, stored: rest.at })
    }
  }

  #commit(job: JobRecord, call: CallRecord, result: ResultRef): void {
    const { started, ended, stored } = call.stats
    job.done++
    job.durations[call.index] = ended! - started!
    job.bill(call, stored!, call.stats as { cpuMs: number; peakRss: number })
    if ('bytes' in result) job.collected(call)
    job.dropInput(call)
    call.succeed(result)
    job.display?.progress()
  }

  #failed(
    job: JobRecord,
    call: CallRecord,
    { type, kind, attempt }: JobAction & { type: 'retry' | 'fail' },
    detail: Failure | undefined,
  ): void {
    const at = now()
    const error = detail?.error ?? job.fault ?? cancelledError(call)
    const shown = job.fault ? 'error' : kind
    const value = this.#readable(job, error)
    const final = type === 'fail'
    const ended = detail?.ended ?? at
    const metrics = detail?.metrics
    job.bill(call, ended, metrics)
    const event = { type: 'failed', at, ended, kind: shown, error: value, final } as const
    job.log(call, attempt, metrics ? { ...event, metrics } : event)
    if (!final) {
      call.state = 'new'
      call.stats.loaded = undefined
      job.log(call, attempt + 1, { type: 'submitted', at })
      return
    }
    job.failed++
    job.dropInput(call)
    call.fail(new CallError(shown, value, { callId: call.callId, index: call.index, attempts: attempt }))
    job.display?.progress()
  }

  /** A worker's error with stacks that name the user's own source. */
  #readable(job: JobRecord, error: ErrorValue): ErrorValue {
    const { stack, cause } = error
    return {
      ...error,
      ...(stack === undefined ? {} : { stack: this.#readableStack(job, stack) }),
      ...(cause === undefined ? {} : { cause: this.#readable(job, cause) }),
    }
  }

  /** A worker's stack with the positions of the user's own source. */
  #readableStack(job: JobRecord, stack: string): string {
    try {
      const mapped = (job.readStack?.(stack) ?? stack).replace(SHIPPED_ANONYMOUS, '$1$2')
      return kernelHost()?.mapStack(mapped) ?? mapped
    } catch {
      // Scripts may be gone from the debugger; the worker's own positions are better than none.
      return stack
    }
  }

  #finish(job: JobRecord): void {
    const { id, done, failed, run } = job
    this.#jobs.delete(job.key)
    job.endedAt = now()
    run.append({ type: 'job.finished', at: job.endedAt, job: id, done, failed })
    job.calls = []
    job.deployment = undefined
    job.offSignal?.()
    run.jobEnded(failed)
    job.display?.end()
  }
}

function cancelledError({ callId }: CallRecord): ErrorValue {
  return { name: 'Cancelled', code: 'E_CALL_CANCELLED', message: `Call ${callId} was cancelled` }
}
