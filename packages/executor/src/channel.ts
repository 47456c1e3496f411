/** A queue that one reader takes from with `for await` and anybody pushes into. */
export class Channel<T> implements AsyncIterableIterator<T> {
  #items: T[] = []
  #head = 0
  #ended = false
  #wake: ((result: IteratorResult<T>) => void) | undefined
  readonly #left: (() => void) | undefined

  /** @param left called when the reader goes before the end */
  constructor(left?: () => void) {
    this.#left = left
  }

  /** Ignored after `end`. */
  push(item: T): void {
    if (this.#ended) return
    const wake = this.#wake
    if (wake) {
      this.#wake = undefined
      wake({ value: item, done: false })
    } else this.#items.push(item)
  }

  /** What was pushed before is still delivered. */
  end(): void {
    this.#ended = true
    this.#wake?.({ value: undefined, done: true })
    this.#wake = undefined
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#head < this.#items.length) {
      const value = this.#items[this.#head++]!
      if (this.#head === this.#items.length) {
        this.#items = []
        this.#head = 0
      }
      return Promise.resolve({ value, done: false })
    }
    if (this.#ended) return Promise.resolve({ value: undefined, done: true })
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  return(): Promise<IteratorResult<T>> {
    if (!this.#ended) this.#left?.()
    this.end()
    this.#items = []
    this.#head = 0
    return Promise.resolve({ value: undefined, done: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
