/**
 * Shared state in Redis, for workers on any machine. Waiting is by a message when something changes, and by looking again now and then. Holders
 * renew a lease; one that is dead, or too busy to renew for that long, has lost what it held, which its fence tells.
 */
import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { Connection } from '../storage/redis/connect.js'
import { type Grant, type SharedBackend, WaitEnded } from './backend.js'
import { ACQUIRE, ARRIVE, LEAVE, MAP_SET, QUEUE_GET, QUEUE_PUT, RELEASE, RENEW } from './redis-scripts.js'

/** Between looks of those who wait, ms: for messages that got lost, and leases that ended. */
const LOOK_MS = 300

export class RedisShared implements SharedBackend {
  readonly #connection: Connection
  readonly #listener: Connection
  readonly #base: string
  readonly #channel: string
  readonly #leaseMs: number
  /** Who waits for news of a name. */
  readonly #waiting = new Map<string, Set<() => void>>()
  readonly #renewals = new Map<string, NodeJS.Timeout>()
  #listening: Promise<unknown> | undefined

  /** @param lease seconds for which a holder that does not renew keeps what it holds. */
  constructor(url: string, namespace: string, lease: number) {
    this.#connection = new Connection(url)
    this.#listener = new Connection(url)
    this.#base = `mayfly:shared:{${namespace}}:`
    this.#channel = `${this.#base}news`
    this.#leaseMs = Math.round(lease * 1000)
  }

  async counter(name: string, { add, set }: { add?: number; set?: number }): Promise<number> {
    const redis = await this.#redis
    if (set === undefined) return redis.incrby(this.#key('c', name), add ?? 0)
    await redis.set(this.#key('c', name), String(set))
    return set
  }

  async mapGet(name: string, { key }: { key: string }): Promise<{ value?: Uint8Array; version: number }> {
    const redis = await this.#redis
    // Both at once, so that they belong together.
    const answers = await redis.multi().hgetBuffer(this.#key('m', name), key).hget(this.#key('mv', name), key).exec()
    const [[, value], [, version]] = answers as [[unknown, Buffer | null], [unknown, string | null]]
    return value ? { value, version: Number(version) } : { version: 0 }
  }

  async mapSet(name: string, change: { key: string; value?: Uint8Array; version?: number }): Promise<boolean> {
    const { key, value, version = '' } = change
    const keys = [this.#key('m', name), this.#key('mv', name), this.#key('mo', name), `${this.#base}versions`]
    const body = value ? Buffer.from(value) : ''
    return (await (await this.#redis).eval(MAP_SET, 4, ...keys, key, String(version), value ? '1' : '', body)) === 1
  }

  async mapEntries(name: string): Promise<[string, Uint8Array][]> {
    const redis = await this.#redis
    const keys = await redis.zrange(this.#key('mo', name), '0', '-1')
    if (keys.length === 0) return []
    const values = await redis.hmgetBuffer(this.#key('m', name), ...keys)
    return keys.flatMap((key, i): [string, Uint8Array][] => (values[i] ? [[key, values[i]]] : []))
  }

  async mapClear(name: string): Promise<void> {
    await (await this.#redis).del(this.#key('m', name), this.#key('mv', name), this.#key('mo', name))
  }

  async queuePut(name: string, { value, maxSize }: { value: Uint8Array; maxSize?: number }, signal?: AbortSignal) {
    const redis = await this.#redis
    const args = [Buffer.from(value), String(maxSize ?? ''), this.#channel, name]
    await this.#until(name, signal, async () => {
      return (await redis.eval(QUEUE_PUT, 1, this.#key('q', name), ...args)) === 1 ? true : undefined
    })
  }

  async queueGet(name: string, _: unknown, signal?: AbortSignal): Promise<Uint8Array> {
    const redis = await this.#redis
    return this.#until(name, signal, async () => {
      const value = await redis.callBuffer('EVAL', QUEUE_GET, 1, this.#key('q', name), this.#channel, name)
      return (value as Buffer | null) ?? undefined
    })
  }

  async queueSize(name: string): Promise<number> {
    return (await this.#redis).llen(this.#key('q', name))
  }

  async acquire(name: string, { permits }: { permits: number }, signal?: AbortSignal): Promise<Grant> {
    const redis = await this.#redis
    const holder = randomBytes(12).toString('hex')
    const [holders, line, waiters] = [this.#key('lh', name), this.#key('ll', name), this.#key('lw', name)]
    const keys = [holders, line, waiters, `${this.#base}tickets`, `${this.#base}fences`]
    try {
      const fence = await this.#until(name, signal, async () => {
        return ((await redis.eval(ACQUIRE, 5, ...keys, holder, permits, this.#leaseMs)) as number) || undefined
      })
      this.#keep(name, holder)
      return { holder, fence }
    } catch (error) {
      await redis.eval(LEAVE, 3, line, waiters, this.#key('lp', name), holder)
      this.#tell(name)
      throw error
    }
  }

  async release(name: string, { holder }: { holder: string }): Promise<boolean> {
    clearInterval(this.#renewals.get(holder))
    this.#renewals.delete(holder)
    const redis = await this.#redis
    return (await redis.eval(RELEASE, 1, this.#key('lh', name), holder, this.#channel, name)) === 1
  }

  async event(name: string, { set }: { set?: boolean }): Promise<boolean> {
    const redis = await this.#redis
    const key = this.#key('e', name)
    if (set === undefined) return (await redis.exists(key)) === 1
    if (set) await redis.multi().set(key, '1').publish(this.#channel, name).exec()
    else await redis.del(key)
    return set
  }

  async eventWait(name: string, _: unknown, signal?: AbortSignal): Promise<void> {
    await this.#until(name, signal, async () => ((await this.event(name, {})) ? true : undefined))
  }

  async barrier(name: string, { parties }: { parties: number }, signal?: AbortSignal): Promise<number> {
    const redis = await this.#redis
    const id = randomBytes(12).toString('hex')
    const keys = [this.#key('bl', name), this.#key('bw', name), this.#key('bp', name)]
    try {
      return await this.#until(name, signal, async () => {
        const args = [...keys, `${this.#base}tickets`, id, parties, this.#channel, name]
        const place = (await redis.eval(ARRIVE, 4, ...args)) as number
        return place < 0 ? undefined : place
      })
    } catch (error) {
      const place = (await redis.eval(LEAVE, 3, ...keys, id)) as number
      if (place >= 0) return place
      throw error
    }
  }

  async close(): Promise<void> {
    for (const renewal of this.#renewals.values()) clearInterval(renewal)
    this.#connection.close()
    this.#listener.close()
  }

  /** Tries until there is something, with every news of the name and now and then. */
  async #until<T>(name: string, signal: AbortSignal | undefined, attempt: () => Promise<T | undefined>): Promise<T> {
    while (true) {
      // Heard from before the look, so that no news is missed between look and wait.
      const news = this.#news(name, signal)
      try {
        const found = await attempt()
        if (found !== undefined) return found
        if (signal?.aborted) throw new WaitEnded()
        await this.#listen()
        await news.heard
      } finally {
        news.forget()
      }
    }
  }

  #news(name: string, signal: AbortSignal | undefined): { heard: Promise<void>; forget(): void } {
    let wake = () => {}
    const heard = new Promise<void>((resolve) => (wake = resolve))
    const waiting = this.#waiting.get(name) ?? new Set()
    this.#waiting.set(name, waiting.add(wake))
    const look = setTimeout(wake, LOOK_MS * (0.5 + Math.random() / 2))
    signal?.addEventListener('abort', wake)
    const forget = () => {
      clearTimeout(look)
      signal?.removeEventListener('abort', wake)
      waiting.delete(wake)
      if (waiting.size === 0) this.#waiting.delete(name)
    }
    return { heard, forget }
  }

  #tell(name: string): void {
    for (const wake of this.#waiting.get(name) ?? []) wake()
  }

  #listen(): Promise<unknown> {
    this.#listening ??= this.#listener.client().then((redis) => {
      redis.on('message', (_channel, name: string) => this.#tell(name))
      return redis.subscribe(this.#channel)
    })
    return this.#listening
  }

  #keep(name: string, holder: string): void {
    const renew = async () => {
      const redis = await this.#redis
      const kept = await redis.eval(RENEW, 1, this.#key('lh', name), holder, this.#leaseMs)
      if (kept !== 1) clearInterval(this.#renewals.get(holder))
    }
    // A renewal that fails is tried again by the next.
    const timer = setInterval(() => void renew().catch(() => undefined), this.#leaseMs / 4)
    timer.unref()
    this.#renewals.set(holder, timer)
  }

  get #redis(): Promise<Redis> {
    return this.#connection.client()
  }

  #key(kind: string, name: string): string {
    return `${this.#base}${kind}:${name}`
  }
}
