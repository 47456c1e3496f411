/** Storage `memory`: objects of this process, for tests and for trying things out. Workers are other processes and cannot see it. */
import { randomBytes } from 'node:crypto'
import type {
  Bytes,
  DeleteOptions,
  GetOptions,
  ListOptions,
  ListPage,
  ObjectInfo,
  Opened,
  Place,
  PutOptions,
  StorageDriver,
  UploadedPart,
} from './driver.js'
import { described } from './driver.js'
import { badUpload, changed, exists, notFound } from './errors.js'
import { compareKeys } from './keys.js'
import { takePage } from './list.js'
import { resolveRange } from './ranges.js'

interface Stored {
  info: ObjectInfo
  body: Bytes
}

interface Upload {
  key: string
  options: PutOptions
  parts: Map<number, { etag: string; body: Bytes }>
}

const CHUNK = 64 * 1024
const PAGE = 1_000

export class MemoryDriver implements StorageDriver {
  readonly name = 'memory'
  readonly #buckets = new Map<string, Map<string, Stored>>()
  readonly #uploads = new Map<string, Upload>()

  async put(place: Place, body: Uint8Array | AsyncIterable<Uint8Array>, options: PutOptions): Promise<ObjectInfo> {
    return this.#store(place, await gather(body), options)
  }

  async get(place: Place, options: GetOptions): Promise<{ info: ObjectInfo; body: Bytes }> {
    const { info, body } = this.#find(place, options.ifMatch)
    const { start, length } = resolveRange(options.range, info.size, place.key)
    return { info: { ...info }, body: body.slice(start, start + length) }
  }

  async stream(place: Place, options: GetOptions): Promise<Opened> {
    const { info, body } = await this.get(place, options)
    async function* chunks() {
      for (let at = 0; at < body.length; at += CHUNK) yield body.subarray(at, at + CHUNK)
    }
    return { info, body: chunks() }
  }

  async head(place: Place): Promise<ObjectInfo> {
    return { ...this.#find(place, undefined).info }
  }

  async list(bucket: string, options: ListOptions): Promise<ListPage> {
    const keys = [...(this.#buckets.get(bucket)?.keys() ?? [])].sort(compareKeys)
    const { found, ...page } = await takePage(options, options.maxKeys ?? PAGE, function* ({ prefix, after }) {
      for (const key of keys) {
        if (key.startsWith(prefix) && (after === '' || compareKeys(key, after) > 0)) yield { key, item: key }
      }
    })
    const objects = found.flatMap(({ key }) => {
      const { contentType: _type, metadata: _metadata, ...info } = this.#find({ bucket, key }, undefined).info
      return [info]
    })
    return { ...page, objects }
  }

  async delete(bucket: string, keys: readonly string[], { ifMatch }: DeleteOptions): Promise<void> {
    const objects = this.#buckets.get(bucket)
    for (const key of keys) {
      const stored = objects?.get(key)
      if (stored && ifMatch !== undefined && stored.info.etag !== ifMatch) throw changed({ bucket, key })
      objects?.delete(key)
    }
  }

  async copy(from: Place, to: Place, options: PutOptions): Promise<ObjectInfo> {
    const { info, body } = this.#find(from, undefined)
    return this.#store(to, body, { ...described(info), ...options })
  }

  async createMultipart({ key }: Place, options: PutOptions): Promise<string> {
    const id = randomBytes(16).toString('hex')
    this.#uploads.set(id, { key, options, parts: new Map() })
    return id
  }

  async uploadPart(place: Place, uploadId: string, number: number, body: Uint8Array): Promise<UploadedPart> {
    const etag = randomBytes(8).toString('hex')
    this.#upload(place, uploadId).parts.set(number, { etag, body: new Uint8Array(body) })
    return { number, etag }
  }

  async completeMultipart(place: Place, id: string, parts: readonly UploadedPart[], options: PutOptions) {
    const upload = this.#upload(place, id)
    const bodies = parts.map(({ number, etag }) => {
      const part = upload.parts.get(number)
      if (part?.etag !== etag) throw badUpload(place, `part ${number} is not the one that was sent`)
      return part.body
    })
    if (bodies.length === 0) throw badUpload(place, 'it has no parts')
    const info = this.#store(place, new Uint8Array(Buffer.concat(bodies)), { ...upload.options, ...options })
    this.#uploads.delete(id)
    return info
  }

  async abortMultipart(_place: Place, uploadId: string): Promise<void> {
    this.#uploads.delete(uploadId)
  }

  async createBucket(bucket: string): Promise<void> {
    if (!this.#buckets.has(bucket)) this.#buckets.set(bucket, new Map())
  }

  async close(): Promise<void> {}

  #store(place: Place, body: Bytes, options: PutOptions): ObjectInfo {
    const { bucket, key } = place
    const objects = this.#buckets.get(bucket) ?? new Map<string, Stored>()
    this.#buckets.set(bucket, objects)
    const before = objects.get(key)
    if (before && options.ifNoneMatch === '*') throw exists(place)
    if (options.ifMatch !== undefined) {
      if (!before) throw notFound(place)
      if (before.info.etag !== options.ifMatch) throw changed(place)
    }
    const etag = randomBytes(8).toString('hex')
    const info = { key, size: body.byteLength, lastModified: new Date(), etag, ...described(options) }
    objects.set(key, { info, body })
    return { ...info }
  }

  #find(place: Place, ifMatch: string | undefined): Stored {
    const stored = this.#buckets.get(place.bucket)?.get(place.key)
    if (!stored) throw notFound(place)
    if (ifMatch !== undefined && stored.info.etag !== ifMatch) throw changed(place)
    return stored
  }

  #upload(place: Place, id: string): Upload {
    const upload = this.#uploads.get(id)
    if (upload?.key !== place.key) throw badUpload(place, 'there is no such upload')
    return upload
  }
}

async function gather(body: Uint8Array | AsyncIterable<Uint8Array>): Promise<Bytes> {
  if (body instanceof Uint8Array) return new Uint8Array(body)
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}
