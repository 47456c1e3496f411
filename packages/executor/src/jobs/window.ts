/**
 * How much may be under way on a backend: a window of batches and a rate at which they may begin. A refusal by the platform
 * stops new batches for a while and closes the window to what the platform has taken, at most to a half. It opens again with every batch that goes
 * through: fast up to nine tenths of what it was, then slowly; and a little by itself, because long batches would keep it
 * closed. Pure: the time comes as an argument, ms.
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
/** A full window is tried a little wider after so long, ms, doubled while that is refused; and by how much. */
const PROBE_MS = 1_000
const PROBE_MAX_MS = 30_000
const PROBE_SHARE = 0.05
/** Up to this share of what was under way at a refusal, every batch that goes through makes room for two. */
const FAST_SHARE = 0.9

export class Window {
  readonly #options: WindowOptions
  /** Batches that may be under way now; grows and shrinks between 1 and `size`. */
  #limit: number
  /** Of what was under way at a refusal, and how far the window closes at most and opens fast again. */
  #floor = 1
  #fastTo = 0
  #busy = 0
  #tokens: number
  #filledAt = 0
  #pausedUntil = 0
  #pause = PAUSE_MS
  #probeAt = 0
  #probe = PROBE_MS

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
    if (at < this.#pausedUntil) return false
    if (this.#full && !this.#widen(at)) return false
    return !this.#options.rate || this.#refill(at) >= 1
  }

  begin(): void {
    this.#busy++
    if (this.#options.rate) this.#tokens--
  }

  /** A batch is over; `refused` when the platform took none of it. */
  end(refused: boolean): void {
    this.#busy--
    if (refused) {
      // Of many that were refused together, each has shown that there is no room for it.
      this.#limit = Math.max(this.#floor, Math.min(this.#limit, this.#busy))
      return
    }
    this.#pause = PAUSE_MS
    this.#probe = PROBE_MS
    this.#limit = Math.min(this.#options.size, this.#limit + (this.#limit < this.#fastTo ? 1 : 1 / this.#limit))
  }

  /** The platform refused a batch; `retryAfter` is what it said, ms. Refusals during a pause are one and the same. */
  refused(at: number, retryAfter?: number): void {
    if (at < this.#pausedUntil) {
      this.#pausedUntil = Math.max(this.#pausedUntil, at + (retryAfter ?? 0))
      return
    }
    this.#fastTo = FAST_SHARE * this.#busy
    this.#floor = Math.max(1, this.#busy / 2)
    this.#limit = Math.max(this.#floor, Math.min(this.#limit, this.#busy - 1))
    this.#pausedUntil = at + (retryAfter ?? this.#pause)
    this.#probe = Math.min(PROBE_MAX_MS, this.#probe * 2)
    this.#probeAt = at + this.#probe
    if (retryAfter === undefined) this.#pause = Math.min(PAUSE_MAX_MS, this.#pause * 2)
  }

  /** When `free` may next become true without any batch ending; undefined if only an end can make it so. */
  wakeAt(at: number): number | undefined {
    if (this.#full && this.#limit >= this.#options.size) return undefined
    const { rate } = this.#options
    const tokens = rate && this.#refill(at)
    const filled = tokens === undefined || tokens >= 1 ? at : at + ((1 - tokens) / rate!.perSecond) * 1000
    return Math.max(this.#pausedUntil, filled, this.#full ? this.#probeAt : 0)
  }

  get #full(): boolean {
    return this.#busy >= Math.floor(this.#limit)
  }

  #widen(at: number): boolean {
    if (this.#limit >= this.#options.size || at < this.#probeAt) return false
    this.#probeAt = at + this.#probe
    this.#limit = Math.min(this.#options.size, Math.floor(this.#limit) + Math.max(1, PROBE_SHARE * this.#limit))
    return true
  }

  #refill(at: number): number {
    const { perSecond, burst } = this.#options.rate!
    this.#tokens = Math.min(burst, this.#tokens + ((at - this.#filledAt) / 1000) * perSecond)
    this.#filledAt = at
    return this.#tokens
  }
}
