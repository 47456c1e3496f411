/** What the executor knows of one job: its run, its deployment, and the figures of its summary. */
import type { Attempt } from './attempt.js'
import type { AttemptEvent, Backend, Billed, DataRef, Deployment } from './backends/backend.js'
import type { Background } from './background.js'
import type { CallRecord } from './call-record.js'
import { gbSeconds, lambdaCost } from './cost/cost.js'
import { requestsCost } from './cost/requests.js'
import type { JobDisplay } from './display.js'
import type { ErrorValue } from './errors.js'
import type { AttemptMetrics, RunEvent } from './events.js'
import type { ResolvedSettings } from './options.js'
import { ResultJournal } from './results.js'
import type { Run } from './runlog/run.js'
import type { Storage } from './storage/storage.js'
import { now } from './worker/clock.js'

/** What a job needs of its run. */
export type JobRun = Pick<Run, 'runId' | 'append' | 'bill' | 'jobEnded'>

export interface JobParts {
  /** Number in the executor. */
  key: number
  /** `M001`: kind letter, number in the run. */
  id: string
  name: string
  run: JobRun
  storage: Storage
  background: Background
  settings: ResolvedSettings
  /** Run-wide number of the first call. */
  first: number
  total: number
}

export class JobRecord {
  readonly key: number
  readonly id: string
  readonly name: string
  readonly run: JobRun
  readonly storage: Storage
  readonly background: Background
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
  /** How long workers were busy with attempts, ms. */
  busyMs = 0
  gbSeconds = 0
  /** On the backend, US dollars. */
  cost = 0
  /** Invocations, as far as they are charged. */
  requests = 0
  #untaken: number
  #journal: ResultJournal | undefined

  constructor(parts: JobParts) {
    this.key = parts.key
    this.id = parts.id
    this.name = parts.name
    this.run = parts.run
    this.storage = parts.storage
    this.background = parts.background
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
    return lambdaCost(this.gbSeconds, this.requests)
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

  /** A call's result as it came in the reply, for who attaches to the run. */
  keepResult(index: number, bytes: Uint8Array): void {
    this.#journal ??= new ResultJournal(this.storage, this.prefix, this.background)
    this.#journal.add(index, bytes)
  }

  /** Lets go of what only a running job needs. */
  release(): void {
    this.#journal?.end()
    this.calls = []
    this.deployment = undefined
    this.#deployments.clear()
    this.offSignal?.()
  }

  /** Adds a finished attempt to the figures and to the run's bill; returns what it cost on the backend, US dollars. */
  bill(
    { stats, memory }: Attempt,
    { ended, metrics, billed }: { ended: number; metrics: AttemptMetrics | undefined; billed: Billed | undefined },
    backend: Backend,
  ): number {
    const { loaded } = stats
    if (loaded === undefined && !billed) return 0
    const price = backend.price(memory === undefined ? { env: {} } : { env: {}, runtimeMemory: memory })
    const { ms, requests, storage }: Billed = billed ?? { ms: ended - loaded!, requests: 1 }
    const used = gbSeconds({ durationMs: ms, runtimeMemory: price.memory ?? memory })
    const cost = used * price.gbSecond + requests * price.request + (storage ? requestsCost(storage) : 0)
    this.busyMs += Math.max(0, ended - (stats.setup ?? loaded ?? ended))
    this.gbSeconds += used
    this.requests += requests
    this.cost += cost
    this.run.bill({ gbSeconds: used, requests, cost })
    this.cpuMs += metrics?.cpuMs ?? 0
    this.peakRss = Math.max(this.peakRss, metrics?.peakRss ?? 0)
    return cost
  }

  /** Writes a call's event to the run log and keeps its stamp. */
  log(call: CallRecord, attempt: number, event: CallLogEvent): void {
    this.run.append({ ...event, call: this.first + call.index, attempt } as RunEvent)
  }

  /** The bytes of an input or a result, from wherever they are. */
  async read(data: DataRef): Promise<Uint8Array> {
    return 'bytes' in data ? data.bytes : this.storage.getObject(this.storage.bucket, data.key)
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

  /** Moves what is too large for the message of a call into storage, largest first. */
  async storeLargeInput(call: CallRecord, inline: number): Promise<void> {
    const { input } = call
    if (!input) return
    const parts = 'parts' in input ? [...input.parts] : [input]
    const sizes = parts.map((part) => ('bytes' in part ? part.bytes.byteLength : 0))
    let total = sizes.reduce((sum, size) => sum + size, 0)
    if (total <= inline) return
    const order = [...sizes.keys()].sort((a, b) => sizes[b]! - sizes[a]!)
    for (const at of order) {
      const part = parts[at]!
      if (total <= inline || !('bytes' in part)) break
      const key = `${this.prefix}/inputs/${call.index}-${at}`
      await this.storage.putObject(this.storage.bucket, key, part.bytes)
      parts[at] = { key, size: sizes[at]! }
      total -= sizes[at]!
    }
    // The call may have been cancelled meanwhile.
    const gone = !call.input
    call.input = 'parts' in input ? { parts } : parts[0]!
    if (gone) this.dropInput(call)
  }

  /** Removes the stored input of a call that needs it no more. */
  dropInput(call: CallRecord): void {
    const { input } = call
    if (!input) return
    for (const part of 'parts' in input ? input.parts : [input]) {
      if ('key' in part && part.key.startsWith(`${this.prefix}/inputs/`)) this.remove(part.key)
    }
    call.input = undefined
  }

  /** Removes an object of this job, in the background, and without fuss if it fails: `clean()` finds what is left. */
  remove(key: string): void {
    if (!key.startsWith(`${this.prefix}/`)) return
    this.background.add(this.storage.deleteObject(this.storage.bucket, key))
  }

  collected(call: CallRecord): void {
    const at = now()
    call.stats.collected = at
    this.log(call, call.attempt, { type: 'collected', at })
  }
}

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never
type Logged = Exclude<AttemptEvent, { type: 'done' | 'failed' | 'returned' | 'throttled' }>
export type CallLogEvent =
  | WithoutId<Logged>
  | (Omit<Extract<AttemptEvent, { type: 'done' }>, 'id' | 'result' | 'billed'> & { cached?: true; cost?: number })
  | (Omit<Extract<AttemptEvent, { type: 'failed' }>, 'id' | 'billed'> & { final: boolean; cost?: number })
  | { type: 'submitted' | 'invoked' | 'collected'; at: number }
