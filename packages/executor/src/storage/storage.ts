/**
 * Object storage with Lithops' verbs, the same on every backend (see `driver.ts`). Every write is atomic: readers see the old
 * object, the new one, or none.
 */

import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { shippable } from '../closure/shippable.js'
import { MayflyError } from '../errors.js'
import { mayflyHome } from '../home.js'
import { type Body, bodyOf } from './body.js'
import type { CloudObject } from './cloud-object.js'
import { openDriver, type StorageConfig, type StorageOptions, storageConfig, withoutSecrets } from './config.js'
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
} from './driver.js'
import { StorageFs } from './fs.js'
import { checkBucket, checkKey } from './keys.js'
import { MultipartUpload } from './multipart.js'
import { reader, writer } from './streams.js'

export type { Body } from './body.js'
export type { StorageConfig, StorageOptions } from './config.js'
export type { ByteRange, GetOptions, ListOptions, ListPage, ObjectInfo, Place, PutOptions } from './driver.js'

export class Storage {
  /** What this storage is, as plain data: `new Storage(storage.config)` is the same one, in any process. */
  readonly config: StorageConfig
  readonly bucket: string
  readonly #driver: StorageDriver | Promise<StorageDriver>

  /** A captured storage goes to the worker as a storage of the same place. */
  static [Symbol.for('mayfly.pack')](storage: Storage): StorageConfig {
    return withoutSecrets(storage.config)
  }

  static [Symbol.for('mayfly.unpack')](config: StorageConfig): Storage {
    return new Storage(config)
  }

  /** Options, or a URL such as `file:///data`, `redis://host:6379/0?bucket=mine`. Without any: files in `MAYFLY_HOME`. */
  constructor(options: StorageOptions | string = {}) {
    this.config = storageConfig(options)
    this.bucket = this.config.bucket
    this.#driver = openDriver(this.config)
    // Reported by the first use, which waits for the same promise.
    if (this.#driver instanceof Promise) this.#driver.catch(() => undefined)
  }

  get backend(): StorageConfig['backend'] {
    return this.config.backend
  }

  /** Mayfly's own folder, in which a storage of files lies unless its `root` says otherwise. */
  get home(): string {
    return this.config.backend === 'localhost' ? this.config.home : mayflyHome()
  }

  /** Makes a bucket; one that exists is no error. Files, memory and redis make buckets with their first object. */
  async createBucket(bucket: string): Promise<void> {
    await (await this.#driver).createBucket(checkBucket(bucket))
  }

  /** Writes an object. Strings are stored as UTF-8; a stream is read as fast as it is stored and never held whole. */
  async putObject(bucket: string, key: string, body: Body, options: PutOptions = {}): Promise<ObjectInfo> {
    const place = at(bucket, key)
    return (await this.#driver).put(place, bodyOf(body), checkPut(options))
  }

  /** Writes the bytes of a local file as an object. */
  async uploadFile(path: string, bucket: string, key: string, options: PutOptions = {}): Promise<ObjectInfo> {
    const place = at(bucket, key)
    const file = await open(path)
    return (await this.#driver).put(place, file.createReadStream({ highWaterMark: 1 << 20 }), checkPut(options))
  }

  /** The bytes of an object, or of a range of it; `E_STORAGE_NOT_FOUND` when there is none. */
  async getObject(bucket: string, key: string, options: GetOptions = {}): Promise<Bytes> {
    return (await (await this.#driver).get(at(bucket, key), options)).body
  }

  /** An object as a stream of chunks, for what should not be in memory at once. */
  async streamObject(bucket: string, key: string, options: GetOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    return (await this.openObject(bucket, key, options)).body
  }

  /** An object as a stream of chunks, together with the description that belongs to these very bytes. */
  async openObject(bucket: string, key: string, options: GetOptions = {}): Promise<Opened> {
    return (await this.#driver).stream(at(bucket, key), options)
  }

  /** Copies an object to a local file, which appears whole or not at all. */
  async downloadFile(bucket: string, key: string, path: string): Promise<void> {
    const body = await this.streamObject(bucket, key)
    const temporary = `${resolve(path)}.tmp-${randomBytes(6).toString('hex')}`
    await mkdir(dirname(temporary), { recursive: true })
    try {
      await pipeline(body, createWriteStream(temporary))
      await rename(temporary, path)
    } finally {
      await rm(temporary, { force: true })
    }
  }

  /** Size, time, etag, content type and metadata of an object; `E_STORAGE_NOT_FOUND` when there is none. */
  async headObject(bucket: string, key: string): Promise<ObjectInfo> {
    return (await this.#driver).head(at(bucket, key))
  }

  /** One page of the objects of a bucket, and the common prefixes if a delimiter is given. See `ListOptions`. */
  async listPage(bucket: string, options: ListOptions = {}): Promise<ListPage> {
    const { maxKeys = 1 } = options
    if (!Number.isInteger(maxKeys) || maxKeys < 1) throw badList(maxKeys)
    return (await this.#driver).list(checkBucket(bucket), options)
  }

  /** Every object whose key starts with `prefix`, in the order of their keys' UTF-8 bytes. */
  async *list(bucket: string, prefix = ''): AsyncGenerator<ObjectInfo> {
    let token: string | undefined
    do {
      const page = await this.listPage(bucket, { prefix, ...(token === undefined ? {} : { token }) })
      yield* page.objects
      token = page.next
    } while (token !== undefined)
  }

  /** Keys that start with `prefix`, in order. */
  async listKeys(bucket: string, prefix = ''): Promise<string[]> {
    const keys: string[] = []
    for await (const { key } of this.list(bucket, prefix)) keys.push(key)
    return keys
  }

  /** Removes an object; removing one that is not there is no error. */
  async deleteObject(bucket: string, key: string, options: DeleteOptions = {}): Promise<void> {
    await (await this.#driver).delete(checkBucket(bucket), [checkKey(key)], options)
  }

  async deleteObjects(bucket: string, keys: Iterable<string>): Promise<void> {
    await (await this.#driver).delete(checkBucket(bucket), [...keys].map(checkKey), {})
  }

  /** Copies an object within this storage, also between buckets, with content type and metadata unless given anew. */
  async copyObject(from: Place, to: Place, options: PutOptions = {}): Promise<ObjectInfo> {
    return (await this.#driver).copy(at(from.bucket, from.key), at(to.bucket, to.key), checkPut(options))
  }

  /** Begins an object that comes in parts, from several workers if you like: hand them `upload.ref`. */
  async createMultipart(bucket: string, key: string, options: PutOptions = {}): Promise<MultipartUpload> {
    const place = at(bucket, key)
    const id = await (await this.#driver).createMultipart(place, checkPut(options))
    return new MultipartUpload(this.#driver, { ...place, uploadId: id })
  }

  /** The upload a reference stands for, in this process. */
  resumeMultipart(ref: MultipartUpload['ref']): MultipartUpload {
    return new MultipartUpload(this.#driver, { ...at(ref.bucket, ref.key), uploadId: ref.uploadId })
  }

  /** Writes an object under a name of its own, or the one given, and returns the reference to it. */
  async putCloudObject(body: Body, where: { bucket?: string; key?: string } = {}): Promise<CloudObject> {
    const bucket = where.bucket ?? this.bucket
    const key = where.key ?? `cloudobjects/${Date.now().toString(36)}-${randomBytes(8).toString('hex')}`
    const { size } = await this.putObject(bucket, key, body)
    return { type: 'CloudObject', backend: this.backend, bucket, key, size }
  }

  async getCloudObject(object: CloudObject, options: GetOptions = {}): Promise<Bytes> {
    return this.getObject(object.bucket, object.key, options)
  }

  async streamCloudObject(object: CloudObject, options: GetOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    return this.streamObject(object.bucket, object.key, options)
  }

  async deleteCloudObject(object: CloudObject): Promise<void> {
    await this.deleteObject(object.bucket, object.key)
  }

  /** Removes the objects, in as few requests as there are buckets. */
  async deleteCloudObjects(objects: Iterable<CloudObject>): Promise<void> {
    const keys = new Map<string, string[]>()
    for (const { bucket, key } of objects) keys.set(bucket, [...(keys.get(bucket) ?? []), key])
    for (const [bucket, some] of keys) await this.deleteObjects(bucket, some)
  }

  /**
   * A Node stream of an object. `'r'` reads it (a range of it if asked); `'w'` publishes what was written when the stream has
   * finished, and nothing if it is destroyed before. Both hold back a fast source or a slow sink.
   */
  open(key: string, mode?: 'r', options?: GetOptions & { bucket?: string }): Readable
  open(key: string, mode: 'w', options?: PutOptions & { bucket?: string }): Writable
  open(key: string, mode: 'r' | 'w' = 'r', options: (GetOptions & PutOptions) & { bucket?: string } = {}) {
    const { bucket = this.bucket, ...rest } = options
    const place = at(bucket, key)
    if (mode === 'r') return reader(() => this.streamObject(place.bucket, place.key, rest))
    if (mode === 'w') return writer((source) => this.putObject(place.bucket, place.key, source, rest))
    throw new MayflyError('E_STORAGE_MODE', `'${String(mode)}' is not a mode of open`, {
      hint: "Use 'r' to read and 'w' to write; objects cannot be appended to.",
    })
  }

  /** The default bucket with the words of `node:fs/promises`. */
  get fs(): StorageFs {
    return new StorageFs(this, this.bucket)
  }

  /** Another bucket with the words of `node:fs/promises`. */
  fsOf(bucket: string): StorageFs {
    return new StorageFs(this, checkBucket(bucket))
  }

  /** A URL for browsers and tools, good for `seconds`; `E_STORAGE_PRESIGN` where the storage has none. */
  async presignedUrl(method: 'GET' | 'PUT', bucket: string, key: string, seconds = 900): Promise<string> {
    const driver = await this.#driver
    if (driver.presign) return driver.presign(method, at(bucket, key), seconds)
    throw new MayflyError('E_STORAGE_PRESIGN', `The ${this.backend} storage has no URLs for its objects`, {
      hint: 'Read the object and pass its bytes, or use an S3 storage.',
    })
  }

  /** The file behind an object, which need not exist; `E_STORAGE_PATH` where objects are no files. */
  path(bucket: string, key: string): string {
    const place = at(bucket, key)
    if (!(this.#driver instanceof Promise) && this.#driver.path) return this.#driver.path(place)
    throw new MayflyError('E_STORAGE_PATH', `Objects of the ${this.backend} storage are no files`, {
      hint: 'Use downloadFile to get a file of it.',
    })
  }

  /** Lets connections go; a storage of files or memory has none. */
  async close(): Promise<void> {
    await (await this.#driver).close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

function at(bucket: string, key: string): Place {
  return { bucket: checkBucket(bucket), key: checkKey(key) }
}

/** Conditions exclude each other; names of metadata are headers on other storages. */
function checkPut(options: PutOptions): PutOptions {
  const { ifNoneMatch, ifMatch, metadata } = options
  const names = Object.entries(metadata ?? {})
  const bad = names.find(([name, value]) => !/^[A-Za-z0-9_-]+$/.test(name) || typeof value !== 'string')
  if (bad || (ifNoneMatch !== undefined && (ifNoneMatch !== '*' || ifMatch !== undefined))) {
    throw new MayflyError(
      'E_STORAGE_OPTIONS',
      bad
        ? `metadata: '${bad[0]}' is not a name with a text`
        : "ifNoneMatch takes '*' only, and not together with ifMatch",
      { hint: 'Names of metadata are letters, digits, hyphens and underscores; values are strings.' },
    )
  }
  return metadata ? { ...options, metadata: Object.fromEntries(names.map(([n, v]) => [n.toLowerCase(), v])) } : options
}

function badList(maxKeys: unknown): MayflyError {
  return new MayflyError('E_STORAGE_OPTIONS', `maxKeys: ${String(maxKeys)} is not a number of keys`, {
    hint: 'Give a whole number from 1, or leave it out.',
  })
}

shippable(import.meta.url, { Storage })

/** The storage a setting means: a name, a URL, options, or one that is open. Files lie in `home` unless the setting says otherwise. */
export function openStorage(setting: string | StorageOptions | Storage | undefined, home: string): Storage {
  if (setting instanceof Storage) return setting
  if (typeof setting === 'string' && setting.includes('://')) return new Storage(setting)
  const options = typeof setting === 'string' ? ({ backend: setting } as StorageOptions) : (setting ?? {})
  const files = options.backend === undefined || options.backend === 'localhost'
  return new Storage(files ? { home, ...options } : options)
}
