/** Unused time that is saved, ms: so that who is held until the next look has what has grown meanwhile. */
const SAVED = 100

/** A share of a CPU where nothing in the system keeps it: who has used more is held until his share has grown enough. */
export class Brake {
  readonly #share: number
  #at: number
  #used = 0
  /** What may still be used, ms of CPU; below 0 it was too much. */
  #left = 0

  /** `share` of one CPU, may be more than one; counted from `at` on, ms of any clock. */
  constructor(share: number, at: number) {
    this.#share = share
    this.#at = at
  }

  /** Whether they must stand still from `at` on, having used so much CPU so far, ms. */
  holds(at: number, used: number): boolean {
    // Less than before: one of them has ended, and what it had used is counted no more.
    const more = Math.max(0, used - this.#used)
    this.#left = Math.min(this.#left, this.#share * SAVED) + this.#share * (at - this.#at) - more
    this.#at = at
    this.#used = used
    return this.#left < 0
  }
}
