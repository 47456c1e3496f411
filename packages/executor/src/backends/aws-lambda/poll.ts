/**
 * Answers to asynchronous invocations. Those that are there lie by themselves, and are gone once they are read: a listing of them
 * is short, and is made as often as answers are due (`cadence.ts`). What runs is read off the names of other objects (`wire.ts`),
 * every one to three seconds.
 */
import type { RequestTally } from '../../cost/requests.js'
import type { ObjectInfo, Storage } from '../../storage/storage.js'
import { now } from '../../worker/clock.js'
import { type Experience, LONGEST_MS, nextLife, nextLook, untilLook } from './cadence.js'
import { type AnswerPlace, readLiveName, type Sighting } from './wire.js'

/** How often time passes for who waits, and how often it is looked again after a look that failed, ms. */
const TICK_MS = 500
const AGAIN_MS = 1000
/** A look that takes longer is one at a storage that does not answer, ms. */
const SLOW_MS = 5000
/** Keys of one listing. */
const PAGE = 1000
/** Answers read at once. */
const READERS = 64
/** Looks that fail in a row before it is said: one a second then. */
const FAILURES = 30

export type News =
  /** Time has passed, and nothing is known of the batch. */
  | { type: 'looked' }
  /** The storage did not answer: who is silent may be well. */
  | { type: 'blind' }
  /** The function has shown that it is alive. */
  | { type: 'alive'; seen: Sighting | null }
  /** The lines of the answer: the last news of a batch. */
  | { type: 'answer'; text: string }
  | { type: 'fault'; error: unknown }

interface Watch {
  since: number
  tell(news: News): void
}

export interface PollParts {
  storage: Storage
  bucket: string
  /** Under which all answers lie. */
  prefix: string
  tally: RequestTally
  /** Of calls with the same code. */
  experience: Experience
  /** Interval at which looking for the answers of so many batches is worth its price, ms. */
  fair(batches: number): number
}

export class AnswerPoll {
  readonly #parts: PollParts
  readonly #watched = new Map<string, Watch>()
  /** Etag of each object of what runs that was seen: another one is news. */
  readonly #seen = new Map<string, string>()
  /** Batches whose answer is there and not read yet, and those being read. */
  readonly #answered = new Set<string>()
  readonly #reading = new Map<string, Promise<void>>()
  #read: string[] = []
  #timer: NodeJS.Timeout | undefined
  #due = Number.POSITIVE_INFINITY
  #ticker: NodeJS.Timeout | undefined
  /** When it was last looked for anything, and for what runs, ms. */
  #looked = 0
  #lived = 0
  #lookMs = 0
  #look: Promise<void> | undefined
  #failures = 0

  constructor(parts: PollParts) {
    this.#parts = parts
  }

  /** Where a batch's answer goes. */
  placeOf(token: string): AnswerPlace {
    const { prefix } = this.#parts
    return { done: `${prefix}done/${token}`, live: `${prefix}live/${token}/` }
  }

  /** Tells news of a batch from now on, until `unwatch`. */
  watch(token: string, tell: Watch['tell']): void {
    if (this.#watched.size === 0) {
      this.#looked = this.#lived = now()
      this.#ticker = setInterval(() => this.#tick(), TICK_MS)
    }
    this.#watched.set(token, { since: now(), tell })
    this.#plan(untilLook(0, this.#parts.experience.span, this.#fair))
  }

  unwatch(token: string): void {
    this.#watched.delete(token)
    this.#answered.delete(token)
    if (this.#watched.size > 0) return
    clearInterval(this.#ticker)
    clearTimeout(this.#timer)
    this.#due = Number.POSITIVE_INFINITY
  }

  /** Stops looking, and removes whatever answers there are. */
  async close(): Promise<void> {
    for (const token of [...this.#watched.keys()]) this.unwatch(token)
    await Promise.all([this.#look, ...this.#reading.values()])
    const { storage, bucket, prefix } = this.#parts
    await storage.deleteObjects(bucket, await storage.listKeys(bucket, prefix))
  }

  get #fair(): number {
    return this.#parts.fair(this.#watched.size)
  }

  /** Looks in so many ms, unless it is to look earlier anyway. */
  #plan(ms: number): void {
    const due = now() + ms
    if (this.#look || due >= this.#due) return
    clearTimeout(this.#timer)
    this.#due = due
    this.#timer = setTimeout(() => {
      this.#due = Number.POSITIVE_INFINITY
      this.#look = this.#lookNow().finally(() => {
        this.#look = undefined
        if (this.#watched.size > 0) this.#plan(this.#pause())
      })
    }, ms)
  }

  #pause(): number {
    if (this.#failures > 0) return AGAIN_MS
    return nextLook(this.#ages(), this.#parts.experience.span, this.#fair, this.#lookMs)
  }

  /** Since the requests, ms. */
  #ages(): number[] {
    const at = now()
    return [...this.#watched.values()].map(({ since }) => at - since)
  }

  async #lookNow(): Promise<void> {
    const since = now()
    try {
      const gone = await this.#lookForAnswers()
      if (since - this.#lived >= nextLife(this.#ages(), this.#fair)) {
        this.#lived = since
        gone.push(...(await this.#lookForLife()))
      }
      this.#failures = 0
      this.#looked = now()
      this.#lookMs = this.#looked - since
      this.#remove(gone)
    } catch (error) {
      if (++this.#failures >= FAILURES) this.#tellAll({ type: 'fault', error })
    }
  }

  #tick(): void {
    const blind = this.#failures > 0 || now() - this.#looked > LONGEST_MS + SLOW_MS
    this.#tellAll({ type: blind ? 'blind' : 'looked' })
  }

  /** Gives keys that are nobody's: read already, or a late delivery of a batch that is over. */
  async #lookForAnswers(): Promise<string[]> {
    const done = `${this.#parts.prefix}done/`
    const gone: string[] = []
    for await (const { key } of this.#list(done)) {
      const token = key.slice(done.length)
      if (!this.#watched.has(token)) gone.push(key)
      else if (!this.#reading.has(token)) this.#answered.add(token)
    }
    this.#readMore()
    return gone
  }

  async #lookForLife(): Promise<string[]> {
    const live = `${this.#parts.prefix}live/`
    const gone: string[] = []
    for await (const { key, etag } of this.#list(live)) {
      const [token, name] = key.slice(live.length).split('/') as [string, string]
      const watch = this.#watched.get(token)
      if (!watch) gone.push(key)
      else if (this.#seen.get(key) !== etag) {
        this.#seen.set(key, etag)
        const seen = readLiveName(name)
        if (seen !== undefined) watch.tell({ type: 'alive', seen })
      }
    }
    return gone
  }

  async *#list(prefix: string): AsyncGenerator<ObjectInfo> {
    const { storage, bucket, tally } = this.#parts
    let keys = 0
    for await (const one of storage.list(bucket, prefix)) {
      keys++
      yield one
    }
    tally.add('list', Math.max(1, Math.ceil(keys / PAGE)))
  }

  #tellAll(news: News): void {
    for (const { tell } of [...this.#watched.values()]) tell(news)
  }

  /** Reads the answers there are, some at a time, while the looking goes on. */
  #readMore(): void {
    while (this.#answered.size > 0 && this.#reading.size < READERS) {
      const token: string = this.#answered.values().next().value!
      this.#answered.delete(token)
      const reading = this.#readOne(token).finally(() => {
        this.#reading.delete(token)
        this.#readMore()
      })
      this.#reading.set(token, reading)
    }
  }

  async #readOne(token: string): Promise<void> {
    const { storage, bucket, experience, tally } = this.#parts
    const watch = this.#watched.get(token)
    if (!watch) return
    const { done } = this.placeOf(token)
    const took = now() - watch.since
    tally.add('get')
    try {
      const bytes = await storage.getObject(bucket, done)
      experience.add(took)
      this.#read.push(done)
      watch.tell({ type: 'answer', text: Buffer.from(bytes).toString() })
    } catch {
      // The next look has it again.
    }
  }

  /** In the background: what fails here is found again by the next look, and at last by `close`. */
  #remove(gone: readonly string[]): void {
    const keys = new Set([...gone, ...this.#read])
    this.#read = []
    if (keys.size === 0) return
    for (const key of keys) this.#seen.delete(key)
    this.#parts.storage.deleteObjects(this.#parts.bucket, keys).catch(() => undefined)
  }
}
