/**
 * A bucket with the words of `node:fs/promises`, for code that expects a file system. A folder is what keys have in common up
 * to a slash: it exists while something is in it, or while its marker (an empty object `folder/`) is.
 */
import type { Readable, Writable } from 'node:stream'
import type { Body } from './body.js'
import type { ByteRange, Bytes, ObjectInfo } from './driver.js'
import { notFound } from './errors.js'
import type { Storage } from './storage.js'

export interface FsStats {
  size: number
  mtime: Date
  isFile(): boolean
  isDirectory(): boolean
}

export class StorageFs {
  readonly bucket: string
  readonly #storage: Storage

  constructor(storage: Storage, bucket: string) {
    this.#storage = storage
    this.bucket = bucket
  }

  /** Bytes of an object, or its text with an encoding. */
  readFile(path: string): Promise<Bytes>
  readFile(path: string, encoding: BufferEncoding): Promise<string>
  async readFile(path: string, encoding?: BufferEncoding): Promise<Bytes | string> {
    const bytes = await this.#storage.getObject(this.bucket, keyOf(path))
    return encoding ? Buffer.from(bytes.buffer).toString(encoding) : bytes
  }

  async writeFile(path: string, data: Body): Promise<void> {
    await this.#storage.putObject(this.bucket, keyOf(path), data)
  }

  /** Names in a folder, in order; with `recursive` the paths below it. Folders only as names, never with `recursive`. */
  async readdir(path = '', { recursive = false } = {}): Promise<string[]> {
    const prefix = folderOf(path)
    const names: string[] = []
    let token: string | undefined
    do {
      const options = { prefix, ...(recursive ? {} : { delimiter: '/' }), ...(token === undefined ? {} : { token }) }
      const page = await this.#storage.listPage(this.bucket, options)
      for (const { key } of page.objects) if (!key.endsWith('/')) names.push(key.slice(prefix.length))
      for (const folder of page.prefixes) names.push(folder.slice(prefix.length, -1))
      if (page.objects.length + page.prefixes.length === 0 && prefix !== '') throw this.#missing(path)
      token = page.next
    } while (token !== undefined)
    return [...new Set(names)].sort()
  }

  /** `E_STORAGE_NOT_FOUND` when there is neither an object nor a folder of that name. */
  async stat(path: string): Promise<FsStats> {
    const info = keyOf(path) === '' ? undefined : await this.#head(keyOf(path))
    if (info) return { size: info.size, mtime: info.lastModified, isFile: () => true, isDirectory: () => false }
    const prefix = folderOf(path)
    const { objects } = await this.#storage.listPage(this.bucket, { prefix, maxKeys: 1 })
    const first = objects[0]
    if (!first && prefix !== '') throw this.#missing(path)
    return {
      size: 0,
      mtime: first?.lastModified ?? new Date(0),
      isFile: () => false,
      isDirectory: () => true,
    }
  }

  async exists(path: string): Promise<boolean> {
    try {
      await this.stat(path)
      return true
    } catch (error) {
      if ((error as { code?: unknown }).code === 'E_STORAGE_NOT_FOUND') return false
      throw error
    }
  }

  /** Puts the marker of a folder; folders above it come by themselves. */
  async mkdir(path: string, _options: { recursive?: boolean } = {}): Promise<void> {
    if (folderOf(path) !== '') await this.#storage.putObject(this.bucket, folderOf(path), '')
  }

  /** Removes an object, or with `recursive` a folder and all in it. With `force` what is not there is no error. */
  async rm(path: string, { recursive = false, force = false } = {}): Promise<void> {
    if (!force && !(await this.exists(path))) throw this.#missing(path)
    if (keyOf(path) !== '') await this.#storage.deleteObject(this.bucket, keyOf(path))
    if (recursive) {
      await this.#storage.deleteObjects(this.bucket, await this.#storage.listKeys(this.bucket, folderOf(path)))
    }
  }

  /** Copies an object, or with `recursive` all objects of a folder. */
  async cp(from: string, to: string, { recursive = false } = {}): Promise<void> {
    for (const [source, target] of await this.#pairs(from, to, recursive)) await this.#copy(source, target)
  }

  /** Renames an object or a folder: a copy and a removal per object, so that a reader may see both names meanwhile. */
  async rename(from: string, to: string): Promise<void> {
    const pairs = await this.#pairs(from, to, true)
    for (const [source, target] of pairs) await this.#copy(source, target)
    const gone = pairs.filter(([source, target]) => source !== target)
    await this.#storage.deleteObjects(
      this.bucket,
      gone.map(([source]) => source),
    )
  }

  /** `start` and `end` are positions of bytes, both included, as in Node. */
  createReadStream(path: string, range: Partial<ByteRange> = {}): Readable {
    const { start = 0, end } = range
    const asked = { start, ...(end === undefined ? {} : { end }) }
    return this.#storage.open(keyOf(path), 'r', { bucket: this.bucket, range: asked })
  }

  createWriteStream(path: string): Writable {
    return this.#storage.open(keyOf(path), 'w', { bucket: this.bucket })
  }

  async #pairs(from: string, to: string, recursive: boolean): Promise<[string, string][]> {
    if (await this.#head(keyOf(from))) return [[keyOf(from), keyOf(to)]]
    const keys = recursive ? await this.#storage.listKeys(this.bucket, folderOf(from)) : []
    if (keys.length === 0) throw this.#missing(from)
    return keys.map((key) => [key, folderOf(to) + key.slice(folderOf(from).length)])
  }

  async #copy(from: string, to: string): Promise<void> {
    if (from === to) return
    await this.#storage.copyObject({ bucket: this.bucket, key: from }, { bucket: this.bucket, key: to })
  }

  async #head(key: string): Promise<ObjectInfo | undefined> {
    try {
      return await this.#storage.headObject(this.bucket, key)
    } catch (error) {
      if ((error as { code?: unknown }).code === 'E_STORAGE_NOT_FOUND') return undefined
      throw error
    }
  }

  #missing(path: string) {
    return notFound({ bucket: this.bucket, key: path })
  }
}

/** `./a//b/../c` as a key: what a file system would read. */
function keyOf(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts.join('/')
}

function folderOf(path: string): string {
  const key = keyOf(path)
  return key === '' ? '' : `${key}/`
}
