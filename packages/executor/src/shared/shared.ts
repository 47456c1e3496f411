/**
 * State that cells and workers share: `shared.counter('hits')` is the same counter in a notebook and in every call it starts. The process
 * that begins keeps it in memory; `new Shared({ url: 'redis://…' })` keeps it in Redis, for workers on other machines.
 */
import { shippable } from '../closure/shippable.js'
import {
  SharedBarrier,
  SharedCounter,
  SharedEvent,
  SharedLock,
  SharedMap,
  SharedQueue,
  SharedSemaphore,
} from './handles.js'
import { checkOptions, closeState, type SharedOptions, travelling } from './place.js'

export class Shared {
  readonly options: SharedOptions

  static [Symbol.for('mayfly.pack')](instance: Shared): SharedOptions {
    return travelling(instance.options)
  }

  static [Symbol.for('mayfly.unpack')](options: SharedOptions): Shared {
    return new Shared(options)
  }

  constructor(options: SharedOptions = {}) {
    this.options = checkOptions(options)
  }

  counter(name: string): SharedCounter {
    return new SharedCounter(this.options, name)
  }

  map<V = unknown>(name: string): SharedMap<V> {
    return new SharedMap<V>(this.options, name)
  }

  /** @param maxSize values after which `put` waits; default no limit. */
  queue<T = unknown>(name: string, maxSize?: number): SharedQueue<T> {
    return new SharedQueue<T>(this.options, name, maxSize)
  }

  lock(name: string): SharedLock {
    return new SharedLock(this.options, name)
  }

  semaphore(name: string, permits: number): SharedSemaphore {
    return new SharedSemaphore(this.options, name, permits)
  }

  barrier(name: string, parties: number): SharedBarrier {
    return new SharedBarrier(this.options, name, parties)
  }

  event(name: string): SharedEvent {
    return new SharedEvent(this.options, name)
  }

  /** Lets this process' connection go, and with it what it held. Needed for Redis only, whose connections keep a process alive. */
  async close(): Promise<void> {
    await closeState(this.options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** The state this process shares with the workers of its executors. */
export const shared = new Shared()

shippable(import.meta.url, { Shared, shared })
