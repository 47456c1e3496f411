/** Arguments of a command: an unknown option is told with the nearest known one. */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { MayflyError } from '@mayfly/executor/errors'
import { nearest } from '@mayfly/executor/nearest'

type Options = NonNullable<ParseArgsConfig['options']>
type Parsed<T extends Options> = ReturnType<typeof parseArgs<{ args: string[]; allowPositionals: true; options: T }>>

/**
 * Options and positional arguments.
 * @throws MayflyError E_USAGE
 */
export function parseArguments<T extends Options>(args: string[], options: T): Parsed<T> {
  try {
    return parseArgs({ args, allowPositionals: true, options }) as Parsed<T>
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (!code?.startsWith('ERR_PARSE_ARGS')) throw error
    const unknown = /^Unknown option '--([^'=]*)/.exec(message)?.[1]
    const near = unknown === undefined ? undefined : nearest(unknown, Object.keys(options))
    // Node's own words for an unknown option go on about positional arguments.
    throw misused(unknown === undefined ? message : `unknown option --${unknown}`, near && `Did you mean --${near}?`)
  }
}

/** Wrong use of a command. */
export function misused(message: string, hint?: string): MayflyError {
  return new MayflyError('E_USAGE', message, hint ? { hint } : {})
}

/** A whole number of at least 1. @throws MayflyError E_USAGE */
export function wholeNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1) return value
  throw misused(`--${option} needs a whole number from 1`)
}
