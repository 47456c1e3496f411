/**
 * Runs the calls of a batch one after the other in this thread: load the function (once per code hash), read the input, call,
 * publish the result, report. Everything it says goes to the control thread at once, so it is seen while the function runs.
 */
import type { MessagePort } from 'node:worker_threads'
import type { Loader } from '../closure/load.js'
import type { CallContext } from '../context.js'
import { releaseHeld } from '../shared/held.js'
import type { Storage } from '../storage/storage.js'
import { OpenStorages } from '../storage-link.js'
import { decodeValue, encodeValue } from '../values.js'
import { now } from './clock.js'
import { type CodeKeys, loadCode } from './code.js'
import { makeContext } from './context.js'
import type { Environment } from './environment.js'
import { BatchInputs } from './inputs.js'
import { resolved } from './nested.js'
import type { NetworkCounter } from './network.js'
import type {
  ControlMessage,
  HostMessage,
  MainMessage,
  WireCall,
  WireDeployment,
  WireSample,
  WorkerMessage,
} from './protocol.js'
import { RX, TX } from './protocol.js'
import { type Baseline, UseReader } from './sampler.js'
import { describeThrown } from './thrown.js'

/** Results up to this size travel in the reply. */
const INLINE_BYTES = 64 * 1024
/** What one attempt may print into the run log. */
const LOG_CHARS = 8 * 1024 * 1024
const COUNTER_MS = 250

type Batch = Extract<ControlMessage, { cursor: Int32Array }>
type UserFunction = (...args: unknown[]) => unknown

/** A shipped function, and the copy of it that serves the next call. */
interface Loaded {
  loader: Loader
  next: UserFunction | undefined
}

interface Deployed extends WireDeployment {
  extra: Uint8Array | undefined
  storage: Storage
}

interface Active {
  call: WireCall
  base: Baseline
  abort: AbortController
  /** Set when the call's end was reported, by whoever was first. */
  over: boolean
  /** Characters printed so far. */
  printed: number
}

export interface RunnerParts {
  port: MessagePort
  counters: Float64Array
  network: NetworkCounter
  environment: Environment
}

export class Runner {
  readonly #parts: RunnerParts
  readonly #folder = process.cwd()
  readonly #use = new UseReader()
  readonly #functions = new Map<string, Promise<Loaded>>()
  readonly #deployed = new Map<number, Deployed>()
  readonly #storages = new OpenStorages()
  #active: Active | undefined

  constructor(parts: RunnerParts) {
    this.#parts = parts
  }

  /** Takes the calls of the batch until it is empty or the control thread has closed it. */
  async runBatch({ message: { deployment, known, calls }, body, cursor }: Batch): Promise<void> {
    let offset = 0
    if (!known) {
      this.#forget(deployment.forget)
      offset = deployment.extraArgs ?? 0
      const extra = offset > 0 ? body.slice(0, offset) : undefined
      const storage = this.#storages.open(deployment.storage!)
      this.#deployed.set(deployment.key, { ...deployment, extra, storage })
    }
    const deployed = this.#deployed.get(deployment.key)!
    const inputs = new BatchInputs(calls, body, offset)
    while (true) {
      const next = Atomics.add(cursor, 0, 1)
      // A closed batch has a cursor beyond any length.
      if (next >= calls.length) break
      await this.#run(deployed, calls[next]!, inputs)
    }
  }

  abort(message: HostMessage & { type: 'abort' }): void {
    if (this.#active?.call.id !== message.id) return
    this.#active.abort.abort(new DOMException(`The call was ended: ${message.reason}`, 'AbortError'))
  }

  /** Text the function printed; belongs to the call that is running. */
  log(stream: 'stdout' | 'stderr', text: string): void {
    const active = this.#active
    if (!active || active.over || active.printed > LOG_CHARS) return
    active.printed += text.length
    const shown =
      active.printed > LOG_CHARS ? `${text.slice(0, 200)}…\n[what this call prints from here on is left out]\n` : text
    this.#send({ type: 'log', id: active.call.id, at: now(), stream, text: shown })
  }

  /** An error nobody caught ends the call it belongs to, and this process, whose state is then unknown. */
  guard(): void {
    const fail = (error: unknown) => {
      if (this.#active) this.#fail(this.#active, error, true)
      // What an ended call left behind: nobody to tell, and nothing to trust any more.
      else process.exit(70)
    }
    process.on('uncaughtException', fail)
    process.on('unhandledRejection', fail)
  }

  async #run(deployed: Deployed, call: WireCall, inputs: BatchInputs): Promise<void> {
    const setup = now()
    const base = this.#use.begin(this.#network())
    const active: Active = { call, base, abort: new AbortController(), over: false, printed: 0 }
    this.#active = active
    if (process.cwd() !== this.#folder) process.chdir(this.#folder)
    this.#parts.environment.enter(deployed.env!)
    const counting = setInterval(() => this.#network(), COUNTER_MS)
    try {
      const fn = await this.#function(deployed)
      const loaded = now()
      const { item, bytes } = await inputs.read(call, deployed.storage, deployed.bucket!)
      // Decoded anew for each call: what one call changes, the next must not see.
      const extra = deployed.extra ? (decodeValue(deployed.extra.slice()) as unknown[]) : []
      const context = this.#context(active, deployed)
      this.#begin(active, { setup, loaded, fetched: now(), bytes })
      const value = await resolved(await fn(item, ...extra, context))
      await this.#publish(active, deployed, value, now())
    } catch (error) {
      this.#fail(active, error)
    } finally {
      clearInterval(counting)
      await releaseHeld()
      if (this.#active === active) this.#active = undefined
    }
  }

  #forget(key: number | undefined): void {
    const gone = key === undefined ? undefined : this.#deployed.get(key)
    if (!gone) return
    this.#deployed.delete(key!)
    for (const { hash } of this.#deployed.values()) if (hash === gone.hash) return
    this.#functions.delete(gone.hash!)
  }

  /** A copy of the function whose captured values are as they were at the capture. Decoding them is no part of the run. */
  async #function(deployed: Deployed): Promise<UserFunction> {
    const hash = deployed.hash!
    let loading = this.#functions.get(hash)
    if (!loading) {
      loading = loadFunction(deployed)
      this.#functions.set(hash, loading)
      loading.catch(() => this.#functions.delete(hash))
    }
    const loaded = await loading
    const { stateless, instantiate } = loaded.loader
    const fn = loaded.next ?? (instantiate() as UserFunction)
    loaded.next = stateless ? fn : undefined
    return fn
  }

  #context(active: Active, deployed: Deployed): CallContext {
    const { call, abort } = active
    return makeContext({
      call,
      storage: deployed.storage,
      signal: abort.signal,
      deadline: deployed.timeout === undefined ? undefined : now() + deployed.timeout * 1000,
      log: (text) => this.log('stdout', text),
      progress: (report) => {
        if (!active.over) this.#send({ type: 'progress', id: call.id, at: now(), ...report })
      },
      metric: (report) => {
        if (!active.over) this.#send({ type: 'metric', id: call.id, at: now(), ...report })
      },
    })
  }

  #begin(active: Active, stamps: { setup: number; loaded: number; fetched: number; bytes: number }): void {
    const { id } = active.call
    this.#parts.port.postMessage({ begin: { id, ...active.base } } satisfies MainMessage)
    this.#send({ type: 'begin', id, ...stamps, sample: this.#sample(active) })
  }

  async #publish(active: Active, deployed: Deployed, value: unknown, ended: number): Promise<void> {
    const { call } = active
    const bytes = encodeValue(value, `The result of call ${call.callId}`)
    let key: string | undefined
    if (bytes.byteLength > INLINE_BYTES) {
      key = `${deployed.resultPrefix}/${call.index}`
      await publishOnce(deployed.storage, deployed.bucket!, key, bytes)
    }
    if (active.over) return
    active.over = true
    const stored = now()
    const sample = this.#sample(active)
    const end = { type: 'end', id: call.id, ended, stored, at: sample.at, sample, size: bytes.byteLength } as const
    if (key) this.#send({ ...end, key })
    else this.#send(end, bytes)
  }

  #fail(active: Active, thrown: unknown, fatal = false): void {
    if (active.over) return
    active.over = true
    const ended = now()
    const error = describeThrown(thrown)
    const message = { type: 'fail', id: active.call.id, ended, at: ended, sample: this.#sample(active), error } as const
    this.#send(fatal ? { ...message, fatal: true } : message)
  }

  #sample(active: Active): WireSample {
    const { rx, tx } = this.#network()
    return this.#use.sample(active.base, rx, tx)
  }

  #network(): { rx: number; tx: number } {
    const totals = this.#parts.network.totals()
    this.#parts.counters[RX] = totals.rx
    this.#parts.counters[TX] = totals.tx
    return totals
  }

  #send(message: WorkerMessage, body?: Uint8Array): void {
    this.#parts.port.postMessage(body ? { message, body } : { message })
  }
}

async function loadFunction(deployed: Deployed): Promise<Loaded> {
  return { loader: await loadCode(deployed as CodeKeys, deployed.storage, deployed.bucket!), next: undefined }
}

/** The first attempt that publishes a result wins; for the others the call is just as done. */
async function publishOnce(storage: Storage, bucket: string, key: string, bytes: Uint8Array): Promise<void> {
  try {
    await storage.putObject(bucket, key, bytes, { ifNoneMatch: '*' })
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (code !== 'E_STORAGE_EXISTS' && code !== 'E_STORAGE_PRECONDITION') throw error
  }
}
