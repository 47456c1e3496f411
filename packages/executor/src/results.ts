/**
 * The small results of a job, which otherwise are only in the memory of the process that asked for them. They are put into
 * storage a few times a second, so that another process can attach to the run, also after this one has died.
 */
import { deserialize, serialize } from 'node:v8'
import type { Background } from './background.js'
import type { Storage } from './storage/storage.js'

const FLUSH_MS = 200
const FLUSH_BYTES = 8 * 1024 * 1024

type Entry = [index: number, bytes: Uint8Array]

export class ResultJournal {
  readonly #storage: Storage
  readonly #prefix: string
  readonly #background: Background
  #entries: Entry[] = []
  #size = 0
  #written = 0
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<unknown> = Promise.resolve()

  /** @param prefix keys of the job's data */
  constructor(storage: Storage, prefix: string, background: Background) {
    this.#storage = storage
    this.#prefix = prefix
    this.#background = background
  }

  add(index: number, bytes: Uint8Array): void {
    this.#entries.push([index, bytes])
    this.#size += bytes.byteLength
    if (this.#size > FLUSH_BYTES) this.#flush()
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS)
  }

  /** No more results come. */
  end(): void {
    this.#flush()
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#entries.length === 0) return
    const bytes = serialize(this.#entries)
    this.#entries = []
    this.#size = 0
    const key = `${this.#prefix}/journal/${String(this.#written++).padStart(8, '0')}`
    // One after the other; if it cannot be written, those who attach are told that the result is gone.
    this.#writing = this.#writing
      .then(() => this.#storage.putObject(this.#storage.bucket, key, bytes))
      .catch(() => undefined)
    this.#background.add(this.#writing)
  }
}

/** The results that journals of a job have, by the position of the call. */
export async function readJournal(storage: Storage, prefix: string): Promise<Map<number, Uint8Array>> {
  const results = new Map<number, Uint8Array>()
  for (const key of await storage.listKeys(storage.bucket, `${prefix}/journal/`)) {
    const entries = deserialize(await storage.getObject(storage.bucket, key)) as Entry[]
    for (const [index, bytes] of entries) results.set(index, bytes)
  }
  return results
}
