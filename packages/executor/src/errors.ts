/**
 * The one error class of every Mayfly package. An error is a value with a stable `code`; its message says what happened
 * and where, `hint` says what to do next. Nothing from Node is imported, so the browser uses it as it is.
 */

/** How an attempt of a call can end badly. Exact: an out-of-memory kill is never reported as `lost`. */
export const FAILURE_KINDS = ['error', 'timeout', 'oom', 'lost', 'throttled', 'cancelled', 'budget'] as const
export type FailureKind = (typeof FAILURE_KINDS)[number]

/** What an error says of itself when it crosses a process or network border. Plain JSON. */
export interface ErrorValue {
  /** Class name, for example `TypeError`. */
  name: string
  /** Stable code such as `E_CONFIG_UNKNOWN_KEY`; user errors without one carry `E_USER`. */
  code: string
  message: string
  /** What to do next, one sentence. */
  hint?: string
  /** Source-mapped stack, when there is one. */
  stack?: string
  /** File, cell, line, index … whatever locates the fault. */
  where?: Record<string, string | number>
  /** Set for what a function threw on a worker. */
  cause?: ErrorValue
}

export interface MayflyErrorOptions {
  hint?: string
  where?: Record<string, string | number>
  cause?: unknown
}

/** An error with a stable code. Subclass only where a caller must tell the class apart. */
export class MayflyError extends Error {
  readonly code: string
  // Declared only: an error without a hint has no such property, also when it is printed.
  declare readonly hint?: string
  declare readonly where?: Record<string, string | number>

  constructor(code: string, message: string, options: MayflyErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    if (options.hint !== undefined) this.hint = options.hint
    if (options.where !== undefined) this.where = options.where
  }
}

/** Turns anything thrown into an `ErrorValue`; never throws itself. */
export function toErrorValue(thrown: unknown): ErrorValue {
  if (thrown instanceof Error) {
    const { code, hint, where } = thrown as Partial<MayflyError>
    return {
      name: errorName(thrown),
      code: typeof code === 'string' ? code : 'E_USER',
      message: String(thrown.message),
      ...(typeof hint === 'string' ? { hint } : {}),
      ...(typeof thrown.stack === 'string' ? { stack: thrown.stack } : {}),
      ...(where && typeof where === 'object' ? { where } : {}),
    }
  }
  return { name: 'Thrown', code: 'E_USER', message: describeThrown(thrown) }
}

/** The name of an error; that of its class where the class has not said another, as in `class BadInput extends Error {}`. */
export function errorName(error: { name?: unknown }): string {
  const name = typeof error.name === 'string' && error.name ? error.name : 'Error'
  const made: unknown = error.constructor
  if (typeof made !== 'function' || !made.name || Object.hasOwn(error, 'name')) return name
  return Object.hasOwn(made.prototype as object, 'name') ? name : made.name
}

function describeThrown(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown
  try {
    return JSON.stringify(thrown) ?? String(thrown)
  } catch {
    return Object.prototype.toString.call(thrown)
  }
}

/** `code: message (hint)` on one line, for terminals and logs. */
export function formatError(error: ErrorValue | MayflyError): string {
  return `${error.code}: ${error.message}${error.hint ? `\n  → ${error.hint}` : ''}`
}
