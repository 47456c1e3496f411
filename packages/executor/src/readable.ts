/** Errors of workers with stacks that name the user's own source. */
import type { ErrorValue } from './errors.js'
import { kernelHost } from './host.js'

/** A frame of an anonymous function carries the name the closure serializer gave it. */
const SHIPPED_ANONYMOUS = /^(\s+at (?:async )?)\$mff\d+ \((.*)\)$/gm

/** The error with its causes. @param readStack maps positions in the shipped code to where it was written. */
export function readableError(error: ErrorValue, readStack: ((stack: string) => string) | undefined): ErrorValue {
  const { stack, cause } = error
  return {
    ...error,
    ...(stack === undefined ? {} : { stack: readableStack(stack, readStack) }),
    ...(cause === undefined ? {} : { cause: readableError(cause, readStack) }),
  }
}

function readableStack(stack: string, readStack: ((stack: string) => string) | undefined): string {
  try {
    const mapped = (readStack?.(stack) ?? stack).replace(SHIPPED_ANONYMOUS, '$1$2')
    return kernelHost()?.mapStack(mapped) ?? mapped
  } catch {
    // Scripts may be gone from the debugger; the worker's own positions are better than none.
    return stack
  }
}
