/** The attempts of one batch that have no end yet, and the ends they get when the function gives none. */
import type { ErrorValue, FailureKind } from '../../errors.js'
import { now } from '../../worker/clock.js'
import type { AttemptEvent, Beat, Billed, Invocation } from '../backend.js'

export class OpenBatch {
  readonly #open: Map<number, { begun: boolean; callId: string }>
  readonly #since = now()
  /** When the last attempt ended: what comes after is billed with the next. */
  #billedTo = this.#since
  #requests = 1

  constructor(batch: readonly Invocation[]) {
    this.#open = new Map(batch.map(({ id, callId }) => [id, { begun: false, callId }]))
  }

  /** Ids without an end. */
  get ids(): number[] {
    return [...this.#open.keys()]
  }

  /** Takes note of an event; false for one of an attempt that has ended. */
  takes(event: AttemptEvent | Beat): boolean {
    if (event.type === 'beat') return true
    const attempt = this.#open.get(event.id)
    if (!attempt) return false
    attempt.begun ||= event.type === 'setup'
    if (event.type === 'done' || event.type === 'failed' || event.type === 'returned') this.#open.delete(event.id)
    if (event.type === 'done' || event.type === 'failed') {
      this.#billedTo = now()
      this.#requests = 0
    }
    return true
  }

  /** The begun attempt is lost, or the first if none shows that it has begun; the others go back. */
  *lost(message: string): Generator<AttemptEvent> {
    yield* this.failed('lost', { name: 'WorkerLost', code: 'E_CALL_LOST', message })
  }

  *failed(kind: FailureKind, error: Partial<ErrorValue>): Generator<AttemptEvent> {
    const open = [...this.#open]
    const blamed = open.find(([, { begun }]) => begun) ?? open[0]
    for (const [id, { callId }] of open) {
      if (kind === 'error' || id === blamed?.[0]) yield this.#failure(id, kind, error, callId)
      else yield { type: 'returned', id, at: now() }
    }
    this.#open.clear()
  }

  *cancelled(): Generator<AttemptEvent> {
    const error = { name: 'Cancelled', code: 'E_CALL_CANCELLED', message: 'it was cancelled' }
    for (const [id, { begun, callId }] of this.#open) {
      yield begun ? this.#failure(id, 'cancelled', error, callId) : { type: 'returned', id, at: now() }
    }
    this.#open.clear()
  }

  *throttled(retryAfter: number | undefined): Generator<AttemptEvent> {
    const wait = retryAfter === undefined ? {} : { retryAfter }
    for (const id of this.#open.keys()) yield { type: 'throttled', id, at: now(), ...wait }
    this.#open.clear()
  }

  *returned(): Generator<AttemptEvent> {
    for (const id of this.#open.keys()) yield { type: 'returned', id, at: now() }
    this.#open.clear()
  }

  #failure(id: number, kind: FailureKind, error: Partial<ErrorValue>, callId: string): AttemptEvent {
    const at = now()
    // Until now, as far as we know: the platform ends the bill when the function ends.
    const billed: Billed = { ms: at - this.#billedTo, requests: this.#requests }
    this.#billedTo = at
    this.#requests = 0
    const message = `Call ${callId}: ${error.message}`
    return {
      type: 'failed',
      id,
      at,
      ended: at,
      kind,
      error: { name: 'Error', ...error, message } as ErrorValue,
      billed,
    }
  }
}
