/**
 * What is not to be run after a failure: the rest of the same *Run all*, and what its client sent before it could know. A quick
 * failure overtakes the requests behind it; Jupyter wants them aborted as if they had waited. Pure but for the clock it is given.
 */
import type { JupyterMessage } from '../messages.js'

/** Failed batches whose stragglers are still recognised. */
const BATCHES_KEPT = 100
/** Requests are not under way for longer. */
const STRAGGLE_MS = 250

export class Aftermath {
  readonly #now: () => number
  readonly #arrivals = new WeakMap<JupyterMessage, number>()
  readonly #batches = new Set<string>()
  #last: { session: string; sentAt: number; spent: number; at: number } | undefined

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  arrived(request: JupyterMessage): void {
    this.#arrivals.set(request, this.#now())
  }

  /** This request has failed, and its failure stops what comes behind. */
  failed(request: JupyterMessage): void {
    const batch = batchOf(request)
    if (batch !== undefined) this.#batches.add(batch)
    if (this.#batches.size > BATCHES_KEPT) this.#batches.delete(this.#batches.values().next().value!)
    const at = this.#now()
    const { session, date } = request.header
    this.#last = { session, sentAt: Date.parse(date), spent: at - (this.#arrivals.get(request) ?? at), at }
  }

  /** Whether a request belongs to what failed. Both its dates are of the client's clock, so that ours may differ. */
  covers(request: JupyterMessage): boolean {
    const batch = batchOf(request)
    // Who names batches says by them what belongs together.
    if (batch !== undefined) return this.#batches.has(batch)
    const last = this.#last
    if (!last || request.header.session !== last.session || this.#now() - last.at > STRAGGLE_MS) return false
    // Dates are cut to milliseconds: sent at least so much later, and before the answer went out.
    return Date.parse(request.header.date) - last.sentAt + 1 <= last.spent
  }
}

function batchOf(request: JupyterMessage): string | undefined {
  const { batch } = request.metadata
  return typeof batch === 'string' ? batch : undefined
}
