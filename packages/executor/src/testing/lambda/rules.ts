import type { LimitKind } from './limits.js'

/** A role that functions may have: any that is well formed will do. */
export const ROLE = 'arn:aws:iam::000000000000:role/mayfly'

/** What Lambda enforces, with the service's own values. Each is an option of the double. */
export interface LambdaRules {
  /** Largest payloads, bytes: of a synchronous and of an asynchronous request, of a whole and of a streamed response. */
  syncBytes: number
  asyncBytes: number
  responseBytes: number
  streamBytes: number
  /** How much of a streamed response goes as fast as it can, bytes, and bytes per second of what is behind. */
  streamFreeBytes: number
  streamPerSecond: number
  /** Environments at work at once in the account; new accounts have fewer. */
  concurrency: number
  /** New environments of a function: at once, and per second afterwards. */
  burst: number
  perSecond: number
  /** Synchronous calls per second for each environment a function may have. */
  callsPerEnvironment: number
  /** Calls per second that manage functions, and of `GetFunction` alone. */
  controlPerSecond: number
  getFunctionPerSecond: number
  /** Wait before the first retry of an asynchronous call, ms; the second waits twice as long. */
  asyncRetryMs: number
  /** First wait of an asynchronous call that was refused, ms; doubled each time, 300 times as long at most. */
  asyncThrottleMs: number
  /** Oldest asynchronous call that is still made, ms. */
  asyncAgeMs: number
  /** Time for the initialization, ms; who needs longer is started again within the first call. */
  initMs: number
  /** Longest timeout of a function, seconds. */
  timeout: number
  /** Sizes of deployed code, bytes: packed and unpacked; of a function's environment variables altogether. */
  zipBytes: number
  unpackedBytes: number
  environmentBytes: number
  /** After its creation a function is not ready at once, ms. */
  pendingMs: number
  /** Environments are stopped between invocations. */
  freeze: boolean
  /**
   * Environments have no more than the function's memory, its share of CPU (1,769 MB are one; virtual ones have none of their
   * own), and its space in the temporary folder (there only where the system lets us mount).
   */
  memory: boolean
  cpu: boolean
  tmp: boolean
  /** How these limits are kept; without it as well as the machine can. */
  limits?: LimitKind
}

export const RULES: LambdaRules = {
  ...{ syncBytes: 6_291_456, asyncBytes: 1_048_576, responseBytes: 6_291_456, streamBytes: 209_715_200 },
  ...{ streamFreeBytes: 6_291_456, streamPerSecond: 2_097_152 },
  ...{ concurrency: 1000, burst: 1000, perSecond: 100, callsPerEnvironment: 10 },
  ...{ controlPerSecond: 15, getFunctionPerSecond: 100 },
  ...{ asyncRetryMs: 60_000, asyncThrottleMs: 1000, asyncAgeMs: 6 * 3_600_000 },
  ...{ initMs: 10_000, timeout: 900, pendingMs: 50 },
  ...{ zipBytes: 52_428_800, unpackedBytes: 262_144_000, environmentBytes: 4096 },
  // Not by default: a machine of tests is small enough.
  ...{ freeze: true, memory: false, cpu: false, tmp: false },
}

/** So many at once, and so many per second afterwards. */
export class TokenBucket {
  readonly #size: number
  readonly #perSecond: number
  #tokens: number
  #at = performance.now()

  constructor(size: number, perSecond: number) {
    this.#size = size
    this.#perSecond = perSecond
    this.#tokens = size
  }

  /** Whether there was one. */
  take(): boolean {
    const now = performance.now()
    this.#tokens = Math.min(this.#size, this.#tokens + ((now - this.#at) / 1000) * this.#perSecond)
    this.#at = now
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}

/** So many as fast as they come, and what is behind them at a steady rate. */
export class Pace {
  readonly #perSecond: number
  #free: number
  #next = 0

  constructor(free: number, perSecond: number) {
    this.#free = free
    this.#perSecond = perSecond
  }

  /** How long, ms, so many more must wait. */
  wait(count: number): number {
    const slow = Math.max(0, count - this.#free)
    this.#free = Math.max(0, this.#free - count)
    if (slow === 0) return 0
    const now = performance.now()
    this.#next = Math.max(this.#next, now) + (slow / this.#perSecond) * 1000
    return this.#next - now
  }
}
