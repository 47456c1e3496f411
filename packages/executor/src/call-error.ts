/** Errors that callers of an executor see. */
import { type ErrorValue, type FailureKind, MayflyError } from './errors.js'

/** A call failed for good. `name`, `message` and `stack` are those of the error thrown in the worker. */
export class CallError extends MayflyError {
  readonly kind: FailureKind
  /** For example `M001-00012`. */
  readonly callId: string
  /** Position of the item in its map. */
  readonly index: number
  /** How many tries it had. */
  readonly attempts: number

  constructor(kind: FailureKind, error: ErrorValue, call: { callId: string; index: number; attempts: number }) {
    const where = { call: call.callId, index: call.index, ...error.where }
    const cause = error.cause && causeOf(error.cause)
    super(error.code, error.message, { where, cause, ...(error.hint === undefined ? {} : { hint: error.hint }) })
    this.name = error.name
    this.kind = kind
    this.callId = call.callId
    this.index = call.index
    this.attempts = call.attempts
    // Where the executor noticed it helps nobody.
    this.stack = error.stack ?? `${error.name}: ${error.message}`
  }
}

/** An error of a worker as an error here: name, message and stack are the original's. */
function causeOf({ name, message, stack, cause }: ErrorValue): Error {
  const error = new Error(message, cause && { cause: causeOf(cause) })
  error.name = name
  error.stack = stack ?? `${name}: ${message}`
  return error
}

/** Some calls of a job failed. Carries what the others returned: nothing good is lost. */
export class MapError<T = unknown> extends MayflyError {
  /** Results in input order; `undefined` at the places of failed calls (see `failures`). */
  readonly results: (T | undefined)[]
  /** One per failed call, in input order. */
  readonly failures: CallError[]

  constructor(results: (T | undefined)[], failures: CallError[]) {
    const first = failures[0]!
    super(
      'E_MAP_FAILED',
      `${failures.length} of ${results.length} calls failed; first ${first.callId}: ${first.name}: ${first.message}`,
      {
        hint: first.hint ?? "The error's `results` has what the other calls returned, `failures` has every error.",
        where: { call: first.callId, index: first.index },
        cause: first,
      },
    )
    this.results = results
    this.failures = failures
    if (first.stack !== undefined) this.stack = `${this.name}: ${this.message}\n${first.stack}`
  }
}
