/** Collection of garbage on demand. */
import type { Runtime } from 'node:inspector'

/** What both kinds of inspector session have. */
interface Poster {
  post<T>(method: string, parameters: object, answer: (error: Error | null, result: T) => void): void
  post(method: string, parameters: object): void
}

const GROUP = 'garbage'

/**
 * Makes V8 collect all garbage before it answers whatever else is asked, even in the middle of a loop:
 * `HeapProfiler.collectGarbage` would wait until the thread is idle. A search for objects of a kind begins with a collection, and
 * this one looks for a kind of which there are none.
 */
export class GarbageCollector {
  readonly #session: Poster
  #kind: string | undefined

  constructor(session: Poster) {
    this.#session = session
    session.post<Runtime.EvaluateReturnType>(
      'Runtime.evaluate',
      { expression: 'Object.create(null)' },
      (error, answer) => {
        if (!error) this.#kind = answer.result.objectId
      },
    )
  }

  collect(): void {
    if (this.#kind === undefined) return
    this.#session.post('Runtime.queryObjects', { prototypeObjectId: this.#kind, objectGroup: GROUP })
    this.#session.post('Runtime.releaseObjectGroup', { objectGroup: GROUP })
  }
}
