/**
 * Signature version 4 as its description has it, not as the SDK does it, so that each checks the other. The services differ in
 * what they sign and in what they say; that is theirs. Pure but for the hash.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

export interface Scope {
  /** `20261121`. */
  day: string
  region: string
  service: string
}

export interface Canonical {
  method: string
  /** Encoded as the service wants it. */
  path: string
  query: URLSearchParams
  headers: Record<string, string>
  /** Names that are signed, as they were given: lower case, with semicolons between. */
  signedHeaders: string
  /** Hash of the body, or what stands for it. */
  payload: string
}

export const scopeText = ({ day, region, service }: Scope) => `${day}/${region}/${service}/aws4_request`

/** The key that all signatures of a day in a region for a service are made with. */
export function signingKey(secret: string, { day, region, service }: Scope): Buffer {
  return [day, region, service, 'aws4_request'].reduce<Buffer>(
    (key, part) => hmac(key, part),
    Buffer.from(`AWS4${secret}`),
  )
}

/** Hexadecimal signature of a request made at `date` (`20261121T120000Z`). */
export function signature(key: Buffer, scope: Scope, date: string, request: Canonical): string {
  const canonical = [
    request.method,
    request.path,
    canonicalQuery(request.query),
    ...request.signedHeaders
      .split(';')
      .map((name) => `${name}:${(request.headers[name] ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    request.signedHeaders,
    request.payload,
  ].join('\n')
  return hmac(key, `AWS4-HMAC-SHA256\n${date}\n${scopeText(scope)}\n${sha256(canonical)}`).toString('hex')
}

/** The parts of an `Authorization` header, or undefined when it is none of this kind. */
export function parseAuthorization(header: string) {
  const pattern = /^AWS4-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/
  const match = pattern.exec(header)
  return match && { credential: match[1]!, signedHeaders: match[2]!, signature: match[3]! }
}

/** Epoch milliseconds of `20261121T120000Z`; NaN for anything else. */
export function parseDate(date: string): number {
  return Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
}

/** Percent-encoding of everything but letters, digits and `-._~`. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

export function hmac(key: Uint8Array, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

/** Equality whose time tells nothing. */
export function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}
