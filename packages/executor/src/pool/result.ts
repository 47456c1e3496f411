import { MayflyError } from '../errors.js'

/** What is to come from a pool, with the words of Python's `AsyncResult`. */
export class AsyncResult<T> {
  readonly #value: Promise<T>
  #state: 'waiting' | 'done' | 'failed' = 'waiting'

  constructor(value: Promise<T>) {
    this.#value = value
    value.then(
      () => (this.#state = 'done'),
      () => (this.#state = 'failed'),
    )
  }

  /** The result; rejects as the call did, or with `E_POOL_TIMEOUT` after `timeout` seconds. */
  async get(timeout?: number): Promise<T> {
    if (await this.wait(timeout)) return this.#value
    throw new MayflyError('E_POOL_TIMEOUT', `There was no result within ${timeout} s`, {
      hint: 'Wait longer; the call goes on until it ends or the pool is terminated.',
    })
  }

  /** Waits for the end, good or bad, for at most `timeout` seconds. Answers whether it has come. */
  async wait(timeout?: number): Promise<boolean> {
    const ended = this.#value.then(
      () => true,
      () => true,
    )
    if (timeout === undefined) return ended
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, timeout * 1000, false)
    })
    return Promise.race([ended, late]).finally(() => clearTimeout(timer))
  }

  ready(): boolean {
    return this.#state !== 'waiting'
  }

  /** Whether it ended well; `E_POOL_NOT_READY` before the end. */
  successful(): boolean {
    if (this.#state !== 'waiting') return this.#state === 'done'
    throw new MayflyError('E_POOL_NOT_READY', 'The call has not ended', {
      hint: 'Wait for it first: await result.wait().',
    })
  }
}
