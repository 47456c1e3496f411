/**
 * Signature version 4 as S3 checks it: header and query signatures, the clock, and the keys from which chunk signatures follow.
 * Pure but for the hash.
 */
import {
  encode,
  hmac,
  parseAuthorization,
  parseDate,
  same,
  scopeText,
  sha256,
  signature,
  signingKey,
} from '../sigv4.js'
import { S3Error } from './errors.js'

export interface Signer {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
  region: string
}

export interface SignedRequest {
  method: string
  /** As sent, before the `?`. */
  path: string
  query: URLSearchParams
  headers: Record<string, string>
}

/** What a verified request leaves behind for its chunks. */
export interface Verified {
  /** `x-amz-content-sha256`, or `UNSIGNED-PAYLOAD` of a presigned URL. */
  payload: string
  signature: string
  key: Buffer
  scope: string
  date: string
}

const MAX_SKEW_MS = 15 * 60_000
const MAX_EXPIRY_S = 7 * 24 * 3600

/** Throws the error S3 would answer with; `now` in epoch milliseconds. */
export function verify(request: SignedRequest, signer: Signer, now: number): Verified {
  const { headers, query } = request
  const presigned = query.has('X-Amz-Signature')
  const header = headers.authorization
  if (!presigned && !header) throw new S3Error('AccessDenied')
  const parsed = presigned ? fromQuery(query) : fromHeader(header!)
  const [accessKey, day, region, service, end] = parsed.credential.split('/')
  if (accessKey !== signer.accessKeyId)
    throw new S3Error('InvalidAccessKeyId', undefined, { AWSAccessKeyId: accessKey! })
  if (region !== signer.region || service !== 's3' || end !== 'aws4_request') {
    const message = `The authorization header is malformed; the region '${region}' is wrong; expecting '${signer.region}'`
    throw new S3Error('AuthorizationHeaderMalformed', message, { Region: signer.region })
  }
  const date = presigned ? (query.get('X-Amz-Date') ?? '') : (headers['x-amz-date'] ?? '')
  const time = parseDate(date)
  if (Number.isNaN(time) || date.slice(0, 8) !== day) throw new S3Error('AccessDenied', 'Invalid date')
  if (presigned) checkExpiry(query, time, now)
  else if (Math.abs(time - now) > MAX_SKEW_MS) {
    const at = { RequestTime: date, ServerTime: new Date(now).toISOString(), MaxAllowedSkewMilliseconds: '900000' }
    throw new S3Error('RequestTimeTooSkewed', undefined, at)
  }
  const token = presigned ? query.get('X-Amz-Security-Token') : headers['x-amz-security-token']
  if ((token ?? '') !== (signer.sessionToken ?? '')) throw new S3Error('AccessDenied', 'The security token is invalid')
  const signed = parsed.signedHeaders.split(';')
  const unsigned = Object.keys(headers).find((name) => name.startsWith('x-amz-') && !signed.includes(name))
  if (unsigned || !signed.includes('host')) {
    throw new S3Error('AccessDenied', 'There were headers present in the request which were not signed', {
      HeadersNotSigned: unsigned ?? 'host',
    })
  }
  const payload = presigned ? 'UNSIGNED-PAYLOAD' : headers['x-amz-content-sha256']
  if (!payload) throw new S3Error('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256')
  const scope = { day: day!, region: region!, service: 's3' }
  const key = signingKey(signer.secretAccessKey, scope)
  const path = pathOf(request.path)
  const expected = signature(key, scope, date, {
    ...{ method: request.method, path, query, headers, signedHeaders: parsed.signedHeaders, payload },
  })
  if (!same(expected, parsed.signature)) throw new S3Error('SignatureDoesNotMatch')
  return { payload, signature: parsed.signature, key, scope: scopeText(scope), date }
}

/** Signature of one chunk of a signed stream: it covers the signature before it. */
export function chunkSignature({ key, scope, date }: Verified, previous: string, chunk: Uint8Array): string {
  const head = `AWS4-HMAC-SHA256-PAYLOAD\n${date}\n${scope}\n${previous}`
  return hmac(key, `${head}\n${sha256('')}\n${sha256(chunk)}`).toString('hex')
}

/** Signature of the trailer of a signed stream. */
export function trailerSignature({ key, scope, date }: Verified, previous: string, trailer: string): string {
  return hmac(key, `AWS4-HMAC-SHA256-TRAILER\n${date}\n${scope}\n${previous}\n${sha256(trailer)}`).toString('hex')
}

function checkExpiry(query: URLSearchParams, time: number, now: number): void {
  const seconds = Number(query.get('X-Amz-Expires') ?? Number.NaN)
  if (!(seconds >= 1 && seconds <= MAX_EXPIRY_S)) {
    throw new S3Error('InvalidArgument', 'X-Amz-Expires must be between 1 and 604800 seconds')
  }
  if (time - now > MAX_SKEW_MS) throw new S3Error('AccessDenied', 'Request is not yet valid')
  if (now > time + seconds * 1000) throw new S3Error('AccessDenied', 'Request has expired')
}

function fromQuery(query: URLSearchParams) {
  const get = (name: string) => query.get(`X-Amz-${name}`) ?? ''
  if (get('Algorithm') !== 'AWS4-HMAC-SHA256') throw new S3Error('InvalidArgument', 'Unknown signing algorithm')
  return { credential: get('Credential'), signedHeaders: get('SignedHeaders'), signature: get('Signature') }
}

function fromHeader(header: string) {
  const parsed = parseAuthorization(header)
  if (!parsed)
    throw new S3Error('AuthorizationHeaderMalformed', 'The authorization header that you provided is not valid.')
  return parsed
}

/** S3 encodes the path once, whatever the client wrote. */
function pathOf(path: string): string {
  try {
    return encode(decodeURIComponent(path)).replaceAll('%2F', '/')
  } catch {
    throw new S3Error('InvalidURI')
  }
}
