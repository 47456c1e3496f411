/** What the operations of the double are given and answer. */
import type { Checksum } from './body.js'
import { S3Error } from './errors.js'
import type { Bucket } from './store.js'

export interface S3Request {
  method: string
  bucket: string
  key: string
  query: URLSearchParams
  headers: Record<string, string>
  body: Buffer
  checksum?: Checksum
  /** `Bucket.now` when the request arrived. */
  began: number
  /** The server's clock. */
  now: Date
}

export interface S3Response {
  status?: number
  headers?: Record<string, string>
  body?: string | Buffer
}

export type Buckets = Map<string, Bucket>

export function bucketOf(buckets: Buckets, name: string): Bucket {
  const bucket = buckets.get(name)
  if (!bucket) throw new S3Error('NoSuchBucket', undefined, { BucketName: name })
  return bucket
}

const KEPT =
  /^(x-amz-meta-.+|content-type|cache-control|content-disposition|content-encoding|content-language|expires)$/

/** The headers that are stored with an object. */
export function keptHeaders(headers: Record<string, string>): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => KEPT.test(name))
  const metadata = kept.filter(([name]) => name.startsWith('x-amz-meta-'))
  const size = metadata.reduce((sum, [name, value]) => sum + Buffer.byteLength(name.slice(11) + value), 0)
  if (size > 2048) throw new S3Error('MetadataTooLarge')
  const result = Object.fromEntries(kept)
  const encoding = result['content-encoding']
    ?.split(',')
    .map((one) => one.trim())
    .filter((one) => one !== 'aws-chunked')
  if (encoding?.length === 0) delete result['content-encoding']
  else if (encoding) result['content-encoding'] = encoding.join(',')
  return { 'content-type': 'binary/octet-stream', ...result }
}

/** A whole number from the query, `InvalidArgument` for anything else. */
export function wholeNumber(query: URLSearchParams, name: string, usual: number, most: number): number {
  const text = query.get(name)
  if (text === null || text === '') return usual
  const value = Number(text)
  if (!/^\d+$/.test(text) || value > 2147483647) {
    throw new S3Error('InvalidArgument', `Provided ${name} not an integer or within integer range`, {
      ArgumentName: name,
    })
  }
  return Math.min(value, most)
}

export function checksumHeader(checksum: Checksum | undefined): Record<string, string> {
  return checksum ? { [`x-amz-checksum-${checksum.algorithm.toLowerCase()}`]: checksum.value } : {}
}
