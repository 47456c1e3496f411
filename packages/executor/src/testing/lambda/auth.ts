/** Who asks, and whether it is true: signature version 4 as Lambda checks it. */
import type { IncomingMessage } from 'node:http'
import { encode, parseAuthorization, parseDate, same, sha256, signature, signingKey } from '../sigv4.js'
import { LambdaError } from './errors.js'

export interface Signer {
  accessKeyId: string
  secretAccessKey: string
  region: string
}

const MAX_SKEW_MS = 5 * 60_000

/** Throws the error Lambda answers with. */
export function authenticate(message: IncomingMessage, url: URL, body: Buffer, signer: Signer): void {
  const headers = Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(',') : (value ?? ''),
    ]),
  )
  const refuse = (type: string, text: string) => new LambdaError(403, type, text)
  if (!headers.authorization) throw refuse('MissingAuthenticationTokenException', 'Missing Authentication Token')
  const parsed = parseAuthorization(headers.authorization)
  if (!parsed) throw refuse('IncompleteSignatureException', 'The authorization header is not a valid one')
  const [accessKey, day, region, service] = parsed.credential.split('/') as [string, string, string, string]
  if (accessKey !== signer.accessKeyId) {
    throw refuse('UnrecognizedClientException', 'The security token included in the request is invalid.')
  }
  const date = headers['x-amz-date'] ?? ''
  const skew = parseDate(date) - Date.now()
  if (!(Math.abs(skew) <= MAX_SKEW_MS)) throw refuse('InvalidSignatureException', `Signature expired: ${date}`)
  const scope = { day, region, service }
  const expected = signature(signingKey(signer.secretAccessKey, scope), scope, date, {
    ...{ method: message.method!, query: url.searchParams, headers, signedHeaders: parsed.signedHeaders },
    // Encoded once more than it is: every service but S3 has it so.
    ...{ path: url.pathname.split('/').map(encode).join('/'), payload: sha256(body) },
  })
  if (region === signer.region && service === 'lambda' && same(expected, parsed.signature)) return
  throw refuse(
    'InvalidSignatureException',
    'The request signature we calculated does not match the signature you provided.',
  )
}
