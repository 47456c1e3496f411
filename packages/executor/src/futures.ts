/** Handles on calls: one `ResponseFuture` per call, a `FuturesList` per map. */
import type { CallError } from './call-error.js'
import type { CallRecord, CallStats } from './call-record.js'
import type { Extras, Rest } from './context.js'
import type { MapReduceOptions } from './map-reduce.js'
import type { JobOptions } from './options.js'
import type { WaitOptions, WaitResult } from './wait.js'

/** Lithops' states of a call. */
export type FutureState = 'new' | 'invoked' | 'running' | 'success' | 'error'

/** The result of a call that may not have ended yet. Not a thenable: await `result()`. */
export class ResponseFuture<T> {
  readonly #record: CallRecord

  /** Made by an executor. */
  constructor(record: CallRecord) {
    this.#record = record
  }

  /** @internal */
  static record(future: ResponseFuture<unknown>): CallRecord {
    return future.#record
  }

  /** Its run, for `attach`. */
  get runId(): string {
    return this.#record.job.run.runId
  }

  /** Job and position, for example `M001-00012`. */
  get callId(): string {
    return this.#record.callId
  }

  /** `M001` */
  get jobId(): string {
    return this.#record.job.id
  }

  /** Position of the item in its map, from 0. */
  get index(): number {
    return this.#record.index
  }

  get state(): FutureState {
    return this.#record.state
  }

  /** True when the call has ended, well or badly. */
  get done(): boolean {
    return this.#record.over
  }

  get success(): boolean {
    return this.#record.state === 'success'
  }

  /** Why the call failed, once it has. */
  get error(): CallError | undefined {
    return this.#record.error
  }

  /** Tries so far. */
  get attempts(): number {
    return this.#record.attempt
  }

  /** Time stamps (ms since the epoch), worker and use of the last attempt, as far as known. */
  get stats(): Readonly<CallStats> {
    return this.#record.stats
  }

  /** What the function returned; rejects with `CallError` if the call failed for good. */
  result(): Promise<T> {
    return this.#record.value() as Promise<T>
  }

  /** Calls back once when the call has ended; at once if it has. */
  onDone(callback: () => void): void {
    this.#record.onOver(callback)
  }
}

/** What the executor knows behind a future. */
export const recordOf = ResponseFuture.record

/** What a list of futures asks of its executor. */
export interface ListOwner {
  followMap(list: FuturesList<never>, fn: (...args: never[]) => unknown, options: object): FuturesList<never>
  followReduce(list: FuturesList<never>, fn: (...args: never[]) => unknown, options: object): ResponseFuture<never>
  followMapReduce(
    list: FuturesList<never>,
    map: (...args: never[]) => unknown,
    reduce: (...args: never[]) => unknown,
    options: object,
  ): ResponseFuture<never>
  wait<T>(list: FuturesList<T>, options?: WaitOptions): Promise<WaitResult<T>>
  getResult<T>(list: FuturesList<T>, options?: WaitOptions): Promise<T[]>
}

/** An array of futures without `map` and `reduce`, which a `FuturesList` has for results, not for futures. */
const PlainArray = Array as unknown as new <T>(length?: number) => Omit<ResponseFuture<T>[], 'map' | 'reduce'>

/**
 * The futures of a map in input order; `for await` yields each as its call ends. `list.map(fn)` calls `fn` on workers with
 * each *result*, as soon as that one is there; for an array of something about the futures use `[...list].map(…)`.
 *
 * The list of a map over an async iterable grows while its items come.
 */
export class FuturesList<T> extends PlainArray<T> {
  #owner: ListOwner | undefined
  /** Settles when no more futures will be added; undefined when none will. */
  #growing: Promise<void> | undefined
  #wake = new Set<() => void>()

  /** `filter`, `slice` and the like give plain arrays. */
  static get [Symbol.species](): ArrayConstructor {
    return Array
  }

  /** @internal */
  static of<T>(owner: ListOwner, futures: readonly ResponseFuture<T>[] = []): FuturesList<T> {
    const list = new FuturesList<T>()
    list.#owner = owner
    list.add(futures)
    return list
  }

  /** @internal More futures, at the end. */
  add(futures: readonly ResponseFuture<T>[]): void {
    for (const future of futures) this.push(future)
    this.#awaken()
  }

  /** @internal The list is complete when `work` is; if that rejects, the items could not be read to their end. */
  growUntil(work: Promise<void>): void {
    const done = work.finally(() => this.#awaken())
    // Whoever asks for results hears of it; nobody else should.
    done.catch(() => undefined)
    this.#growing = done
  }

  /** Resolves when every item has its future; rejects if the items could not be read to their end. */
  async complete(): Promise<void> {
    await this.#growing
  }

  /** A call of `fn(result, ...extraArgs, ctx)` for each result, started when that result is there. */
  map<R, X extends Extras = []>(
    fn: (result: T, ...rest: Rest<X>) => R,
    options: JobOptions<X, T> = {},
  ): FuturesList<Awaited<R>> {
    return this.#mine().followMap(this as never, fn as never, options) as FuturesList<Awaited<R>>
  }

  /** As `executor.mapReduce` over the results: `map` for each, then `reduce` with the array of what those returned. */
  mapReduce<M, R, X extends Extras = [], Y extends Extras = []>(
    map: (result: T, ...rest: Rest<X>) => M,
    reduce: (results: Awaited<M>[], ...rest: Rest<Y>) => R,
    options: MapReduceOptions<T, X, Y> = {},
  ): ResponseFuture<Awaited<R>> {
    return this.#mine().followMapReduce(this as never, map as never, reduce as never, options) as ResponseFuture<
      Awaited<R>
    >
  }

  /** One call of `fn(results, ...extraArgsReduce, ctx)` when all results are there; with `fanIn` a tree of such calls. */
  reduce<R, Y extends Extras = []>(
    fn: (results: T[], ...rest: Rest<Y>) => R,
    options: MapReduceOptions<T, Extras, Y> = {},
  ): ResponseFuture<Awaited<R>> {
    return this.#mine().followReduce(this as never, fn as never, options) as ResponseFuture<Awaited<R>>
  }

  wait(options?: WaitOptions): Promise<WaitResult<T>> {
    return this.#mine().wait(this, options)
  }

  /** Results in input order; as `executor.getResult(list)`. */
  getResult(options?: WaitOptions): Promise<T[]> {
    return this.#mine().getResult(this, options)
  }

  /** Futures in the order their calls end, failed ones too; those that have ended come first. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ResponseFuture<T>, void, undefined> {
    const ended: ResponseFuture<T>[] = []
    let seen = 0
    let wake = () => {}
    const awaken = () => wake()
    this.#wake.add(awaken)
    let growing = this.#growing !== undefined
    const over = this.#growing?.finally(() => {
      growing = false
      wake()
    })
    over?.catch(() => undefined)
    try {
      for (let given = 0; ; given++) {
        for (; seen < this.length; seen++) {
          const future = this[seen]!
          future.onDone(() => {
            ended.push(future)
            wake()
          })
        }
        if (given < ended.length) yield ended[given]!
        else if (given === this.length && !growing) break
        else {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
          given--
        }
      }
    } finally {
      this.#wake.delete(awaken)
    }
    await over
  }

  #awaken(): void {
    for (const wake of this.#wake) wake()
  }

  #mine(): ListOwner {
    if (this.#owner) return this.#owner
    throw new TypeError('This list was not made by an executor')
  }
}
