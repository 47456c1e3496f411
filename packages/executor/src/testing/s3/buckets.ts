/** Operations on buckets: make, find, remove, list. */
import { S3Error } from './errors.js'
import { type Buckets, bucketOf, type S3Request, type S3Response, wholeNumber } from './request.js'
import { Bucket } from './store.js'
import { toXml } from './xml.js'

/** The rules for new buckets: 3 to 63 of lower-case letters, digits, dots and hyphens; no address. */
const NAME = /^(?!\d+\.\d+\.\d+\.\d+$)(?!xn--)(?!.*\.\.)(?!.*-s3alias$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

export function createBucket(buckets: Buckets, { bucket }: S3Request, region: string): S3Response {
  if (!NAME.test(bucket)) throw new S3Error('InvalidBucketName', undefined, { BucketName: bucket })
  // The oldest region answers as if nothing had been there.
  if (buckets.has(bucket) && region !== 'us-east-1')
    throw new S3Error('BucketAlreadyOwnedByYou', undefined, { BucketName: bucket })
  if (!buckets.has(bucket)) buckets.set(bucket, new Bucket())
  return { headers: { location: `/${bucket}` } }
}

export function headBucket(buckets: Buckets, { bucket }: S3Request, region: string): S3Response {
  bucketOf(buckets, bucket)
  return { headers: { 'x-amz-bucket-region': region } }
}

export function deleteBucket(buckets: Buckets, { bucket }: S3Request): S3Response {
  if (bucketOf(buckets, bucket).size > 0) throw new S3Error('BucketNotEmpty', undefined, { BucketName: bucket })
  buckets.delete(bucket)
  return { status: 204 }
}

export function listBuckets(buckets: Buckets): S3Response {
  const Bucket = [...buckets].sort().map(([Name, { created }]) => ({ Name, CreationDate: created.toISOString() }))
  return { body: toXml('ListAllMyBucketsResult', { Owner: { ID: 'owner' }, Buckets: { Bucket } }) }
}

export function listObjectsV2(buckets: Buckets, request: S3Request): S3Response {
  const { query } = request
  const bucket = bucketOf(buckets, request.bucket)
  const most = wholeNumber(query, 'max-keys', 1000, 1000)
  const [prefix, delimiter, startAfter] = ['prefix', 'delimiter', 'start-after'].map((name) => query.get(name) ?? '')
  const token = query.get('continuation-token')
  const encoding = query.get('encoding-type')
  if (encoding !== null && encoding !== 'url')
    throw new S3Error('InvalidArgument', 'Invalid Encoding Method specified in Request')
  const page = walk(bucket, {
    prefix: prefix!,
    delimiter: delimiter!,
    from: fromToken(token) ?? `k${startAfter}`,
    most,
  })
  const shown = (text: string) => (encoding === 'url' ? urlEncode(text) : text)
  const content = {
    ...{ Name: request.bucket, Prefix: shown(prefix!), MaxKeys: most, IsTruncated: page.next !== undefined },
    KeyCount: page.keys.length + page.prefixes.length,
    ...(delimiter ? { Delimiter: shown(delimiter) } : {}),
    ...(startAfter ? { StartAfter: shown(startAfter) } : {}),
    ...(encoding ? { EncodingType: encoding } : {}),
    ...(token === null ? {} : { ContinuationToken: token }),
    ...(page.next === undefined ? {} : { NextContinuationToken: Buffer.from(page.next).toString('base64') }),
    Contents: page.keys.map((key) => {
      const { etag, lastModified, bytes, checksum } = bucket.get(key)!
      return {
        ...{ Key: shown(key), LastModified: lastModified.toISOString(), ETag: etag, Size: bytes.length },
        ...(checksum ? { ChecksumAlgorithm: checksum.algorithm, ChecksumType: checksum.type } : {}),
        StorageClass: 'STANDARD',
      }
    }),
    CommonPrefixes: page.prefixes.map((Prefix) => ({ Prefix: shown(Prefix) })),
  }
  return { body: toXml('ListBucketResult', content) }
}

interface Walk {
  prefix: string
  delimiter: string
  /** `k` and the last key, or `p` and the last folded prefix, that went before. */
  from: string
  most: number
}

function walk(bucket: Bucket, { prefix, delimiter, from, most }: Walk) {
  const page = { keys: [] as string[], prefixes: [] as string[], next: undefined as string | undefined }
  if (most === 0) return page
  const sorted = bucket.keys()
  let skip = from[0] === 'p' ? from.slice(1) : undefined
  let last = from
  for (let at = firstAfter(sorted, from.slice(1)); at < sorted.length; at++) {
    const key = sorted[at]!
    if (!key.startsWith(prefix) || (skip !== undefined && key.startsWith(skip))) continue
    if (page.keys.length + page.prefixes.length >= most) {
      page.next = last
      break
    }
    const cut = delimiter ? key.indexOf(delimiter, prefix.length) : -1
    if (cut < 0) {
      page.keys.push(key)
      last = `k${key}`
    } else {
      skip = key.slice(0, cut + delimiter.length)
      page.prefixes.push(skip)
      last = `p${skip}`
    }
  }
  return page
}

function firstAfter(sorted: string[], key: string): number {
  const wanted = Buffer.from(key)
  if (wanted.length === 0) return 0
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (Buffer.compare(Buffer.from(sorted[middle]!), wanted) <= 0) low = middle + 1
    else high = middle
  }
  return low
}

function fromToken(token: string | null): string | undefined {
  if (token === null) return undefined
  const text = Buffer.from(token, 'base64').toString()
  if (!/^[kp]/.test(text)) throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect')
  return text
}

/** As S3 does: a space is a plus, slashes stay. */
function urlEncode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
    .replaceAll('%2F', '/')
}
