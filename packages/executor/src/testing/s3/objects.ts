/** Operations on one object: put, get, head, delete, copy, attributes. */
import { checksumOf } from './body.js'
import { S3Error } from './errors.js'
import { type Buckets, bucketOf, checksumHeader, keptHeaders, type S3Request, type S3Response } from './request.js'
import { type Conditions, etagOf, matches, type StoredObject } from './store.js'
import { parseXml, textOf, toXml } from './xml.js'

const MAX_PUT = 5 * 1024 ** 3

export function conditions(headers: Record<string, string>): Conditions {
  return { ifMatch: headers['if-match'], ifNoneMatch: headers['if-none-match'] }
}

export function putObject(buckets: Buckets, request: S3Request): S3Response {
  const { key, body, headers, checksum } = request
  const bucket = bucketOf(buckets, request.bucket)
  if (body.length > MAX_PUT) throw new S3Error('EntityTooLarge')
  const kept = keptHeaders(headers)
  bucket.check(key, conditions(headers), request.began)
  const object: StoredObject = { bytes: body, etag: etagOf(body), lastModified: request.now, headers: kept }
  // S3 keeps a CRC of every object; the client's own, where it sent one.
  object.checksum = { ...(checksum ?? { algorithm: 'CRC32', value: checksumOf('CRC32', body) }), type: 'FULL_OBJECT' }
  bucket.put(key, object)
  return { headers: { etag: object.etag, ...checksumHeader(checksum), 'x-amz-checksum-type': 'FULL_OBJECT' } }
}

export function getObject(buckets: Buckets, request: S3Request): S3Response {
  const { headers, query } = request
  const object = find(buckets, request.bucket, request.key)
  checkRead(headers, object)
  const size = object.bytes.length
  const range = parseRange(headers.range, size)
  const answer: Record<string, string> = {
    ...object.headers,
    etag: object.etag,
    'last-modified': object.lastModified.toUTCString(),
    'accept-ranges': 'bytes',
    ...(object.parts ? { 'x-amz-mp-parts-count': String(object.parts.length) } : {}),
  }
  for (const [name, value] of query) {
    if (name.startsWith('response-')) answer[name.slice('response-'.length)] = value
  }
  if (headers['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED' && !range && object.checksum) {
    Object.assign(answer, checksumHeader(object.checksum), { 'x-amz-checksum-type': object.checksum.type })
  }
  if (!range) return { status: 200, headers: answer, body: object.bytes }
  answer['content-range'] = `bytes ${range.start}-${range.end}/${size}`
  return { status: 206, headers: answer, body: object.bytes.subarray(range.start, range.end + 1) }
}

export function deleteObject(buckets: Buckets, request: S3Request): S3Response {
  const bucket = bucketOf(buckets, request.bucket)
  const wanted = request.headers['if-match']
  if (wanted !== undefined) {
    const present = bucket.get(request.key)
    if (!present) throw new S3Error('NoSuchKey', undefined, { Key: request.key })
    if (!matches(wanted, present.etag)) throw new S3Error('PreconditionFailed', undefined, { Condition: 'If-Match' })
  }
  bucket.delete(request.key)
  return { status: 204 }
}

export function deleteObjects(buckets: Buckets, request: S3Request): S3Response {
  const bucket = bucketOf(buckets, request.bucket)
  if (request.headers['content-md5'] === undefined && !request.checksum) {
    throw new S3Error('InvalidRequest', 'Missing required header for this request: Content-MD5')
  }
  const root = parseXml(request.body.toString())
  const asked = root.children.filter((child) => child.name === 'Object')
  if (root.name !== 'Delete' || asked.length === 0 || asked.length > 1000) throw new S3Error('MalformedXML')
  const deleted: { Key: string }[] = []
  const errors: { Key: string; Code: string; Message: string }[] = []
  for (const element of asked) {
    const key = textOf(element, 'Key')
    if (!key) throw new S3Error('MalformedXML')
    const etag = textOf(element, 'ETag')
    const present = bucket.get(key)
    if (etag !== undefined && !(present && matches(etag, present.etag))) {
      const { code, message } = new S3Error('PreconditionFailed')
      errors.push({ Key: key, Code: code, Message: message })
      continue
    }
    bucket.delete(key)
    deleted.push({ Key: key })
  }
  const quiet = textOf(root, 'Quiet') === 'true'
  return { body: toXml('DeleteResult', { Deleted: quiet ? [] : deleted, Error: errors }) }
}

export function copyObject(buckets: Buckets, request: S3Request): S3Response {
  const { headers } = request
  const from = copySource(headers)
  const source = find(buckets, from.bucket, from.key)
  checkSource(headers, source)
  if (source.bytes.length > MAX_PUT) {
    throw new S3Error(
      'InvalidRequest',
      'The specified copy source is larger than the maximum allowable size for a copy source: 5368709120',
    )
  }
  const replace = headers['x-amz-metadata-directive'] === 'REPLACE'
  if (!replace && from.bucket === request.bucket && from.key === request.key) {
    throw new S3Error(
      'InvalidRequest',
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    )
  }
  const bucket = bucketOf(buckets, request.bucket)
  bucket.check(request.key, conditions(headers), request.began)
  const object: StoredObject = {
    bytes: source.bytes,
    etag: etagOf(source.bytes),
    lastModified: request.now,
    headers: replace ? keptHeaders(headers) : source.headers,
    checksum: { algorithm: 'CRC32', value: checksumOf('CRC32', source.bytes), type: 'FULL_OBJECT' },
  }
  bucket.put(request.key, object)
  return { body: toXml('CopyObjectResult', { LastModified: object.lastModified.toISOString(), ETag: object.etag }) }
}

export function getObjectAttributes(buckets: Buckets, request: S3Request): S3Response {
  const object = find(buckets, request.bucket, request.key)
  const asked = (request.headers['x-amz-object-attributes'] ?? '').split(',').map((name) => name.trim())
  const known = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize']
  if (asked.some((name) => !known.includes(name)))
    throw new S3Error('InvalidArgument', 'Invalid attribute name specified.')
  const { checksum, parts } = object
  const all = {
    ETag: object.etag.replaceAll('"', ''),
    Checksum: checksum ? { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type } : undefined,
    ObjectParts: parts ? { TotalPartsCount: parts.length } : undefined,
    StorageClass: 'STANDARD',
    ObjectSize: object.bytes.length,
  }
  const chosen = Object.fromEntries(Object.entries(all).filter(([name]) => asked.includes(name)))
  const headers = { 'last-modified': object.lastModified.toUTCString() }
  return { headers, body: toXml('GetObjectAttributesResponse', chosen) }
}

/** Bucket and key of `x-amz-copy-source`. */
export function copySource(headers: Record<string, string>): { bucket: string; key: string } {
  const text = decodeURIComponent((headers['x-amz-copy-source'] ?? '').split('?')[0]!).replace(/^\//, '')
  const slash = text.indexOf('/')
  if (slash < 1)
    throw new S3Error('InvalidArgument', 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey')
  return { bucket: text.slice(0, slash), key: text.slice(slash + 1) }
}

export function checkSource(headers: Record<string, string>, source: StoredObject): void {
  const [ifMatch, ifNone] = [headers['x-amz-copy-source-if-match'], headers['x-amz-copy-source-if-none-match']]
  const failed = (ifMatch && !matches(ifMatch, source.etag)) || (ifNone && matches(ifNone, source.etag))
  if (failed) throw new S3Error('PreconditionFailed')
}

export function find(buckets: Buckets, bucket: string, key: string): StoredObject {
  const object = bucketOf(buckets, bucket).get(key)
  if (!object) throw new S3Error('NoSuchKey', undefined, { Key: key })
  return object
}

/** First and last byte; `undefined` for the whole object, also when the header is no range, as HTTP wants it. */
export function parseRange(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const match = header && /^bytes=(\d*)-(\d*)$/.exec(header)
  if (!match || (match[1] === '' && match[2] === '')) return undefined
  const refused = () =>
    new S3Error('InvalidRange', undefined, { RangeRequested: header, ActualObjectSize: String(size) })
  if (match[1] === '') {
    const last = Number(match[2])
    if (last === 0 || size === 0) throw refused()
    return { start: Math.max(0, size - last), end: size - 1 }
  }
  const start = Number(match[1])
  const end = match[2] === '' ? size - 1 : Number(match[2])
  if (match[2] !== '' && end < start) return undefined
  if (start >= size) throw refused()
  return { start, end: Math.min(end, size - 1) }
}

function checkRead(headers: Record<string, string>, { etag, lastModified }: StoredObject): void {
  const [ifMatch, ifNone] = [headers['if-match'], headers['if-none-match']]
  const seconds = Math.floor(lastModified.getTime() / 1000) * 1000
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, etag)) throw new S3Error('PreconditionFailed', undefined, { Condition: 'If-Match' })
  } else if (Date.parse(headers['if-unmodified-since'] ?? '') < seconds) {
    throw new S3Error('PreconditionFailed', undefined, { Condition: 'If-Unmodified-Since' })
  }
  if (ifNone !== undefined) {
    if (matches(ifNone, etag)) throw new S3Error('NotModified', undefined, { etag })
  } else if (Date.parse(headers['if-modified-since'] ?? '') >= seconds)
    throw new S3Error('NotModified', undefined, { etag })
}
