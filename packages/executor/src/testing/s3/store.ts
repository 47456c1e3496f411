/** The buckets of the double, in memory: strongly consistent, ordered by UTF-8 bytes, each change in one step. */
import { createHash } from 'node:crypto'
import type { Checksum } from './body.js'
import { S3Error } from './errors.js'

export interface StoredPart {
  bytes: Buffer
  /** Quoted. */
  etag: string
  checksum?: Checksum
  lastModified: Date
}

export interface StoredObject {
  bytes: Buffer
  /** Quoted; `"…-N"` for one put together of N parts. */
  etag: string
  lastModified: Date
  /** `content-type`, `cache-control`, `x-amz-meta-*` … as they were given. */
  headers: Record<string, string>
  checksum?: Checksum & { type: 'FULL_OBJECT' | 'COMPOSITE' }
  parts?: { number: number; size: number }[]
}

export interface Upload {
  id: string
  key: string
  headers: Record<string, string>
  algorithm?: string
  initiated: Date
  parts: Map<number, StoredPart>
}

export interface Conditions {
  ifMatch?: string | undefined
  ifNoneMatch?: string | undefined
}

export class Bucket {
  readonly created = new Date()
  readonly uploads = new Map<string, Upload>()
  readonly #objects = new Map<string, StoredObject>()
  readonly #removed = new Map<string, number>()
  #sorted: string[] | undefined
  #clock = 0

  /** A moment that later changes are compared with. */
  get now(): number {
    return this.#clock
  }

  get size(): number {
    return this.#objects.size
  }

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key)
  }

  /** Keys in the order of their UTF-8 bytes. */
  keys(): string[] {
    this.#sorted ??= [...this.#objects.keys()]
      .map((key) => [key, Buffer.from(key)] as const)
      .sort(([, a], [, b]) => Buffer.compare(a, b))
      .map(([key]) => key)
    return this.#sorted
  }

  /** The conditions of a write that began at `began`; they are looked at again when it is stored. */
  check(key: string, { ifMatch, ifNoneMatch }: Conditions, began: number): void {
    if (ifMatch === undefined && ifNoneMatch === undefined) return
    if (ifNoneMatch !== undefined && ifNoneMatch !== '*') {
      throw new S3Error('NotImplemented', undefined, { Header: 'If-None-Match' })
    }
    const present = this.#objects.get(key)
    if (ifNoneMatch !== undefined && present)
      throw new S3Error('PreconditionFailed', undefined, { Condition: 'If-None-Match' })
    // Removed while the request was under way.
    if ((this.#removed.get(key) ?? -1) >= began)
      throw new S3Error('ConditionalRequestConflict', undefined, { Key: key })
    if (ifMatch === undefined) return
    if (!present) throw new S3Error('NoSuchKey', undefined, { Key: key })
    if (!matches(ifMatch, present.etag)) throw new S3Error('PreconditionFailed', undefined, { Condition: 'If-Match' })
  }

  put(key: string, object: StoredObject): void {
    this.#clock++
    if (!this.#objects.has(key)) this.#sorted = undefined
    this.#objects.set(key, object)
  }

  delete(key: string): void {
    if (!this.#objects.delete(key)) return
    this.#removed.set(key, this.#clock++)
    this.#sorted = undefined
  }
}

export function etagOf(bytes: Uint8Array): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`
}

/** Whether one of the etags of a header is this one; quotes are optional, `*` is any. */
export function matches(header: string, etag: string): boolean {
  return header
    .split(',')
    .some((one) => one.trim() === '*' || one.trim().replaceAll('"', '') === etag.replaceAll('"', ''))
}
