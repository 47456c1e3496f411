/**
 * The bytes of a request: plain, or in `aws-chunked` pieces with signatures and trailers; verified against every hash, length and
 * checksum the client sent. What comes back is what an honest S3 would store.
 */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { same, sha256 } from '../sigv4.js'
import { S3Error } from './errors.js'
import { chunkSignature, trailerSignature, type Verified } from './signature.js'

export interface Checksum {
  /** `CRC32`, `CRC32C`, `SHA1`, `SHA256`. */
  algorithm: string
  /** Base64. */
  value: string
}

export interface ReceivedBody {
  bytes: Buffer
  checksum?: Checksum
}

const MAX_CHUNKED_PIECE = 16 << 20

/** Base64 checksum by algorithm, for those the double knows. */
export function checksumOf(algorithm: string, bytes: Uint8Array): string {
  if (algorithm === 'CRC32') return word(crc32(bytes))
  if (algorithm === 'CRC32C') return word(crc32c(bytes))
  if (algorithm === 'SHA1' || algorithm === 'SHA256') {
    return createHash(algorithm.toLowerCase()).update(bytes).digest('base64')
  }
  throw new S3Error('NotImplemented', `The checksum algorithm ${algorithm} is not implemented`)
}

/** Verifies and unwraps. Throws `BadDigest`, `IncompleteBody`, `SignatureDoesNotMatch`, `XAmzContentSHA256Mismatch` … */
export function receive(raw: Buffer, headers: Record<string, string>, verified: Verified): ReceivedBody {
  const { payload } = verified
  const length = headers['content-length']
  if (length !== undefined && Number(length) !== raw.length) throw new S3Error('IncompleteBody')
  let bytes = raw
  let trailers: Record<string, string> = {}
  if (payload.startsWith('STREAMING-')) {
    const chunked = unchunk(raw, verified, headers['x-amz-trailer'])
    const decoded = headers['x-amz-decoded-content-length']
    if (decoded === undefined) throw new S3Error('MissingContentLength')
    if (Number(decoded) !== chunked.bytes.length) throw new S3Error('IncompleteBody')
    ;({ bytes, trailers } = chunked)
  } else if (payload !== 'UNSIGNED-PAYLOAD' && !same(payload, sha256(raw))) {
    throw new S3Error('XAmzContentSHA256Mismatch', undefined, {
      ClientComputedContentSHA256: payload,
      S3ComputedContentSHA256: sha256(raw),
    })
  }
  checkMd5(bytes, headers['content-md5'])
  const checksum = checkChecksums(bytes, { ...headers, ...trailers })
  return checksum ? { bytes, checksum } : { bytes }
}

function checkMd5(bytes: Uint8Array, given: string | undefined): void {
  if (given === undefined) return
  if (Buffer.from(given, 'base64').length !== 16) throw new S3Error('InvalidDigest')
  if (given !== createHash('md5').update(bytes).digest('base64')) throw new S3Error('BadDigest')
}

function checkChecksums(bytes: Uint8Array, headers: Record<string, string>): Checksum | undefined {
  const names = Object.keys(headers).filter((name) => /^x-amz-checksum-(crc|sha)/.test(name))
  if (names.length > 1) throw new S3Error('InvalidRequest', 'Expecting a single x-amz-checksum- header')
  const name = names[0]
  const declared = headers['x-amz-sdk-checksum-algorithm']?.toUpperCase()
  if (name === undefined) {
    if (declared)
      throw new S3Error('InvalidRequest', 'x-amz-sdk-checksum-algorithm specified, but no checksum was sent')
    return undefined
  }
  const algorithm = name.slice('x-amz-checksum-'.length).toUpperCase()
  if (declared && declared !== algorithm)
    throw new S3Error('InvalidRequest', 'Value for x-amz-sdk-checksum-algorithm is invalid.')
  const value = checksumOf(algorithm, bytes)
  if (headers[name] !== value)
    throw new S3Error('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`)
  return { algorithm, value }
}

function unchunk(raw: Buffer, verified: Verified, announced: string | undefined) {
  const signed = verified.payload.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD')
  const expectsTrailer = verified.payload.endsWith('-TRAILER')
  if (!signed && verified.payload !== 'STREAMING-UNSIGNED-PAYLOAD-TRAILER') throw new S3Error('NotImplemented')
  const pieces: Buffer[] = []
  let previous = verified.signature
  let at = 0
  const line = () => {
    const end = raw.indexOf('\r\n', at)
    if (end < 0) throw new S3Error('IncompleteBody')
    const text = raw.toString('latin1', at, end)
    at = end + 2
    return text
  }
  for (;;) {
    const match = /^([0-9a-fA-F]+)(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line())
    if (!match || (signed && !match[2])) throw new S3Error('InvalidRequest', 'The chunk header is malformed')
    const size = Number.parseInt(match[1]!, 16)
    if (size > MAX_CHUNKED_PIECE || at + size > raw.length) throw new S3Error('IncompleteBody')
    const piece = raw.subarray(at, at + size)
    if (signed) {
      if (!same(match[2]!, chunkSignature(verified, previous, piece))) throw new S3Error('SignatureDoesNotMatch')
      previous = match[2]!
    }
    at += size
    if (size === 0) break
    if (line() !== '') throw new S3Error('IncompleteBody')
    pieces.push(piece)
  }
  const trailers: Record<string, string> = {}
  let signature: string | undefined
  for (let text = line(); text !== ''; text = line()) {
    const colon = text.indexOf(':')
    if (colon < 1) throw new S3Error('InvalidRequest', 'The trailer is malformed')
    const [name, value] = [text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim()]
    if (name === 'x-amz-trailer-signature') signature = value
    else trailers[name] = value
    if (at >= raw.length) break
  }
  if (at !== raw.length) throw new S3Error('IncompleteBody')
  const wanted = announced?.split(',').map((name) => name.trim().toLowerCase()) ?? []
  if (wanted.sort().join() !== Object.keys(trailers).sort().join() || (expectsTrailer && wanted.length === 0)) {
    throw new S3Error('InvalidRequest', 'The trailers are not those announced in x-amz-trailer')
  }
  if (signed && expectsTrailer) {
    const text = Object.entries(trailers).map(([name, value]) => `${name}:${value}\n`)
    if (!signature || !same(signature, trailerSignature(verified, previous, text.join('')))) {
      throw new S3Error('SignatureDoesNotMatch')
    }
  }
  return { bytes: pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces), trailers }
}

function word(value: number): string {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32BE(value >>> 0)
  return buffer.toString('base64')
}

const CASTAGNOLI = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0x82f63b78 ^ (n >>> 1) : n >>> 1
  return n >>> 0
})

function crc32c(bytes: Uint8Array): number {
  let value = 0xffffffff
  for (const byte of bytes) value = CASTAGNOLI[(value ^ byte) & 0xff]! ^ (value >>> 8)
  return (value ^ 0xffffffff) >>> 0
}
