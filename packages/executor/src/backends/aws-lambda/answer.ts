/** The two ways in which a function's answer comes to who waits for it. */
import type { Writable } from 'node:stream'
import type { RequestTally } from '../../cost/requests.js'
import type { Storage } from '../../storage/storage.js'
import { now } from '../../worker/clock.js'
import type { AttemptEvent, Beat } from '../backend.js'
import { type AnswerPlace, encode, type Line, liveName, type Sighting } from './wire.js'

export interface Answer {
  say(event: AttemptEvent | Beat): void
  /** A second has passed. */
  beat(): void
  /** Somebody is known to wait still. */
  renew(): void
  /** All is said; resolves when it can be read. `wanted` finds out whether somebody still waits for it. */
  end(wanted: () => Promise<boolean>): Promise<void>
}

/** Measurements may wait so long for something that may not, ms: who listens to a thousand functions pays for each chunk. */
const LAZY_MS = 500

/** Lines of the response, as they come. Those of one turn of the loop go together: each chunk is a message with headers. */
export class StreamedAnswer implements Answer {
  readonly #out: Writable
  #lines: string[] = []
  #soon: NodeJS.Immediate | undefined
  #late: NodeJS.Timeout | undefined

  constructor(out: Writable) {
    this.#out = out
    this.#push({ type: 'clock', at: now() })
  }

  say(event: AttemptEvent | Beat): void {
    this.#push(event)
  }

  beat(): void {
    this.#push({ type: 'beat', at: now() })
  }

  renew(): void {
    // Who listens hears the beats.
  }

  async end(): Promise<void> {
    this.#flush()
  }

  #push(line: Line): void {
    this.#lines.push(encode(line))
    if (line.type === 'sample') this.#late ??= setTimeout(() => this.#flush(), LAZY_MS)
    else this.#soon ??= setImmediate(() => this.#flush())
  }

  #flush(): void {
    clearImmediate(this.#soon)
    clearTimeout(this.#late)
    this.#soon = this.#late = undefined
    if (this.#lines.length === 0 || this.#out.writableEnded) return
    this.#out.write(`${this.#lines.join('\n')}\n`)
    this.#lines = []
  }
}

/** Between two signs of life in the storage, ms: each is a request. The first comes after a second. */
const LIVE_MS = 2_500

/**
 * One object with all lines at the end, which only the first of several deliveries can write, and while the batch runs another
 * whose name says what has begun: who waits reads it off a listing.
 */
export class StoredAnswer implements Answer {
  readonly #storage: Storage
  readonly #bucket: string
  readonly #place: AnswerPlace
  readonly #tally: RequestTally
  readonly #lines: string[] = [encode({ type: 'clock', at: now() })]
  /** Keys of the objects that are there, or are about to be. */
  readonly #written = new Set<string>()
  #seen: Sighting | undefined
  #renewedAt = 0
  #ending = false
  #renewing = Promise.resolve()

  /** @param tally counts its requests, those of the end at once: they come after the bill */
  constructor(storage: Storage, bucket: string, place: AnswerPlace, tally: RequestTally) {
    this.#tally = tally
    tally.add('put')
    tally.add('get')
    this.#storage = storage
    this.#bucket = bucket
    this.#place = place
  }

  say(event: AttemptEvent | Beat): void {
    if (event.type === 'beat') return
    if (event.type === 'setup') {
      const { id, worker, cold, at: setup } = event
      this.#seen = { id, worker, cold, setup, fetched: 0, loaded: 0, started: 0, bytes: 0 }
    } else if (event.type === 'fetched' && this.#seen) {
      const { at: fetched, loaded, bytes } = event
      Object.assign(this.#seen, { fetched, loaded, bytes })
    } else if (event.type === 'started' && this.#seen) this.#seen.started = event.at
    this.#lines.push(encode(event))
  }

  beat(): void {
    // Nobody listens.
  }

  renew(): void {
    const at = now()
    if (at - this.#renewedAt < LIVE_MS || this.#ending) return
    this.#renewedAt = at
    const key = this.#place.live + liveName(this.#seen)
    this.#written.add(key)
    this.#tally.add('put')
    const put = () => this.#storage.putObject(this.#bucket, key, String(at))
    this.#renewing = this.#renewing.then(put).then(
      () => {},
      () => {},
    )
  }

  async end(wanted: () => Promise<boolean>): Promise<void> {
    this.#ending = true
    await this.#renewing
    await this.#publish()
    // Who still waits now finds it, and takes it away. Who has gone may have cleaned up before it was written.
    if (!(await wanted())) await this.#storage.deleteObjects(this.#bucket, this.#written)
  }

  async #publish(): Promise<void> {
    this.#written.add(this.#place.done)
    try {
      await this.#storage.putObject(this.#bucket, this.#place.done, `${this.#lines.join('\n')}\n`, { ifNoneMatch: '*' })
    } catch (error) {
      // Another delivery of the same event was first.
      const { code } = error as { code?: string }
      if (code !== 'E_STORAGE_EXISTS' && code !== 'E_STORAGE_PRECONDITION') throw error
    }
  }
}
