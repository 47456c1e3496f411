/**
 * A job's own corner of the storage, `jobs/<run>/<job>/lambda/<id>/`: the object `open`, which is there as long as somebody waits
 * and tells functions which attempts to stop; requests too large for a message; and the answers to asynchronous invocations. Made
 * with the first batch under way, and removed with the last.
 */
import { randomUUID } from 'node:crypto'
import { dirname } from 'node:path'
import { RequestTally } from '../../cost/requests.js'
import type { Storage } from '../../storage/storage.js'
import type { Deployment } from '../backend.js'
import { AnswerPoll, type PollParts } from './poll.js'

export class JobPlace {
  readonly storage: Storage
  readonly bucket: string
  /** Rejects when the storage cannot be written. */
  readonly ready: Promise<unknown>
  /** Requests that were made here for the job, and are on no bill yet. */
  readonly tally = new RequestTally()
  readonly #prefix: string
  readonly #stopped = new Set<number>()
  #users = 0
  #poll: AnswerPoll | undefined
  #telling: Promise<unknown>
  /** Objects that are there besides `open` and the answers. */
  readonly #requests = new Set<string>()

  /** How often answers are looked for depends on the calls before, and on what it is worth. */
  readonly #cadence: Pick<PollParts, 'experience' | 'fair'>

  constructor(storage: Storage, { bucket, resultPrefix }: Deployment, cadence: Pick<PollParts, 'experience' | 'fair'>) {
    this.storage = storage
    this.#cadence = cadence
    this.bucket = bucket
    this.#prefix = `${dirname(resultPrefix)}/lambda/${randomUUID()}/`
    this.tally.add('put')
    this.ready = storage.putObject(bucket, this.open, '')
    this.#telling = this.ready.catch(() => undefined)
  }

  get open(): string {
    return `${this.#prefix}open`
  }

  /** One more batch. */
  enter(): void {
    this.#users++
  }

  /** One less; true for the last. */
  leave(): boolean {
    return --this.#users === 0
  }

  /** Functions that run these attempts stop within seconds. */
  stop(ids: Iterable<number>): Promise<unknown> {
    for (const id of ids) this.#stopped.add(id)
    // Several at once are one write.
    this.tally.add('put')
    this.#telling = this.#telling.then(() =>
      this.storage.putObject(this.bucket, this.open, [...this.#stopped].join(',')).catch(() => undefined),
    )
    return this.#telling
  }

  /** Stores a request that is too large for a message; gives its key. */
  async spill(payload: Uint8Array): Promise<string> {
    const key = `${this.#prefix}requests/${randomUUID()}`
    this.#requests.add(key)
    this.tally.add('put')
    await this.storage.putObject(this.bucket, key, payload)
    return key
  }

  async forget(key: string): Promise<void> {
    await this.storage.deleteObject(this.bucket, key)
    this.#requests.delete(key)
  }

  /** Where asynchronous answers come in; there is one poll for all of them. */
  get answers(): AnswerPoll {
    const { storage, bucket, tally } = this
    const prefix = `${this.#prefix}answers/`
    this.#poll ??= new AnswerPoll({ storage, bucket, prefix, tally, ...this.#cadence })
    return this.#poll
  }

  /** Removes everything. Functions that still run see it and stop. */
  async close(): Promise<void> {
    await this.#telling
    await this.storage.deleteObjects(this.bucket, [this.open, ...this.#requests])
    await this.#poll?.close()
  }
}
