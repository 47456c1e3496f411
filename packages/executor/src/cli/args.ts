/** Arguments of a command: strict, and an error that shows how it is used. */
import { parseArgs } from 'node:util'
import { MayflyError } from '../errors.js'

/** One command of `npx mayfly`. */
export interface Command {
  /** Shown by `--help` and after a wrong use. */
  usage: string
  /** @returns exit code: 0 well, 1 the thing asked for went wrong. Errors are thrown; wrong use as `E_CLI_USAGE`. */
  run(args: string[]): Promise<number>
}

/** Options as `util.parseArgs` wants them. */
export type ArgOptions = Record<string, { type: 'string' | 'boolean'; short?: string }>

/** Wrong use; the caller prints the usage below the message. */
export function wrongUse(message: string): MayflyError {
  return new MayflyError('E_CLI_USAGE', message)
}

/** What was given: text or true for each option that was. */
export interface ReadArgs<T extends ArgOptions> {
  values: { [K in keyof T]?: T[K]['type'] extends 'string' ? string : boolean }
  positionals: string[]
}

/** Options and positionals. `most` positionals are allowed, `least` are needed. */
export function readArgs<T extends ArgOptions>(
  args: string[],
  options: T,
  [least, most]: [number, number] = [0, 0],
): ReadArgs<T> {
  let read: { values: object; positionals: string[] }
  try {
    read = parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch (error) {
    throw wrongUse((error as Error).message.split('. ')[0]!)
  }
  const { positionals } = read
  if (positionals.length < least) throw wrongUse('an argument is missing')
  if (positionals.length > most) throw wrongUse(`'${positionals[most]}' is one argument too many`)
  return read as ReadArgs<T>
}

/** A number given as text: whole unless `whole` is false. */
export function numberOf(
  text: string | undefined,
  name: string,
  { min = 0, max = Number.MAX_SAFE_INTEGER, whole = true } = {},
): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() !== '' && (whole ? Number.isInteger(value) : Number.isFinite(value)) && value >= min && value <= max)
    return value
  const kind = whole ? 'a whole number' : 'a number'
  throw wrongUse(
    `${name} must be ${kind} ${max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`}`,
  )
}
