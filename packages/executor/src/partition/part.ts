/** What a function gets for a part of an object: its bytes, text, records or lines, read when asked for. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { MayflyError } from '../errors.js'
import type { Bytes } from '../storage/driver.js'
import type { Storage } from '../storage/storage.js'
import { alignedBytes, splitRecords } from './align.js'
import { readUrl, readWholeUrl } from './http.js'
import type { ObjectPart } from './types.js'

const LINE_FEED = 0x0a

/** A part, opened in the worker. Each method reads anew, so that a part may be read twice. */
export class DataPart {
  readonly bucket: string | undefined
  readonly key: string | undefined
  readonly url: string | undefined
  readonly path: string | undefined
  /** From 0. */
  readonly part: number
  readonly totalParts: number
  /** Where the object was cut, in bytes; the part's records begin in `start ≤ position < end`. */
  readonly range: { start: number; end: number }
  /** Bytes of the whole object, if known. */
  readonly size: number | undefined
  readonly #part: ObjectPart
  readonly #storage: Storage

  constructor(part: ObjectPart, storage: Storage) {
    this.#part = part
    this.#storage = storage
    this.bucket = part.bucket
    this.key = part.key
    this.url = part.url
    this.path = part.path
    this.part = part.part
    this.totalParts = part.totalParts
    this.range = part.range
    this.size = part.size
  }

  /** The bytes of the part as a Node stream, which reads no faster than its consumer. */
  get dataStream(): Readable {
    return Readable.from(this.#chunks(), { objectMode: false })
  }

  /** All bytes of the part. */
  async bytes(): Promise<Bytes> {
    const chunks: Uint8Array[] = []
    for await (const chunk of this.#chunks()) chunks.push(chunk)
    return new Uint8Array(Buffer.concat(chunks))
  }

  /** All of the part as text in UTF-8. */
  async text(): Promise<string> {
    return Buffer.from((await this.bytes()).buffer).toString()
  }

  /** The records of the part as bytes, without what ends them. */
  records(): AsyncGenerator<Uint8Array> {
    return splitRecords(this.#chunks(), this.#part.newline ?? Uint8Array.of(LINE_FEED))
  }

  /** The records of the part as text. Where a line feed ends them, a carriage return before it goes, too. */
  async *lines(): AsyncGenerator<string> {
    const { newline } = this.#part
    const isLine = newline === null || (newline.length === 1 && newline[0] === LINE_FEED)
    for await (const record of splitRecords(this.#chunks(), newline ?? Uint8Array.of(LINE_FEED))) {
      const line = record.toString()
      yield isLine && line.endsWith('\r') ? line.slice(0, -1) : line
    }
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    const { url, ranges, newline, range, size = 0, totalParts } = this.#part
    if (url !== undefined && !ranges) yield* readWholeUrl(url)
    else if (newline === null || totalParts === 1) yield* this.#read(range.start, range.end)
    else yield* alignedBytes((from, to) => this.#read(from, to), { ...range, size }, newline)
  }

  async *#read(from: number, to: number): AsyncGenerator<Uint8Array> {
    const { bucket, key, url, path, etag } = this.#part
    if (from >= to) return
    if (url !== undefined) yield* readUrl(url, etag, from, to)
    else if (path !== undefined) yield* readFile(path, etag, from, to)
    else {
      const options = { range: { start: from, end: to - 1 }, ...(etag === undefined ? {} : { ifMatch: etag }) }
      yield* await this.#storage.streamObject(bucket!, key!, options)
    }
  }
}

/** Opens a part that `partition` has made. `storage` is the one it was made with. */
export function openPart(part: ObjectPart, storage: Storage): DataPart {
  return new DataPart(part, storage)
}

async function* readFile(path: string, etag: string | undefined, from: number, to: number) {
  const { size, mtimeMs } = await stat(path)
  if (`${size}-${mtimeMs}` !== etag) {
    throw new MayflyError('E_PARTITION_CHANGED', `${path} has changed since it was cut into parts`, {
      hint: 'Run the map again.',
      where: { path },
    })
  }
  yield* createReadStream(path, { start: from, end: to - 1, highWaterMark: 256 * 1024 }) as AsyncIterable<Uint8Array>
}
