/**
 * Money. What an attempt can cost at worst is set aside before it goes out, and replaced by what it did cost when it has
 * ended; so spending never passes the limit, whatever happens. Pure. US dollars.
 */
export class Budget {
  readonly #limit: number
  /** Set aside, by attempt. */
  readonly #reserved = new Map<string, number>()
  #aside = 0
  #spent = 0

  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit
  }

  get spent(): number {
    return this.#spent
  }

  /** Nothing is set aside: no more money can come back. */
  get settled(): boolean {
    return this.#reserved.size === 0
  }

  /** Sets `worst` aside for an attempt; false if that is more than is left. */
  reserve(attempt: string, worst: number): boolean {
    if (worst <= 0) return true
    if (!this.affords(worst)) return false
    this.#reserved.set(attempt, worst)
    this.#aside += worst
    return true
  }

  /** Whether `worst` is left. */
  affords(worst: number): boolean {
    return this.#spent + this.#aside + worst <= this.#limit
  }

  /** The attempt has ended and cost this much, which is never more than was set aside for it. Once per attempt. */
  settle(attempt: string, cost: number): void {
    const worst = this.#reserved.get(attempt)
    if (worst === undefined) return
    this.#reserved.delete(attempt)
    this.#aside = this.#reserved.size === 0 ? 0 : this.#aside - worst
    this.#spent += Math.min(cost, worst)
  }
}
