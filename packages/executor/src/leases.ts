/**
 * Every batch under way has a lease: one that gives no sign of life for so long is lost, whatever the reason. Nothing is
 * ever waited for for ever.
 */
import { now } from './worker/clock.js'

const CHECK_MS = 500

export interface Lease {
  /** Silence allowed from here on, ms. */
  silence: number
  seen: number
  lost(): void
}

export class Leases {
  readonly #held = new Set<Lease>()
  #check: NodeJS.Timeout | undefined
  #checkedAt = 0

  /** Begins a lease; `renew` and `end` are up to the holder. `lost` is called once at most. */
  begin(silence: number, lost: () => void): Lease {
    const lease = { silence, seen: now(), lost }
    this.#held.add(lease)
    if (!this.#check) {
      this.#checkedAt = now()
      this.#check = setInterval(() => this.#look(), CHECK_MS)
      this.#check.unref()
    }
    return lease
  }

  end(lease: Lease): void {
    this.#held.delete(lease)
  }

  #look(): void {
    const at = now()
    // A host that was itself asleep or busy has not listened: everyone gets a new lease.
    const late = at - this.#checkedAt > 3 * CHECK_MS
    this.#checkedAt = at
    if (this.#held.size === 0) {
      clearInterval(this.#check)
      this.#check = undefined
    }
    for (const lease of this.#held) {
      if (late) lease.seen = at
      if (at - lease.seen <= lease.silence) continue
      this.#held.delete(lease)
      lease.lost()
    }
  }
}
