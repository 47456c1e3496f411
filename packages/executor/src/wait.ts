/** Waiting for some or all of a set of futures. */
import { MayflyError } from './errors.js'
import { FuturesList, ResponseFuture } from './futures.js'
import { checkWaitOptions } from './options.js'

/** `ALWAYS` looks once and returns; a number is the percentage of calls that must have ended. */
export type ReturnWhen = 'ALL_COMPLETED' | 'ANY_COMPLETED' | 'ALWAYS' | number

export interface WaitOptions {
  /** Default `ALL_COMPLETED`. */
  returnWhen?: ReturnWhen
  /** Seconds; afterwards `wait` returns what there is. Default: no limit. */
  timeout?: number
  /** Stops the waiting, not the calls; `wait` then rejects with the signal's reason. */
  signal?: AbortSignal
  /** Rejects with the error of the first call that fails for good, as soon as it does. Default false. */
  throwExcept?: boolean
  /** Also reads the results of the calls that are done, so that `result()` has them at once. Default false. */
  downloadResults?: boolean
}

/** Both `const [done, notDone] = …` and `const { done, notDone } = …` work. Failed calls are done. */
export type WaitResult<T> = [done: ResponseFuture<T>[], notDone: ResponseFuture<T>[]] & {
  done: ResponseFuture<T>[]
  notDone: ResponseFuture<T>[]
}

/** Waits as `returnWhen` says. Rejects because a call failed only with `throwExcept`. */
export async function waitFor<T>(
  list: readonly ResponseFuture<T>[] | FuturesList<T>,
  options: WaitOptions = {},
): Promise<WaitResult<T>> {
  checkWaitOptions(options)
  const { returnWhen = 'ALL_COMPLETED', timeout, signal, throwExcept, downloadResults } = options
  signal?.throwIfAborted()
  const due = timeout === undefined ? undefined : performance.now() + timeout * 1000
  neededCount(returnWhen, 0)
  if (list instanceof FuturesList && returnWhen !== 'ALWAYS') await grown(list, due, signal)
  const futures = [...list]
  const needed = neededCount(returnWhen, futures.length)
  await new Promise<void>((resolve, reject) => {
    let ended = 0
    const timer = due === undefined ? undefined : setTimeout(finish, due - performance.now())
    function finish(): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', aborted)
      resolve()
    }
    function aborted(): void {
      fail(signal!.reason)
    }
    function fail(reason: unknown): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', aborted)
      reject(reason)
    }
    signal?.addEventListener('abort', aborted, { once: true })
    for (const future of futures) {
      future.onDone(() => {
        if (throwExcept && future.error) fail(future.error)
        else if (++ended === needed) finish()
      })
    }
    if (needed === 0) finish()
  })
  const done = futures.filter((future) => future.done)
  if (downloadResults) await Promise.allSettled(done.map((future) => future.result()))
  const notDone = futures.filter((future) => !future.done)
  return Object.assign([done, notDone], { done, notDone }) as WaitResult<T>
}

/** Throws `E_FUTURES` for what is no future and no list of futures. */
export function checkFutures(futures: unknown): void {
  const list = futures instanceof ResponseFuture ? [futures] : Array.isArray(futures) ? futures : undefined
  const strange = list ? list.findIndex((future) => !(future instanceof ResponseFuture)) : -1
  if (list && strange < 0) return
  throw new MayflyError(
    'E_FUTURES',
    list ? `Element ${strange} of the list is no future` : 'This is no list of futures',
    {
      hint: 'Pass what callAsync or map returned, or an array of such futures.',
    },
  )
}

/** Waits until the list is complete, the time is up, or the signal says to stop. */
async function grown(
  list: FuturesList<unknown>,
  due: number | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  let aborted = () => {}
  const stopped = new Promise<void>((resolve, reject) => {
    if (due !== undefined) timer = setTimeout(resolve, due - performance.now())
    aborted = () => reject(signal!.reason)
    signal?.addEventListener('abort', aborted, { once: true })
  })
  await Promise.race([list.complete(), stopped]).finally(() => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', aborted)
  })
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
