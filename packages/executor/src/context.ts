import type { JobOptions } from './options.js'
import type { CloudObject } from './storage/cloud-object.js'
import type { Body, Storage } from './storage/storage.js'

/** Arguments between the item and the context, the same for every call; a tuple where they are written out. */
export type Extras = readonly unknown[] | []

/** What follows the item: a function may take less of it, but nothing of another type. The options alone say what `X` is. */
export type Rest<X extends Extras> = X extends readonly unknown[] ? [...X, CallContext] : never

/** The last argument of every function an executor runs. */
export interface CallContext {
  /** Position of the item in its map, from 0. */
  readonly index: number
  /** Which try of the call this is, from 1. */
  readonly attempt: number
  /** For example `M001-00012`. */
  readonly callId: string
  /** The executor's storage. */
  readonly storage: Storage
  /** Aborted when the call is cancelled or its time is up; the worker is killed shortly after. */
  readonly signal: AbortSignal
  /** When the attempt's time is up, milliseconds since the epoch; undefined without a timeout. */
  readonly deadline: number | undefined
  /** Writes a line to the call's log, formatted like `console.log`. */
  log(...values: unknown[]): void
  /** Says how far the call is; shown on the timeline. */
  progress(done: number, total?: number, note?: string): void
  /** Reports a figure, which the run log keeps with the call. */
  metric(name: string, value: number, unit?: string): void
  /** Puts an object into the executor's storage and returns the reference to it, to be returned or handed on. */
  put(body: Body): Promise<CloudObject>
  /** Calls on workers of this worker. */
  readonly spawn: Spawn
}

/** Nested calls. They are a run of their own; their workers end with this call's worker at the latest. */
export interface Spawn {
  /** The result of `fn(data, …, ctx)`. */
  callAsync<T, R, X extends Extras = []>(
    fn: (data: T, ...rest: Rest<X>) => R,
    data?: T,
    options?: JobOptions<X, T>,
  ): Promise<Awaited<R>>
  /** The results of `fn(item, …, ctx)` in input order. */
  map<T, R, X extends Extras = []>(
    fn: (item: T, ...rest: Rest<X>) => R,
    items: Iterable<T> | AsyncIterable<T>,
    options?: JobOptions<X, T>,
  ): Promise<Awaited<R>[]>
}
