/** What users hold: a counter, map, queue, lock, semaphore, barrier or event of a name. Handles travel to workers in closures. */
import { shippable } from '../closure/shippable.js'
import { MayflyError } from '../errors.js'
import { decodeValue, encodeValue } from '../values.js'
import { type Grant, type SharedBackend, WaitEnded } from './backend.js'
import { held } from './held.js'
import { openState, type SharedOptions, travelling } from './place.js'

export interface WaitOptions {
  /** Seconds to wait before `E_SHARED_TIMEOUT`. Default: for ever. */
  timeout?: number
  /** Ends the wait with its reason. */
  signal?: AbortSignal
}

interface Packed {
  shared: SharedOptions
  name: string
  size?: number | undefined
}

const PACK = Symbol.for('mayfly.pack')
const UNPACK = Symbol.for('mayfly.unpack')

/** What all handles have in common. */
abstract class Handle {
  readonly name: string
  readonly #options: SharedOptions

  constructor(options: SharedOptions, name: string) {
    if (typeof name !== 'string' || name === '' || Buffer.byteLength(name) > 512) {
      throw new MayflyError('E_SHARED_NAME', `${JSON.stringify(name) ?? String(name)} is not a name for shared state`, {
        hint: 'Use 1 to 512 bytes of text.',
      })
    }
    this.#options = options
    this.name = name
  }

  protected get backend(): Promise<SharedBackend> {
    return openState(this.#options)
  }

  static [PACK](handle: Handle & { size?: number }): Packed {
    return { shared: travelling(handle.#options), name: handle.name, size: handle.size }
  }
}

/** A whole number that all add to. */
export class SharedCounter extends Handle {
  static [UNPACK]({ shared, name }: Packed): SharedCounter {
    return new SharedCounter(shared, name)
  }

  /** Adds, and answers the new value. */
  async add(by = 1): Promise<number> {
    return (await this.backend).counter(this.name, { add: whole(by) })
  }

  async get(): Promise<number> {
    return (await this.backend).counter(this.name, { add: 0 })
  }

  async set(value: number): Promise<void> {
    await (await this.backend).counter(this.name, { set: whole(value) })
  }
}

/** Values by text keys, in the order in which the keys came. */
export class SharedMap<V = unknown> extends Handle {
  static [UNPACK]({ shared, name }: Packed): SharedMap {
    return new SharedMap(shared, name)
  }

  async get(key: string): Promise<V | undefined> {
    const { value } = await (await this.backend).mapGet(this.name, { key })
    return value && (decode(value) as V)
  }

  async has(key: string): Promise<boolean> {
    return (await (await this.backend).mapGet(this.name, { key })).value !== undefined
  }

  async set(key: string, value: V): Promise<void> {
    await (await this.backend).mapSet(this.name, { key, value: this.#encode(key, value) })
  }

  /** Whether there was a value. */
  async delete(key: string): Promise<boolean> {
    return (await this.backend).mapSet(this.name, { key })
  }

  /**
   * Replaces a value by what `change` makes of it, as if nobody else wrote meanwhile: `change` is called again when somebody did.
   * Answers the new value; undefined removes the key.
   */
  async update(key: string, change: (value: V | undefined) => V | undefined | Promise<V | undefined>) {
    const backend = await this.backend
    while (true) {
      const { value: before, version } = await backend.mapGet(this.name, { key })
      const value = await change(before && (decode(before) as V))
      const encoded = value === undefined ? {} : { value: this.#encode(key, value) }
      if (value === undefined && version === 0) return undefined
      if (await backend.mapSet(this.name, { key, version, ...encoded })) return value
    }
  }

  async entries(): Promise<[string, V][]> {
    const entries = await (await this.backend).mapEntries(this.name, {})
    return entries.map(([key, value]) => [key, decode(value) as V])
  }

  async keys(): Promise<string[]> {
    return (await (await this.backend).mapEntries(this.name, {})).map(([key]) => key)
  }

  async size(): Promise<number> {
    return (await this.keys()).length
  }

  async clear(): Promise<void> {
    await (await this.backend).mapClear(this.name, {})
  }

  #encode(key: string, value: V): Uint8Array {
    return encodeValue(value, `The value of '${key}' in the shared map '${this.name}'`)
  }
}

/** First in, first out. A value is given to one taker only. */
export class SharedQueue<T = unknown> extends Handle {
  /** `put` waits while the queue holds so many. */
  readonly size: number | undefined

  static [UNPACK]({ shared, name, size }: Packed): SharedQueue {
    return new SharedQueue(shared, name, size)
  }

  constructor(shared: SharedOptions, name: string, maxSize?: number) {
    super(shared, name)
    this.size = maxSize === undefined ? undefined : count(maxSize, 'maxSize')
  }

  async put(value: T, wait: WaitOptions = {}): Promise<void> {
    const item = { value: encodeValue(value, `The value for the shared queue '${this.name}'`) }
    const limited = this.size === undefined ? item : { ...item, maxSize: this.size }
    const backend = await this.backend
    await waiting(this, wait, (signal) => backend.queuePut(this.name, limited, signal))
  }

  /** Takes the next value; waits for one. */
  async get(wait: WaitOptions = {}): Promise<T> {
    const backend = await this.backend
    return decode(await waiting(this, wait, (signal) => backend.queueGet(this.name, {}, signal))) as T
  }

  /** Values in the queue now. */
  async length(): Promise<number> {
    return (await this.backend).queueSize(this.name, {})
  }
}

/** A holding of a lock or semaphore; ends with `release`, with `await using`, or with the process that has it. */
export class Held {
  /** Rises with every holding. Give it to what you write to, and refuse there what comes with a lower one. */
  readonly fence: number
  readonly #release: () => Promise<boolean>
  #released: Promise<boolean> | undefined

  constructor({ fence }: Grant, release: () => Promise<boolean>) {
    this.fence = fence
    this.#release = release
    held.add(this)
  }

  /** False when the holding had been lost before. Releasing twice does nothing more. */
  release(): Promise<boolean> {
    held.delete(this)
    return (this.#released ??= this.#release())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release()
  }
}

/** Lets at most `size` holders in, in the order of their asking. */
export class SharedSemaphore extends Handle {
  readonly size: number

  static [UNPACK]({ shared, name, size }: Packed): SharedSemaphore {
    return new SharedSemaphore(shared, name, size as number)
  }

  constructor(shared: SharedOptions, name: string, permits: number) {
    super(shared, name)
    this.size = count(permits, 'permits')
  }

  async acquire(wait: WaitOptions = {}): Promise<Held> {
    const backend = await this.backend
    const grant = await waiting(this, wait, (signal) => backend.acquire(this.name, { permits: this.size }, signal))
    return new Held(grant, () => backend.release(this.name, { holder: grant.holder }))
  }

  /** Runs `work` while holding. */
  async run<T>(work: (held: Held) => T | Promise<T>, wait: WaitOptions = {}): Promise<T> {
    const held = await this.acquire(wait)
    try {
      return await work(held)
    } finally {
      await held.release()
    }
  }
}

/** One holder at a time, in the order of their asking. Not for taking twice by the same holder. */
export class SharedLock extends SharedSemaphore {
  static override [UNPACK]({ shared, name }: Packed): SharedLock {
    return new SharedLock(shared, name)
  }

  constructor(shared: SharedOptions, name: string) {
    super(shared, name, 1)
  }
}

/** Everybody waits until `size` have come; then it begins anew. */
export class SharedBarrier extends Handle {
  readonly size: number

  static [UNPACK]({ shared, name, size }: Packed): SharedBarrier {
    return new SharedBarrier(shared, name, size as number)
  }

  constructor(shared: SharedOptions, name: string, parties: number) {
    super(shared, name)
    this.size = count(parties, 'parties')
  }

  /** Answers who of the round this is, from 0: one of them may do what is to be done once. */
  async wait(wait: WaitOptions = {}): Promise<number> {
    const backend = await this.backend
    return waiting(this, wait, (signal) => backend.barrier(this.name, { parties: this.size }, signal))
  }
}

/** A flag to wait for. */
export class SharedEvent extends Handle {
  static [UNPACK]({ shared, name }: Packed): SharedEvent {
    return new SharedEvent(shared, name)
  }

  async set(): Promise<void> {
    await (await this.backend).event(this.name, { set: true })
  }

  async clear(): Promise<void> {
    await (await this.backend).event(this.name, { set: false })
  }

  async isSet(): Promise<boolean> {
    return (await this.backend).event(this.name, {})
  }

  async wait(wait: WaitOptions = {}): Promise<void> {
    const backend = await this.backend
    await waiting(this, wait, (signal) => backend.eventWait(this.name, {}, signal))
  }
}

async function waiting<T>(
  { name, constructor: { name: kind } }: Handle,
  { timeout, signal }: WaitOptions,
  wait: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const ending = new AbortController()
  const end = () => ending.abort()
  const timer = timeout === undefined ? undefined : setTimeout(end, timeout * 1000)
  signal?.addEventListener('abort', end)
  try {
    return await wait(ending.signal)
  } catch (error) {
    if (!(error instanceof WaitEnded)) throw error
    if (signal?.aborted) throw signal.reason
    throw new MayflyError('E_SHARED_TIMEOUT', `${kind} '${name}': waited ${timeout} s in vain`, {
      hint: 'Wait longer, or look at what the others are doing meanwhile.',
      where: { name },
    })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', end)
  }
}

function whole(value: number): number {
  if (Number.isSafeInteger(value)) return value
  throw new MayflyError('E_SHARED_VALUE', `A counter takes whole numbers, not ${String(value)}`, {
    hint: 'Use a shared map with update() for other values.',
  })
}

function count(value: number, what: string): number {
  if (Number.isInteger(value) && value > 0) return value
  throw new MayflyError('E_SHARED_VALUE', `${what}: ${String(value)} is not a whole number above 0`, {
    hint: 'Give how many there may or must be.',
  })
}

/** Typed arrays of a value are views of its bytes: those are the taker's own. */
function decode(bytes: Uint8Array): unknown {
  return decodeValue(bytes.slice())
}

shippable(import.meta.url, {
  ...{ SharedBarrier, SharedCounter, SharedEvent, SharedLock, SharedMap, SharedQueue, SharedSemaphore },
})
