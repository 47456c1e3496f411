/**
 * Answers to asynchronous invocations, found by one listing a second for all batches of a job. An answer is read once, when it is
 * whole; what is under way is read off the names (`wire.ts`).
 */
import { Channel } from '../../channel.js'
import type { Storage } from '../../storage/storage.js'
import { readLiveName, type Sighting, STATUS } from './wire.js'

const EVERY_MS = 1000
/** Answers read at once. */
const READERS = 32
/** Listings that fail in a row before it is said. */
const FAILURES = 30

export type News =
  /** A listing has been made; nothing is said about the batch. */
  | { type: 'looked' }
  /** The storage did not answer: who is silent may be well. */
  | { type: 'blind' }
  /** The function has shown that it is alive. */
  | { type: 'alive'; seen: Sighting | null }
  /** The lines of the answer: the last news of a batch. */
  | { type: 'answer'; text: string }
  | { type: 'fault'; error: unknown }

export class AnswerPoll {
  readonly #storage: Storage
  readonly #bucket: string
  readonly #prefix: string
  readonly #watched = new Map<string, Channel<News>>()
  /** Etag of each object that was seen: another one is news. */
  readonly #seen = new Map<string, string>()
  /** Batches whose answer is there and not read yet. */
  readonly #answered = new Set<string>()
  readonly #readers = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> | undefined
  #failures = 0

  /** @param prefix under which each batch has a folder of its own, named by its token */
  constructor(storage: Storage, bucket: string, prefix: string) {
    this.#storage = storage
    this.#bucket = bucket
    this.#prefix = prefix
  }

  /** First part of the keys of a batch's objects. */
  prefixOf(token: string): string {
    return `${this.#prefix}${token}/`
  }

  /** News of a batch, until `unwatch`. */
  watch(token: string): Channel<News> {
    const news = new Channel<News>()
    this.#watched.set(token, news)
    this.#timer ??= setInterval(() => {
      this.#round ??= this.#look().finally(() => {
        this.#round = undefined
      })
    }, EVERY_MS)
    return news
  }

  unwatch(token: string): void {
    this.#watched.get(token)?.end()
    this.#watched.delete(token)
    if (this.#watched.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Stops looking, and removes whatever answers there are. */
  async close(): Promise<void> {
    for (const token of [...this.#watched.keys()]) this.unwatch(token)
    await Promise.all([this.#round, ...this.#readers])
    await this.#storage.deleteObjects(this.#bucket, await this.#storage.listKeys(this.#bucket, this.#prefix))
  }

  async #look(): Promise<void> {
    const gone: string[] = []
    try {
      for await (const { key, etag } of this.#storage.list(this.#bucket, this.#prefix)) {
        const [token, name] = key.slice(this.#prefix.length).split('/') as [string, string]
        const news = this.#watched.get(token)
        // Read already, or a late delivery of a batch that is over.
        if (!news) gone.push(key)
        else if (name === STATUS) this.#answered.add(token)
        else if (this.#seen.get(key) !== etag) {
          this.#seen.set(key, etag)
          const seen = readLiveName(name)
          if (seen !== undefined) news.push({ type: 'alive', seen })
        }
      }
      this.#failures = 0
    } catch (error) {
      if (++this.#failures >= FAILURES) this.#tell({ type: 'fault', error })
    }
    this.#tell({ type: this.#failures > 0 ? 'blind' : 'looked' })
    this.#read()
    await this.#remove(gone)
  }

  #tell(news: News): void {
    for (const channel of this.#watched.values()) channel.push(news)
  }

  /** Reads the answers there are, some at a time, while the listings go on. */
  #read(): void {
    while (this.#answered.size > 0 && this.#readers.size < READERS) {
      const token: string = this.#answered.values().next().value!
      this.#answered.delete(token)
      const reader: Promise<void> = this.#readOne(token).finally(() => {
        this.#readers.delete(reader)
        this.#read()
      })
      this.#readers.add(reader)
    }
  }

  async #readOne(token: string): Promise<void> {
    const news = this.#watched.get(token)
    if (!news) return
    try {
      const bytes = await this.#storage.getObject(this.#bucket, `${this.prefixOf(token)}${STATUS}`)
      news.push({ type: 'answer', text: Buffer.from(bytes).toString() })
    } catch {
      // The next listing has it again.
    }
  }

  async #remove(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return
    for (const key of keys) this.#seen.delete(key)
    await this.#storage.deleteObjects(this.#bucket, keys).catch(() => undefined)
  }
}
