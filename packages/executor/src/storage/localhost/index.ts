/** Storage `localhost`: a file per object under `<home>/storage/<bucket>/<key>`, safe for any number of processes at once. */
import { copyFile, type FileHandle, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
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
} from '../driver.js'
import { described } from '../driver.js'
import { badUpload, changed } from '../errors.js'
import { takePage } from '../list.js'
import { checkRange, resolveRange } from '../ranges.js'
import { etagOf, fullInfo, infoOf, openObject, statObject } from './files.js'
import { checkParts, createUpload, joinParts, readUpload, removeUpload, writePart } from './multipart.js'
import { encodePart, longNameFile } from './names.js'
import { publish, remove, type Target } from './publish.js'
import { statListed, walk } from './walk.js'

const CHUNK = 256 * 1024
const PAGE = 5_000
/** Calls to the file system at a time; Node has four threads for them. */
const AT_ONCE = 16

export class LocalhostDriver implements StorageDriver {
  readonly name = 'localhost'
  readonly #folder: string

  /** @param folder holds a folder per bucket. */
  constructor(folder: string) {
    this.#folder = folder
  }

  async put(place: Place, body: Uint8Array | AsyncIterable<Uint8Array>, options: PutOptions): Promise<ObjectInfo> {
    return publish(this.#target(place), options, described(options), (path) => writeNew(path, body))
  }

  async get(place: Place, options: GetOptions): Promise<{ info: ObjectInfo; body: Bytes }> {
    if (options.range) checkRange(options.range, place.key)
    const { file, info } = await this.#open(place, options)
    try {
      const { start, length } = resolveRange(options.range, info.size, place.key)
      const body = new Uint8Array(length)
      let read = 0
      while (read < length) {
        const { bytesRead } = await file.read(body, read, length - read, start + read)
        if (bytesRead === 0) break
        read += bytesRead
      }
      return { info, body: read < length ? body.slice(0, read) : body }
    } finally {
      await file.close()
    }
  }

  async stream(place: Place, options: GetOptions): Promise<Opened> {
    if (options.range) checkRange(options.range, place.key)
    const { file, info } = await this.#open(place, options)
    const { start, length } = resolveRange(options.range, info.size, place.key)
    return { info, body: new FileBody(file, start, length) }
  }

  async head(place: Place): Promise<ObjectInfo> {
    const path = this.path(place)
    const { stats } = await statObject(place, path)
    return fullInfo(place.key, path, stats)
  }

  async list(bucket: string, options: ListOptions): Promise<ListPage> {
    const { found, ...page } = await takePage(options, options.maxKeys ?? PAGE, (from) =>
      walk(this.#root(bucket), from),
    )
    const objects: ObjectInfo[] = []
    for (let at = 0; at < found.length; at += AT_ONCE) {
      const some = found.slice(at, at + AT_ONCE)
      const stats = await Promise.all(some.map(({ item }) => statListed(item)))
      for (const [i, { key }] of some.entries()) if (stats[i]) objects.push(infoOf(key, stats[i]))
    }
    return { ...page, objects }
  }

  async delete(bucket: string, keys: readonly string[], options: DeleteOptions): Promise<void> {
    for (let at = 0; at < keys.length; at += AT_ONCE) {
      const some = keys.slice(at, at + AT_ONCE)
      await Promise.all(some.map((key) => remove(this.#target({ bucket, key }), options.ifMatch)))
    }
  }

  async copy(from: Place, to: Place, options: PutOptions): Promise<ObjectInfo> {
    const source = this.path(from)
    const { path, stats } = await statObject(from, source)
    const info = await fullInfo(from.key, source, stats)
    return publish(this.#target(to), options, { ...described(info), ...described(options) }, async (temporary) => {
      await copyFile(path, temporary)
      return open(temporary, 'r+')
    })
  }

  async createMultipart(place: Place, options: PutOptions): Promise<string> {
    return createUpload(this.#root(place.bucket), place, options)
  }

  async uploadPart(place: Place, uploadId: string, number: number, body: Uint8Array): Promise<UploadedPart> {
    return writePart(this.#root(place.bucket), place, uploadId, number, body)
  }

  async completeMultipart(place: Place, id: string, parts: readonly UploadedPart[], options: PutOptions) {
    const root = this.#root(place.bucket)
    const upload = await readUpload(root, place, id)
    if (parts.length === 0) throw badUpload(place, 'it has no parts')
    await checkParts(root, place, id, parts)
    const all = { ...upload.options, ...options }
    const info = await publish(this.#target(place), all, described(all), (path) => joinParts(root, id, parts, path))
    await removeUpload(root, id)
    return info
  }

  async abortMultipart({ bucket }: Place, uploadId: string): Promise<void> {
    await removeUpload(this.#root(bucket), uploadId)
  }

  async createBucket(bucket: string): Promise<void> {
    await mkdir(this.#root(bucket), { recursive: true })
  }

  path({ bucket, key }: Place): string {
    return join(this.#root(bucket), ...key.split('/').map(encodePart))
  }

  async close(): Promise<void> {}

  #root(bucket: string): string {
    return join(this.#folder, bucket)
  }

  #target({ bucket, key }: Place): Target {
    const root = this.#root(bucket)
    const longNames: Target['longNames'] = []
    let path = root
    for (const part of key.split('/')) {
      const name = longNameFile(part)
      if (name) longNames.push({ path: join(path, name), text: part })
      path = join(path, encodePart(part))
    }
    return { bucket, key, root, path, longNames }
  }

  async #open(place: Place, { ifMatch }: GetOptions): Promise<{ file: FileHandle; info: ObjectInfo }> {
    const path = this.path(place)
    const { file, stats } = await openObject(place, path)
    try {
      if (ifMatch !== undefined && etagOf(stats) !== ifMatch) throw changed(place)
      return { file, info: await fullInfo(place.key, path, stats) }
    } catch (error) {
      await file.close()
      throw error
    }
  }
}

async function writeNew(path: string, body: Uint8Array | AsyncIterable<Uint8Array>): Promise<FileHandle> {
  const file = await open(path, 'wx')
  try {
    if (body instanceof Uint8Array) await file.writeFile(body)
    else for await (const chunk of body) await file.writeFile(chunk)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Reads on demand; an iterator of its own, because a generator that was never begun does not clean up. */
class FileBody implements AsyncIterableIterator<Uint8Array> {
  readonly #file: FileHandle
  readonly #end: number
  #at: number
  #closed = false

  constructor(file: FileHandle, start: number, length: number) {
    this.#file = file
    this.#at = start
    this.#end = start + length
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const length = Math.min(CHUNK, this.#end - this.#at)
    if (this.#closed || length <= 0) return this.return()
    try {
      const chunk = new Uint8Array(length)
      const { bytesRead } = await this.#file.read(chunk, 0, length, this.#at)
      if (bytesRead === 0) return this.return()
      this.#at += bytesRead
      return { value: bytesRead < length ? chunk.subarray(0, bytesRead) : chunk, done: false }
    } catch (error) {
      await this.return()
      throw error
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    if (!this.#closed) {
      this.#closed = true
      await this.#file.close()
    }
    return { value: undefined, done: true }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
