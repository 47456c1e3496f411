/** The errors of every storage, in one place, so that each driver says the same with the same code. */
import { MayflyError } from '../errors.js'
import type { ByteRange, Place } from './driver.js'

export function notFound({ bucket, key }: Place): MayflyError {
  return new MayflyError('E_STORAGE_NOT_FOUND', `There is no object ${bucket}/${key}`, {
    hint: 'List the bucket to see the keys it has; the object may have been cleaned.',
    where: { bucket, key },
  })
}

/** A put with `ifNoneMatch: '*'` came second. */
export function exists({ bucket, key }: Place): MayflyError {
  return new MayflyError('E_STORAGE_EXISTS', `${bucket}/${key} is already there`, {
    hint: 'Another writer was first; use its object.',
    where: { bucket, key },
  })
}

/** The object has not the etag asked for. */
export function changed({ bucket, key }: Place): MayflyError {
  return new MayflyError('E_STORAGE_PRECONDITION', `${bucket}/${key} has changed: its etag is not the one given`, {
    hint: 'Read the object again and repeat with its new etag.',
    where: { bucket, key },
  })
}

export function badRange({ start, end }: ByteRange, key: string): MayflyError {
  return new MayflyError('E_STORAGE_RANGE', `${start}–${end ?? ''} is not a range of bytes (key ${key})`, {
    hint: 'Give whole numbers, start not after end; a negative start counts from the end and stands alone.',
    where: { key },
  })
}

/** An upload or a part of it that nobody knows. */
export function badUpload({ bucket, key }: Place, what: string): MayflyError {
  return new MayflyError('E_STORAGE_UPLOAD', `Upload of ${bucket}/${key}: ${what}`, {
    hint: 'Parts have numbers from 1 to 10,000 and come in rising order; an upload ends with complete or abort.',
    where: { bucket, key },
  })
}

/** Whether this is one of ours with that code. */
export function isCode(error: unknown, code: string): boolean {
  return error instanceof MayflyError && error.code === code
}
