/** What a function threw, as it is told to the host. */
import { type ErrorValue, toErrorValue } from '../errors.js'

const MAX_CAUSES = 5
const OWN_CODE = new URL('..', import.meta.url).href

/** The error with the errors that caused it; its stack ends where Mayfly's own begins. */
export function describeThrown(thrown: unknown, depth = 0): ErrorValue {
  const { stack, ...value } = toErrorValue(thrown)
  const described: ErrorValue = stack === undefined ? value : { ...value, stack: withoutOwnFrames(stack) }
  if (thrown instanceof Error && thrown.cause !== undefined && depth < MAX_CAUSES) {
    described.cause = describeThrown(thrown.cause, depth + 1)
  }
  return described
}

function withoutOwnFrames(stack: string): string {
  const lines = stack.split('\n')
  return lines.filter((line) => !line.includes(OWN_CODE) && !line.includes('(node:internal/')).join('\n')
}
