/** Items taken from a source no faster than their results are taken: what makes `imap` lazy. */

export interface Submitted<R> {
  result(): Promise<R>
}

type Source<T> = Iterable<T> | AsyncIterable<T>
type Outcome<R> = { value: R } | { error: unknown }

/** Takes some items at a time, as many as are there without waiting, at least one. */
class Taker<T> {
  readonly #source: AsyncIterator<T> | Iterator<T>
  /** A next item that was asked for and did not come at once. */
  #asked: Promise<IteratorResult<T>> | undefined
  ended = false

  constructor(source: Source<T>) {
    this.#source =
      Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : (source as Iterable<T>)[Symbol.iterator]()
  }

  async take(most: number): Promise<T[]> {
    const items: T[] = []
    while (items.length < most && !this.ended) {
      this.#asked ??= Promise.resolve(this.#source.next())
      const next = items.length === 0 ? await this.#asked : await Promise.race([this.#asked, tick()])
      if (!next) break
      this.#asked = undefined
      if (next.done) this.ended = true
      else items.push(next.value)
    }
    return items
  }

  async leave(): Promise<void> {
    this.ended = true
    await this.#source.return?.()
  }
}

/**
 * Results in the order of the items, or as they come. One that fails rejects its `next()`; the ones behind it can still be had.
 *
 * @param batch items per submission; at most two of them are ahead of the consumer.
 */
export function feed<T, R>(
  source: Source<T>,
  submit: (items: T[]) => readonly Submitted<R>[],
  batch: number,
  ordered: boolean,
): AsyncIterableIterator<R> {
  const taker = new Taker(source)
  const waiting: Promise<Outcome<R>>[] = []
  const come: Outcome<R>[] = []
  let running = 0
  let wake = () => {}
  let filling: Promise<void> | undefined
  let failure: Outcome<R> | undefined

  const room = () => !taker.ended && (ordered ? waiting.length : running + come.length) < batch
  const fill = async () => {
    while (room()) {
      for (const submitted of submit(await taker.take(batch))) {
        running++
        const outcome = settle(submitted)
        if (ordered) waiting.push(outcome)
        void outcome.then((done) => {
          running--
          if (!ordered) come.push(done)
          wake()
        })
      }
      wake()
    }
  }
  const refill = () => {
    // Without room nothing would change, and trying again and again would leave nobody time to make some.
    if (filling || !room()) return
    filling = fill()
      .catch((error: unknown) => {
        taker.ended = true
        failure = { error }
      })
      .finally(() => {
        filling = undefined
        wake()
      })
  }
  const next = async (): Promise<IteratorResult<R>> => {
    while (true) {
      refill()
      const outcome = ordered ? waiting.shift() : come.shift()
      if (outcome) return unwrap(await outcome)
      if (!filling && running === 0 && taker.ended) {
        // What the source or the function itself did wrong comes last.
        const last = failure
        failure = undefined
        return last ? unwrap(last) : { value: undefined, done: true }
      }
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  // Calls of `next` that do not wait for each other are served in turn.
  let turn: Promise<unknown> = Promise.resolve()
  return {
    next: () => {
      const mine = turn.then(next)
      turn = mine.catch(() => undefined)
      return mine
    },
    return: async () => {
      await taker.leave()
      return { value: undefined, done: true }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

function settle<R>(submitted: Submitted<R>): Promise<Outcome<R>> {
  return submitted.result().then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
}

function unwrap<R>(outcome: Outcome<R>): IteratorResult<R> {
  if ('error' in outcome) throw outcome.error
  return { value: outcome.value, done: false }
}

function tick(): Promise<undefined> {
  return new Promise((resolve) => setImmediate(resolve, undefined))
}
