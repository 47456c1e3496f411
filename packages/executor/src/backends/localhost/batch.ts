/**
 * One batch on one worker: sends the calls, turns the worker's messages into attempt events with stamps on the host's clock,
 * keeps the deadline, and says exactly how the calls ended if the worker dies.
 */
import { Channel } from '../../channel.js'
import type { ErrorValue, FailureKind } from '../../errors.js'
import type { AttemptMetrics } from '../../events.js'
import { now } from '../../worker/clock.js'
import type { WireCall, WireData, WireDeployment, WireSample, WorkerMessage } from '../../worker/protocol.js'
import type { AttemptEvent, Beat, DataRef, Deployment, Invocation } from '../backend.js'
import { explainDeath, outOfMemory } from './death.js'
import type { WorkerPool } from './pool.js'
import type { WorkerOptions, WorkerProcess } from './worker.js'

/** Time a call has to react to `ctx.signal` before its worker is killed, ms. */
const GRACE_MS = 100
/** A timer this late was held up by the host, ms. */
const LATE_MS = 100

interface Attempt {
  invocation: Invocation
  over: boolean
  last: WireSample | undefined
}

type Failure = { kind: FailureKind; error: ErrorValue }

export class BatchRun {
  readonly events = new Channel<AttemptEvent | Beat>()
  readonly #pool: WorkerPool
  readonly #kind: Omit<WorkerOptions, 'runtimeMemory'>
  readonly #deployment: Deployment
  readonly #attempts: Map<number, Attempt>
  readonly #finished: () => void
  readonly #sentAt = now()
  readonly #aborted = () => this.abort()
  #signal: AbortSignal | undefined
  #worker: WorkerProcess | undefined
  #current: Attempt | undefined
  /** Calls the worker has ended or handed back. */
  #through = 0
  #deadline: NodeJS.Timeout | undefined
  #grace: NodeJS.Timeout | undefined
  #deliberate = false
  /** The worker was still starting when it got the batch. */
  #cold = false
  #ended = false

  constructor(
    pool: WorkerPool,
    kind: Omit<WorkerOptions, 'runtimeMemory'>,
    deployment: Deployment,
    batch: Invocation[],
    finished: () => void,
  ) {
    this.#pool = pool
    this.#kind = kind
    this.#deployment = deployment
    this.#attempts = new Map(batch.map((invocation) => [invocation.id, { invocation, over: false, last: undefined }]))
    this.#finished = finished
  }

  start(signal: AbortSignal): void {
    const { runtimeMemory } = this.#deployment.resources
    const worker = this.#pool.acquire({ runtimeMemory, ...this.#kind })
    this.#worker = worker
    this.#cold = worker.heapLimit === undefined
    worker.listener = {
      message: (message, body) => this.#message(message, body),
      raw: (stream, text) => this.#raw(stream, text),
      exit: (code, signalName) => this.#exit(code, signalName),
    }
    this.#send(worker)
    this.#setDeadline()
    this.#signal = signal
    if (signal.aborted) this.abort()
    else signal.addEventListener('abort', this.#aborted)
  }

  /** Ends the batch now: the begun call is cancelled, the others go back. */
  abort(): void {
    if (this.#ended) return
    const attempt = this.#current
    if (attempt) this.#fail(attempt, cancelled(attempt.invocation.callId))
    for (const other of this.#attempts.values()) this.#giveBack(other)
    this.#kill()
  }

  cancel(id: number): void {
    const attempt = this.#attempts.get(id)
    if (!attempt || attempt.over) return
    this.#fail(attempt, cancelled(attempt.invocation.callId))
    // Not begun yet: it may be loading just now; if it waits behind another call, it is stopped when it begins.
    if (attempt === this.#current || !this.#current) this.#stop(attempt, 'cancelled')
  }

  #send(worker: WorkerProcess): void {
    const { deployment, known } = describeDeployment(worker, this.#deployment)
    const parts: Uint8Array[] = known ? [] : [this.#deployment.extraArgs]
    const calls = [...this.#attempts.values()].map(({ invocation }): WireCall => {
      const { id, index, attempt, callId, input } = invocation
      const wire = (data: DataRef): WireData => {
        if ('key' in data) return data
        parts.push(data.bytes)
        return { size: data.bytes.byteLength }
      }
      const call = { id, index, attempt, callId }
      return 'parts' in input ? { ...call, parts: input.parts.map(wire) } : { ...call, data: wire(input) }
    })
    worker.send({ type: 'batch', deployment, known, calls }, Buffer.concat(parts))
  }

  #message(message: WorkerMessage, body: Uint8Array): void {
    if (message.type === 'returned') {
      for (const id of message.ids) this.#giveBack(this.#attempts.get(id))
      this.#through += message.ids.length
      this.#finishIfThrough()
    } else if (message.type === 'beat') this.events.push({ type: 'beat', at: now() })
    else if ('id' in message) {
      const attempt = this.#attempts.get(message.id)
      if (attempt) this.#ofAttempt(attempt, message, body)
    }
  }

  #ofAttempt(attempt: Attempt, message: WorkerMessage & { id: number }, body: Uint8Array): void {
    if (message.type === 'begin') {
      this.#current = attempt
      if (attempt.over) this.#stop(attempt, 'cancelled')
    }
    if ('sample' in message) attempt.last = message.sample
    if (message.type === 'end' || message.type === 'fail') this.#called(message)
    if (!attempt.over) this.#translate(attempt, message, body)
    if (message.type === 'end' || (message.type === 'fail' && !message.fatal)) this.#finishIfThrough()
  }

  #translate(attempt: Attempt, message: WorkerMessage & { id: number }, body: Uint8Array): void {
    const { id } = message
    if (message.type === 'begin') this.#begin(attempt, message)
    else if (message.type === 'sample') this.#sample(id, message.sample)
    else if (message.type === 'log') {
      this.events.push({ id, type: 'log', at: this.#align(message.at), stream: message.stream, text: message.text })
    } else if (message.type === 'progress' || message.type === 'metric')
      this.events.push({ ...message, at: this.#align(message.at) })
    else if (message.type === 'end') this.#end(attempt, message, body)
    else if (message.type === 'fail') {
      this.#fail(attempt, { kind: 'error', error: message.error }, this.#align(message.ended))
    } else if (message.type === 'oom') {
      const facts = { runtimeMemory: this.#deployment.resources.runtimeMemory, heapLimit: undefined, stderr: '' }
      const peakRss = message.sample.peakRss
      this.#fail(attempt, outOfMemory({ ...facts, peakRss }, attempt.invocation.callId, 'its memory passed the limit'))
      this.#kill()
    }
  }

  #begin(attempt: Attempt, message: WorkerMessage & { type: 'begin' }): void {
    const worker = this.#worker!
    const cold = this.#cold
    this.#cold = false
    const { id } = message
    this.#setDeadline()
    const setup = this.#align(cold ? worker.spawnedAt : message.setup)
    const { pid } = worker
    this.events.push({ id, type: 'setup', at: setup, worker: worker.name, ...(pid === undefined ? {} : { pid }), cold })
    const loaded = Math.max(setup, this.#align(message.loaded))
    const fetched = Math.max(loaded, this.#align(message.fetched))
    this.events.push({ id, type: 'fetched', at: fetched, loaded, bytes: message.bytes })
    this.events.push({ id, type: 'started', at: Math.max(fetched, this.#align(message.sample.at)) })
    this.#sample(attempt.invocation.id, message.sample)
  }

  #sample(id: number, { at, ...use }: WireSample): void {
    this.events.push({ id, type: 'sample', at: this.#align(at), ...use })
  }

  #end(attempt: Attempt, message: WorkerMessage & { type: 'end' }, body: Uint8Array): void {
    attempt.over = true
    const { id, key, size } = message
    const ended = this.#align(message.ended)
    const stored = Math.max(ended, this.#align(message.stored))
    this.#sample(id, message.sample)
    this.events.push({ id, type: 'stored', at: stored, ended, bytes: size })
    const result = key ? { key, size } : { bytes: body }
    this.events.push({ id, type: 'done', at: stored, ended, metrics: metricsOf(message.sample), result })
  }

  /** The worker is through with a call, whatever became of it meanwhile. */
  #called(message: WorkerMessage & { type: 'end' | 'fail' }): void {
    clearTimeout(this.#grace)
    this.#current = undefined
    this.#setDeadline()
    this.#through++
    if (message.type === 'fail' && message.fatal) this.#kill()
  }

  #raw(stream: 'stdout' | 'stderr', text: string): void {
    const attempt = this.#current
    if (attempt && !attempt.over) {
      this.events.push({ id: attempt.invocation.id, type: 'log', at: now(), stream, text })
    }
  }

  #setDeadline(): void {
    const { timeout } = this.#deployment.resources
    clearTimeout(this.#deadline)
    if (timeout === undefined) return
    const due = now() + timeout * 1000
    const check = () => {
      // A host that was busy itself finds timers before messages: first hear what the worker has said meanwhile.
      const late = now() - due > LATE_MS
      if (late && !heard) {
        heard = true
        this.#deadline = setTimeout(check, LATE_MS)
      } else this.#timeUp(timeout)
    }
    let heard = false
    this.#deadline = setTimeout(check, timeout * 1000)
  }

  #timeUp(timeout: number): void {
    const attempt = this.#current ?? this.#firstOpen()
    if (!attempt || attempt.over) return
    this.#fail(attempt, {
      kind: 'timeout',
      error: {
        name: 'TimeoutError',
        code: 'E_CALL_TIMEOUT',
        message: `Call ${attempt.invocation.callId} ran longer than its timeout of ${timeout} s`,
        hint: 'Give the job a longer timeout (seconds), or each call less to do.',
      },
    })
    this.#stop(attempt, 'timeout')
  }

  /** Asks the function to stop; kills the worker if it does not. */
  #stop(attempt: Attempt, reason: 'timeout' | 'cancelled'): void {
    this.#worker?.send({ type: 'abort', id: attempt.invocation.id, reason })
    clearTimeout(this.#grace)
    this.#grace = setTimeout(() => this.#kill(), GRACE_MS)
  }

  /** Ends the worker for what the begun call did; the calls that wait behind it are not to blame. */
  #kill(): void {
    this.#deliberate = true
    this.#worker?.kill()
  }

  #exit(code: number | null, signal: string | null): void {
    const worker = this.#worker!
    const attempt = this.#current ?? (this.#deliberate ? undefined : this.#firstOpen())
    if (attempt && !attempt.over) {
      const facts = {
        ...{ code, signal, stderr: worker.stderr, systemOom: worker.systemOom, heapLimit: worker.heapLimit },
        ...{ runtimeMemory: this.#deployment.resources.runtimeMemory, peakRss: attempt.last?.peakRss },
      }
      this.#fail(attempt, explainDeath(facts, attempt.invocation.callId))
    }
    this.#finish()
  }

  #fail(attempt: Attempt, { kind, error }: Failure, ended = now()): void {
    if (attempt.over) return
    attempt.over = true
    const { id } = attempt.invocation
    const metrics = attempt.last && metricsOf(attempt.last)
    if (attempt.last && kind === 'error') this.#sample(id, attempt.last)
    this.events.push({ id, type: 'failed', at: now(), ended, kind, error, ...(metrics ? { metrics } : {}) })
  }

  #giveBack(attempt: Attempt | undefined): void {
    if (!attempt || attempt.over) return
    attempt.over = true
    this.events.push({ id: attempt.invocation.id, type: 'returned', at: now() })
  }

  #firstOpen(): Attempt | undefined {
    for (const attempt of this.#attempts.values()) if (!attempt.over) return attempt
    return undefined
  }

  /** The worker is free as soon as it is through with the last call; what it says of the batch after that is nothing. */
  #finishIfThrough(): void {
    if (this.#through === this.#attempts.size) this.#finish()
  }

  #finish(): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#deadline)
    clearTimeout(this.#grace)
    this.#signal?.removeEventListener('abort', this.#aborted)
    for (const attempt of this.#attempts.values()) this.#giveBack(attempt)
    this.#pool.release(this.#worker!)
    this.#finished()
    this.events.end()
  }

  /** A worker's stamp on our clock: it lies between sending the batch and now, whatever its clock says. */
  #align(at: number): number {
    return Math.min(Math.max(at, this.#sentAt), now())
  }
}

function metricsOf({ cpuMs, peakRss, rx, tx }: WireSample): AttemptMetrics {
  return { cpuMs, peakRss, rx, tx }
}

function cancelled(callId: string): Failure {
  return {
    kind: 'cancelled',
    error: { name: 'Cancelled', code: 'E_CALL_CANCELLED', message: `Call ${callId} was cancelled` },
  }
}

/** What the worker must know of a deployment: everything the first time, then only its number. */
function describeDeployment(worker: WorkerProcess, deployment: Deployment) {
  const { key, known, forget } = worker.remember(deployment)
  if (known) return { deployment: { key } satisfies WireDeployment, known }
  const { code, resources, extraArgs, ...rest } = deployment
  const { env, timeout, runtimeMemory } = resources
  const changed = { ...worker.environmentChanges(), ...env }
  const wire = { key, forget, ...code, ...rest, env: changed, timeout, runtimeMemory, extraArgs: extraArgs.byteLength }
  return { deployment: wire as WireDeployment, known }
}
