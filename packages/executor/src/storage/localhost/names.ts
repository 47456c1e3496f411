/**
 * Where a key lies in a bucket's folder: at the path it spells, so that people find their objects and existing files are objects.
 * What no path can spell gets a reserved name, which begins with `%`; what begins with `%` itself gets one more. Pure.
 */
import { createHash } from 'node:crypto'

/** Holds object `a` in folder `a` when there are objects `a/…` beside it. */
export const SELF = '%self'
/** Beginning of a file that is being written. */
export const TEMPORARY = '.tmp-'
/** Folder of a bucket with the parts of unfinished uploads. */
export const UPLOADS = '%uploads'

const EMPTY = '%empty'
const LONG = '%h-'
const LONG_NAME = '%n-'
const MOVING = '%c-'
const META = '%m-'
/** Bytes; file systems allow 255, and our marks need some. */
const LONGEST = 200

/** File name of one part of a key. */
export function encodePart(part: string): string {
  if (part === '') return EMPTY
  if (part.length > LONGEST / 4 && Buffer.byteLength(part) > LONGEST) {
    return LONG + createHash('sha256').update(part).digest('hex').slice(0, 40)
  }
  return part.startsWith('%') || part.startsWith(TEMPORARY) ? `%${part}` : part
}

/** What a file name stands for: a part of a key, a long part whose text lies in another file, or nothing of a user's. */
export function decodePart(name: string): { part: string } | { longName: string } | undefined {
  if (name.startsWith(TEMPORARY)) return undefined
  if (!name.startsWith('%')) return { part: name }
  if (name === EMPTY) return { part: '' }
  if (name.startsWith(LONG)) return { longName: LONG_NAME + name.slice(LONG.length) }
  if (name.startsWith('%%') || name.startsWith(`%${TEMPORARY}`)) return { part: name.slice(1) }
  return undefined
}

/** The file beside a long part's that holds its text; undefined for a part short enough to be its own name. */
export function longNameFile(part: string): string | undefined {
  const name = encodePart(part)
  return name.startsWith(LONG) ? LONG_NAME + name.slice(LONG.length) : undefined
}

/** Where a file waits while it makes room for a folder of its name. */
export function movingName(name: string): string {
  return MOVING + name
}

/** The name under which a waiting file will be found again. */
export function movedName(name: string): string | undefined {
  return name.startsWith(MOVING) ? name.slice(MOVING.length) : undefined
}

/** The file beside an object's that holds its content type and metadata. */
export function metaName(etag: string): string {
  return META + etag
}
