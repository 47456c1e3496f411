/** The state of one job in the manager: which calls wait, run or have ended, and in which order the waiting ones go out. */

import { Stragglers } from './stragglers.js'
import type { JobPolicy, LastFailure } from './types.js'

/** Its input is not there yet. */
export const BLOCKED = 0
export const WAITING = 1
export const RUNNING = 2
export const DONE = 3
export const FAILED = 4

/** An attempt under way. */
export interface Flight {
  attempt: number
  /** When it was handed out, then when its function was entered, ms. */
  since: number
  begun: boolean
  memory: number | undefined
}

export class Job {
  readonly total: number
  readonly policy: JobPolicy
  readonly stragglers: Stragglers | undefined
  ready = false
  readonly status: Uint8Array
  /** Number of the last attempt of each call. */
  readonly attempt: Uint16Array
  /** Failed attempts of each call. */
  readonly failures: Uint16Array
  readonly flights = new Map<number, Flight[]>()
  readonly last = new Map<number, LastFailure>()
  done = 0
  failed = 0
  /** Failed calls that were not cancelled. */
  broken = 0
  /** Moving average of a call's ms on a worker; undefined before the first. */
  pace: number | undefined
  /** First call never handed out; calls that came back and calls whose input has come wait in `again` and go first. */
  #next: number
  #again: number[] = []
  /** Calls that wait for their time, soonest last. */
  readonly #later: { at: number; index: number }[] = []

  constructor(total: number, policy: JobPolicy, blocked: boolean) {
    this.total = total
    this.policy = policy
    this.status = new Uint8Array(total).fill(blocked ? BLOCKED : WAITING)
    this.attempt = new Uint16Array(total)
    this.failures = new Uint16Array(total)
    this.#next = blocked ? total : 0
    this.stragglers = policy.hedge && new Stragglers(policy.hedge, total)
  }

  get over(): boolean {
    return this.done + this.failed === this.total
  }

  /** Calls that could go out, cancelled ones that are still in line included. */
  get inLine(): number {
    return this.#again.length + this.total - this.#next
  }

  /** When the next call that waits for its time may go; undefined if none does. */
  get laterAt(): number | undefined {
    return this.#later.at(-1)?.at
  }

  /** Puts a call in line: now, or from `at` on. */
  enqueue(index: number, at = 0): void {
    this.status[index] = WAITING
    if (at === 0) {
      this.#again.push(index)
      return
    }
    let place = this.#later.length
    while (place > 0 && this.#later[place - 1]!.at < at) place--
    this.#later.splice(place, 0, { at, index })
  }

  /** Moves calls whose time has come into the line. */
  wake(at: number): void {
    while (this.#later.length > 0 && this.#later.at(-1)!.at <= at) this.#again.push(this.#later.pop()!.index)
  }

  /** The next waiting call in line, which stays there until it is `taken`; undefined if there is none. */
  peek(): number | undefined {
    for (let taken = 0; ; taken++) {
      if (taken < this.#again.length) {
        if (this.status[this.#again[taken]!] !== WAITING) continue
        if (taken > 0) this.#again = this.#again.slice(taken)
        return this.#again[0]!
      }
      if (this.#again.length > 0) this.#again = []
      break
    }
    while (this.#next < this.total && this.status[this.#next] !== WAITING) this.#next++
    return this.#next < this.total ? this.#next : undefined
  }

  /** Takes the call that `peek` gave out of the line. */
  take(): void {
    if (this.#again.length > 0) this.#again.shift()
    else this.#next++
  }

  flight(index: number, attempt: number): Flight | undefined {
    return this.flights.get(index)?.find((flight) => flight.attempt === attempt)
  }

  /** Removes a flight; returns those left. */
  land(index: number, attempt: number): Flight[] {
    const left = this.flights.get(index)!.filter((flight) => flight.attempt !== attempt)
    if (left.length > 0) this.flights.set(index, left)
    else this.flights.delete(index)
    return left
  }
}
