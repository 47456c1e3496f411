/** An error of the Lambda API: its status, its type and what goes into the body. */
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
