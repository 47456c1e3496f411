/**
 * How much may be under way on a backend: a window of batches and a rate at which they may begin. A refusal by the platform
 * halves the window and stops new batches for a while; every batch that goes through opens it again by a little (additive
 * increase, multiplicative decrease, as in TCP). Pure: the time comes as an argument, ms.
 */
export interface WindowOptions {
  /** Batches at once. */
  size: number
  /** Batches begun per second in the long run, and at once. */
  rate?: { perSecond: number; burst: number }
}

/** Pause after a first refusal, and after many in a row; doubles from one to the other. Where the platform says when to come
 * back, that is when. */
const PAUSE_MS = 50
const PAUSE_MAX_MS = 2_000

export class Window {
  readonly #options: WindowOptions
  /** Batches that may be under way now; grows and shrinks between 1 and `size`. */
  #limit: number
  #busy = 0
  #tokens: number
  #filledAt = 0
  #pausedUntil = 0
  #pause = PAUSE_MS

  constructor(options: WindowOptions) {
    this.#options = options
    this.#limit = options.size
    this.#tokens = options.rate?.burst ?? 0
  }

  /** Batches under way. */
  get busy(): number {
    return this.#busy
  }

  get size(): number {
    return this.#options.size
  }

  /** Whether a batch may begin now. */
  free(at: number): boolean {
    if (this.#busy >= Math.floor(this.#limit) || at < this.#pausedUntil) return false
    return !this.#options.rate || this.#refill(at) >= 1
  }

  begin(): void {
    this.#busy++
    if (this.#options.rate) this.#tokens--
  }

  /** A batch is over; `refused` when the platform took none of it. */
  end(refused: boolean): void {
    this.#busy--
    if (refused) return
    this.#pause = PAUSE_MS
    this.#limit = Math.min(this.#options.size, this.#limit + 1 / this.#limit)
  }

  /** The platform refused a batch; `retryAfter` is what it said, ms. Refusals during a pause are one and the same. */
  refused(at: number, retryAfter?: number): void {
    if (at < this.#pausedUntil) {
      this.#pausedUntil = Math.max(this.#pausedUntil, at + (retryAfter ?? 0))
      return
    }
    this.#limit = Math.max(1, Math.min(this.#limit, this.#busy) / 2)
    this.#pausedUntil = at + (retryAfter ?? this.#pause)
    if (retryAfter === undefined) this.#pause = Math.min(PAUSE_MAX_MS, this.#pause * 2)
  }

  /** When `free` may next become true without any batch ending; undefined if only an end can make it so. */
  wakeAt(at: number): number | undefined {
    if (this.#busy >= Math.floor(this.#limit)) return undefined
    const { rate } = this.#options
    const tokens = rate && this.#refill(at)
    const filled = tokens === undefined || tokens >= 1 ? at : at + ((1 - tokens) / rate!.perSecond) * 1000
    return Math.max(this.#pausedUntil, filled)
  }

  #refill(at: number): number {
    const { perSecond, burst } = this.#options.rate!
    this.#tokens = Math.min(burst, this.#tokens + ((at - this.#filledAt) / 1000) * perSecond)
    this.#filledAt = at
    return this.#tokens
  }
}
