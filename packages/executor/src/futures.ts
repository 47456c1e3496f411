/** Handles on calls: one `ResponseFuture` per call, a `FuturesList` per map. */
import type { CallError } from './call-error.js'
import type { CallRecord, CallStats } from './call-record.js'

/** Lithops' states of a call. */
export type FutureState = 'new' | 'invoked' | 'running' | 'success' | 'error'

/** The result of a call that may not have ended yet. Not a thenable: await `result()`. */
export class ResponseFuture<T> {
  readonly #record: CallRecord

  /** Made by an executor. */
  constructor(record: CallRecord) {
    this.#record = record
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

/** The futures of a map in input order; `for await` yields each as its call ends. */
export class FuturesList<T> extends Array<ResponseFuture<T>> {
  /** `filter`, `map` and the like give plain arrays. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array
  }

  /** Futures in the order their calls end, failed ones too; those that have ended come first. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ResponseFuture<T>, void, undefined> {
    yield* inCompletionOrder(this)
  }
}

/** Yields each future when its call has ended. */
export async function* inCompletionOrder<T>(futures: readonly ResponseFuture<T>[]): AsyncGenerator<ResponseFuture<T>> {
  const ended: ResponseFuture<T>[] = []
  let wake: (() => void) | undefined
  for (const future of futures) {
    future.onDone(() => {
      ended.push(future)
      wake?.()
    })
  }
  for (let i = 0; i < futures.length; i++) {
    if (i === ended.length) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    yield ended[i]!
  }
}
