/** What the partitioner takes and gives. Plain data only: parts travel to workers. */
import type { CloudObject } from '../storage/cloud-object.js'

/**
 * What may be cut into parts. A string is a URL (`https://…`), a path (`/data`, `./data`, `file://…`, a folder with all files
 * in it, or a glob), or in storage a bucket, `bucket/prefix/`, `bucket/glob*.csv` or `bucket/key`.
 */
export type ObjectItem =
  | string
  | URL
  | CloudObject
  | { bucket: string; key: string }
  | { bucket: string; prefix: string }
  | { url: string }
  | { path: string }

export interface PartitionOptions {
  /** Bytes per part, before the cuts move to the ends of records. Default: whole objects. */
  objChunkSize?: number
  /** Parts per object; goes before `objChunkSize`. Objects with fewer bytes have a part per byte. */
  objChunkNumber?: number
  /** What ends a record: no record is cut. Default a line feed; null cuts anywhere. */
  objNewline?: string | Uint8Array | null
}

/** Where the bytes are: exactly one of `key` (with `bucket`), `url` or `path`. */
export interface ObjectSource {
  bucket?: string
  key?: string
  url?: string
  path?: string
  /** Bytes; undefined for a URL whose server does not say, which then is one part. */
  size?: number
  /** Of the version that was found; another is refused. */
  etag?: string
  /** False for a URL whose server gives no ranges. */
  ranges: boolean
}

/** One part of an object, as it travels. `openPart` reads it. */
export interface ObjectPart extends ObjectSource {
  type: 'ObjectPart'
  /** From 0. */
  part: number
  totalParts: number
  /** The cuts: records that begin in `start ≤ position < end` are the part's. */
  range: { start: number; end: number }
  newline: Uint8Array | null
}

export function isObjectPart(value: unknown): value is ObjectPart {
  return (value as Partial<ObjectPart> | null)?.type === 'ObjectPart'
}
