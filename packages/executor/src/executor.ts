/**
 * `FunctionExecutor`: turns `map(fn, items)` into calls on workers. This is the face users see; `scheduler.ts` makes the calls
 * happen, `jobs/manager.ts` decides which.
 */
import type { Backend, Resources } from './backends/backend.js'
import { backendOfMode, makeBackend } from './backends/registry.js'
import { type CallError, MapError } from './call-error.js'
import { CallRecord } from './call-record.js'
import { type Capture, capture } from './closure/index.js'
import { configInForce } from './config/resolve.js'
import type { CallContext } from './context.js'
import { ship } from './deploy.js'
import { JobDisplay } from './display.js'
import { MayflyError } from './errors.js'
import { FuturesList, ResponseFuture } from './futures.js'
import { mayflyHome } from './home.js'
import { kernelHost } from './host.js'
import { JobRecord } from './job-record.js'
import {
  checkExecutorOptions,
  checkJobOptions,
  type ExecutorOptions,
  type JobOptions,
  type ResolvedSettings,
  resolveSettings,
} from './options.js'
import { policyOf } from './policy.js'
import { Run } from './runlog/run.js'
import { Scheduler } from './scheduler.js'
import { Storage } from './storage/storage.js'
import { type JobSummaryRow, summarize } from './summary.js'
import { encodeValue } from './values.js'
import { type WaitOptions, type WaitResult, waitFor } from './wait.js'
import { now } from './worker/clock.js'

const NOTHING = new Uint8Array(0)

export class FunctionExecutor {
  readonly storage: Storage
  readonly #options: ExecutorOptions & { workers: number }
  readonly #home: string
  readonly #backend: Backend
  readonly #scheduler: Scheduler
  readonly #jobs: JobRecord[] = []
  readonly #runs = new Set<Run>()
  /** Futures whose results nobody has taken yet, for `getResult()` without arguments. */
  #outstanding: { job: JobRecord; futures: ResponseFuture<unknown>[] }[] = []
  #run: Run | undefined
  #closed = false

  /**
   * All options have defaults; without any, calls run on this machine. See `ExecutorOptions`. What is not given here is taken
   * from the environment (`MAYFLY_WORKERS` …), then from the configuration file; see `configInForce`.
   */
  constructor(options: ExecutorOptions = {}) {
    const cwd = kernelHost()?.workspace ?? process.cwd()
    this.#options = checkExecutorOptions(configInForce(options, { cwd }).options)
    this.#home = this.#options.home ?? mayflyHome()
    const { backend = 'localhost', storage, workers, budget } = this.#options
    this.storage = typeof storage === 'object' ? storage : new Storage({ home: this.#home })
    this.#backend = typeof backend === 'string' ? makeBackend(backend, { workers, cwd }) : backend
    this.#scheduler = new Scheduler(this.#backend, budget?.usd)
    this.#backend.prewarm(1, resourcesOf(resolveSettings(this.#options, {})))
  }

  /** Runs `fn(data, ...extraArgs, ctx)` once. */
  callAsync<T, R, X extends readonly unknown[] = []>(
    fn: (data: T, ...rest: [...X, CallContext]) => R,
    data?: T,
    options: JobOptions<X> = {},
  ): ResponseFuture<Awaited<R>> {
    return this.#atCaller(this.callAsync, () => {
      const checked = checkJobOptions(options, 'callAsync')
      return this.#submit('A', fn, [data], checked)[0]! as ResponseFuture<Awaited<R>>
    })
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
    return this.#atCaller(this.map, () => {
      const checked = checkJobOptions(options, 'map')
      if (isIterable(iterdata)) return this.#submit('M', fn, [...iterdata], checked)
      if (!isAsyncIterable(iterdata)) {
        throw new MayflyError('E_ITERDATA', 'map: the second argument is not iterable', {
          hint: 'Pass an array, another iterable or an async iterable; use callAsync for a single value.',
        })
      }
      const captured = capture(fn)
      return gather(iterdata).then((items) => this.#submit('M', fn, items, checked, captured))
    })
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
        ...{ id, name, total, done, failed, elapsedMs, durations, cpuMs, peakRss },
        runtimeMemory: typeof runtimeMemory === 'number' ? runtimeMemory : undefined,
        lambdaCost: job.lambdaCost,
      })
    })
  }

  /** Cancels calls that have not ended: those given, or all of this executor. Their workers are killed. */
  cancel(futures?: Futures<unknown>): void {
    const wanted = futures && new Set(this.#listOf(futures).map((future) => future as ResponseFuture<unknown>))
    for (const job of this.#scheduler.open()) {
      if (!wanted) this.#scheduler.cancel(job)
      else {
        const indices = job.calls.filter((call) => wanted.has(call.future!)).map((call) => call.index)
        if (indices.length > 0) this.#scheduler.cancel(job, indices)
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
    this.#closed = true
    await this.#scheduler.close()
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

  /** Lets the stack of an error of ours begin where the user called `method`. */
  #atCaller<T>(method: (...args: never[]) => unknown, work: () => T): T {
    try {
      return work()
    } catch (error) {
      if (error instanceof MayflyError) Error.captureStackTrace(error, method)
      throw error
    }
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
    this.#scheduler.submit(
      job,
      policyOf(settings, this.#backend, { total: items.length, chunk: chunksize, items: [], initial: undefined }),
    )
    if (job.over) return futures
    if (signal) this.#follow(signal, job)
    void ship(job, captured, extraArgs, resources).then(() =>
      job.fault ? this.#scheduler.cancel(job) : this.#scheduler.ready(job),
    )
    return futures
  }

  #follow(signal: AbortSignal, job: JobRecord): void {
    const cancel = () => this.#scheduler.cancel(job)
    job.offSignal = () => signal.removeEventListener('abort', cancel)
    signal.addEventListener('abort', cancel)
    if (signal.aborted) cancel()
  }

  #runFor(name: string): Run {
    if (this.#run?.takesJobs) return this.#run
    const { home: _home, backend: _backend, storage: _storage, name: title, extraEnv, ...settings } = this.#options
    const run: Run = new Run({
      home: this.#home,
      name: title ? `${title}: ${name}` : name,
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
    for (const job of this.#scheduler.open()) if (job.run === run) this.#scheduler.cancel(job)
  }
}

/** `FunctionExecutor` on cloud functions: the first such backend there is, or the one named. */
export class ServerlessExecutor extends FunctionExecutor {
  constructor(options: Omit<ExecutorOptions, 'backend'> & { backend?: string } = {}) {
    super({ ...options, backend: backendOfMode('serverless', options.backend) })
  }
}

/** `FunctionExecutor` on virtual machines: the first such backend there is, or the one named. */
export class StandaloneExecutor extends FunctionExecutor {
  constructor(options: Omit<ExecutorOptions, 'backend'> & { backend?: string } = {}) {
    super({ ...options, backend: backendOfMode('standalone', options.backend) })
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
    ...(typeof runtimeMemory === 'number' ? { runtimeMemory } : {}),
    ...(timeout === undefined ? {} : { timeout }),
    env: extraEnv,
  }
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
