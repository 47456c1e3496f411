/**
 * A backend that makes mistakes on purpose, around one that does not: what platforms do now and then, often enough for a
 * test to see. For the contract suite and the bench; any backend can be wrapped.
 */
import { now } from '../worker/clock.js'
import type { AttemptEvent, Backend, Beat, Deployment, Invocation, Price, Resources } from './backend.js'

/** How many times each mistake is made; the first invocations make them. */
export interface Faults {
  /** Invocations that are refused, and after how many ms the platform says to come back. */
  throttle?: number
  retryAfter?: number
  /** Invocations that are made twice. */
  duplicate?: number
  /** First attempts that are made and whose end is never told. */
  lose?: number
  /** Invocations that begin only after `slowMs`. */
  slow?: number
  slowMs?: number
  /** A price, US dollars per GB-second. */
  gbSecond?: number
}

export class FaultyBackend implements Backend {
  readonly name: string
  readonly limits: Backend['limits']
  readonly #inner: Backend
  readonly #left: Required<Faults>

  constructor(inner: Backend, faults: Faults) {
    this.#inner = inner
    this.name = inner.name
    this.limits = { ...inner.limits, lease: { start: inner.limits.lease.start, running: 1_500 } }
    const none = { throttle: 0, retryAfter: 0, duplicate: 0, lose: 0, slow: 0, slowMs: 0, gbSecond: 0 }
    this.#left = { ...none, ...faults }
    if (this.#left.slow > 0) this.limits.lease.running = this.#left.slowMs
  }

  prewarm(count: number, resources: Resources): void {
    this.#inner.prewarm(count, resources)
  }

  prepare(deployment: Deployment): Promise<void> {
    return this.#inner.prepare(deployment)
  }

  async *invoke(deployment: Deployment, batch: Invocation[], signal: AbortSignal): AsyncGenerator<AttemptEvent | Beat> {
    if (this.#happens('throttle')) {
      const { retryAfter } = this.#left
      for (const { id } of batch) yield { type: 'throttled', id, at: now(), retryAfter }
      return
    }
    if (this.#happens('slow')) {
      yield { type: 'beat', at: now() }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#left.slowMs)
        signal.addEventListener('abort', () => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
    const times = this.#happens('duplicate') ? [1, 2] : [1]
    const streams = times.map(() => this.#inner.invoke(deployment, batch, signal))
    // Of a second attempt the end is always told: on one worker both faults would else hit the same call.
    const first = new Set(batch.filter(({ attempt }) => attempt === 1).map(({ id }) => id))
    for await (const event of merged(streams)) {
      const lost = event.type === 'done' && first.has(event.id) && this.#happens('lose')
      if (!lost) yield event
      else await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    }
  }

  cancel(id: number): void {
    this.#inner.cancel(id)
  }

  price(resources: Resources): Price {
    const { gbSecond, request } = this.#inner.price(resources)
    return { gbSecond: gbSecond + this.#left.gbSecond, request }
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  #happens(fault: 'throttle' | 'duplicate' | 'lose' | 'slow'): boolean {
    if (this.#left[fault] <= 0) return false
    this.#left[fault]--
    return true
  }
}

/** Events of several streams as they come. */
async function* merged<T>(streams: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  const iterators = streams.map((stream) => stream[Symbol.asyncIterator]())
  const next = new Map(iterators.map((iterator, at) => [at, iterator.next().then((result) => ({ at, result }))]))
  while (next.size > 0) {
    const { at, result } = await Promise.race(next.values())
    if (result.done) next.delete(at)
    else {
      next.set(
        at,
        iterators[at]!.next().then((following) => ({ at, result: following })),
      )
      yield result.value
    }
  }
}
