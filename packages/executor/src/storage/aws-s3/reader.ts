/** The body of an object as it comes; when the connection breaks it goes on where it was, with the same version of the object. */
import { isPassing, POLICY, pause } from './retry.js'

/** What the SDK gives in Node. */
export interface Incoming extends AsyncIterable<Uint8Array> {
  destroy(): unknown
}

export class ObjectReader implements AsyncIterableIterator<Uint8Array> {
  #body: Incoming
  #chunks: AsyncIterator<Uint8Array> | undefined
  #at = 0
  #failures = 0
  #over = false
  readonly #length: number
  readonly #reopen: (from: number) => Promise<Incoming>

  /** `length` bytes are expected; `reopen` gives those from an offset on. */
  constructor(body: Incoming, length: number, reopen: (from: number) => Promise<Incoming>) {
    this.#body = body
    this.#length = length
    this.#reopen = reopen
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    while (!this.#over) {
      try {
        this.#chunks ??= this.#body[Symbol.asyncIterator]()
        const { done, value } = await this.#chunks.next()
        if (!done) {
          this.#at += value.byteLength
          this.#failures = 0
          return { done: false, value }
        }
        if (this.#at < this.#length) throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' })
        this.#over = true
      } catch (error) {
        if (this.#over) break
        if (!isPassing(error) || ++this.#failures >= POLICY.attempts) {
          await this.return()
          throw error
        }
        this.#body.destroy()
        await pause(this.#failures, POLICY)
        this.#chunks = undefined
        // A break behind the last byte loses nothing.
        if (this.#at >= this.#length) this.#over = true
        else this.#body = await this.#reopen(this.#at)
      }
    }
    return { done: true, value: undefined }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#over = true
    this.#body.destroy()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
