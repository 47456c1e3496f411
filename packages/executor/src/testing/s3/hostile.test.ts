/** No bytes bring the double down, nor have it call its own fault what is the client's. */
import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { type S3Double, startS3 } from '@mayfly/executor/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encode, signature, signingKey } from '../sigv4.js'
import { receive } from './body.js'
import { S3Error } from './errors.js'
import { verify } from './signature.js'
import { parseXml } from './xml.js'

const REFUSED = { numRuns: 400 }
const signer = { accessKeyId: 'AKIA', secretAccessKey: 'secret', region: 'us-east-1' }
const NOW = Date.parse('2026-11-21T12:00:00Z')

/** Runs `work`; whatever it throws must be an answer of S3. */
function refusedAtMost(work: () => unknown): void {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(S3Error)
  }
}

describe('readers of what clients send', () => {
  const verified = { signature: '0'.repeat(64), key: Buffer.alloc(32), scope: 's', date: '20261121T120000Z' }
  const piece = fc.oneof(
    fc.constantFrom('\r\n', '0', '5', 'ffffffffffffffff', '-1', ';chunk-signature=', 'hello', ':', '\r\n\r\n'),
    fc.constantFrom('x-amz-checksum-crc32:', 'x-amz-trailer-signature:', '0'.repeat(64), 'NhCmhg=='),
    fc.string({ maxLength: 6 }),
  )

  it('take aws-chunked bodies of any kind, or refuse them', () => {
    const payload = fc.constantFrom(
      'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
      'STREAMING-NOTHING',
      'UNSIGNED-PAYLOAD',
      '',
    )
    const header = fc.constantFrom(
      'x-amz-decoded-content-length',
      'x-amz-trailer',
      'content-md5',
      'x-amz-checksum-crc32',
    )
    const headers = fc.dictionary(header, fc.constantFrom('5', 'NaN', 'x-amz-checksum-crc32', 'a,b', ''))
    const bodies = fc.oneof(
      fc.array(piece).map((all) => Buffer.from(all.join(''))),
      fc.uint8Array().map((all) => Buffer.from(all)),
    )
    fc.assert(
      fc.property(bodies, payload, headers, (body, kind, given) => {
        refusedAtMost(() => receive(body, given, { ...verified, payload: kind }))
      }),
      REFUSED,
    )
  })

  it('take a body in pieces as it is, and no other', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 5 }),
        fc.nat(),
        (pieces, at) => {
          const parts = pieces.flatMap((one) => [`${one.length.toString(16)}\r\n`, one, '\r\n'])
          const raw = Buffer.concat([...parts, '0\r\n\r\n'].map((one) => Buffer.from(one as string)))
          const whole = Buffer.concat(pieces)
          const md5 = createHash('md5').update(whole).digest('base64')
          const headers = { 'x-amz-decoded-content-length': String(whole.length), 'content-md5': md5 }
          const known = { ...verified, payload: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' }
          // Without their signatures …
          expect(() => receive(raw, headers, known)).toThrow(S3Error)
          // … and without a trailer where one must be; nor with a byte turned.
          const turned = Buffer.from(raw)
          turned[at % turned.length]! ^= 1
          refusedAtMost(() => receive(turned, headers, { ...verified, payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' }))
        },
      ),
      { numRuns: 100 },
    )
  })

  it('take XML of any kind, or refuse it', () => {
    const word = fc.constantFrom(
      '<',
      '>',
      '/',
      '<a>',
      '</a>',
      '<a/>',
      '&#x110000;',
      '&#99999999;',
      '&lt;',
      '&',
      '<!--',
      '-->',
      '<?xml?>',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string({ maxLength: 4 }))), (words) =>
        refusedAtMost(() => parseXml(words.join(''))),
      ),
      REFUSED,
    )
    refusedAtMost(() => parseXml('<a>'.repeat(100_000)))
    refusedAtMost(() => parseXml(`<a>${'&amp;'.repeat(100_000)}</a>`))
  })

  it('take signatures of any kind, or refuse them', () => {
    const name = fc.constantFrom('authorization', 'x-amz-date', 'x-amz-content-sha256', 'host', 'x-amz-security-token')
    const value = fc.oneof(
      fc.constantFrom(
        '20261121T120000Z',
        '20261121',
        'AWS4-HMAC-SHA256 Credential=AKIA/20261121/us-east-1/s3/aws4_request',
      ),
      fc.constant(
        `AWS4-HMAC-SHA256 Credential=AKIA/20261121/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'a'.repeat(64)}`,
      ),
      fc.string({ maxLength: 12 }),
    )
    const query = fc.array(
      fc.tuple(fc.constantFrom('X-Amz-Signature', 'X-Amz-Expires', 'X-Amz-Date', 'X-Amz-Credential', 'a'), value),
    )
    const path = fc.constantFrom('/', '/bucket/key', '/%', '/%zz/%ff', '/süß', `/${'%41'.repeat(2000)}`)
    fc.assert(
      fc.property(path, query, fc.dictionary(name, value), (where, pairs, headers) => {
        const request = { method: 'GET', path: where, query: new URLSearchParams(pairs), headers }
        expect(() => verify(request, signer, NOW)).toThrow(S3Error)
      }),
      REFUSED,
    )
  })

  it('know the time: fifteen minutes either way, presigned to the second', () => {
    const scope = { day: '20261121', region: 'us-east-1', service: 's3' }
    const key = signingKey(signer.secretAccessKey, scope)
    const date = '20261121T120000Z'
    const credential = `AKIA/20261121/us-east-1/s3/aws4_request`
    const request = { method: 'GET', path: '/b/k', query: new URLSearchParams(), headers: {} as Record<string, string> }
    const signed = { ...request, signedHeaders: 'host;x-amz-date', payload: 'UNSIGNED-PAYLOAD' }
    request.headers = { host: 'h', 'x-amz-date': date }
    signed.headers = request.headers
    const made = signature(key, scope, date, {
      ...signed,
      signedHeaders: 'host;x-amz-content-sha256;x-amz-date',
      headers: { ...request.headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
    })
    const headers = {
      ...{ ...request.headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
      authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=${made}`,
    }
    const at = (ms: number) => verify({ ...request, headers }, signer, NOW + ms)
    for (const ms of [0, 900_000, -900_000]) expect(at(ms).signature).toBe(made)
    for (const ms of [900_001, -900_001])
      expect(() => at(ms)).toThrow(expect.objectContaining({ code: 'RequestTimeTooSkewed' }))
    const query = new URLSearchParams({
      ...{ 'X-Amz-Algorithm': 'AWS4-HMAC-SHA256', 'X-Amz-Credential': credential, 'X-Amz-Date': date },
      ...{ 'X-Amz-Expires': '60', 'X-Amz-SignedHeaders': 'host' },
    })
    const presigned = { ...signed, headers: { host: 'h' }, query, signedHeaders: 'host' }
    query.append('X-Amz-Signature', signature(key, scope, date, presigned))
    const when = (ms: number) => verify({ ...request, headers: { host: 'h' }, query }, signer, NOW + ms)
    expect(when(60_000).payload).toBe('UNSIGNED-PAYLOAD')
    expect(() => when(60_001)).toThrow(expect.objectContaining({ code: 'AccessDenied' }))
    query.set('X-Amz-Expires', '61')
    expect(() => when(0)).toThrow(expect.objectContaining({ code: 'SignatureDoesNotMatch' }))
    expect(encode("a b/ü!'()*")).toBe('a%20b%2F%C3%BC%21%27%28%29%2A')
  })
})

describe('the server', () => {
  let s3: S3Double
  beforeAll(async () => {
    s3 = await startS3({ buckets: ['b12'] })
  })
  afterAll(() => s3.close())

  /** First line of the answer to these bytes; empty when the connection was closed without one. */
  const answer = (bytes: Buffer | string) =>
    new Promise<string>((resolve) => {
      let text = ''
      const socket = connect(s3.port, '127.0.0.1', () => socket.end(bytes))
      socket.setTimeout(500, () => socket.destroy())
      socket.on('data', (chunk) => (text += chunk.toString('latin1')))
      socket.on('error', () => undefined).on('close', () => resolve(text.split('\r\n')[0]!))
    })

  it('answers 4xx to requests nobody signed, whatever they are', async () => {
    const method = fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'HEAD', 'PATCH')
    const path = fc.constantFrom(
      '/',
      '/b12',
      '/b12/k?uploads',
      '/b12?delete',
      '/%',
      '/b12/%zz',
      '/b12/k?partNumber=x&uploadId=y',
      '//',
      '*',
    )
    const header = fc.constantFrom(
      'Range: bytes=-',
      'x-amz-copy-source: %',
      'Content-MD5: x',
      'If-None-Match: x',
      'Authorization: AWS4-HMAC-SHA256',
    )
    const request = fc.tuple(method, path, fc.uniqueArray(header), fc.string({ maxLength: 30 }))
    await fc.assert(
      fc.asyncProperty(request, async ([how, where, headers, body]) => {
        const length = Buffer.byteLength(body)
        const head = [
          `${how} ${where} HTTP/1.1`,
          'Host: x',
          'Connection: close',
          `Content-Length: ${length}`,
          ...headers,
        ]
        expect(await answer(`${head.join('\r\n')}\r\n\r\n${body}`)).toMatch(/^HTTP\/1\.1 4\d\d /)
      }),
      { numRuns: 60 },
    )
  })

  it('lives through bytes that are no HTTP at all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
        expect(await answer(Buffer.from(bytes))).toMatch(/^($|HTTP\/1\.1 [45]\d\d )/)
      }),
      { numRuns: 15 },
    )
    expect((await fetch(s3.endpoint)).status).toBe(403)
  })
})
