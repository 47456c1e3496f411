/** Which calls run so much longer than the others that a second copy of them is worth its price. Pure. */

export interface HedgePolicy {
  /** Share of the job's calls that must have ended before any is called slow, 0–1. */
  after: number
  /** A call is slow when it has run this many times as long as nine tenths of the ended ones needed … */
  factor: number
  /** … and at least this long, ms. */
  minMs: number
  /** Copies at most, as a share of the job's calls; one is always allowed. */
  max: number
}

export class Stragglers {
  readonly #policy: HedgePolicy
  readonly #total: number
  readonly #durations: number[] = []
  #copies = 0
  #sorted = 0
  #limit = Number.POSITIVE_INFINITY

  constructor(policy: HedgePolicy, total: number) {
    this.#policy = policy
    this.#total = total
  }

  /** A call has ended well after `ms`. */
  ended(ms: number): void {
    this.#durations.push(ms)
  }

  /** After how many ms a running call is due for a copy; undefined while none is. */
  get due(): number | undefined {
    const { after, factor, minMs, max } = this.#policy
    const ended = this.#durations.length
    if (ended === 0 || ended < after * this.#total || this.#copies >= Math.max(1, max * this.#total)) return undefined
    if (this.#sorted !== ended) {
      this.#sorted = ended
      const sorted = Float64Array.from(this.#durations).sort()
      this.#limit = Math.max(minMs, factor * sorted[Math.floor(0.9 * (ended - 1))]!)
    }
    return this.#limit
  }

  copied(): void {
    this.#copies++
  }
}
