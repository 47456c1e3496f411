/**
 * Object storage with Lithops' verbs. The one backend so far is `localhost`: a file per object under
 * `<home>/storage/<bucket>/<key>`. Every write is atomic: readers see the old object, the new one, or none.
 */
import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import {
  copyFile,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { MayflyError } from '../errors.js'
import { mayflyHome } from '../home.js'
import type { CloudObject } from './cloud-object.js'
import { checkBucket, checkKey } from './keys.js'

export interface StorageOptions {
  /** Default: `MAYFLY_HOME`, else `.mayfly` in `MAYFLY_WORKSPACE` or the current folder. */
  home?: string
  /** Bucket of cloud objects and of the executor's own data. Default `mayfly`. */
  bucket?: string
}

export type Body = Uint8Array | ArrayBuffer | string

export interface PutOptions {
  /** `'*'`: only if no object has this key; otherwise `E_STORAGE_EXISTS`. The first of several writers wins. */
  ifNoneMatch?: '*'
}

export interface GetOptions {
  /** Bytes `start` to `end`, both included, as in HTTP; without `end` to the last. A negative `start` counts from the end. */
  range?: { start: number; end?: number }
}

export interface ObjectInfo {
  key: string
  /** Bytes. */
  size: number
  lastModified: Date
  /** Changes whenever the object does. */
  etag: string
}

export class Storage {
  readonly backend = 'localhost'
  readonly home: string
  readonly bucket: string

  /** A captured storage goes to the worker as a storage of the same place. */
  static [Symbol.for('mayfly.pack')]({ home, bucket }: Storage): StorageOptions {
    return { home, bucket }
  }

  static [Symbol.for('mayfly.unpack')](options: StorageOptions): Storage {
    return new Storage(options)
  }

  constructor(options: StorageOptions = {}) {
    this.home = resolve(options.home ?? mayflyHome())
    this.bucket = checkBucket(options.bucket ?? 'mayfly')
  }

  /** Writes an object. Strings are stored as UTF-8. */
  async putObject(bucket: string, key: string, body: Body, options: PutOptions = {}): Promise<ObjectInfo> {
    const bytes =
      typeof body === 'string' ? Buffer.from(body) : body instanceof ArrayBuffer ? new Uint8Array(body) : body
    return this.#publish(bucket, key, options, (temporary) => writeFile(temporary, bytes))
  }

  /** Writes the bytes of a local file as an object. */
  async uploadFile(path: string, bucket: string, key: string, options: PutOptions = {}): Promise<ObjectInfo> {
    return this.#publish(bucket, key, options, (temporary) => copyFile(path, temporary))
  }

  /** The bytes of an object, or of a range of it; `E_STORAGE_NOT_FOUND` when there is none. */
  async getObject(bucket: string, key: string, options: GetOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const path = this.path(bucket, key)
    return found(bucket, key, async () => {
      if (!options.range) return whole(await readFile(path))
      const file = await open(path)
      try {
        const { start, length } = resolveRange(options.range, (await file.stat()).size, key)
        const bytes = new Uint8Array(length)
        const { bytesRead } = await file.read(bytes, 0, length, start)
        return bytes.subarray(0, bytesRead)
      } finally {
        await file.close()
      }
    })
  }

  /** An object as a stream of chunks, for what should not be in memory at once. */
  async streamObject(bucket: string, key: string, options: GetOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    const { size } = await this.headObject(bucket, key)
    if (!options.range) return createReadStream(this.path(bucket, key))
    const { start, length } = resolveRange(options.range, size, key)
    if (length === 0) return (async function* () {})()
    return createReadStream(this.path(bucket, key), { start, end: start + length - 1 })
  }

  /** Copies an object to a local file. */
  async downloadFile(bucket: string, key: string, path: string): Promise<void> {
    await found(bucket, key, () => copyFile(this.path(bucket, key), path))
  }

  /** Size and time of an object; `E_STORAGE_NOT_FOUND` when there is none. */
  async headObject(bucket: string, key: string): Promise<ObjectInfo> {
    return found(bucket, key, () => this.#info(bucket, key))
  }

  /** Every object whose key starts with `prefix`, ordered by key within each folder. */
  async *list(bucket: string, prefix = ''): AsyncGenerator<ObjectInfo> {
    const root = join(this.home, 'storage', checkBucket(bucket))
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1)
    if (folder) checkKey(folder.slice(0, -1))
    yield* this.#walk(bucket, root, folder, prefix)
  }

  /** Keys that start with `prefix`. */
  async listKeys(bucket: string, prefix = ''): Promise<string[]> {
    const keys: string[] = []
    for await (const { key } of this.list(bucket, prefix)) keys.push(key)
    return keys
  }

  /** Removes an object; removing one that is not there is no error. */
  async deleteObject(bucket: string, key: string): Promise<void> {
    const path = this.path(bucket, key)
    await rm(path, { force: true })
    await this.#pruneFolders(bucket, dirname(path))
  }

  async deleteObjects(bucket: string, keys: Iterable<string>): Promise<void> {
    for (const key of keys) await this.deleteObject(bucket, key)
  }

  /** Writes an object under a name of its own, or the one given, and returns the reference to it. */
  async putCloudObject(body: Body, where: { bucket?: string; key?: string } = {}): Promise<CloudObject> {
    const bucket = where.bucket ?? this.bucket
    const key = where.key ?? `cloudobjects/${Date.now().toString(36)}-${randomBytes(8).toString('hex')}`
    const { size } = await this.putObject(bucket, key, body)
    return { type: 'CloudObject', backend: this.backend, bucket, key, size }
  }

  async getCloudObject(object: CloudObject, options: GetOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    return this.getObject(object.bucket, object.key, options)
  }

  async deleteCloudObject(object: CloudObject): Promise<void> {
    await this.deleteObject(object.bucket, object.key)
  }

  async deleteCloudObjects(objects: Iterable<CloudObject>): Promise<void> {
    for (const object of objects) await this.deleteCloudObject(object)
  }

  /** The file behind an object; it need not exist. */
  path(bucket: string, key: string): string {
    return join(this.home, 'storage', checkBucket(bucket), checkKey(key))
  }

  async #publish(bucket: string, key: string, options: PutOptions, write: (path: string) => Promise<void>) {
    const target = this.path(bucket, key)
    const folder = dirname(target)
    const temporary = join(folder, `.tmp-${process.pid}-${randomBytes(6).toString('hex')}`)
    try {
      await inFolder(folder, () => write(temporary))
      if (options.ifNoneMatch === '*') await linkNew(temporary, target, bucket, key)
      else await rename(temporary, target)
    } finally {
      await rm(temporary, { force: true })
    }
    return this.#info(bucket, key)
  }

  async #info(bucket: string, key: string): Promise<ObjectInfo> {
    const { size, mtimeMs, mtime, ino } = await stat(this.path(bucket, key))
    const etag = `${size.toString(36)}-${Math.round(mtimeMs * 1000).toString(36)}-${ino.toString(36)}`
    return { key, size, lastModified: mtime, etag }
  }

  async *#walk(bucket: string, root: string, folder: string, prefix: string): AsyncGenerator<ObjectInfo> {
    const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(ignoreMissing(() => []))
    entries.sort((a, b) => (a.name < b.name ? -1 : 1))
    for (const entry of entries) {
      const key = folder + entry.name
      if (entry.name.startsWith('.tmp-')) continue
      if (entry.isDirectory()) {
        if (`${key}/`.startsWith(prefix) || prefix.startsWith(`${key}/`)) {
          yield* this.#walk(bucket, root, `${key}/`, prefix)
        }
      } else if (key.startsWith(prefix)) {
        const info = await this.#info(bucket, key).catch(ignoreMissing(() => undefined))
        if (info) yield info
      }
    }
  }

  /** Empty folders would look like objects that are not there. */
  async #pruneFolders(bucket: string, from: string): Promise<void> {
    const root = join(this.home, 'storage', bucket)
    for (let folder = from; folder.length > root.length; folder = dirname(folder)) {
      try {
        await rmdir(folder)
      } catch {
        return
      }
    }
  }
}

/** Makes the folder and writes into it; again if somebody has removed the still empty folder in between. */
async function inFolder(folder: string, write: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    await mkdir(folder, { recursive: true })
    try {
      return await write()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === 5) throw error
    }
  }
}

/** `link` is the conditional put of a file system: it fails if the name is taken, and the name appears with all its bytes. */
async function linkNew(temporary: string, target: string, bucket: string, key: string): Promise<void> {
  try {
    await link(temporary, target)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new MayflyError('E_STORAGE_EXISTS', `${bucket}/${key} is already there`, {
        hint: 'Another writer was first; use its object.',
        where: { bucket, key },
      })
    }
    // File systems without hard links: an exclusive copy; its bytes may be seen growing, but only one writer wins.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    await copyFile(temporary, target, 1)
    await unlink(temporary)
  }
}

async function found<T>(bucket: string, key: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'EISDIR' && code !== 'ENOTDIR') throw error
    throw new MayflyError('E_STORAGE_NOT_FOUND', `There is no object ${bucket}/${key}`, {
      hint: 'List the bucket to see the keys it has; the object may have been cleaned.',
      where: { bucket, key },
    })
  }
}

function ignoreMissing<T>(value: () => T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return value()
    throw error
  }
}

function resolveRange(range: { start: number; end?: number }, size: number, key: string) {
  const start = range.start < 0 ? Math.max(0, size + range.start) : range.start
  const end = Math.min(range.end ?? size - 1, size - 1)
  if (!Number.isInteger(start) || !Number.isInteger(end) || (range.end ?? start) < range.start) {
    throw new MayflyError('E_STORAGE_RANGE', `${range.start}–${range.end ?? ''} is not a range of bytes (key ${key})`, {
      hint: 'Give whole numbers, start not after end.',
    })
  }
  return { start, length: Math.max(0, end - start + 1) }
}

/** Node's file buffers may be views of a pool; the caller gets bytes that own their memory from offset 0. */
function whole(buffer: Buffer): Uint8Array<ArrayBuffer> {
  if (buffer.byteOffset === 0 && buffer.byteLength === buffer.buffer.byteLength) {
    return new Uint8Array(buffer.buffer as ArrayBuffer)
  }
  return new Uint8Array(buffer)
}
