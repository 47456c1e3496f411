/** What the executor knows of one job: its run, its deployment, and the figures of its summary. */
import type { Attempt } from './attempt.js'
import type { AttemptEvent, Backend, Deployment, ResultRef } from './backends/backend.js'
import type { CallRecord } from './call-record.js'
import { gbSeconds, lambdaCost } from './cost/cost.js'
import type { JobDisplay } from './display.js'
import type { ErrorValue } from './errors.js'
import type { RunEvent } from './events.js'
import type { ResolvedSettings } from './options.js'
import type { Run } from './runlog/run.js'
import type { Storage } from './storage/storage.js'
import { now } from './worker/clock.js'

export interface JobParts {
  /** Number in the executor. */
  key: number
  /** `M001`: kind letter, number in the run. */
  id: string
  name: string
  run: Run
  storage: Storage
  settings: ResolvedSettings
  /** Run-wide number of the first call. */
  first: number
  total: number
}

export class JobRecord {
  readonly key: number
  readonly id: string
  readonly name: string
  readonly run: Run
  readonly storage: Storage
  readonly settings: ResolvedSettings
  readonly first: number
  readonly total: number
  readonly createdAt = now()
  endedAt: number | undefined
  /** Until the job has ended; afterwards only the futures hold them. */
  calls: CallRecord[] = []
  /** Set when the code is where workers find it; `deploymentFor` has it with the memory of an attempt. */
  deployment: Deployment | undefined
  readonly #deployments = new Map<number | undefined, Promise<Deployment>>()
  /** Maps positions in the shipped code back to the user's source. */
  readStack: ((stack: string) => string) | undefined
  display: JobDisplay | undefined
  /** Stops listening to the signal the job was given. */
  offSignal: (() => void) | undefined
  /** Why the job could not start at all. */
  fault: ErrorValue | undefined
  done = 0
  failed = 0
  /** Run time of each good call, ms; NaN for the others. */
  readonly durations: Float64Array
  cpuMs = 0
  peakRss = 0
  gbSeconds = 0
  /** On the backend, US dollars. */
  cost = 0
  attempts = 0
  #untaken: number

  constructor(parts: JobParts) {
    this.key = parts.key
    this.id = parts.id
    this.name = parts.name
    this.run = parts.run
    this.storage = parts.storage
    this.settings = parts.settings
    this.first = parts.first
    this.total = parts.total
    this.durations = new Float64Array(parts.total).fill(Number.NaN)
    this.#untaken = parts.total
  }

  get over(): boolean {
    return this.endedAt !== undefined
  }

  /** True when every result has been asked for: the executor need not hold the futures any longer. */
  get allTaken(): boolean {
    return this.#untaken === 0
  }

  /** Somebody has the result of one more call. */
  taken(): void {
    this.#untaken--
  }

  /** Prefix of the keys of this job's data in storage. */
  get prefix(): string {
    return `jobs/${this.run.runId}/${this.id}`
  }

  /** Cost on Lambda, US dollars, estimate. */
  get lambdaCost(): number {
    return lambdaCost(this.gbSeconds, this.attempts)
  }

  /** The deployment for attempts with this memory, made ready on the backend the first time. */
  deploymentFor(memory: number | undefined, backend: Backend): Promise<Deployment> {
    let known = this.#deployments.get(memory)
    if (!known) {
      const deployment = this.deployment!
      const { runtimeMemory: _memory, ...resources } = deployment.resources
      const own = {
        ...deployment,
        resources: memory === undefined ? resources : { ...resources, runtimeMemory: memory },
      }
      known = backend.prepare(own).then(() => own)
      this.#deployments.set(memory, known)
    }
    return known
  }

  /** Lets go of what only a running job needs. */
  release(): void {
    this.calls = []
    this.deployment = undefined
    this.#deployments.clear()
    this.offSignal?.()
  }

  /** Adds a finished attempt to the figures and to the run's bill; returns what it cost on the backend, US dollars. */
  bill(
    { stats, memory }: Attempt,
    ended: number,
    metrics: { cpuMs: number; peakRss: number } | undefined,
    backend: Backend,
  ): number {
    const { loaded } = stats
    if (loaded === undefined) return 0
    const billed = gbSeconds({ durationMs: ended - loaded, runtimeMemory: memory })
    this.gbSeconds += billed
    this.attempts++
    this.run.bill(billed)
    this.cpuMs += metrics?.cpuMs ?? 0
    this.peakRss = Math.max(this.peakRss, metrics?.peakRss ?? 0)
    const { gbSecond, request } = backend.price(this.deployment?.resources ?? { env: {} })
    const cost = billed * gbSecond + request
    this.cost += cost
    return cost
  }

  /** Writes a call's event to the run log and keeps its stamp. */
  log(call: CallRecord, attempt: number, event: CallLogEvent): void {
    this.run.append({ ...event, call: this.first + call.index, attempt } as RunEvent)
  }

  /** Reads a result that did not travel in the reply, then removes it from storage. */
  async fetchResult(call: CallRecord, key: string): Promise<Uint8Array> {
    const bytes = await this.storage.getObject(this.storage.bucket, key)
    this.collected(call)
    this.#remove(key)
    return bytes
  }

  /** The result of a call if a worker has published it in storage. */
  async publishedResult(call: CallRecord): Promise<{ key: string; size: number } | undefined> {
    const key = `${this.prefix}/results/${call.index}`
    try {
      const { size } = await this.storage.headObject(this.storage.bucket, key)
      return { key, size }
    } catch {
      return undefined
    }
  }

  /** Removes the input of a call that needs it no more. */
  dropInput(call: CallRecord): void {
    if (call.input && 'key' in call.input && call.input.key === inputKey(this, call.index)) this.#remove(call.input.key)
  }

  /** In the background, and without fuss if it fails: `clean()` finds what is left. */
  #remove(key: string): void {
    this.storage.deleteObject(this.storage.bucket, key).catch(() => undefined)
  }

  collected(call: CallRecord): void {
    const at = now()
    call.stats.collected = at
    this.log(call, call.attempt, { type: 'collected', at })
  }
}

/** Where the input of a call lies if it is too large for the message. */
export function inputKey(job: JobRecord, index: number): string {
  return `${job.prefix}/inputs/${index}`
}

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never
type Logged = Exclude<AttemptEvent, { type: 'done' | 'failed' | 'returned' | 'throttled' }>
export type CallLogEvent =
  | WithoutId<Logged>
  | (Omit<Extract<AttemptEvent, { type: 'done' }>, 'id' | 'result'> & { result?: ResultRef })
  | (Omit<Extract<AttemptEvent, { type: 'failed' }>, 'id'> & { final: boolean })
  | { type: 'submitted' | 'invoked' | 'collected'; at: number }
