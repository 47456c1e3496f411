/** A connection to a Redis server that fails with our errors, and soon. */
import { Redis, type RedisOptions } from 'ioredis'
import { MayflyError } from '../../errors.js'

const CONNECT_MS = 5_000

/** A connection made with its first use, and made again when it breaks. */
export class Connection {
  readonly #redis: Redis
  #connecting: Promise<void> | undefined
  #why: Error | undefined

  constructor(url: string, options: RedisOptions = {}) {
    this.#redis = new Redis(url, {
      lazyConnect: true,
      connectTimeout: CONNECT_MS,
      maxRetriesPerRequest: 3,
      retryStrategy: (times) => (times > 5 ? null : times * 100),
      ...options,
    })
    this.#redis.on('error', (error: Error) => (this.#why = error))
  }

  /** The client, connected; `E_REDIS` when the server does not answer. */
  async client(): Promise<Redis> {
    if (this.#redis.status === 'ready') return this.#redis
    if (this.#redis.status === 'wait' || this.#redis.status === 'end') this.#connecting = this.#redis.connect()
    try {
      await this.#connecting
    } catch (error) {
      const { host, port } = this.#redis.options
      const reason = this.#why?.message || (error as Error).message
      throw new MayflyError('E_REDIS', `Redis at ${host}:${port} does not answer: ${reason}`, {
        hint: 'Check the URL and the password, and that the server runs (redis-cli ping).',
        cause: error,
      })
    }
    return this.#redis
  }

  close(): void {
    this.#redis.disconnect()
  }
}
