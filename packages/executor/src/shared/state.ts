/**
 * The state itself, in the memory of one process, and everything that waits for it. Waiters are served in the order they came.
 * A client is whoever asks; when it is gone, what it held is free and what it waited for is forgotten. Pure.
 */
import { type Grant, type SharedBackend, WaitEnded } from './backend.js'

interface Waiter<T> {
  client: object
  resolve(value: T): void
  forget(): void
}

interface Permits {
  holders: Map<string, object>
  waiting: Waiter<Grant>[]
  most: number
}

interface Queue {
  items: Uint8Array[]
  getting: Waiter<Uint8Array>[]
  putting: (Waiter<void> & { value: Uint8Array; maxSize: number })[]
}

interface Barrier {
  waiting: Waiter<number>[]
}

interface Flag {
  set: boolean
  waiting: Waiter<void>[]
}

export class SharedState {
  readonly #counters = new Map<string, number>()
  readonly #maps = new Map<string, Map<string, { value: Uint8Array; version: number }>>()
  readonly #queues = new Map<string, Queue>()
  readonly #permits = new Map<string, Permits>()
  readonly #flags = new Map<string, Flag>()
  readonly #barriers = new Map<string, Barrier>()
  readonly #clients = new Map<object, Set<Waiter<never>>>()
  #versions = 0
  #fences = 0

  /** The state as `client` uses it. `close` is the client's end, however it came. */
  of(client: object): SharedBackend {
    return {
      counter: async (name, { add, set }) => {
        const value = set ?? (this.#counters.get(name) ?? 0) + (add ?? 0)
        this.#counters.set(name, value)
        return value
      },
      mapGet: async (name, { key }) => this.#maps.get(name)?.get(key) ?? { version: 0 },
      mapSet: async (name, { key, value, version }) => {
        const map = ensure(this.#maps, name, () => new Map())
        const before = map.get(key)
        if (version !== undefined && (before?.version ?? 0) !== version) return false
        if (value) map.set(key, { value, version: ++this.#versions })
        else map.delete(key)
        return value !== undefined || before !== undefined
      },
      mapEntries: async (name) => [...(this.#maps.get(name) ?? [])].map(([key, { value }]) => [key, value]),
      mapClear: async (name) => void this.#maps.delete(name),
      queuePut: (name, { value, maxSize }, signal) => this.#put(client, name, value, maxSize, signal),
      queueGet: (name, _, signal) => this.#get(client, name, signal),
      queueSize: async (name) => this.#queues.get(name)?.items.length ?? 0,
      acquire: (name, { permits }, signal) => this.#acquire(client, name, permits, signal),
      release: async (name, { holder }) => this.#release(name, holder),
      event: async (name, { set }) => this.#flag(name, set),
      eventWait: async (name, _, signal) => {
        const flag = ensure(this.#flags, name, () => ({ set: false, waiting: [] }))
        if (!flag.set) await this.#wait(client, flag.waiting, {}, signal)
      },
      barrier: (name, { parties }, signal) => this.#arrive(client, name, parties, signal),
      close: async () => this.#gone(client),
    }
  }

  #put(client: object, name: string, value: Uint8Array, maxSize = Number.POSITIVE_INFINITY, signal?: AbortSignal) {
    const queue = this.#queue(name)
    const waiting = this.#wait<void, { value: Uint8Array; maxSize: number }>(
      ...([client, queue.putting, { value, maxSize }, signal] as const),
    )
    this.#flow(queue)
    return waiting
  }

  #get(client: object, name: string, signal?: AbortSignal): Promise<Uint8Array> {
    const queue = this.#queue(name)
    const waiting = this.#wait<Uint8Array>(client, queue.getting, {}, signal)
    this.#flow(queue)
    return waiting
  }

  /** Moves values as far as there is room and there are takers. */
  #flow(queue: Queue): void {
    for (let moved = true; moved; ) {
      moved = false
      const put = queue.putting[0]
      // A taker that waits is room, too.
      if (put && (queue.items.length < put.maxSize || queue.getting.length > 0)) {
        queue.items.push(put.value)
        put.resolve()
        moved = true
      }
      const get = queue.getting[0]
      if (get && queue.items.length > 0) {
        get.resolve(queue.items.shift()!)
        moved = true
      }
    }
  }

  #acquire(client: object, name: string, most: number, signal?: AbortSignal): Promise<Grant> {
    const permits = ensure(this.#permits, name, (): Permits => ({ holders: new Map(), waiting: [], most }))
    permits.most = most
    const waiting = this.#wait<Grant>(client, permits.waiting, {}, signal)
    this.#grant(permits)
    return waiting
  }

  #grant(permits: Permits): void {
    while (permits.waiting.length > 0 && permits.holders.size < permits.most) {
      const { client, resolve } = permits.waiting[0]!
      const fence = ++this.#fences
      const holder = String(fence)
      permits.holders.set(holder, client)
      resolve({ holder, fence })
    }
  }

  #release(name: string, holder: string): boolean {
    const permits = this.#permits.get(name)
    if (!permits?.holders.delete(holder)) return false
    this.#grant(permits)
    return true
  }

  #flag(name: string, set: boolean | undefined): boolean {
    const flag = ensure(this.#flags, name, (): Flag => ({ set: false, waiting: [] }))
    if (set !== undefined) flag.set = set
    while (flag.set && flag.waiting.length > 0) flag.waiting[0]!.resolve()
    return flag.set
  }

  #arrive(client: object, name: string, parties: number, signal?: AbortSignal): Promise<number> {
    const barrier = ensure(this.#barriers, name, (): Barrier => ({ waiting: [] }))
    const waiting = this.#wait<number>(client, barrier.waiting, {}, signal)
    if (barrier.waiting.length >= parties) for (let i = 0; i < parties; i++) barrier.waiting[0]!.resolve(i)
    return waiting
  }

  #wait<T, E extends object = object>(
    client: object,
    line: (Waiter<T> & E)[],
    extra: E,
    signal?: AbortSignal,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const mine = ensure(this.#clients, client, () => new Set())
      const leave = () => {
        const at = line.indexOf(waiter)
        if (at >= 0) line.splice(at, 1)
        mine.delete(waiter as Waiter<never>)
        signal?.removeEventListener('abort', waiter.forget)
      }
      const waiter: Waiter<T> & E = {
        ...extra,
        client,
        resolve: (value) => {
          leave()
          resolve(value)
        },
        forget: () => {
          leave()
          reject(new WaitEnded())
        },
      }
      line.push(waiter)
      mine.add(waiter as Waiter<never>)
      if (signal?.aborted) queueMicrotask(waiter.forget)
      else signal?.addEventListener('abort', waiter.forget)
    })
  }

  #gone(client: object): void {
    for (const waiter of [...(this.#clients.get(client) ?? [])]) waiter.forget()
    this.#clients.delete(client)
    for (const [name, { holders }] of this.#permits) {
      for (const [holder, owner] of holders) if (owner === client) this.#release(name, holder)
    }
  }

  #queue(name: string): Queue {
    return ensure(this.#queues, name, (): Queue => ({ items: [], getting: [], putting: [] }))
  }
}

function ensure<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) map.set(key, (value = make()))
  return value
}
