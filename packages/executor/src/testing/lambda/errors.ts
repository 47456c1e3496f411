/** Errors of the Lambda API: status, type, and what goes into the body. */
export class LambdaError extends Error {
  readonly status: number
  readonly type: string
  readonly more: Record<string, unknown>

  constructor(status: number, type: string, message: string, more: Record<string, unknown> = {}) {
    super(message)
    this.status = status
    this.type = type
    this.more = more
  }
}

/** `reason` is one of the SDK's `ThrottleReason`. */
export function throttled(reason: string): LambdaError {
  return new LambdaError(429, 'TooManyRequestsException', 'Rate Exceeded.', { Reason: reason, Type: 'User' })
}

export function invalid(message: string): LambdaError {
  return new LambdaError(400, 'InvalidParameterValueException', message, { Type: 'User' })
}

export function notFound(message: string): LambdaError {
  return new LambdaError(404, 'ResourceNotFoundException', message, { Type: 'User' })
}

export function conflict(message: string): LambdaError {
  return new LambdaError(409, 'ResourceConflictException', message, { Type: 'User' })
}
