/**
 * Backend `aws_lambda`: a batch is one invocation, answered by a streamed response or by way of the storage. The SDK is loaded
 * only when something is deployed, and tries nothing again by itself: that is the executor's business.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Channel } from '../../channel.js'
import { prices } from '../../cost/cost.js'
import { requestsCost } from '../../cost/requests.js'
import { OpenStorages } from '../../storage-link.js'
import { now } from '../../worker/clock.js'
import type {
  AttemptEvent,
  Backend,
  BackendLimits,
  Beat,
  Deployment,
  Invocation,
  Price,
  Resources,
} from '../backend.js'
import { OpenBatch } from './batch.js'
import { Experience, fairInterval } from './cadence.js'
import { type LambdaCaller, makeCaller, STREAMS } from './client.js'
import { type AwsLambdaOptions, LONGEST, MARGIN, neededAwsLambda } from './config.js'
import { deleteFunction, deleteFunctions, ensureFunction, MAX_EVENT_AGE, type ReadyFunction } from './deploy.js'
import { explained, isPending, isServerFault, isThrottle, nameOf, retryAfterOf } from './errors.js'
import { evented, NeverBegun, type Signs } from './evented.js'
import { JobPlace } from './place.js'
import type { PollParts } from './poll.js'
import { countInputs, mostRequests, withRequests } from './requests.js'
import { billedMemory, classesOf, functionMemory, largerMemory, MOST_FOR_CALL } from './sizes.js'
import { streamed } from './stream.js'
import { checkDeployment, forFunction } from './target.js'
import { type AnswerPlace, encodeTask, quote } from './wire.js'

/** Requests up to this size travel in the message (the service takes 6,291,456 and 1,048,576 bytes), larger ones by storage. */
const REQUEST = { stream: 5 * 1024 * 1024, event: 1_000_000 }
/** No rate: Lambda's is one of new environments only, and what it refuses is sent later. */
const LIMITS = {
  ...{ inlineInput: 64 * 1024, inlineResult: 64 * 1024 },
  ...{ memory: MOST_FOR_CALL, lease: { start: 60_000, running: 10_000 } },
}
/** Errors of the service in a row, with no request taken between them, after which attempts fail of them. */
const FAULTS = 50
/** Longer than the platform may keep a message, ms: it may just have begun. */
const PATIENCE_MS = 60_000

/** One that is gone so soon after it was made again is not made a third time, ms. */
const MISSING_MS = 60_000
/** Kinds of calls of which it is remembered how long they took. */
const CODES = 100
/** What is under way at the end has so long to go away, ms. */
const CLOSE_MS = 10_000

/** A deployment, ready to be called. */
interface Target {
  fn: ReadyFunction
  /** The deployment as the requests of its batches carry it. */
  quoted: string
}

export class AwsLambdaBackend implements Backend {
  readonly name = 'aws_lambda'
  readonly limits: BackendLimits
  larger?: NonNullable<Backend['larger']>
  readonly #options: AwsLambdaOptions
  readonly #classes: number[] | undefined
  readonly #functions = new Map<number, Promise<ReadyFunction>>()
  #targets = new WeakMap<Deployment, Promise<Target>>()
  readonly #running = new Set<AbortController>()
  /** For each attempt under way, where it is told to stop. */
  readonly #places = new Map<number, JobPlace>()
  /** The corner of each job that has batches under way, by the prefix of its results. */
  readonly #jobs = new Map<string, JobPlace>()
  /** How long calls have taken, by the hash of their code. */
  readonly #experience = new Map<string, Experience>()
  readonly #storages = new OpenStorages()
  readonly #tasks = new Set<Promise<unknown>>()
  /** When a function of this size was found to be gone, ms. */
  readonly #missing = new Map<number, number>()
  readonly #architectures = new Map<number, ReadyFunction['architecture']>()
  #caller: Promise<LambdaCaller> | undefined
  #streams = 0
  #faults = 0
  readonly #signs: Signs = { at: Number.NEGATIVE_INFINITY, sent: 0, waiting: 0 }

  /** Throws `E_CONFIG_AWS` without options. */
  constructor(concurrency: number, options: AwsLambdaOptions | undefined) {
    this.#options = neededAwsLambda(options)
    this.#classes = classesOf(this.#options)
    this.limits = { concurrency, ...LIMITS, timeout: (this.#options.functionTimeout ?? LONGEST) - MARGIN }
    const classes = this.#classes
    if (classes) this.larger = (runtimeMemory) => largerMemory(runtimeMemory, classes)
  }

  prewarm(): void {
    // An environment starts with its first call.
  }

  async prepare(deployment: Deployment): Promise<void> {
    checkDeployment(deployment, this.#options)
    await this.#target(deployment)
  }

  invoke(deployment: Deployment, batch: Invocation[], signal: AbortSignal): AsyncIterable<AttemptEvent | Beat> {
    const stop = new AbortController()
    const news = new Channel<AttemptEvent | Beat>(() => stop.abort())
    void this.#run(deployment, batch, signal, stop, news)
    return news
  }

  async #run(
    deployment: Deployment,
    batch: Invocation[],
    signal: AbortSignal,
    stop: AbortController,
    news: Channel<AttemptEvent | Beat>,
  ): Promise<void> {
    const open = new OpenBatch(batch)
    const abort = () => stop.abort()
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
    this.#running.add(stop)
    const place = this.#enter(deployment, batch)
    countInputs(batch, place.tally)
    const charged = deployment.storage.backend === 'aws_s3'
    const tell = (event: AttemptEvent | Beat) => {
      this.#faults = 0
      if (open.takes(event)) news.push(withRequests(event, charged ? place.tally : undefined))
    }
    try {
      const target = await this.#target(deployment)
      await place.ready
      stop.signal.throwIfAborted()
      await this.#make(deployment, target, batch, place, stop.signal, tell)
      // Should it live after all, it must not publish what another attempt has brought, and somebody has taken, long ago.
      if (open.ids.length > 0) this.#later(place.stop(open.ids))
      for (const event of open.lost('the function ended without an answer')) news.push(event)
    } catch (error) {
      if (stop.signal.aborted) this.#later(place.stop(open.ids))
      const ends = stop.signal.aborted ? open.cancelled() : this.#refused(error, deployment, open)
      for (const event of ends) news.push(event)
    } finally {
      signal.removeEventListener('abort', abort)
      this.#running.delete(stop)
      this.#leave(deployment, batch, place)
      news.end()
    }
  }

  cancel(id: number): void {
    const place = this.#places.get(id)
    if (place) this.#later(place.stop([id]))
  }

  price({ runtimeMemory }: Resources): Price {
    const memory = billedMemory(runtimeMemory, this.#classes)
    const architecture = this.#architectures.get(memory) ?? this.#options.architecture
    const { gbSecond, request } = prices()[architecture === 'arm64' ? 'aws_lambda_arm64' : 'aws_lambda']
    const { invocation = 'auto' } = this.#options
    return { gbSecond, request, memory, storage: (seconds) => requestsCost(mostRequests(seconds, invocation)) }
  }

  /**
   * Ends what is under way, removes what it has left in the storage and closes every connection. Deployed functions stay: they
   * cost nothing while nobody calls.
   */
  async close(): Promise<void> {
    for (const stop of this.#running) stop.abort()
    const until = now() + CLOSE_MS
    while (this.#running.size + this.#tasks.size > 0 && now() < until) {
      await Promise.race([Promise.allSettled(this.#tasks), sleep(CLOSE_MS, undefined, { ref: false })])
      if (this.#running.size > 0) await sleep(1)
    }
    await this.#storages.close()
    await this.#disconnect()
  }

  /** Deletes the functions that were made for this executor's calls. */
  async clean(): Promise<void> {
    const made = this.#options.functions ? [] : await Promise.allSettled(this.#functions.values())
    this.#forget()
    const { client } = await this.#connect()
    for (const one of made) if (one.status === 'fulfilled') await deleteFunction(client, one.value.name)
  }

  /** Deletes the functions that were ever made under this prefix; gives their names. */
  async deleteRuntimes(): Promise<string[]> {
    this.#forget()
    const { client } = await this.#connect()
    return deleteFunctions(client, this.#options.functionPrefix)
  }

  /** Makes one invocation, and tells what comes of it. */
  async #make(
    deployment: Deployment,
    { fn, quoted }: Target,
    batch: Invocation[],
    place: JobPlace,
    signal: AbortSignal,
    tell: (event: AttemptEvent | Beat) => void,
  ): Promise<void> {
    const { invocation = 'auto', streams = STREAMS, maxEventAge = MAX_EVENT_AGE } = this.#options
    const streaming = invocation === 'stream' || (invocation === 'auto' && this.#streams < streams)
    const caller = await this.#connect()
    let spilled: string | undefined
    const payload = async (answer?: AnswerPlace): Promise<Uint8Array> => {
      const task = { batch, open: place.open, ...(answer === undefined ? {} : { answer }) }
      const bytes = encodeTask(quoted, task)
      if (bytes.byteLength <= REQUEST[streaming ? 'stream' : 'event']) return bytes
      spilled = await place.spill(bytes)
      const { storage } = forFunction(deployment, fn, this.#classes, this.#options)
      return Buffer.from(JSON.stringify({ spilled, storage, bucket: deployment.bucket }))
    }
    if (streaming) this.#streams++
    try {
      if (streaming) await streamed(caller, fn.name, await payload(), signal, tell)
      else {
        const patience = maxEventAge * 1000 + PATIENCE_MS
        const settle = () => this.#later(place.stop(batch.map(({ id }) => id)))
        const { answers } = place
        const signs = this.#signs
        await evented({ caller, name: fn.name, payload, answers, patience, signs, settle, tell, signal })
      }
    } finally {
      if (streaming) this.#streams--
      if (spilled) this.#later(place.forget(spilled))
    }
  }

  /** Attempts that the service would not take, or whose function has died. */
  *#refused(error: unknown, deployment: Deployment, open: OpenBatch): Generator<AttemptEvent> {
    const busy = isThrottle(error) || isPending(error) || error instanceof NeverBegun
    // A service that is not well is left alone for a while, but not for ever.
    const unwell = isServerFault(error) && ++this.#faults < FAULTS
    if (busy || unwell) yield* open.throttled(retryAfterOf(error))
    else if (nameOf(error) === 'ResourceNotFoundException' && this.#madeAgain(deployment)) yield* open.returned()
    else yield* open.failed(...explained(error))
  }

  /** Somebody has deleted the function: the next batch makes it again. */
  #madeAgain(deployment: Deployment): boolean {
    const memory = this.#memoryOf(deployment)
    const before = this.#missing.get(memory) ?? Number.NEGATIVE_INFINITY
    if (this.#options.functions) return false
    // Of several batches that find it gone, the first forgets it.
    if (now() - before > MISSING_MS) {
      this.#missing.set(memory, now())
      this.#forget()
    }
    return now() - this.#missing.get(memory)! < MISSING_MS / 2
  }

  #enter(deployment: Deployment, batch: Invocation[]): JobPlace {
    let place = this.#jobs.get(deployment.resultPrefix)
    if (!place) {
      place = new JobPlace(this.#storages.open(deployment.storage), deployment, this.#cadence(deployment))
      this.#jobs.set(deployment.resultPrefix, place)
    }
    place.enter()
    for (const { id } of batch) this.#places.set(id, place)
    return place
  }

  /** How often it is looked for answers of this job. */
  #cadence({ code, resources }: Deployment): Pick<PollParts, 'experience' | 'fair'> {
    const experience = this.#experience.get(code.hash) ?? new Experience()
    // What was used last is last.
    this.#experience.delete(code.hash)
    this.#experience.set(code.hash, experience)
    if (this.#experience.size > CODES) this.#experience.delete(this.#experience.keys().next().value!)
    const fair = (running: number) => {
      const { gbSecond, memory } = this.price(resources)
      return fairInterval(running, prices().aws_s3.list, gbSecond * (memory! / 1024))
    }
    return { experience, fair }
  }

  #leave({ resultPrefix }: Deployment, batch: Invocation[], place: JobPlace): void {
    for (const { id } of batch) this.#places.delete(id)
    if (!place.leave()) return
    this.#jobs.delete(resultPrefix)
    this.#later(place.close())
  }

  /** Something that need not be waited for, but by `close`. */
  #later(promise: Promise<unknown>): void {
    const settled = promise.catch(() => {}).finally(() => this.#tasks.delete(settled))
    this.#tasks.add(settled)
  }

  #target(deployment: Deployment): Promise<Target> {
    let target = this.#targets.get(deployment)
    if (!target) {
      target = this.#function(this.#memoryOf(deployment)).then((fn) => {
        checkDeployment(deployment, this.#options, fn.timeout)
        return { fn, quoted: quote(forFunction(deployment, fn, this.#classes, this.#options)) }
      })
      this.#targets.set(deployment, target)
      target.catch(() => this.#targets.delete(deployment))
    }
    return target
  }

  #memoryOf({ resources }: Deployment): number {
    return functionMemory(resources.runtimeMemory, this.#classes)
  }

  #function(memory: number): Promise<ReadyFunction> {
    let ready = this.#functions.get(memory)
    if (!ready) {
      ready = this.#connect().then(({ client }) => ensureFunction(client, this.#options, memory))
      this.#functions.set(memory, ready)
      ready.then(
        ({ architecture }) => this.#architectures.set(memory, architecture),
        () => this.#functions.delete(memory),
      )
    }
    return ready
  }

  #forget(): void {
    this.#functions.clear()
    this.#targets = new WeakMap()
  }

  #connect(): Promise<LambdaCaller> {
    this.#caller ??= makeCaller(this.#options, this.limits.concurrency)
    return this.#caller
  }

  async #disconnect(): Promise<void> {
    const caller = await this.#caller?.catch(() => undefined)
    caller?.client.destroy()
    this.#caller = undefined
    this.#forget()
  }
}
