/** Content type and metadata to and from what S3 keeps. Pure. */
import type { ObjectInfo, PutOptions } from '../driver.js'
import { described } from '../driver.js'

/** Metadata by which a writer whose answer was lost knows its own object; never shown. */
export const WRITER = 'mayfly-write'

/** S3 and the SDK give these to what has none. */
const UNKNOWN = new Set(['application/octet-stream', 'binary/octet-stream'])

interface Answer {
  ETag?: string | undefined
  LastModified?: Date | undefined
  ContentType?: string | undefined
  Metadata?: Record<string, string> | undefined
}

export function infoOf(key: string, size: number, answer: Answer): ObjectInfo {
  const metadata = Object.entries(answer.Metadata ?? {}).filter(([name]) => name !== WRITER)
  const { ContentType } = answer
  return {
    ...{ key, size, lastModified: answer.LastModified ?? new Date(), etag: answer.ETag ?? '' },
    ...(ContentType && !UNKNOWN.has(ContentType) ? { contentType: ContentType } : {}),
    ...(metadata.length
      ? { metadata: Object.fromEntries(metadata.map(([name, value]) => [name, fromHeader(value)])) }
      : {}),
  }
}

/** What a put answers: what was sent, with the etag that came back. */
export function written(key: string, size: number, etag: string | undefined, options: PutOptions): ObjectInfo {
  return { key, size, lastModified: new Date(), etag: etag ?? '', ...described(options) }
}

/** The parts of a put's input that describe the object. */
export function description({ contentType, metadata }: PutOptions, writer?: string) {
  const all = { ...metadata, ...(writer ? { [WRITER]: writer } : {}) }
  const named = Object.entries(all).map(([name, value]) => [name, toHeader(value)])
  return {
    ...(contentType === undefined ? {} : { ContentType: contentType }),
    ...(named.length ? { Metadata: Object.fromEntries(named) as Record<string, string> } : {}),
  }
}

export function conditionsOf({ ifMatch, ifNoneMatch }: PutOptions) {
  return {
    ...(ifMatch === undefined ? {} : { IfMatch: ifMatch }),
    ...(ifNoneMatch === undefined ? {} : { IfNoneMatch: ifNoneMatch }),
  }
}

/** Headers are ASCII; other text goes as RFC 2047 writes it, which S3 does, too. */
function toHeader(value: string): string {
  return /^[\x20-\x7e]*$/.test(value) && !value.startsWith('=?') && value === value.trim()
    ? value
    : `=?UTF-8?B?${Buffer.from(value).toString('base64')}?=`
}

function fromHeader(value: string): string {
  return value.replace(/=\?UTF-8\?B\?([A-Za-z0-9+/=]*)\?=/gi, (_, encoded: string) =>
    Buffer.from(encoded, 'base64').toString(),
  )
}
