/**
 * `FunctionExecutor`: turns `map(fn, items)` into calls on workers. This is the shell around the pure job manager: it ships
 * the function, feeds the manager with what the backend reports, carries out its actions, and writes the run log.
 */
import { setMaxListeners } from 'node:events'
import type { AttemptEvent, Backend, Invocation, Resources, ResultRef } from './backends/backend.js'
import { LocalhostBackend } from './backends/localhost/index.js'
import { CallError, MapError } from './call-error.js'
import { CallRecord } from './call-record.js'
import { bundle, type Capture, capture, remapStack } from './closure/index.js'
import type { CallContext } from './context.js'
import { deployCode } from './deploy.js'
import { JobDisplay } from './display.js'
import { type ErrorValue, type FailureKind, MayflyError, toErrorValue } from './errors.js'
import { FuturesList, ResponseFuture } from './futures.js'
import { mayflyHome } from './home.js'
import { kernelHost } from './host.js'
import { JobRecord } from './job-record.js'
import { type JobAction, type JobEvent, JobManager } from './jobs/manager.js'
import {
  checkExecutorOptions,
  checkJobOptions,
  type ExecutorOptions,
  type JobOptions,
  type ResolvedSettings,
  resolveSettings,
} from './options.js'
import { Run } from './runlog/run.js'
import { Storage } from './storage/storage.js'
import { type JobSummaryRow, summarize } from './summary.js'
import { encodeValue } from './values.js'
import { type WaitOptions, type WaitResult, waitFor } from './wait.js'
import { now } from './worker/clock.js'

/** Inputs above this size are handed over as a file. */
const INLINE_INPUT = 1024 * 1024
const NOTHING = new Uint8Array(0)

type Failure = { kind: FailureKind; error: ErrorValue; ended: number } & Pick<
  Extract<AttemptEvent, { type: 'failed' }>,
  'metrics'
>

export class FunctionExecutor {
  readonly storage: Storage
  readonly #options: ExecutorOptions & { workers: number }
  readonly #backend: Backend
  readonly #manager: JobManager
  readonly #jobs: JobRecord[] = []
  readonly #runs = new Set<Run>()
  /** Attempts handed to the backend, by id. */
  readonly #attempts = new Map<number, { call: CallRecord; attempt: number }>()
  /** Futures whose results nobody has taken yet, for `getResult()` without arguments. */
  #outstanding: { job: JobRecord; futures: ResponseFuture<unknown>[] }[] = []
  readonly #aborter = new AbortController()
  #attemptCount = 0
  #run: Run | undefined
  #closed = false

  /** All options have defaults; without any, calls run on this machine. See `ExecutorOptions`. */
  constructor(options: ExecutorOptions = {}) {
    this.#options = checkExecutorOptions(options)
    this.storage = new Storage({ home: this.#options.home ?? mayflyHome() })
    const cwd = kernelHost()?.workspace ?? process.cwd()
    this.#backend = new LocalhostBackend({ workers: this.#options.workers, cwd })
    this.#manager = new JobManager(this.#backend.concurrency)
    this.#backend.prewarm(1, resourcesOf(resolveSettings(this.#options, {})))
    // Each batch in flight listens; many are no leak.
    setMaxListeners(0, this.#aborter.signal)
  }

  /** Runs `fn(data, ...extraArgs, ctx)` once. */
  callAsync<T, R, X extends readonly unknown[] = []>(
    fn: (data: T, ...rest: [...X, CallContext]) => R,
    data?: T,
    options: JobOptions<X> = {},
  ): ResponseFuture<Awaited<R>> {
    return this.#submit('A', fn, [data], checkJobOptions(options, 'callAsync'))[0]! as ResponseFuture<Awaited<R>>
  }

  /**
   * Runs `fn(item, ...extraArgs, ctx)` for every item. Items and captured variables are taken as they are now. Returns at
   * once; an async iterable is read to its end first, and the list of futures comes as a promise.
   */
  map<T, R, X extends readonly unknown[] = []>(
    fn: (item: T, ...rest: [...X, CallContext]) => R,
    iterdata: Iterable<T>,
    options?: JobOptions<X>,
  ): FuturesList<Awaited<R>>
  map<T, R, X extends readonly unknown[] = []>(
    fn: (item: T, ...rest: [...X, CallContext]) => R,
    iterdata: AsyncIterable<T>,
    options?: JobOptions<X>,
  ): Promise<FuturesList<Awaited<R>>>
  map(
    fn: (...args: never[]) => unknown,
    iterdata: Iterable<unknown> | AsyncIterable<unknown>,
    options: JobOptions = {},
  ): FuturesList<unknown> | Promise<FuturesList<unknown>> {
    const checked = checkJobOptions(options, 'map')
    if (isIterable(iterdata)) return this.#submit('M', fn, [...iterdata], checked)
    if (!isAsyncIterable(iterdata)) {
      throw new MayflyError('E_ITERDATA', 'map: the second argument is not iterable', {
        hint: 'Pass an array, another iterable or an async iterable; use callAsync for a single value.',
      })
    }
    const captured = capture(fn)
    return gather(iterdata).then((items) => this.#submit('M', fn, items, checked, captured))
  }

  /** Waits for some or all futures (default: all of this executor whose results were not taken). */
  wait<T>(futures?: Futures<T>, options: WaitOptions = {}): Promise<WaitResult<T>> {
    return waitFor(this.#listOf(futures), options)
  }

  /**
   * Results in input order. Rejects with `MapError`, which carries every good result, if a call failed; with `CallError` for
   * a single future. Without futures: everything not taken yet, in the order it was started.
   */
  getResult<T>(future: ResponseFuture<T>, options?: WaitOptions): Promise<T>
  getResult<T>(futures: readonly ResponseFuture<T>[], options?: WaitOptions): Promise<T[]>
  // biome-ignore lint/suspicious/noExplicitAny: what is outstanding has the types of several functions.
  getResult(): Promise<any>
  async getResult(futures?: Futures<unknown>, options: WaitOptions = {}): Promise<unknown> {
    const list = this.#listOf(futures)
    const { notDone } = await waitFor(list, { ...options, returnWhen: 'ALL_COMPLETED' })
    if (notDone.length > 0) {
      throw new MayflyError('E_WAIT_TIMEOUT', `${notDone.length} of ${list.length} calls are not done in time`, {
        hint: 'Wait longer, or use wait() to take what is done.',
      })
    }
    if (futures instanceof ResponseFuture) return futures.result()
    const settled = await this.settled(list)
    const failures = settled.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as CallError] : []))
    const results = settled.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : undefined))
    if (failures.length > 0) throw new MapError(results, failures)
    return results
  }

  /** Outcomes in input order, like `Promise.allSettled`; never rejects. */
  settled<T>(futures?: Futures<T>): Promise<PromiseSettledResult<T>[]> {
    return Promise.allSettled(this.#listOf(futures).map((future) => future.result()))
  }

  /** One row per job: calls, run times, CPU, memory and cost. */
  jobSummary(): JobSummaryRow[] {
    return this.#jobs.map((job) => {
      const { id, name, total, done, failed, durations, cpuMs, peakRss } = job
      const elapsedMs = (job.endedAt ?? now()) - job.createdAt
      const { runtimeMemory } = job.settings
      return summarize({
        ...{ id, name, total, done, failed, elapsedMs, durations, cpuMs, peakRss, runtimeMemory },
        lambdaCost: job.lambdaCost,
      })
    })
  }

  /** Cancels calls that have not ended: those given, or all of this executor. Their workers are killed. */
  cancel(futures?: Futures<unknown>): void {
    const wanted = futures && new Set(this.#listOf(futures).map((future) => future as ResponseFuture<unknown>))
    for (const job of this.#jobs) {
      if (job.over) continue
      if (!wanted) this.#step({ type: 'cancel', job: job.key })
      else {
        const indices = job.calls.filter((call) => wanted.has(call.future!)).map((call) => call.index)
        if (indices.length > 0) this.#step({ type: 'cancel', job: job.key, indices })
      }
    }
  }

  /** Removes the inputs and results of this executor's ended jobs from storage. Cloud objects and run logs stay. */
  async clean(): Promise<void> {
    const { bucket } = this.storage
    for (const job of this.#jobs.filter((ended) => ended.over)) {
      await this.storage.deleteObjects(bucket, await this.storage.listKeys(bucket, `${job.prefix}/`))
    }
  }

  /** Cancels what still runs and ends the runs. Warm workers stay for other executors; they never keep a process alive. */
  async close(): Promise<void> {
    this.cancel()
    this.#closed = true
    this.#aborter.abort()
    await this.#backend.close()
    for (const run of this.#runs) run.finish(true)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #listOf<T>(futures: Futures<T> | undefined): readonly ResponseFuture<T>[] {
    if (futures instanceof ResponseFuture) return [futures]
    if (futures) return futures
    this.#outstanding = this.#outstanding.filter(({ job }) => !job.allTaken)
    return this.#outstanding.flatMap((entry) => entry.futures) as ResponseFuture<T>[]
  }

  #submit(
    kind: 'A' | 'M',
    fn: (...args: never[]) => unknown,
    items: unknown[],
    options: JobOptions,
    early?: Capture,
  ): FuturesList<unknown> {
    if (this.#closed) {
      throw new MayflyError('E_EXECUTOR_CLOSED', 'This executor was closed', { hint: 'Make a new FunctionExecutor.' })
    }
    const settings = resolveSettings(this.#options, options)
    const resources = resourcesOf(settings)
    // Processes take their time to start; reading the function and the items goes on meanwhile.
    this.#backend.prewarm(items.length, resources)
    const captured = early ?? capture(fn)
    const what = (i: number) => `The ${kind === 'A' ? 'argument' : `item ${i}`} of ${fn.name || 'the function'}`
    const inputs = items.map((item, i) => encodeValue(item, what(i)))
    const extraArgs = options.extraArgs?.length ? encodeValue(options.extraArgs, 'extraArgs') : NOTHING
    const name = options.name ?? (fn.name || 'anonymous')
    const run = this.#runFor(name)
    const { number, first } = run.addJob(items.length)
    const job = new JobRecord({
      key: this.#jobs.length,
      id: `${kind}${String(number).padStart(3, '0')}`,
      ...{ name, run, settings, first, storage: this.storage, total: items.length },
    })
    this.#jobs.push(job)
    run.append({ type: 'job.created', at: job.createdAt, job: job.id, name, first, total: job.total })
    const futures = new FuturesList<unknown>()
    for (const [index, bytes] of inputs.entries()) {
      const call = new CallRecord(job, index, { bytes }, now())
      job.calls.push(call)
      job.log(call, 1, { type: 'submitted', at: call.stats.submitted })
      futures.push((call.future = new ResponseFuture(call)))
    }
    this.#outstanding = this.#outstanding.filter((entry) => !entry.job.allTaken)
    this.#outstanding.push({ job, futures })
    job.display = new JobDisplay(job, this.#options.progress !== false)
    const { chunksize = 'auto', signal } = options
    const retry = { attempts: settings.attempts, on: settings.on }
    this.#step({ type: 'submit', job: job.key, total: job.total, retry, chunk: chunksize })
    if (job.total === 0) return futures
    signal?.addEventListener('abort', () => this.#step({ type: 'cancel', job: job.key }), { once: true })
    if (signal?.aborted) this.#step({ type: 'cancel', job: job.key })
    void this.#prepare(job, captured, extraArgs, resources)
    return futures
  }

  /** Ships the function and the large inputs, then lets the calls go. */
  async #prepare(job: JobRecord, captured: Capture, extraArgs: Uint8Array, resources: Resources): Promise<void> {
    try {
      const shipment = await bundle(captured)
      const code = await deployCode(shipment, this.storage)
      job.readStack = (stack) => remapStack(stack, code.codeFile, shipment.sources)
      for (const call of job.calls) await this.#storeLargeInput(call)
      const { bucket, home } = this.storage
      job.deployment = { code, resources, extraArgs, bucket, home, resultPrefix: `${job.prefix}/results` }
      this.#step({ type: 'ready', job: job.key })
    } catch (error) {
      job.fault = toErrorValue(error)
      this.#step({ type: 'cancel', job: job.key })
    }
  }

  async #storeLargeInput(call: CallRecord): Promise<void> {
    const { input } = call
    if (!input || !('bytes' in input) || input.bytes.byteLength <= INLINE_INPUT) return
    const { bucket } = this.storage
    const key = inputKey(call.job, call.index)
    await this.storage.putObject(bucket, key, input.bytes)
    if (call.input) call.input = { file: this.storage.path(bucket, key), size: input.bytes.byteLength }
  }

  #runFor(name: string): Run {
    if (this.#run?.takesJobs) return this.#run
    const { home: _home, name: title, extraEnv, ...settings } = this.#options
    const run: Run = new Run({
      home: this.storage.home,
      name: title ?? name,
      backend: this.#backend.name,
      storage: this.storage.backend,
      settings: { ...settings, ...(extraEnv ? { extraEnv: Object.keys(extraEnv) } : {}) },
      onCancel: () => this.#cancelRun(run),
      onFinished: () => this.#runs.delete(run),
    })
    this.#runs.add(run)
    return (this.#run = run)
  }

  #cancelRun(run: Run): void {
    for (const job of this.#jobs) if (job.run === run && !job.over) this.#step({ type: 'cancel', job: job.key })
  }

  #step(event: JobEvent, detail?: Failure | ResultRef): void {
    for (const action of this.#manager.step(event)) this.#act(action, detail)
  }

  #act(action: JobAction, detail: Failure | ResultRef | undefined): void {
    const job = this.#jobs[action.job]!
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
    this.#dropInput(call)
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
    const stack = error.stack && this.#readableStack(job, error.stack)
    const value = stack ? { ...error, stack } : error
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
    this.#dropInput(call)
    call.fail(new CallError(shown, value, { callId: call.callId, index: call.index, attempts: attempt }))
    job.display?.progress()
  }

  /** A worker's stack with the positions of the user's own source. */
  #readableStack(job: JobRecord, stack: string): string {
    const mapped = job.readStack?.(stack) ?? stack
    return kernelHost()?.mapStack(mapped) ?? mapped
  }

  #dropInput({ job, index, input }: CallRecord): void {
    if (input && 'file' in input) void this.storage.deleteObject(this.storage.bucket, inputKey(job, index))
  }

  #finish(job: JobRecord): void {
    const { id, done, failed, run } = job
    job.endedAt = now()
    run.append({ type: 'job.finished', at: job.endedAt, job: id, done, failed })
    job.calls = []
    run.jobEnded(failed)
    job.display?.end()
  }
}

/** `FunctionExecutor` with backend and storage `localhost`, as in Lithops. */
export class LocalhostExecutor extends FunctionExecutor {
  constructor(options: Omit<ExecutorOptions, 'backend' | 'storage'> = {}) {
    super({ ...options, backend: 'localhost', storage: 'localhost' })
  }
}

export type Futures<T> = ResponseFuture<T> | readonly ResponseFuture<T>[]

function resourcesOf({ runtimeMemory, timeout, extraEnv }: ResolvedSettings): Resources {
  return {
    ...(runtimeMemory === undefined ? {} : { runtimeMemory }),
    ...(timeout === undefined ? {} : { timeout }),
    env: extraEnv,
  }
}

function cancelledError({ callId }: CallRecord): ErrorValue {
  return { name: 'Cancelled', code: 'E_CALL_CANCELLED', message: `Call ${callId} was cancelled` }
}

function inputKey(job: JobRecord, index: number): string {
  return `${job.prefix}/inputs/${index}`
}

async function gather(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const item of items) all.push(item)
  return all
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return value != null && typeof (value as Iterable<unknown>)[Symbol.iterator] === 'function'
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return value != null && typeof (value as AsyncIterable<unknown>)[Symbol.asyncIterator] === 'function'
}
