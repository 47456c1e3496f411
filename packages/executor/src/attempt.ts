/** One attempt of a call with the backend: its stamps, and what it has told so far. */
import type { AttemptEvent } from './backends/backend.js'
import type { CallRecord, CallStats } from './call-record.js'
import type { CallLogEvent } from './job-record.js'

type Told = Exclude<AttemptEvent, { type: 'done' | 'failed' | 'returned' | 'throttled' }>

/** The parts of an attempt in their order; each is told once. */
const STAGES: Partial<Record<Told['type'], number>> = { setup: 1, fetched: 2, started: 3, stored: 4 }

export class Attempt {
  readonly id: number
  readonly call: CallRecord
  readonly attempt: number
  /** Memory it has, MB. */
  readonly memory: number | undefined
  readonly stats: CallStats
  /** What a copy has told stays here until it is known to count: the call has one row on the timeline. */
  #held: CallLogEvent[] | undefined
  #stage = 0

  constructor(id: number, call: CallRecord, attempt: number, memory: number | undefined, copy: boolean) {
    this.id = id
    this.call = call
    this.attempt = attempt
    this.memory = memory
    this.stats = { submitted: call.stats.submitted }
    if (copy) {
      this.#held = []
      call.copy = this
    } else {
      call.live = this
      this.#takeCall()
    }
  }

  /** True once a worker has taken it up. */
  get begun(): boolean {
    return this.#stage > 0
  }

  /** Takes in what the backend tells before the end. */
  told(event: Told): void {
    const stage = STAGES[event.type]
    // A second delivery of the same attempt tells everything again.
    if (stage !== undefined && stage <= this.#stage) return
    this.#stage = stage ?? this.#stage
    const { stats } = this
    if (event.type === 'setup') {
      const { at, worker, cold, pid } = event
      Object.assign(stats, { setup: at, worker, cold, pid })
    } else if (event.type === 'fetched') Object.assign(stats, { fetched: event.at, loaded: event.loaded })
    else if (event.type === 'started') {
      stats.started = event.at
      if (!this.#held) this.call.state = 'running'
    } else if (event.type === 'stored') Object.assign(stats, { ended: event.ended, stored: event.at })
    const { id: _id, ...logged } = event
    this.log(logged)
  }

  /** Writes to the run log, unless nobody waits for this attempt any more. */
  log(event: CallLogEvent): void {
    const { call, attempt } = this
    if (this.#held) this.#held.push(event)
    else if (!call.over && call.live === this) call.job.log(call, attempt, event)
  }

  /** The copy takes the place of the first attempt. */
  show(): void {
    const { call } = this
    const held = this.#held
    if (!held) return
    this.#held = undefined
    call.live = this
    call.copy = undefined
    this.#takeCall()
    for (const event of held) this.log(event)
    if (this.stats.started !== undefined) call.state = 'running'
  }

  #takeCall(): void {
    const { call, attempt } = this
    call.attempt = attempt
    call.state = 'invoked'
    call.stats = this.stats
  }
}
