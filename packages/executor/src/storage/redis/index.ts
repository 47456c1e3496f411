/** Storage `redis`: objects in a Redis server, for data that many machines need for a while. Bodies above 256 KiB lie in chunks. */
import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import {
  type Bytes,
  type DeleteOptions,
  described,
  type GetOptions,
  type ListOptions,
  type ListPage,
  type ObjectInfo,
  type Opened,
  type Place,
  type PutOptions,
  type StorageDriver,
  type UploadedPart,
} from '../driver.js'
import { badUpload, changed, exists, notFound } from '../errors.js'
import { takePage } from '../list.js'
import { checkRange, resolveRange } from '../ranges.js'
import { Connection } from './connect.js'
import { COMMIT, REMOVE } from './scripts.js'

const CHUNK = 1024 * 1024
const INLINE = 256 * 1024
/** Bodies that nobody has published are gone after an hour, s. */
const UNPUBLISHED = 3_600
const PAGE = 1_000

interface Hash {
  info: ObjectInfo
  generation: string
  chunks: number
  inline: Buffer
}

interface Written {
  size: number
  inline: Uint8Array
  generation: string
  chunks: number
}

const NOTHING = Buffer.alloc(0)

export class RedisDriver implements StorageDriver {
  readonly name = 'redis'
  readonly #connection: Connection

  constructor(url: string) {
    this.#connection = new Connection(url)
  }

  get #redis(): Promise<Redis> {
    return this.#connection.client()
  }

  async put(place: Place, body: Uint8Array | AsyncIterable<Uint8Array>, options: PutOptions): Promise<ObjectInfo> {
    return this.#commit(place, await this.#write(place.bucket, body), options)
  }

  async get(place: Place, options: GetOptions): Promise<{ info: ObjectInfo; body: Bytes }> {
    const { info, body } = await this.stream(place, options)
    const chunks: Uint8Array[] = []
    for await (const chunk of body) chunks.push(chunk)
    return { info, body: new Uint8Array(Buffer.concat(chunks)) }
  }

  async stream(place: Place, { range, ifMatch }: GetOptions): Promise<Opened> {
    if (range) checkRange(range, place.key)
    const hash = await this.#find(place)
    if (ifMatch !== undefined && hash.info.etag !== ifMatch) throw changed(place)
    const { start, length } = resolveRange(range, hash.info.size, place.key)
    return { info: hash.info, body: this.#chunks(place, hash, start, length) }
  }

  async head(place: Place): Promise<ObjectInfo> {
    return (await this.#find(place, false)).info
  }

  async list(bucket: string, options: ListOptions): Promise<ListPage> {
    const redis = await this.#redis
    const index = names(bucket).index
    const { found, ...page } = await takePage(options, options.maxKeys ?? PAGE, async function* (from) {
      let min = lexFrom(from)
      while (true) {
        const keys = await redis.zrangebylex(index, min, '+', 'LIMIT', 0, PAGE)
        for (const key of keys) {
          if (!key.startsWith(from.prefix)) {
            if (Buffer.compare(Buffer.from(key), Buffer.from(from.prefix)) > 0) return
          } else yield { key, item: key }
        }
        if (keys.length < PAGE) return
        min = Buffer.concat([Buffer.from('('), Buffer.from(keys.at(-1)!)])
        const { skip } = from
        // A folded group may be large: go on behind it.
        if (skip && keys.at(-1)!.startsWith(skip)) min = behind(skip)
      }
    })
    const pipeline = redis.pipeline()
    for (const { key } of found) pipeline.hmget(names(bucket).hash(key), 'etag', 'size', 'time')
    const answers = found.length > 0 ? ((await pipeline.exec()) ?? []) : []
    const objects = found.flatMap(({ key }, i) => {
      const [error, fields] = answers[i]!
      if (error) throw error
      const [etag, size, time] = fields as (string | null)[]
      return etag ? [{ key, size: Number(size), lastModified: new Date(Number(time)), etag }] : []
    })
    return { ...page, objects }
  }

  async delete(bucket: string, keys: readonly string[], { ifMatch = '' }: DeleteOptions): Promise<void> {
    const redis = await this.#redis
    const { hash, index, chunk } = names(bucket)
    for (let at = 0; at < keys.length; at += PAGE) {
      const pipeline = redis.pipeline()
      const some = keys.slice(at, at + PAGE)
      for (const key of some) pipeline.eval(REMOVE, 2, hash(key), index, key, ifMatch, chunk(''))
      const answers = (await pipeline.exec()) ?? []
      answers.forEach(([error, answer], i) => {
        if (error) throw error
        if (answer === 'CHANGED') throw changed({ bucket, key: some[i]! })
      })
    }
  }

  async copy(from: Place, to: Place, options: PutOptions): Promise<ObjectInfo> {
    const { info, body } = await this.stream(from, {})
    return this.put(to, body, { ...described(info), ...options })
  }

  async createMultipart({ bucket, key }: Place, options: PutOptions): Promise<string> {
    const id = randomBytes(16).toString('hex')
    await (await this.#redis).hset(names(bucket).upload(id), 'key', key, 'options', JSON.stringify(options))
    await (await this.#redis).expire(names(bucket).upload(id), 24 * UNPUBLISHED)
    return id
  }

  async uploadPart(place: Place, id: string, number: number, body: Uint8Array): Promise<UploadedPart> {
    await this.#upload(place, id)
    const written = await this.#write(place.bucket, body, 24 * UNPUBLISHED, 0)
    const etag = `${written.generation}-${written.chunks}`
    await (await this.#redis).hset(names(place.bucket).upload(id), `p${number}`, etag)
    return { number, etag }
  }

  async completeMultipart(place: Place, id: string, parts: readonly UploadedPart[], options: PutOptions) {
    const { bucket } = place
    const upload = await this.#upload(place, id)
    if (parts.length === 0) throw badUpload(place, 'it has no parts')
    const known = await (await this.#redis).hmget(names(bucket).upload(id), ...parts.map(({ number }) => `p${number}`))
    parts.forEach(({ number, etag }, i) => {
      if (known[i] !== etag) throw badUpload(place, `part ${number} is not the one that was sent`)
    })
    const redis = await this.#redis
    const { chunk } = names(bucket)
    const joined = (async function* () {
      for (const { etag } of parts) {
        const [generation, count] = etag.split('-') as [string, string]
        for (let i = 0; i < Number(count); i++) {
          const bytes = await redis.getBuffer(chunk(`${generation}:${i}`))
          if (!bytes) throw badUpload(place, 'a part of it has expired')
          yield bytes
        }
      }
    })()
    const info = await this.put(place, joined, { ...upload, ...options })
    await this.#forget(bucket, id)
    return info
  }

  async abortMultipart({ bucket }: Place, uploadId: string): Promise<void> {
    await this.#forget(bucket, uploadId)
  }

  async createBucket(): Promise<void> {}

  async close(): Promise<void> {
    this.#connection.close()
  }

  /** Writes a body where nobody looks. With `inline` 0 also a small one goes into chunks. */
  async #write(
    bucket: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    expiry = UNPUBLISHED,
    inline = INLINE,
  ): Promise<Written> {
    if (body instanceof Uint8Array && body.byteLength <= inline) {
      return { size: body.byteLength, inline: body, generation: '', chunks: 0 }
    }
    const generation = randomBytes(12).toString('hex')
    const { chunk } = names(bucket)
    let [size, chunks] = [0, 0]
    try {
      for await (const piece of cut(body instanceof Uint8Array ? [body] : body)) {
        await (await this.#redis).set(chunk(`${generation}:${chunks++}`), asBuffer(piece), 'EX', expiry)
        size += piece.byteLength
      }
    } catch (error) {
      for (let i = 0; i < chunks; i++) (await this.#redis).unlink(chunk(`${generation}:${i}`)).catch(() => undefined)
      throw error
    }
    return { size, inline: NOTHING, generation, chunks }
  }

  async #commit(place: Place, written: Written, options: PutOptions): Promise<ObjectInfo> {
    const { hash, index, chunk } = names(place.bucket)
    const { ifMatch, ifNoneMatch, contentType = '', metadata } = options
    const condition = ifNoneMatch ? 'new' : ifMatch === undefined ? '' : 'match'
    const info = {
      ...{ key: place.key, size: written.size, lastModified: new Date(), etag: randomBytes(12).toString('hex') },
      ...described(options),
    }
    const answer = await (await this.#redis).eval(
      COMMIT,
      2,
      hash(place.key),
      index,
      ...[place.key, condition, ifMatch ?? '', info.etag, written.size, info.lastModified.getTime(), contentType],
      ...[metadata ? JSON.stringify(metadata) : '', asBuffer(written.inline)],
      ...[written.generation, written.chunks, chunk('')],
    )
    if (answer === 'OK') return info
    for (let i = 0; i < written.chunks; i++) await (await this.#redis).unlink(chunk(`${written.generation}:${i}`))
    if (answer === 'EXISTS') throw exists(place)
    if (answer === 'MISSING') throw notFound(place)
    if (answer === 'CHANGED') throw changed(place)
    throw badUpload(place, 'its bytes have expired before all were there')
  }

  async #find({ bucket, key }: Place, body = true): Promise<Hash> {
    const fields = ['etag', 'size', 'time', 'type', 'meta', 'generation', 'chunks', ...(body ? ['body'] : [])]
    const values = await (await this.#redis).hmgetBuffer(names(bucket).hash(key), ...fields)
    const [etag, size, time, type, meta, generation, chunks] = values.map((value) => value?.toString() ?? '')
    if (!etag) throw notFound({ bucket, key })
    const info = {
      ...{ key, size: Number(size), lastModified: new Date(Number(time)), etag },
      ...described({
        ...(type ? { contentType: type } : {}),
        ...(meta ? { metadata: JSON.parse(meta) as Record<string, string> } : {}),
      }),
    }
    return { info, generation: generation!, chunks: Number(chunks), inline: values[7] ?? NOTHING }
  }

  async *#chunks(place: Place, hash: Hash, start: number, length: number): AsyncGenerator<Uint8Array> {
    if (length === 0) return
    if (hash.chunks === 0) {
      yield hash.inline.subarray(start, start + length)
      return
    }
    const { chunk } = names(place.bucket)
    for (let at = start; at < start + length; ) {
      const [number, inside] = [Math.floor(at / CHUNK), at % CHUNK]
      const until = Math.min(CHUNK, inside + start + length - at)
      const name = chunk(`${hash.generation}:${number}`)
      const bytes =
        until - inside === CHUNK
          ? await (await this.#redis).getBuffer(name)
          : await (await this.#redis).getrangeBuffer(name, inside, until - 1)
      // Replaced so long ago that its chunks have gone.
      if (!bytes || bytes.byteLength === 0) throw changed(place)
      at += bytes.byteLength
      yield bytes
    }
  }

  async #upload(place: Place, id: string): Promise<PutOptions> {
    const [key, options] = await (await this.#redis).hmget(names(place.bucket).upload(id), 'key', 'options')
    if (key !== place.key || !options) throw badUpload(place, 'there is no such upload')
    return JSON.parse(options) as PutOptions
  }

  async #forget(bucket: string, id: string): Promise<void> {
    const { upload, chunk } = names(bucket)
    const parts = await (await this.#redis).hgetall(upload(id))
    for (const [name, etag] of Object.entries(parts)) {
      if (!/^p\d+$/.test(name)) continue
      const [generation, count] = etag.split('-') as [string, string]
      for (let i = 0; i < Number(count); i++) await (await this.#redis).unlink(chunk(`${generation}:${i}`))
    }
    await (await this.#redis).del(upload(id))
  }
}

/** Names in Redis; all of a bucket in one slot, should there be a cluster. */
function names(bucket: string) {
  const base = `mayfly:{${bucket}}:`
  return {
    index: `${base}index`,
    hash: (key: string) => `${base}h:${key}`,
    chunk: (rest: string) => `${base}c:${rest}`,
    upload: (id: string) => `${base}u:${id}`,
  }
}

function lexFrom({ prefix, after, skip }: { prefix: string; after: string; skip: string | undefined }): Buffer {
  if (skip !== undefined) return behind(skip)
  const past = after !== '' && Buffer.compare(Buffer.from(after), Buffer.from(prefix)) >= 0
  return Buffer.from(past ? `(${after}` : `[${prefix}`)
}

/** No UTF-8 text has the byte 0xff: it is behind all that starts so. */
function behind(prefix: string): Buffer {
  return Buffer.concat([Buffer.from(`(${prefix}`), Buffer.from([0xff])])
}

/** Pieces of exactly `CHUNK` bytes, the last one shorter. */
async function* cut(source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = []
  let size = 0
  for await (const piece of source) {
    for (let at = 0; at < piece.byteLength; ) {
      const part = piece.subarray(at, at + CHUNK - size)
      held.push(part)
      size += part.byteLength
      at += part.byteLength
      if (size === CHUNK) {
        yield held.length === 1 ? held[0]! : Buffer.concat(held)
        held = []
        size = 0
      }
    }
  }
  if (size > 0) yield Buffer.concat(held)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
