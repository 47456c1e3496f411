/** `Pool`: the words of Python's `multiprocessing.Pool` over a `FunctionExecutor`, for those who come with them. */
import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { MapError } from '../call-error.js'
import type { CallContext } from '../context.js'
import { MayflyError } from '../errors.js'
import { FunctionExecutor } from '../executor.js'
import type { FuturesList, ResponseFuture } from '../futures.js'
import type { ExecutorOptions } from '../options.js'
import { feed } from './feed.js'
import { AsyncResult } from './result.js'
import { type Initializer, initialized, spread } from './task.js'

export interface PoolOptions extends Omit<ExecutorOptions, 'workers'> {
  /**
   * Runs in each worker process before its first call for this pool. What it leaves on `globalThis` the calls find; what it
   * captures it has for itself.
   */
  // biome-ignore lint/suspicious/noExplicitAny: any function, whatever it takes.
  initializer?: (...args: any[]) => unknown
  initargs?: readonly unknown[]
}

// biome-ignore lint/suspicious/noExplicitAny: any function, whatever it takes.
type AnyFunction = (...args: any[]) => unknown
type Mapped<T, R> = (item: T, ctx: CallContext) => R

/** Leaving `await using pool = new Pool(n)` terminates it, as Python's `with` does. */
export class Pool {
  /** Worker processes at a time. */
  readonly size: number
  readonly #executor: FunctionExecutor
  readonly #initializer: Initializer | undefined
  /** Calls that have not ended. */
  readonly #open = new Set<Promise<unknown>>()
  #state: 'running' | 'closed' | 'terminated' = 'running'

  /** @param processes default: the number of CPUs this process may use. */
  constructor(processes: number = availableParallelism(), options: PoolOptions = {}) {
    const { initializer, initargs = [], ...rest } = options
    this.size = processes
    this.#executor = new FunctionExecutor({ ...rest, workers: processes })
    const key = `mayfly.pool.${randomBytes(8).toString('hex')}`
    this.#initializer = initializer && { fn: initializer, args: initargs, key }
  }

  /** `fn(...args)` on a worker. Rejects with its `CallError`. */
  apply<A extends readonly unknown[], R>(fn: (...args: [...A]) => R, args: A = [] as never): Promise<Awaited<R>> {
    return this.applyAsync(fn, args).get()
  }

  applyAsync<A extends readonly unknown[], R>(
    fn: (...args: [...A]) => R,
    args: A = [] as never,
  ): AsyncResult<Awaited<R>> {
    const [future] = this.#submit(spread(fn as AnyFunction), [args], nameOf(fn), undefined)
    return new AsyncResult(this.#follow(future!.result()) as Promise<Awaited<R>>)
  }

  /** `fn(item)` for every item; results in the order of the items. Rejects with the `CallError` of the first item that failed. */
  map<T, R>(fn: Mapped<T, R>, items: Iterable<T>, chunksize?: number): Promise<Awaited<R>[]> {
    return this.mapAsync(fn, items, chunksize).get()
  }

  mapAsync<T, R>(fn: Mapped<T, R>, items: Iterable<T>, chunksize?: number): AsyncResult<Awaited<R>[]> {
    return this.#gather(this.#submit(fn, [...items], nameOf(fn), chunksize)) as AsyncResult<Awaited<R>[]>
  }

  /** `fn(...args)` for every array of arguments. */
  starmap<A extends readonly unknown[], R>(
    fn: (...args: [...A]) => R,
    items: Iterable<A>,
    chunksize?: number,
  ): Promise<Awaited<R>[]> {
    return this.starmapAsync(fn, items, chunksize).get()
  }

  starmapAsync<A extends readonly unknown[], R>(
    fn: (...args: [...A]) => R,
    items: Iterable<A>,
    chunksize?: number,
  ): AsyncResult<Awaited<R>[]> {
    const futures = this.#submit(spread(fn as AnyFunction), [...items], nameOf(fn), chunksize)
    return this.#gather(futures) as AsyncResult<Awaited<R>[]>
  }

  /**
   * Results in the order of the items, as soon as each is there. Lazy: items are taken from the source, which may be endless, no more than
   * `4 × size × chunksize` ahead. A failed item rejects its `next()`, and the next one goes on.
   */
  imap<T, R>(
    fn: Mapped<T, R>,
    items: Iterable<T> | AsyncIterable<T>,
    chunksize = 1,
  ): AsyncIterableIterator<Awaited<R>> {
    return this.#feed(fn, items, chunksize, true)
  }

  /** Results as they come. Lazy like `imap`. */
  imapUnordered<T, R>(
    fn: Mapped<T, R>,
    items: Iterable<T> | AsyncIterable<T>,
    chunksize = 1,
  ): AsyncIterableIterator<Awaited<R>> {
    return this.#feed(fn, items, chunksize, false)
  }

  /** Takes no more work; what was given goes on. */
  close(): void {
    if (this.#state === 'running') this.#state = 'closed'
  }

  /** Waits until all is done; `E_POOL_OPEN` before `close` or `terminate`. */
  async join(): Promise<void> {
    if (this.#state === 'running') {
      throw new MayflyError('E_POOL_OPEN', 'join: the pool still takes work', {
        hint: 'Call close() or terminate() first.',
      })
    }
    while (this.#open.size > 0) await Promise.allSettled(this.#open)
    await this.#executor.close()
  }

  /** Stops what runs, now. Calls that have not ended fail as `cancelled`. */
  async terminate(): Promise<void> {
    this.#state = 'terminated'
    this.#executor.cancel()
    await this.#executor.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminate()
  }

  #feed<T, R>(fn: Mapped<T, R>, items: Iterable<T> | AsyncIterable<T>, chunksize: number, ordered: boolean) {
    this.#check()
    const batch = 2 * this.size * chunksize
    const submit = (some: T[]) => {
      const futures = some.length > 0 ? this.#submit(fn, some, nameOf(fn), chunksize, true) : []
      for (const future of futures) void this.#follow(future.result()).catch(() => undefined)
      return futures as readonly ResponseFuture<Awaited<R>>[]
    }
    return feed(items, submit, batch, ordered)
  }

  /** @param begun whether it belongs to an `imap` that was begun before `close`. */
  #submit(fn: AnyFunction, items: unknown[], name: string, chunksize: number | undefined, begun = false) {
    this.#check(begun)
    const task = this.#initializer ? initialized(fn, this.#initializer) : fn
    const options = { name, ...(chunksize === undefined ? {} : { chunksize }) }
    return this.#executor.map(task as Mapped<unknown, unknown>, items, options)
  }

  #gather(futures: FuturesList<unknown>): AsyncResult<unknown[]> {
    const all = this.#executor.getResult(futures).catch((error: unknown) => {
      throw error instanceof MapError ? error.failures[0] : error
    })
    return new AsyncResult(this.#follow(all))
  }

  #follow<T>(work: Promise<T>): Promise<T> {
    this.#open.add(work)
    const gone = () => this.#open.delete(work)
    work.then(gone, gone)
    return work
  }

  #check(begun = false): void {
    if (this.#state === 'running' || (begun && this.#state === 'closed')) return
    throw new MayflyError('E_POOL_CLOSED', `The pool was ${this.#state}`, { hint: 'Make a new Pool.' })
  }
}

function nameOf(fn: AnyFunction): string {
  return fn.name || 'anonymous'
}
