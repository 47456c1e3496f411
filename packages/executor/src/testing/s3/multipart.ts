/** Multipart uploads: nothing of them is visible before they are complete. */
import { createHash, randomBytes } from 'node:crypto'
import { checksumOf } from './body.js'
import { S3Error } from './errors.js'
import { checkSource, conditions, copySource, find, parseRange } from './objects.js'
import {
  type Buckets,
  bucketOf,
  checksumHeader,
  keptHeaders,
  type S3Request,
  type S3Response,
  wholeNumber,
} from './request.js'
import { etagOf, type StoredObject, type StoredPart, type Upload } from './store.js'
import { parseXml, textOf, toXml } from './xml.js'

const MIN_PART = 5 * 1024 ** 2
const MAX_PART = 5 * 1024 ** 3

export function createMultipartUpload(buckets: Buckets, request: S3Request): S3Response {
  const bucket = bucketOf(buckets, request.bucket)
  const id = randomBytes(32).toString('base64url')
  const algorithm = request.headers['x-amz-checksum-algorithm']
  bucket.uploads.set(id, {
    ...{ id, key: request.key, headers: keptHeaders(request.headers), initiated: request.now, parts: new Map() },
    ...(algorithm ? { algorithm: algorithm.toUpperCase() } : {}),
  })
  const body = toXml('InitiateMultipartUploadResult', { Bucket: request.bucket, Key: request.key, UploadId: id })
  return { body, headers: algorithm ? { 'x-amz-checksum-algorithm': algorithm } : {} }
}

export function uploadPart(buckets: Buckets, request: S3Request): S3Response {
  const { checksum } = request
  const part = keep(buckets, request, request.body, checksum)
  return { headers: { etag: part.etag, ...checksumHeader(checksum) } }
}

export function uploadPartCopy(buckets: Buckets, request: S3Request): S3Response {
  const from = copySource(request.headers)
  const source = find(buckets, from.bucket, from.key)
  checkSource(request.headers, source)
  const text = request.headers['x-amz-copy-source-range']
  const range = parseRange(text, source.bytes.length)
  if (text !== undefined && (!range || text !== `bytes=${range.start}-${range.end}`)) {
    throw new S3Error('InvalidArgument', 'The x-amz-copy-source-range value must be of the form bytes=first-last')
  }
  const part = keep(buckets, request, range ? source.bytes.subarray(range.start, range.end + 1) : source.bytes)
  return { body: toXml('CopyPartResult', { LastModified: part.lastModified.toISOString(), ETag: part.etag }) }
}

export function completeMultipartUpload(buckets: Buckets, request: S3Request): S3Response {
  const bucket = bucketOf(buckets, request.bucket)
  const upload = uploadOf(buckets, request)
  const root = parseXml(request.body.toString())
  const listed = root.children.filter((child) => child.name === 'Part')
  if (root.name !== 'CompleteMultipartUpload' || listed.length === 0) throw new S3Error('MalformedXML')
  let last = 0
  const parts = listed.map((element) => {
    const number = Number(textOf(element, 'PartNumber'))
    const part = upload.parts.get(number)
    if (number <= last) throw new S3Error('InvalidPartOrder')
    last = number
    if (!part || textOf(element, 'ETag')?.replaceAll('"', '') !== part.etag.replaceAll('"', '')) {
      throw new S3Error('InvalidPart', undefined, { UploadId: upload.id, PartNumber: String(number) })
    }
    return { ...part, number }
  })
  const small = parts.slice(0, -1).find((part) => part.bytes.length < MIN_PART)
  if (small) {
    throw new S3Error('EntityTooSmall', undefined, {
      ...{ ProposedSize: String(small.bytes.length), MinSizeAllowed: String(MIN_PART) },
      ...{ PartNumber: String(small.number), ETag: small.etag },
    })
  }
  bucket.check(request.key, conditions(request.headers), request.began)
  const md5 = createHash('md5')
  for (const part of parts) md5.update(part.etag.replaceAll('"', ''), 'hex')
  const bytes = Buffer.concat(parts.map((part) => part.bytes))
  const object: StoredObject = {
    ...{ bytes, etag: `"${md5.digest('hex')}-${parts.length}"`, lastModified: request.now, headers: upload.headers },
    parts: parts.map((part) => ({ number: part.number, size: part.bytes.length })),
    checksum: composite(upload, parts, bytes),
  }
  bucket.put(request.key, object)
  bucket.uploads.delete(upload.id)
  const location = `http://${request.headers.host}/${request.bucket}/${request.key}`
  const body = { Location: location, Bucket: request.bucket, Key: request.key, ETag: object.etag }
  return { body: toXml('CompleteMultipartUploadResult', body) }
}

export function abortMultipartUpload(buckets: Buckets, request: S3Request): S3Response {
  bucketOf(buckets, request.bucket).uploads.delete(uploadOf(buckets, request).id)
  return { status: 204 }
}

export function listParts(buckets: Buckets, request: S3Request): S3Response {
  const upload = uploadOf(buckets, request)
  const most = wholeNumber(request.query, 'max-parts', 1000, 1000)
  const marker = wholeNumber(request.query, 'part-number-marker', 0, 10_000)
  const behind = [...upload.parts].filter(([number]) => number > marker).sort(([a], [b]) => a - b)
  const page = behind.slice(0, most)
  const content = {
    ...{ Bucket: request.bucket, Key: request.key, UploadId: upload.id, PartNumberMarker: marker, MaxParts: most },
    NextPartNumberMarker: page.at(-1)?.[0] ?? 0,
    IsTruncated: behind.length > page.length,
    StorageClass: 'STANDARD',
    Part: page.map(([PartNumber, part]) => ({
      ...{ PartNumber, LastModified: part.lastModified.toISOString(), ETag: part.etag, Size: part.bytes.length },
      ...(part.checksum ? { [`Checksum${part.checksum.algorithm}`]: part.checksum.value } : {}),
    })),
  }
  return { body: toXml('ListPartsResult', content) }
}

export function listMultipartUploads(buckets: Buckets, request: S3Request): S3Response {
  const { query } = request
  const [prefix, most] = [query.get('prefix') ?? '', wholeNumber(query, 'max-uploads', 1000, 1000)]
  const [keyMarker, idMarker] = [query.get('key-marker') ?? '', query.get('upload-id-marker') ?? '']
  const order = (a: Upload, b: Upload) =>
    Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) || a.initiated.getTime() - b.initiated.getTime()
  const all = [...bucketOf(buckets, request.bucket).uploads.values()].sort(order)
  const from = keyMarker
    ? all.filter((upload) => {
        const side = Buffer.compare(Buffer.from(upload.key), Buffer.from(keyMarker))
        return (
          side > 0 || (side === 0 && idMarker !== '' && all.indexOf(upload) > all.findIndex((u) => u.id === idMarker))
        )
      })
    : all
  const behind = from.filter((upload) => upload.key.startsWith(prefix))
  const page = behind.slice(0, most)
  const content = {
    ...{ Bucket: request.bucket, KeyMarker: keyMarker, UploadIdMarker: idMarker, Prefix: prefix, MaxUploads: most },
    ...(behind.length > page.length ? { NextKeyMarker: page.at(-1)?.key, NextUploadIdMarker: page.at(-1)?.id } : {}),
    IsTruncated: behind.length > page.length,
    Upload: page.map((upload) => ({
      ...{ Key: upload.key, UploadId: upload.id, Initiated: upload.initiated.toISOString(), StorageClass: 'STANDARD' },
    })),
  }
  return { body: toXml('ListMultipartUploadsResult', content) }
}

function keep(buckets: Buckets, request: S3Request, bytes: Buffer, checksum?: StoredPart['checksum']): StoredPart {
  const number = Number(request.query.get('partNumber'))
  if (!Number.isInteger(number) || number < 1 || number > 10_000) {
    throw new S3Error('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive')
  }
  const upload = uploadOf(buckets, request)
  if (bytes.length > MAX_PART) throw new S3Error('EntityTooLarge')
  const part: StoredPart = { bytes, etag: etagOf(bytes), lastModified: request.now }
  if (upload.algorithm && checksum && checksum.algorithm !== upload.algorithm) {
    throw new S3Error('InvalidRequest', `Checksum Type mismatch occurred, expected checksum Type: ${upload.algorithm}`)
  }
  if (checksum) part.checksum = checksum
  upload.parts.set(number, part)
  return part
}

function uploadOf(buckets: Buckets, request: S3Request): Upload {
  const upload = bucketOf(buckets, request.bucket).uploads.get(request.query.get('uploadId') ?? '')
  if (upload?.key !== request.key)
    throw new S3Error('NoSuchUpload', undefined, { UploadId: request.query.get('uploadId') ?? '' })
  return upload
}

/** A checksum of the parts' checksums when the upload asked for one, else of the whole. */
function composite(upload: Upload, parts: StoredPart[], bytes: Buffer): NonNullable<StoredObject['checksum']> {
  const { algorithm } = upload
  if (!algorithm || parts.some((part) => part.checksum?.algorithm !== algorithm)) {
    return { algorithm: 'CRC32', value: checksumOf('CRC32', bytes), type: 'FULL_OBJECT' }
  }
  const joined = Buffer.concat(parts.map((part) => Buffer.from(part.checksum!.value, 'base64')))
  return { algorithm, value: `${checksumOf(algorithm, joined)}-${parts.length}`, type: 'COMPOSITE' }
}
