/** What can go wrong on the way to S3, by order. A fault hits the requests it is for, so many times or with some probability. */

export type FaultKind =
  /** 503 SlowDown, nothing done. */
  | 'slowDown'
  /** 500 InternalError, nothing done. */
  | 'internalError'
  /** 409 ConditionalRequestConflict, nothing done; for conditional writes only. */
  | 'conflict'
  /** The connection is cut before anything is done. */
  | 'reset'
  /** Everything is done, then the connection is cut without an answer. */
  | 'lostResponse'
  /** Half of the answer's body arrives. */
  | 'truncate'
  /** The answer comes after `ms`. */
  | 'delay'

export interface Fault {
  kind: FaultKind
  /** As the API calls it, for example `PutObject`. Without it: any. */
  operation?: string
  /** Only objects whose key starts so. */
  prefix?: string
  /** How often. Default: until it is removed. */
  times?: number
  /** 0 to 1. Default 1. */
  probability?: number
  /** Of a delay. Default 100. */
  ms?: number
}

export class Faults {
  /** Added to the server's clock, in milliseconds: more than 15 minutes make every signature too old. */
  clockSkew = 0
  #faults: Fault[] = []

  /** Returns a function that takes it back. */
  add(fault: Fault): () => void {
    const own = { ...fault }
    this.#faults.push(own)
    return () => {
      this.#faults = this.#faults.filter((other) => other !== own)
    }
  }

  clear(): void {
    this.#faults = []
    this.clockSkew = 0
  }

  /** The faults that hit this request; each time counts. */
  take(operation: string, key: string, conditional: boolean): Fault[] {
    return this.#faults.filter((fault) => {
      if (fault.operation !== undefined && fault.operation !== operation) return false
      if (fault.kind === 'conflict' && !conditional) return false
      if (fault.prefix !== undefined && !key.startsWith(fault.prefix)) return false
      if (fault.times !== undefined && fault.times <= 0) return false
      if (fault.probability !== undefined && Math.random() >= fault.probability) return false
      if (fault.times !== undefined) fault.times--
      return true
    })
  }
}
