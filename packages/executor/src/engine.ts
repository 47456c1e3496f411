/**
 * What an executor does behind its face: turns a function and inputs into a job, brings the job to the backend, and keeps the
 * runs. Inputs are values, or the results of other calls, which are handed on as bytes without being read here.
 */

import type { Backend, DataRef, Resources } from './backends/backend.js'
import { Background } from './background.js'
import { ResultCache } from './cache.js'
import { CallRecord } from './call-record.js'
import { type Capture, capture } from './closure/index.js'
import { withoutSecrets } from './config/secrets.js'
import { type Code, ship } from './deploy.js'
import { JobDisplay } from './display.js'
import { MayflyError, toErrorValue } from './errors.js'
import { ResponseFuture, recordOf } from './futures.js'
import { JobRecord } from './job-record.js'
import {
  checkMemory,
  type ExecutorOptions,
  type JobOptions,
  type ResolvedSettings,
  resolveSettings,
} from './options.js'
import { policyOf } from './policy.js'
import { Run } from './runlog/run.js'
import { Scheduler } from './scheduler.js'
import type { Storage } from './storage/storage.js'
import { decodeValue, encodeValue } from './values.js'
import { now } from './worker/clock.js'

const NOTHING = new Uint8Array(0)

/** `A` callAsync, `M` map, `R` reduce: Lithops' letters. */
export type JobKind = 'A' | 'M' | 'R'

/** A function that is to be called, and what is known of its code from earlier jobs with it. */
export interface Work {
  fn: (...args: never[]) => unknown
  captured: Capture
  code?: Promise<Code>
}

/** The result of another call, or those of several as an array. */
export type Source = ResponseFuture<unknown> | readonly ResponseFuture<unknown>[]

export interface EngineParts {
  options: ExecutorOptions & { workers: number }
  home: string
  storage: Storage
  backend: Backend
}

export class Engine {
  readonly jobs: JobRecord[] = []
  /** Every run so far, in order. */
  readonly runIds: string[] = []
  readonly scheduler: Scheduler
  readonly #parts: EngineParts
  readonly #runs = new Set<Run>()
  readonly #background = new Background()
  #run: Run | undefined
  #closed = false

  constructor(parts: EngineParts) {
    this.#parts = parts
    this.scheduler = new Scheduler(parts.backend, parts.options.budget?.usd)
    this.prewarm(1, {})
  }

  /** Name of the backend. */
  get backend(): string {
    return this.#parts.backend.name
  }

  get runId(): string | undefined {
    return this.#run?.runId
  }

  /** Throws `E_EXECUTOR_CLOSED` once the executor is. */
  checkOpen(): void {
    if (!this.#closed) return
    throw new MayflyError('E_EXECUTOR_CLOSED', 'This executor was closed', { hint: 'Make a new FunctionExecutor.' })
  }

  /** Takes the function as it is now, with the values of its variables. */
  work(fn: (...args: never[]) => unknown): Work {
    return { fn, captured: capture(fn) }
  }

  /** Processes take their time to start: they may do so while something else is prepared. */
  prewarm(count: number, options: JobOptions): void {
    this.#parts.backend.prewarm(count, resourcesOf(resolveSettings(this.#parts.options, options)))
  }

  /** Starts a call for each item. Throws what is wrong with the items before anything is sent. */
  start(kind: JobKind, work: Work, items: readonly unknown[], options: JobOptions): ResponseFuture<unknown>[] {
    const what = (i: number) => `The ${kind === 'A' ? 'argument' : `item ${i}`} of ${work.fn.name || 'the function'}`
    const settings = resolveSettings(this.#parts.options, options)
    const inputs = items.map((item, i) => ({ bytes: encodeValue(item, what(i)) }))
    const { runtimeMemory } = settings
    const memory =
      typeof runtimeMemory === 'function' ? items.map((item) => checkMemory(runtimeMemory(item as never))) : undefined
    return this.#submit(kind, work, settings, options, { total: items.length, inputs, items, memory })
  }

  /** Starts a call for each source once its results are there; a call whose source fails, fails with it. */
  follow(kind: JobKind, work: Work, sources: readonly Source[], options: JobOptions): ResponseFuture<unknown>[] {
    const settings = resolveSettings(this.#parts.options, options)
    const memory = typeof settings.runtimeMemory === 'function' ? [] : undefined
    return this.#submit(kind, work, settings, options, { total: sources.length, sources, items: [], memory })
  }

  /** Puts everything that was said into the logs of the runs. */
  flushRuns(): void {
    for (const run of this.#runs) run.flush()
  }

  cancelRun(run: Run): void {
    for (const job of this.scheduler.open()) if (job.run === run) this.scheduler.cancel(job)
  }

  /** Removes what the backend has deployed. */
  async cleanBackend(): Promise<void> {
    await this.#parts.backend.clean?.()
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.scheduler.close()
    for (const run of this.#runs) run.finish(true)
    await this.#background.done()
  }

  #submit(
    kind: JobKind,
    work: Work,
    settings: ResolvedSettings,
    options: JobOptions,
    calls: {
      total: number
      inputs?: readonly DataRef[]
      sources?: readonly Source[]
      items: readonly unknown[]
      memory: number[] | undefined
    },
  ): ResponseFuture<unknown>[] {
    this.checkOpen()
    const { backend, storage } = this.#parts
    const { total, inputs, sources, memory } = calls
    const extraArgs = options.extraArgs?.length ? encodeValue(options.extraArgs, 'extraArgs') : NOTHING
    const name = options.name ?? (work.fn.name || 'anonymous')
    const run = this.#runFor(name)
    const { number, first } = run.addJob(total)
    const id = `${kind}${String(number).padStart(3, '0')}`
    const job = new JobRecord({
      key: this.jobs.length,
      id,
      name,
      run,
      settings,
      first,
      storage,
      total,
      background: this.#background,
    })
    this.jobs.push(job)
    run.append({ type: 'job.created', at: job.createdAt, job: id, name, first, total })
    const items = memory ? [...calls.items] : []
    const futures: ResponseFuture<unknown>[] = []
    for (let index = 0; index < total; index++) {
      const call = new CallRecord(job, index, inputs?.[index], now())
      job.calls.push(call)
      job.log(call, 1, { type: 'submitted', at: call.stats.submitted })
      futures.push((call.future = new ResponseFuture(call)))
    }
    job.display = new JobDisplay(job, this.#parts.options.progress !== false)
    const { chunksize: chunk = 'auto', signal, idempotencyKey } = options
    const policy = policyOf(settings, backend, { total, chunk, items, initial: memory })
    this.scheduler.submit(job, policy, sources !== undefined)
    if (job.over) return futures
    if (signal) this.#follow(signal, job)
    const cache = idempotencyKey === undefined ? undefined : new ResultCache(storage, idempotencyKey, calls.items)
    void this.#ship(job, work, extraArgs, resourcesOf(settings), cache)
    if (sources) for (const [index, source] of sources.entries()) this.#await(job.calls[index]!, source, items, memory)
    return futures
  }

  async #ship(job: JobRecord, work: Work, extraArgs: Uint8Array, resources: Resources, cache: ResultCache | undefined) {
    const code = await ship(job, work, extraArgs, resources, this.#parts.backend.limits.inlineInput)
    if (job.fault || !code) {
      this.scheduler.cancel(job)
      return
    }
    if (cache)
      await cache.attach(job, `${code.ref.hash}`, extraArgs, (call, result) => this.scheduler.known(call, result))
    this.scheduler.ready(job)
  }

  /** Hands the results of `source` to the call when they are all there. */
  #await(call: CallRecord, source: Source, items: unknown[], memory: number[] | undefined): void {
    const wanted = (source instanceof ResponseFuture ? [source] : source).map((future) => recordOf(future))
    const release = wanted.map((record) => record.retain())
    call.onOver(() => {
      for (const give of release) give()
    })
    let missing = wanted.length
    const arrived = () => {
      if (--missing > 0 || call.over) return
      const failed = wanted.find((record) => record.error)
      if (failed) this.#reject(call, failed)
      else void this.#hand(call, wanted, source instanceof ResponseFuture, items, memory)
    }
    for (const record of wanted) record.onOver(arrived)
    if (wanted.length === 0) void this.#hand(call, [], false, items, memory)
  }

  async #hand(
    call: CallRecord,
    wanted: readonly CallRecord[],
    single: boolean,
    items: unknown[],
    memory: number[] | undefined,
  ): Promise<void> {
    try {
      const refs = await Promise.all(wanted.map((record) => record.data()))
      const { job, index } = call
      call.input = single ? refs[0]! : { parts: refs }
      await job.storeLargeInput(call, this.#parts.backend.limits.inlineInput)
      if (memory) {
        const values = await Promise.all(refs.map((ref) => job.read(ref)))
        items[index] = single ? decodeValue(values[0]!) : values.map(decodeValue)
        const { runtimeMemory } = job.settings
        memory[index] = checkMemory((runtimeMemory as (item: unknown) => number)(items[index]))
      }
      this.scheduler.input(call)
    } catch (error) {
      this.scheduler.reject(call, 'error', toErrorValue(error))
    }
  }

  #reject(call: CallRecord, { error, callId }: CallRecord): void {
    const { kind, name, message, stack, code } = error!
    this.scheduler.reject(call, kind, {
      name: 'InputFailed',
      code: 'E_CALL_INPUT',
      message: `Call ${call.callId} was not made: ${callId}, whose result it needs, failed: ${message}`,
      hint: 'The cause is the error of the call before.',
      cause: { name, code, message, ...(stack === undefined ? {} : { stack }) },
    })
  }

  #follow(signal: AbortSignal, job: JobRecord): void {
    const cancel = () => this.scheduler.cancel(job)
    job.offSignal = () => signal.removeEventListener('abort', cancel)
    signal.addEventListener('abort', cancel)
    if (signal.aborted) cancel()
  }

  #runFor(name: string): Run {
    if (this.#run?.takesJobs) return this.#run
    const { options, home, backend, storage } = this.#parts
    const { home: _home, backend: _backend, storage: _storage, name: title, ...settings } = options
    const run: Run = new Run({
      home,
      name: title ? `${title}: ${name}` : name,
      backend: backend.name,
      storage: storage.backend,
      settings: withoutSecrets(settings),
      onCancel: () => this.cancelRun(run),
      onFinished: () => this.#runs.delete(run),
    })
    this.#runs.add(run)
    this.runIds.push(run.runId)
    return (this.#run = run)
  }
}

function resourcesOf({ runtimeMemory, timeout, extraEnv }: ResolvedSettings): Resources {
  return {
    ...(typeof runtimeMemory === 'number' ? { runtimeMemory } : {}),
    ...(timeout === undefined ? {} : { timeout }),
    env: extraEnv,
  }
}
