/**
 * `FunctionExecutor`: turns `map(fn, items)` into calls on workers. This is the face users see; `engine.ts` makes jobs of it,
 * `scheduler.ts` makes the calls happen, `jobs/manager.ts` decides which. Long for its overloads and their docstrings.
 */
import { join } from 'node:path'
import { attachTo } from './attach.js'
import { makeBackend } from './backends/registry.js'
import { type CallError, MapError } from './call-error.js'
import { cleanRuns, startCleaner } from './cleaner.js'
import { configInForce } from './config/resolve.js'
import type { Extras, Rest } from './context.js'
import { Engine, type JobKind, type Source, type Work } from './engine.js'
import { MayflyError } from './errors.js'
import { FuturesList, type ListOwner, ResponseFuture, recordOf } from './futures.js'
import { mayflyHome } from './home.js'
import { kernelHost } from './host.js'
import { groupsOf, type MapReduceOptions, objectOf, runsOf } from './map-reduce.js'
import {
  type CheckedReduce,
  checkExecutorOptions,
  checkJobOptions,
  checkReduceOptions,
  type ExecutorOptions,
  type JobOptions,
} from './options.js'
import { type DataPart, type ObjectItem, partition } from './partition/index.js'
import { joinRuns, type Plots, plotsOf, writePlots } from './plot/index.js'
import { tolerated } from './policy.js'
import { RunStore, readRun } from './runs/index.js'
import { openStorage, type Storage } from './storage/storage.js'
import { pump } from './stream.js'
import { type JobSummaryRow, summaryOf } from './summary.js'
import { checkFutures, type WaitOptions, type WaitResult, waitFor } from './wait.js'

/** Calls that may be open of a map over an async iterable, per worker and at least. */
const ROOM_PER_WORKER = 32
const ROOM = 256

type AnyFunction = (...args: never[]) => unknown

export class FunctionExecutor implements ListOwner {
  readonly storage: Storage
  readonly #options: ExecutorOptions & { workers: number }
  readonly #home: string
  readonly #engine: Engine
  /** Lists whose results nobody has taken yet, for `getResult()` without arguments. */
  #outstanding: FuturesList<unknown>[] = []

  /**
   * All options have defaults; without any, calls run on this machine. See `ExecutorOptions`. What is not given here is taken
   * from the notebook's settings, then from the environment (`MAYFLY_WORKERS` …), then from the configuration file; see
   * `configInForce`.
   */
  constructor(options: ExecutorOptions = {}) {
    const host = kernelHost()
    const cwd = host?.workspace ?? process.cwd()
    this.#options = checkExecutorOptions(configInForce(options, { cwd, notebook: host?.settings() ?? {} }).options)
    const home = this.#options.home ?? mayflyHome()
    this.#home = home
    const { backend = 'localhost', storage, workers, recycleAfter, isolation, aws_lambda } = this.#options
    this.storage = openStorage(storage, home)
    this.#engine = new Engine({
      ...{ options: this.#options, home, storage: this.storage },
      backend:
        typeof backend === 'string'
          ? makeBackend(backend, { workers, cwd, recycleAfter, isolation, writable: [home], aws_lambda })
          : backend,
    })
    startCleaner(home, this.storage)
  }

  /** The run that jobs started now belong to, for `attach` from another process; undefined before the first job. */
  get runId(): string | undefined {
    return this.#engine.runId
  }

  /**
   * The futures of a run of this workspace that any process has started, also of one that has ended: the calls of all its
   * jobs in the order they were made. Results can be had while they are kept in storage (`E_RESULT_GONE` afterwards).
   * The list grows while the run goes on; `cancel` does not reach its calls.
   *
   * @throws MayflyError `E_NOT_FOUND`
   */
  async attach(runId: string): Promise<FuturesList<unknown>> {
    const runs = new RunStore(join(this.#home, 'runs'), join(this.#home, 'runs', '.attached.json'))
    await runs.get(runId)
    const list = FuturesList.of<unknown>(this)
    list.growUntil(attachTo(runId, { runs, storage: this.storage }, (futures) => list.add(futures)))
    return list
  }

  /** Runs `fn(data, ...extraArgs, ctx)` once. */
  callAsync<T, R, X extends Extras = []>(
    fn: (data: T, ...rest: Rest<X>) => R,
    data?: T,
    options: JobOptions<X, T> = {},
  ): ResponseFuture<Awaited<R>> {
    return this.#atCaller(this.callAsync, () => {
      const checked = checkJobOptions(options, 'callAsync')
      return this.#start('A', this.#work(fn as AnyFunction), [data], checked)[0] as ResponseFuture<Awaited<R>>
    })
  }

  /**
   * Runs `fn(part, …, ctx)` for every part of the objects, files or URLs named: `'bucket/prefix/*.csv'`, or a list of such. They
   * are cut as `objChunkSize`, `objChunkNumber` and `objNewline` say; the list grows once the parts are known.
   */
  map<R, X extends Extras = []>(
    fn: (part: DataPart, ...rest: Rest<X>) => R,
    objects: string | URL,
    options?: JobOptions<X>,
  ): FuturesList<Awaited<R>>
  /**
   * Runs `fn(item, ...extraArgs, ctx)` for every item. Items and captured variables are taken as they are now. Returns at
   * once. Items of an async iterable are called as they come, and no more are read than the workers keep up with; the list
   * grows meanwhile, and `getResult` waits for its end.
   */
  map<T, R, X extends Extras = []>(
    fn: (item: T, ...rest: Rest<X>) => R,
    iterdata: Iterable<T> | AsyncIterable<T>,
    options?: JobOptions<X, T>,
  ): FuturesList<Awaited<R>>
  map<R, X extends Extras = []>(
    fn: (part: DataPart, ...rest: Rest<X>) => R,
    objects: ObjectItem | Iterable<ObjectItem>,
    options?: JobOptions<X>,
  ): FuturesList<Awaited<R>>
  map(fn: AnyFunction, iterdata: unknown, options: JobOptions = {}): FuturesList<never> {
    return this.#atCaller(this.map as AnyFunction, () => {
      const checked = checkJobOptions(options, 'map')
      return this.#map(fn, iterdata, checked) as FuturesList<never>
    })
  }

  /** `mapReduce` over the parts of objects, files or URLs; they must be looked at first, so the future comes as a promise. */
  mapReduce<M, R, X extends Extras = [], Y extends Extras = []>(
    map: (part: DataPart, ...rest: Rest<X>) => M,
    objects: string | URL,
    reduce: (results: Awaited<M>[], ...rest: Rest<Y>) => R,
    options: MapReduceOptions<never, X, Y> & { objReduceByKey: true },
  ): Promise<FuturesList<Awaited<R>>>
  mapReduce<M, R, X extends Extras = [], Y extends Extras = []>(
    map: (part: DataPart, ...rest: Rest<X>) => M,
    objects: string | URL,
    reduce: (results: Awaited<M>[], ...rest: Rest<Y>) => R,
    options?: MapReduceOptions<never, X, Y>,
  ): Promise<ResponseFuture<Awaited<R>>>
  /**
   * Runs `map(item, ...extraArgs, ctx)` for every item, then `reduce(results, ...extraArgsReduce, ctx)` once with the array of
   * the results in input order; once for each group with `reduceBy` or `objReduceByKey`, in which case a list of futures is
   * returned.
   */
  mapReduce<T, M, R, X extends Extras = [], Y extends Extras = []>(
    map: (item: T, ...rest: Rest<X>) => M,
    iterdata: Iterable<T>,
    reduce: (results: Awaited<M>[], ...rest: Rest<Y>) => R,
    options: MapReduceOptions<T, X, Y> & ({ reduceBy: (item: T) => string } | { objReduceByKey: true }),
  ): FuturesList<Awaited<R>>
  mapReduce<T, M, R, X extends Extras = [], Y extends Extras = []>(
    map: (item: T, ...rest: Rest<X>) => M,
    iterdata: Iterable<T>,
    reduce: (results: Awaited<M>[], ...rest: Rest<Y>) => R,
    options?: MapReduceOptions<T, X, Y>,
  ): ResponseFuture<Awaited<R>>
  mapReduce<M, R, X extends Extras = [], Y extends Extras = []>(
    map: (part: DataPart, ...rest: Rest<X>) => M,
    objects: ObjectItem | Iterable<ObjectItem>,
    reduce: (results: Awaited<M>[], ...rest: Rest<Y>) => R,
    options: MapReduceOptions<never, X, Y> & { objReduceByKey: true },
  ): Promise<FuturesList<Awaited<R>>>
  mapReduce<M, R, X extends Extras = [], Y extends Extras = []>(
    map: (part: DataPart, ...rest: Rest<X>) => M,
    objects: ObjectItem | Iterable<ObjectItem>,
    reduce: (results: Awaited<M>[], ...rest: Rest<Y>) => R,
    options?: MapReduceOptions<never, X, Y>,
  ): Promise<ResponseFuture<Awaited<R>>>
  mapReduce(
    map: AnyFunction,
    iterdata: unknown,
    reduce: AnyFunction,
    options: object = {},
    // biome-ignore lint/suspicious/noExplicitAny: the overloads say what it is.
  ): any {
    return this.#atCaller(this.mapReduce as AnyFunction, () => {
      const { mapOptions, reduceOptions, fanIn, spawnReducer, groupBy } = checkReduceOptions(options)
      const [mapper, reducer] = [this.#work(map), this.#work(reduce)]
      const run = (items: readonly unknown[]) => {
        const mapped = this.#start('M', mapper, items, mapOptions)
        const keyOf = groupBy === 'object' ? objectOf : groupBy
        const groups = keyOf ? groupsOf(items, keyOf) : [[...items.keys()]]
        this.#prewarmAt(spawnReducer, mapped, groups.length, reduceOptions)
        const sources = groups.map((group) => group.map((index) => mapped[index]!))
        const reduced = this.#reduce(reducer, sources, fanIn, reduceOptions)
        return keyOf ? reduced : reduced[0]
      }
      if (namesObjects(iterdata, mapOptions)) return this.#parts(iterdata, mapOptions).then(run)
      return run([...(iterdata as Iterable<unknown>)])
    })
  }

  /** Waits for some or all futures (default: all of this executor whose results were not taken). */
  async wait<T>(futures?: Futures<T>, options: WaitOptions = {}): Promise<WaitResult<T>> {
    return waitFor(await this.#listOf(futures), options)
  }

  /**
   * Results in input order. Rejects with `MapError`, which carries every good result, if a call failed; with `CallError` for
   * a single future. Without futures: everything not taken yet, in the order it was started.
   */
  getResult<T>(future: ResponseFuture<T>, options?: WaitOptions): Promise<T>
  getResult<T>(futures: readonly ResponseFuture<T>[] | FuturesList<T>, options?: WaitOptions): Promise<T[]>
  // biome-ignore lint/suspicious/noExplicitAny: what is outstanding has the types of several functions.
  getResult(): Promise<any>
  async getResult(futures?: Futures<unknown>, options: WaitOptions = {}): Promise<unknown> {
    const list = await this.#listOf(futures)
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
    if (![...list].every((future) => !future.error || isTolerated(future))) throw new MapError(results, failures)
    return results
  }

  /** Outcomes in input order, like `Promise.allSettled`; never rejects. */
  async settled<T>(futures?: Futures<T>): Promise<PromiseSettledResult<T>[]> {
    const list = await this.#listOf(futures)
    if (list instanceof FuturesList) await list.complete().catch(() => undefined)
    return Promise.allSettled([...list].map((future) => future.result()))
  }

  /** One row per job: calls, run times, CPU, memory and cost. */
  jobSummary(): JobSummaryRow[] {
    return this.#engine.jobs.map((job) => summaryOf(job, this.#options.workers))
  }

  /** Cancels calls that have not ended: those given, or all of this executor. Their workers are killed. */
  cancel(futures?: Futures<unknown>): void {
    const { scheduler } = this.#engine
    const wanted = futures && new Set<unknown>(futures instanceof ResponseFuture ? [futures] : futures)
    for (const job of scheduler.open()) {
      if (!wanted) scheduler.cancel(job)
      else {
        const indices = job.calls.filter((call) => wanted.has(call.future!)).map((call) => call.index)
        if (indices.length > 0) scheduler.cancel(job, indices)
      }
    }
  }

  /** Name of the backend: `localhost` … */
  get backend(): string {
    return this.#engine.backend
  }

  /** Calls that run at a time, at most. */
  get workers(): number {
    return this.#options.workers
  }

  /**
   * Draws the runs of this executor so far: a timeline with a bar per phase of every call, and how many calls ran at a time. In
   * a notebook the result shows itself.
   *
   * @param dst with it `<dst>_timeline.svg`, `<dst>_histogram.svg` and `<dst>.html` are written
   */
  async plot(dst?: string): Promise<Plots> {
    this.#engine.flushRuns()
    const logs = this.#engine.runIds.map((runId) => readRun(this.#home, runId))
    const plots = plotsOf(joinRuns(await Promise.all(logs)))
    if (dst !== undefined) await writePlots(plots, dst)
    return plots
  }

  /**
   * Removes the inputs and results of this executor's ended jobs from storage, and the functions that were deployed for them;
   * they are deployed again when they are needed. Cloud objects, code, kept results and run logs stay.
   *
   * @param options.functions false: deployed functions stay, too. Default true
   */
  async clean({ functions = true }: { functions?: boolean } = {}): Promise<void> {
    if (functions) await this.#engine.cleanBackend()
    await cleanRuns(
      this.storage,
      this.#engine.jobs.filter((job) => job.over).map((job) => job.prefix),
    )
  }

  /** Cancels what still runs and ends the runs. Warm workers stay for other executors; they never keep a process alive. */
  close(): Promise<void> {
    return this.#engine.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** @internal `list.map(fn)` */
  followMap(list: FuturesList<never>, fn: AnyFunction, options: object): FuturesList<never> {
    return this.#atCaller(this.followMap as AnyFunction, () => {
      const checked = checkJobOptions(options, 'map')
      const work = this.#work(fn)
      this.#handOn(list)
      return this.#follow('M', work, [...list], checked) as FuturesList<never>
    })
  }

  /** @internal `list.reduce(fn)` */
  followReduce(list: FuturesList<never>, fn: AnyFunction, options: object): ResponseFuture<never> {
    return this.#atCaller(this.followReduce as AnyFunction, () => {
      const { reduceOptions, fanIn } = checkChained(options)
      this.#handOn(list)
      return this.#reduce(this.#work(fn), [[...list]], fanIn, reduceOptions)[0] as ResponseFuture<never>
    })
  }

  /** @internal `list.mapReduce(map, reduce)` */
  followMapReduce(
    list: FuturesList<never>,
    map: AnyFunction,
    reduce: AnyFunction,
    options: object,
  ): ResponseFuture<never> {
    return this.#atCaller(this.followMapReduce as AnyFunction, () => {
      const { mapOptions, reduceOptions, fanIn, spawnReducer } = checkChained(options)
      const [mapper, reducer] = [this.#work(map), this.#work(reduce)]
      this.#handOn(list)
      const mapped = this.#follow('M', mapper, [...list], mapOptions)
      this.#handOn(mapped as FuturesList<never>)
      this.#prewarmAt(spawnReducer, mapped, 1, reduceOptions)
      return this.#reduce(reducer, [[...mapped]], fanIn, reduceOptions)[0] as ResponseFuture<never>
    })
  }

  #work(fn: AnyFunction): Work {
    this.#engine.checkOpen()
    return this.#engine.work(fn)
  }

  #map(fn: AnyFunction, iterdata: unknown, options: JobOptions): FuturesList<unknown> {
    if (namesObjects(iterdata, options)) return this.#mapParts(fn, iterdata, options)
    if (isIterable(iterdata)) {
      const items = [...iterdata]
      // Processes take their time to start; reading the function goes on meanwhile.
      this.#engine.checkOpen()
      this.#engine.prewarm(items.length, options)
      return this.#start('M', this.#work(fn), items, options)
    }
    if (!isAsyncIterable(iterdata)) {
      throw new MayflyError('E_ITERDATA', 'map: the second argument is not iterable', {
        hint: 'Pass an array, another iterable or an async iterable; use callAsync for a single value.',
      })
    }
    const work = this.#work(fn)
    const list = FuturesList.of<unknown>(this)
    const room = Math.max(ROOM, ROOM_PER_WORKER * this.#options.workers)
    list.growUntil(
      pump(iterdata, room, (slice) => {
        const futures = this.#engine.start('M', work, slice, options)
        list.add(futures)
        return futures
      }),
    )
    this.#outstanding.push(list)
    return list
  }

  #mapParts(fn: AnyFunction, objects: ObjectItem | Iterable<ObjectItem>, options: JobOptions): FuturesList<unknown> {
    const work = this.#work(fn)
    const list = FuturesList.of<unknown>(this)
    const start = (parts: readonly unknown[]) => list.add(this.#engine.start('M', work, parts, options))
    list.growUntil(this.#parts(objects, options).then(start))
    this.#outstanding.push(list)
    return list
  }

  #parts(objects: ObjectItem | Iterable<ObjectItem>, options: JobOptions): Promise<readonly unknown[]> {
    const { objChunkSize, objChunkNumber, objNewline } = options
    return partition(objects, {
      storage: this.storage,
      ...(objChunkSize === undefined ? {} : { objChunkSize }),
      ...(objChunkNumber === undefined ? {} : { objChunkNumber }),
      ...(objNewline === undefined ? {} : { objNewline }),
    })
  }

  #start(kind: JobKind, work: Work, items: readonly unknown[], options: JobOptions): FuturesList<unknown> {
    return this.#listed(this.#engine.start(kind, work, items, options))
  }

  #follow(kind: JobKind, work: Work, sources: readonly Source[], options: JobOptions): FuturesList<unknown> {
    return this.#listed(this.#engine.follow(kind, work, sources, options))
  }

  /** A reducer for each group; with `fanIn` a tree of them, level by level. */
  #reduce(
    work: Work,
    groups: readonly (readonly ResponseFuture<unknown>[])[],
    fanIn: number | undefined,
    options: JobOptions,
  ): FuturesList<unknown> {
    let level = groups
    while (fanIn !== undefined && level.some((group) => group.length > fanIn)) {
      const runs = level.map((group) => runsOf(group, fanIn))
      const partial = this.#engine.follow('R', work, runs.flat(), options)
      let at = 0
      level = runs.map(({ length }) => partial.slice(at, (at += length)))
    }
    return this.#follow('R', work, level, options)
  }

  #listed(futures: ResponseFuture<unknown>[]): FuturesList<unknown> {
    const list = FuturesList.of(this, futures)
    this.#outstanding = this.#outstanding.filter((other) => other.length === 0 || !allTaken(other))
    this.#outstanding.push(list)
    return list
  }

  /** The results of the list go to other calls: `getResult()` without arguments gives those of the last stage. */
  #handOn(list: FuturesList<never>): void {
    this.#outstanding = this.#outstanding.filter((other) => (other as unknown) !== list)
  }

  /** Makes workers ready for the reducers when this share of the map is done. */
  #prewarmAt(percent: number, futures: FuturesList<unknown>, count: number, options: JobOptions): void {
    let missing = Math.ceil((futures.length * percent) / 100)
    for (const future of futures) {
      future.onDone(() => {
        if (--missing === 0) this.#engine.prewarm(count, options)
      })
    }
  }

  async #listOf<T>(futures: Futures<T> | undefined): Promise<readonly ResponseFuture<T>[] | FuturesList<T>> {
    if (futures !== undefined) checkFutures(futures)
    if (futures instanceof ResponseFuture) return [futures]
    if (futures) return futures
    await Promise.all(this.#outstanding.map((list) => list.complete()))
    return this.#outstanding.flatMap((list) => (allTaken(list) ? [] : [...list])) as ResponseFuture<T>[]
  }

  /** Lets the stack of an error of ours begin where the user called `method`. */
  #atCaller<T>(method: AnyFunction, work: () => T): T {
    try {
      return work()
    } catch (error) {
      if (error instanceof MayflyError) Error.captureStackTrace(error, method)
      throw error
    }
  }
}

export type Futures<T> = ResponseFuture<T> | readonly ResponseFuture<T>[] | FuturesList<T>

/** The call's failure is one of those its job was told to put up with. */
function isTolerated(future: ResponseFuture<unknown>): boolean {
  const { settings, failed, total } = recordOf(future).job
  return typeof settings.onFailure === 'object' && failed <= tolerated(settings.onFailure, total)
}

function allTaken(list: FuturesList<unknown>): boolean {
  return list.every((future) => recordOf(future).job.allTaken)
}

/** A text or an address is no list of items, and cutting makes sense for objects only. */
function namesObjects(iterdata: unknown, options: JobOptions): iterdata is ObjectItem | Iterable<ObjectItem> {
  if (typeof iterdata === 'string' || iterdata instanceof URL) return true
  const { objChunkSize, objChunkNumber, objNewline } = options
  return objChunkSize !== undefined || objChunkNumber !== undefined || objNewline !== undefined
}

/** The items of a chain are results that are not there yet: they cannot be grouped beforehand. */
function checkChained(options: object): CheckedReduce {
  const checked = checkReduceOptions(options)
  if (!checked.groupBy) return checked
  throw new MayflyError('E_CONFIG_VALUE', 'mapReduce of a list: results that are to come cannot be grouped', {
    hint: 'Wait for the results (getResult), then call executor.mapReduce with reduceBy.',
    where: { key: 'reduceBy' },
  })
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return value != null && typeof (value as Iterable<unknown>)[Symbol.iterator] === 'function'
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return value != null && typeof (value as AsyncIterable<unknown>)[Symbol.asyncIterator] === 'function'
}
