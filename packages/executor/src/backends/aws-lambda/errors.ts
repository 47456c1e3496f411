/** What the Lambda API answers, in our words. */
import { type ErrorValue, type FailureKind, MayflyError } from '../../errors.js'

/** Name of an SDK error, `TooManyRequestsException` and the like. */
export function nameOf(error: unknown): string | undefined {
  return (error as { name?: string } | undefined)?.name
}

function statusOf(error: unknown): number {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0
}

/** The service has no room or is not well: the same request may succeed later. */
export function isThrottle(error: unknown): boolean {
  return nameOf(error) === 'TooManyRequestsException' || statusOf(error) === 429
}

/** The service failed, before or while it took the request. */
export function isServerFault(error: unknown): boolean {
  return statusOf(error) >= 500
}

/** The connection broke: the other side may have let go of an idle one just when it was used again. */
export function isBroken(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string }
  return code === 'ECONNRESET' || code === 'EPIPE' || message === 'socket hang up'
}

/** The function is being made or changed. */
export function isPending(error: unknown): boolean {
  return nameOf(error) === 'ResourceConflictException' || nameOf(error) === 'ResourceNotReadyException'
}

/** How long the service asks to wait, ms. */
export function retryAfterOf(error: unknown): number | undefined {
  const seconds = Number((error as { retryAfterSeconds?: string }).retryAfterSeconds)
  return seconds > 0 ? seconds * 1000 : undefined
}

/** A function that has told its end itself, through the platform. */
export class FunctionError extends Error {
  readonly type: string

  constructor(type: string, details: string) {
    super(`${type}: ${details}`)
    this.type = type
  }
}

const DENIED = /^(AccessDenied|NotAuthorized|Unauthorized)/
const NO_CREDENTIALS =
  /^(CredentialsProviderError|UnrecognizedClientException|InvalidSignatureException|ExpiredToken\w*|InvalidClientTokenId|IncompleteSignature\w*|MissingAuthenticationToken\w*)$/

/** The first line of what is said: those behind it may repeat the request, with the token of a session. */
function saidBy(error: unknown): string {
  return String((error as Error).message).split('\n')[0]!
}

/** An error that may be shown and logged. */
function withoutRequest(error: unknown): unknown {
  const message = saidBy(error)
  if (message === (error as Error).message) return error
  const { name, $metadata } = error as { name?: string; $metadata?: unknown }
  return Object.assign(new Error(message), { name, $metadata })
}

/** What the service refused, as an error that says what to do. `what`: the operation, such as `lambda:CreateFunction`. */
export function refused(error: unknown, what: string, functionName?: string): MayflyError {
  if (error instanceof MayflyError) return error
  const name = nameOf(error) ?? 'Error'
  const said = saidBy(error)
  const [code, hint] = remedy(name, said, what, statusOf(error))
  return new MayflyError(code, `AWS Lambda refused ${what}: ${name}: ${said}`, {
    hint,
    where: functionName ? { function: functionName } : {},
    cause: withoutRequest(error),
  })
}

function remedy(name: string, said: string, what: string, status: number): [code: string, hint: string] {
  if (NO_CREDENTIALS.test(name) || /credentials|security token/i.test(said)) {
    return [
      'E_LAMBDA_CREDENTIALS',
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or aws_lambda.profile, or log in again.',
    ]
  }
  if (DENIED.test(name) || status === 403) {
    return ['E_LAMBDA_DENIED', `Give the credentials in use the right ${what}; docs/aws.md has the policy.`]
  }
  if (/cannot be assumed/.test(said)) {
    return [
      'E_LAMBDA',
      'Let lambda.amazonaws.com assume the role (its trust policy); a role just made needs some seconds.',
    ]
  }
  if (name === 'ResourceNotFoundException') {
    return [
      'E_LAMBDA_FUNCTION',
      'Deploy the functions again (npm run deploy:aws), or look at aws_lambda.functions and region.',
    ]
  }
  if (status === 0) return ['E_LAMBDA_UNREACHABLE', 'Check the region, the endpoint and the network.']
  return ['E_LAMBDA', 'Look at the region, the role and the rights of the credentials in use.']
}

/** How attempts end that the platform or the network has ended. */
export function explained(error: unknown): [FailureKind, Partial<ErrorValue>] {
  const message = saidBy(error)
  if (error instanceof FunctionError) {
    if (error.type === 'Runtime.OutOfMemory') return ['oom', { name: 'OutOfMemory', code: 'E_CALL_OOM', message }]
    if (error.type === 'Sandbox.Timedout') return ['timeout', { name: 'TimeoutError', code: 'E_CALL_TIMEOUT', message }]
    return ['lost', { name: 'WorkerLost', code: 'E_CALL_LOST', message }]
  }
  const status = statusOf(error)
  // What the service refuses for good, it refuses the next time, too.
  const typed = error instanceof MayflyError && /^E_(LAMBDA|CONFIG)/.test(error.code)
  if (typed || (status >= 400 && status < 500)) {
    const { code, message, hint } = refused(error, 'lambda:InvokeFunction')
    return ['error', { name: 'MayflyError', code, message, ...(hint ? { hint } : {}) }]
  }
  return ['lost', { name: 'WorkerLost', code: 'E_CALL_LOST', message }]
}
