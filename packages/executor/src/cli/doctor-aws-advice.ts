/** What an error of AWS means for the one who connects an account, and exactly what mends it. Pure. */
import { formatError, MayflyError, toErrorValue } from '../errors.js'
import type { Settings } from './doctor-aws-access.js'

/** What a step found. */
export interface Finding {
  state: 'good' | 'note' | 'bad'
  says: string
  fix?: string
}

export function bad(says: string, fix?: string): Finding {
  return { state: 'bad', says, ...(fix ? { fix } : {}) }
}

interface SdkError {
  name?: string
  Code?: string
  code?: string
  message?: string
  cause?: unknown
  $metadata?: { httpStatusCode?: number }
}

/** The SDK's own error inside one of ours. */
export function sdkError(error: unknown): SdkError {
  let inner = error as SdkError
  while (inner.cause && (inner instanceof MayflyError || inner.name === 'CallError')) inner = inner.cause as SdkError
  return inner
}

const codeOf = (error: unknown) => {
  const { Code, name, code } = sdkError(error)
  return Code ?? name ?? code ?? ''
}

/** One line: the code and the message of the service. Further lines show what was signed, a session token among it. */
export function whatSdkSaid(error: unknown): string {
  const { code, message: all = '' } = sdkError(error)
  const message = all.split('\n')[0]!
  return code && !message.includes(code) ? `${code}: ${message}` : message || codeOf(error)
}

export function isDenied(error: unknown): boolean {
  return /^AccessDenied|^Forbidden$|^UnauthorizedOperation$/.test(codeOf(error))
}

/** The service has answered, whatever it said. */
export function isAnswer(error: unknown): boolean {
  return (sdkError(error).$metadata?.httpStatusCode ?? 0) > 0
}

/** The credentials themselves are wrong, whatever they may do. */
export function isRefused(error: unknown): boolean {
  return codeOf(error) in REFUSED
}

export function isUnreachable(error: unknown): boolean {
  const { code, name } = sdkError(error)
  return UNREACHABLE.test(code ?? '') || name === 'TimeoutError'
}

const UNREACHABLE =
  /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPROTO|CERT_|ERR_TLS|SELF_SIGNED)/

const AGAIN = 'Sign in again (`aws sso login`, `aws login`), or renew the session token.'
const WRONG = 'Check the access key and its secret; `aws sts get-caller-identity` shows whether AWS knows them.'
const REFUSED: Record<string, string> = {
  UnrecognizedClientException: `${WRONG} A region that is not enabled for the account answers the same.`,
  InvalidClientTokenId: WRONG,
  InvalidAccessKeyId: WRONG,
  InvalidSignatureException:
    'The secret access key is not the one of this access key, or the clock of this machine is wrong.',
  SignatureDoesNotMatch: 'The secret access key is not the one of this access key.',
  IncompleteSignatureException: WRONG,
  MissingAuthenticationTokenException: WRONG,
  ExpiredTokenException: AGAIN,
  ExpiredToken: AGAIN,
  RequestExpired: 'The clock of this machine is wrong: set it (`timedatectl set-ntp true`).',
  RequestTimeTooSkewed: 'The clock of this machine is wrong: set it (`timedatectl set-ntp true`).',
  TokenProviderError: AGAIN,
  CredentialsProviderError:
    'Run `aws configure sso` or `aws configure`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name another profile (AWS_PROFILE, or "profile" in both sections).',
}

/** One statement of an IAM policy, ready to paste. */
export function statement(actions: string | string[], resources: string | string[], condition?: object): string {
  return JSON.stringify({
    ...{ Effect: 'Allow', Action: actions, Resource: resources },
    ...(condition ? { Condition: condition } : {}),
  })
}

/** The fault of a step. `who` has the rights that are asked for. */
export function advice(error: unknown, settings: Settings, who: 'caller' | 'role' = 'caller'): Finding {
  const code = codeOf(error)
  if (isDenied(error)) return denied(error, settings, who)
  if (code in REFUSED) {
    const said = whatSdkSaid(error)
    return bad(`${code}: ${said}`, /expired|sso login/i.test(said) ? AGAIN : REFUSED[code])
  }
  const { hint, ...value } = toErrorValue(error)
  const says = error instanceof MayflyError ? formatError(value) : `${code}: ${whatSdkSaid(error)}`
  const known = KNOWN.find(([pattern]) => pattern.test(`${code}: ${says}`))
  return bad(says, known?.[1](settings, says) ?? hint)
}

const KNOWN: [RegExp, (settings: Settings, says: string) => string][] = [
  [
    /role defined for the function cannot be assumed/i,
    ({ lambda }) =>
      `Set the trust policy of ${lambda.role} (a new role needs some seconds):\n${JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      })}`,
  ],
  [
    /role.*(not exist|not found|is invalid)|cannot find role/i,
    ({ lambda }) => `Make the role ${lambda.role}, or correct "role" of aws_lambda.`,
  ],
  [
    /CodeStorageExceeded/,
    () => 'Delete functions that nobody uses: `npx mayfly runtime list`, `npx mayfly runtime delete NAME`.',
  ],
  [
    /E_STORAGE_NO_BUCKET|NoSuchBucket|There is no (bucket|object)/,
    ({ storage }) =>
      `Make the bucket:\naws s3api create-bucket --bucket ${storage.bucket} --region ${storage.region}${
        storage.region === 'us-east-1' ? '' : ` --create-bucket-configuration LocationConstraint=${storage.region}`
      }`,
  ],
  [
    /PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraint/,
    (_, says) => {
      const region = /expecting '([\w-]+)'/.exec(says)?.[1]
      return `The bucket is in ${region ?? 'another region'}: set "region" of the storage to that.`
    },
  ],
]

const WHO = {
  caller: 'Add to the policy of these credentials:',
  role: 'Add to the policy of the role of the functions:',
}

/** AWS names the action and the resource in most refusals; of S3 the operation is known. */
function denied(error: unknown, settings: Settings, who: 'caller' | 'role'): Finding {
  const text = `${sdkError(error).message ?? ''} ${(error as Error).message}`
  const [, action, resource] =
    /not authorized to perform: ([\w-]+:\w+)(?: on resource: "?(arn:[^\s"]+))?/.exec(text) ?? []
  if (!action || action.startsWith('s3:'))
    return bad(`not allowed: ${action ?? whatSdkSaid(error)}`, `${WHO[who]}\n${bucketStatements(settings)}`)
  const { functionPrefix = 'mayfly' } = settings.lambda
  // Names of functions change with their content: the right is for all of the prefix.
  const wide = (resource ?? '*').replace(/(:function:)[\w-]+$/, `$1${functionPrefix}-*`)
  const condition =
    action === 'iam:PassRole' ? { StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' } } : undefined
  return bad(`not allowed: ${action}`, `${WHO[who]}\n${statement(action, wide, condition)}`)
}

/** What Mayfly needs of the bucket, whoever uses it. */
function bucketStatements({ storage, lambda }: Settings): string {
  const bucket = `arn:${lambda.role?.split(':')[1] ?? 'aws'}:s3:::${storage.bucket}`
  const objects = ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload']
  return `${statement(objects, `${bucket}/*`)},\n${statement('s3:ListBucket', bucket)}`
}
