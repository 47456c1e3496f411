/** Waiting for some or all of a set of futures. */
import { MayflyError } from './errors.js'
import type { ResponseFuture } from './futures.js'

/** `ALWAYS` looks once and returns; a number is the percentage of calls that must have ended. */
export type ReturnWhen = 'ALL_COMPLETED' | 'ANY_COMPLETED' | 'ALWAYS' | number

export interface WaitOptions {
  /** Default `ALL_COMPLETED`. */
  returnWhen?: ReturnWhen
  /** Seconds; afterwards `wait` returns what there is. Default: no limit. */
  timeout?: number
  /** Stops the waiting, not the calls; `wait` then rejects with the signal's reason. */
  signal?: AbortSignal
}

/** Both `const [done, notDone] = …` and `const { done, notDone } = …` work. Failed calls are done. */
export type WaitResult<T> = [done: ResponseFuture<T>[], notDone: ResponseFuture<T>[]] & {
  done: ResponseFuture<T>[]
  notDone: ResponseFuture<T>[]
}

/** Waits as `returnWhen` says. Never rejects because a call failed. */
export async function waitFor<T>(
  futures: readonly ResponseFuture<T>[],
  { returnWhen = 'ALL_COMPLETED', timeout, signal }: WaitOptions = {},
): Promise<WaitResult<T>> {
  const needed = neededCount(returnWhen, futures.length)
  signal?.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    let ended = 0
    const timer = timeout === undefined ? undefined : setTimeout(finish, timeout * 1000)
    function finish(): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', aborted)
      resolve()
    }
    function aborted(): void {
      clearTimeout(timer)
      reject(signal!.reason)
    }
    signal?.addEventListener('abort', aborted, { once: true })
    for (const future of futures) {
      future.onDone(() => {
        if (++ended === needed) finish()
      })
    }
    if (needed === 0) finish()
  })
  const done = futures.filter((future) => future.done)
  const notDone = futures.filter((future) => !future.done)
  return Object.assign([done, notDone], { done, notDone }) as WaitResult<T>
}

/** How many of `total` calls must have ended. */
export function neededCount(returnWhen: ReturnWhen, total: number): number {
  if (returnWhen === 'ALWAYS') return 0
  if (returnWhen === 'ANY_COMPLETED') return Math.min(1, total)
  if (returnWhen === 'ALL_COMPLETED') return total
  if (typeof returnWhen === 'number' && returnWhen >= 0 && returnWhen <= 100)
    return Math.ceil((total * returnWhen) / 100)
  throw new MayflyError('E_CONFIG_VALUE', `wait: returnWhen is ${JSON.stringify(returnWhen)}`, {
    hint: "Use 'ALL_COMPLETED', 'ANY_COMPLETED', 'ALWAYS' or a percentage from 0 to 100.",
  })
}
