/**
 * Backend `aws_lambda`: a batch is one invocation with a streamed response, whose lines are the attempts' events. The SDK is
 * loaded only when something is deployed, and tries nothing again by itself: that is the executor's business.
 */
import { randomUUID } from 'node:crypto'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { dirname } from 'node:path'
import type { LambdaClient } from '@aws-sdk/client-lambda'
import { prices } from '../../cost/cost.js'
import type { ErrorValue, FailureKind } from '../../errors.js'
import { MayflyError } from '../../errors.js'
import { openStorage } from '../../storage-link.js'
import { now } from '../../worker/clock.js'
import type { AttemptEvent, Backend, BackendLimits, Beat, Deployment, Invocation, Price } from '../backend.js'
import { type AwsLambdaOptions, functionMemory, neededAwsLambda } from './config.js'
import { deleteFunctions, ensureFunction, nameOf } from './deploy.js'
import { decode, encode, type Line } from './wire.js'

/** Requests up to this size travel in the message (the service takes 6,291,456 bytes), larger ones by storage. */
const REQUEST = 5 * 1024 * 1024
/** An attempt must end before the function does: 900 s less what loading takes. */
const LONGEST = 890
const LIMITS = {
  ...{ rate: { perSecond: 100, burst: 1000 }, inlineInput: 64 * 1024, inlineResult: 64 * 1024 },
  ...{ memory: 10_080, timeout: LONGEST, lease: { start: 60_000, running: 10_000 } },
}

export class AwsLambdaBackend implements Backend {
  readonly name = 'aws_lambda'
  readonly limits: BackendLimits
  readonly #options: AwsLambdaOptions
  readonly #ready = new Map<number, Promise<string>>()
  readonly #running = new Set<AbortController>()
  /** For each attempt under way, how to have it stopped. */
  readonly #stops = new Map<number, () => Promise<unknown>>()
  readonly #marking = new Set<Promise<unknown>>()
  #client: Promise<LambdaClient> | undefined

  /** Throws `E_CONFIG_AWS` without options. */
  constructor(concurrency: number, options: AwsLambdaOptions | undefined) {
    this.limits = { concurrency, ...LIMITS }
    this.#options = neededAwsLambda(options)
  }

  prewarm(): void {
    // An environment starts with its first call.
  }

  async prepare({ resources }: Deployment): Promise<void> {
    await this.#function(resources.runtimeMemory)
  }

  async *invoke(
    deployment: Deployment,
    batch: Invocation[],
    signal: AbortSignal,
  ): AsyncGenerator<AttemptEvent | Beat, void, undefined> {
    const open = new Map(batch.map((one) => [one.id, { begun: false, callId: one.callId }]))
    const ends = (kind: FailureKind, error: Partial<ErrorValue>, also = false): AttemptEvent[] =>
      [...open].map(([id, { begun, callId }]) => {
        open.delete(id)
        const at = now()
        if (!begun && !also) return { type: 'returned', id, at }
        const message = `Call ${callId}: ${error.message}`
        return { type: 'failed', id, at, ended: at, kind, error: { name: 'Error', ...error, message } as ErrorValue }
      })
    const storage = openStorage(deployment.storage)
    const { bucket } = deployment
    const token = randomUUID()
    const place = `${dirname(deployment.resultPrefix)}/lambda/${token}`
    const task = { deployment: encode(deployment), batch, cancelPrefix: `${place}/stop/` }
    const mark = (which: string) => storage.putObject(bucket, `${task.cancelPrefix}${which}`, '')
    const stop = new AbortController()
    const abort = () => stop.abort()
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
    this.#running.add(stop)
    for (const { id } of batch) this.#stops.set(id, () => mark(String(id)))
    let spilled: string | undefined
    try {
      const name = await this.#function(deployment.resources.runtimeMemory)
      let payload = encode(task)
      if (Buffer.byteLength(payload) > REQUEST) {
        spilled = `${place}/request`
        await storage.putObject(bucket, spilled, payload)
        payload = JSON.stringify({ spilled, storage: deployment.storage, bucket })
      }
      for await (const event of this.#stream(name, payload, stop.signal)) {
        if (event.type !== 'beat') {
          const attempt = open.get(event.id)
          if (!attempt) continue
          attempt.begun ||= event.type === 'setup'
          if (event.type === 'done' || event.type === 'failed' || event.type === 'returned') open.delete(event.id)
        }
        yield event
      }
      yield* ends('lost', { code: 'E_CALL_LOST', message: 'the function ended without an answer' }, true)
    } catch (error) {
      if (stop.signal.aborted) {
        if (open.size > 0) this.#later(mark('all'))
        yield* ends('cancelled', { code: 'E_CALL_CANCELLED', message: 'it was cancelled' })
      } else if (nameOf(error) === 'TooManyRequestsException') {
        const seconds = Number((error as { retryAfterSeconds?: string }).retryAfterSeconds)
        const wait = seconds > 0 ? { retryAfter: seconds * 1000 } : {}
        for (const id of open.keys()) yield { type: 'throttled', id, at: now(), ...wait }
      } else yield* ends(...explained(error), true)
    } finally {
      signal.removeEventListener('abort', abort)
      this.#running.delete(stop)
      for (const { id } of batch) this.#stops.delete(id)
      if (spilled) this.#later(storage.deleteObject(bucket, spilled))
    }
  }

  cancel(id: number): void {
    const stop = this.#stops.get(id)
    if (stop) this.#later(stop())
  }

  price(): Price {
    const { gbSecond, request } = prices()[this.#options.architecture === 'arm64' ? 'aws_lambda_arm64' : 'aws_lambda']
    return { gbSecond, request }
  }

  /** Ends what is under way and closes every connection. Deployed functions stay: they cost nothing while nobody calls. */
  async close(): Promise<void> {
    for (const stop of this.#running) stop.abort()
    await Promise.allSettled([...this.#marking])
    const client = await this.#client?.catch(() => undefined)
    client?.destroy()
    this.#client = undefined
    this.#ready.clear()
  }

  /** Deletes the functions that were ever deployed under this prefix; gives their names. */
  async deleteRuntimes(): Promise<string[]> {
    this.#ready.clear()
    return deleteFunctions(await this.#connect(), this.#options.functionPrefix)
  }

  #later(promise: Promise<unknown>): void {
    const settled = promise.catch(() => {}).finally(() => this.#marking.delete(settled))
    this.#marking.add(settled)
  }

  #function(runtimeMemory: number | undefined): Promise<string> {
    const memory = functionMemory(runtimeMemory, this.#options.memoryClasses)
    let ready = this.#ready.get(memory)
    if (!ready) {
      ready = this.#connect().then((client) => ensureFunction(client, this.#options, memory))
      this.#ready.set(memory, ready)
      ready.catch(() => this.#ready.delete(memory))
    }
    return ready
  }

  #connect(): Promise<LambdaClient> {
    this.#client ??= import('@aws-sdk/client-lambda').then(({ LambdaClient }) => {
      const { region, endpoint } = this.#options
      const sockets = {
        keepAlive: true,
        maxSockets: this.limits.concurrency + 16,
        maxFreeSockets: this.limits.concurrency,
      }
      return new LambdaClient({
        ...{ region, ...(endpoint ? { endpoint } : {}), maxAttempts: 1 },
        requestHandler: {
          httpAgent: new HttpAgent(sockets),
          httpsAgent: new HttpsAgent(sockets),
          requestTimeout: 0,
          connectionTimeout: 10_000,
        },
      })
    })
    return this.#client
  }

  /** The events of one invocation, with stamps on this machine's clock. */
  async *#stream(name: string, payload: string, signal: AbortSignal): AsyncGenerator<AttemptEvent | Beat> {
    const [client, { InvokeWithResponseStreamCommand }] = await Promise.all([
      this.#connect(),
      import('@aws-sdk/client-lambda'),
    ])
    const sent = now()
    const request = new InvokeWithResponseStreamCommand({ FunctionName: name, Payload: Buffer.from(payload) })
    const { EventStream } = await client.send(request, { abortSignal: signal })
    const decoder = new TextDecoder()
    let rest = ''
    let offset = 0
    for await (const { PayloadChunk, InvokeComplete } of untilAborted(EventStream!, signal)) {
      if (InvokeComplete?.ErrorCode)
        throw new FunctionError(InvokeComplete.ErrorCode, InvokeComplete.ErrorDetails ?? '')
      const lines = (rest + decoder.decode(PayloadChunk?.Payload, { stream: true })).split('\n')
      rest = lines.pop()!
      for (const text of lines) {
        const line = decode(text) as Line
        // A clock that is wrong shows here: it was read after the request was sent, and before this.
        if (line.type === 'clock') offset = Math.max(sent - line.at, Math.min(0, now() - line.at))
        else yield shifted(line, offset)
      }
    }
  }
}

class FunctionError extends Error {
  readonly type: string

  constructor(type: string, details: string) {
    super(`${type}: ${details}`)
    this.type = type
  }
}

/** A stream that ends with an error as soon as the signal is aborted, whatever the connection does. */
async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]()
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
    if (signal.aborted) reject(new Error('aborted'))
  })
  aborted.catch(() => {})
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted])
      if (next.done) return
      yield next.value
    }
  } finally {
    void iterator.return?.()?.catch(() => {})
  }
}

function shifted<T extends AttemptEvent | Beat>(event: T, offset: number): T {
  if (offset === 0) return event
  const moved: Record<string, unknown> = { ...event }
  for (const key of ['at', 'ended', ...(event.type === 'fetched' ? ['loaded'] : [])]) {
    if (typeof moved[key] === 'number') moved[key] += offset
  }
  return moved as T
}

/** How attempts end that the platform or the network has ended. */
function explained(error: unknown): [FailureKind, Partial<ErrorValue>] {
  if (error instanceof MayflyError) throw error
  const type = error instanceof FunctionError ? error.type : nameOf(error)
  const { message } = error as Error
  if (type === 'Runtime.OutOfMemory') return ['oom', { code: 'E_CALL_OOM', message }]
  if (type === 'Sandbox.Timedout') return ['timeout', { code: 'E_CALL_TIMEOUT', message }]
  return ['lost', { code: 'E_CALL_LOST', message }]
}
