/** What S3 and the way to it say, as errors of every storage. */
import { MayflyError } from '../../errors.js'
import type { Place } from '../driver.js'
import { badUpload, changed, exists, notFound } from '../errors.js'
import { isNetwork } from './retry.js'

const HINTS: Record<string, string> = {
  AccessDenied: 'The credentials may not do this: look at the role or user and at the policy of the bucket.',
  AllAccessDisabled: 'The bucket is closed; ask its owner.',
  InvalidAccessKeyId: 'S3 does not know this access key: check the profile or the environment variables.',
  SignatureDoesNotMatch: 'The secret access key is not the one of this access key.',
  ExpiredToken: 'The session has ended: sign in again.',
  PermanentRedirect: 'The bucket is in another region: set region to that one.',
  AuthorizationHeaderMalformed: 'The bucket is in another region: set region to that one.',
  CredentialsProviderError:
    'No credentials were found: give a profile, or accessKeyId and secretAccessKey as {{env.NAME}}.',
  RequestTimeTooSkewed: 'The clock of this machine is wrong by more than 15 minutes: set it.',
  SlowDown: 'S3 asks for fewer requests: use fewer workers, or spread the keys over several prefixes.',
  EntityTooSmall: 'Parts but the last have at least 5 MiB.',
  InvalidBucketName: 'S3 takes 3 to 63 lower-case letters, digits, dots and hyphens.',
  BucketAlreadyExists: 'Names of buckets are shared by all accounts: choose another.',
}

export function codeOf(error: unknown): string {
  const { name, Code } = error as { name?: string; Code?: string }
  return Code ?? name ?? ''
}

export function statusOf(error: unknown): number {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0
}

/** `operation` as S3 calls it; `conditions` tell what a 412 means. */
export function translate(
  error: unknown,
  operation: string,
  place: Place,
  conditions: { ifNoneMatch?: '*'; ifMatch?: string } = {},
): unknown {
  if (error instanceof MayflyError) return error
  const [code, status] = [codeOf(error), statusOf(error)]
  if (code === 'NoSuchUpload') return badUpload(place, 'there is no such upload')
  if (code === 'InvalidPart' || code === 'InvalidPartOrder')
    return badUpload(place, 'a part is not the one that was sent')
  if (status === 412) return conditions.ifNoneMatch ? exists(place) : changed(place)
  if (code === 'NoSuchBucket' && /^(Put|Create|Copy|Complete|Upload)/.test(operation)) {
    return failure(
      'E_STORAGE_NO_BUCKET',
      `There is no bucket ${place.bucket}`,
      'Make it with createBucket, or name one that exists.',
    )
  }
  if (status === 404) return notFound(place)
  const where = place.key ? `${place.bucket}/${place.key}` : place.bucket
  if (isNetwork(error)) {
    const why = (error as { code?: string }).code ?? (error as Error).message
    return failure(
      'E_S3_UNREACHABLE',
      `${operation} of ${where}: S3 does not answer (${why})`,
      'Check the endpoint, the region and the network.',
    )
  }
  // Errors of the caller's own body are his.
  if (status === 0 && !(code in HINTS)) return error
  const said = (error as Error).message
  const hint = HINTS[code] ?? 'See the list of error codes of Amazon S3.'
  return failure(
    'E_S3',
    `${operation} of ${where}: ${code}${said && said !== code ? ` – ${said}` : ` (status ${status})`}`,
    hint,
  )

  function failure(kind: string, message: string, hint: string): MayflyError {
    return new MayflyError(kind, message, {
      hint,
      where: { bucket: place.bucket, key: place.key, s3: code },
      cause: error,
    })
  }
}
