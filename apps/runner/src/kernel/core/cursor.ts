/** What stands at the cursor: for completion, inspection, and whether an input is complete. Pure. */
import { parseSync } from 'oxc-parser'

/** Jupyter counts code points, strings count UTF-16 units. */
export function toUnits(text: string, points: number): number {
  let units = 0
  for (let i = 0; i < points && units < text.length; i++) units += text.codePointAt(units)! > 0xffff ? 2 : 1
  return units
}

export function toPoints(text: string, units: number): number {
  let points = 0
  for (let i = 0; i < units; points++) i += text.codePointAt(i)! > 0xffff ? 2 : 1
  return points
}

export interface Completion {
  /** What stands before the last dot, or empty. Calls are never part of it: they would run. */
  expression: string
  prefix: string
  /** UTF-16 offset where the prefix begins. */
  start: number
  /** Inside `expression['…`: the quote the key stands in. */
  quote?: string
}

const NAME = '[\\p{ID_Start}$_][\\p{ID_Continue}$]*'
const PATH = `(?:${NAME}|\\]|\\))(?:\\??\\.${NAME}|\\[(?:\\d+|'[^'\\n]*'|"[^"\\n]*")\\])*`
const CHAIN = new RegExp(`(${PATH})\\??\\.$`, 'u')
const KEY = new RegExp(`(${PATH})(?:\\?\\.)?\\[(?:'([^'\\\\\\n]*)|"([^"\\\\\\n]*))$`, 'u')

/** The name being written at `cursor`; undefined where nothing can be completed by names. */
export function completionAt(code: string, cursor: number): Completion | undefined {
  const before = code.slice(0, cursor)
  const key = KEY.exec(before.slice(before.lastIndexOf('\n') + 1))
  if (key) {
    const [, expression = '', single, double = ''] = key
    const prefix = single ?? double
    if (/^[\])]/.test(expression)) return undefined
    return { expression, prefix, start: cursor - prefix.length, quote: single === undefined ? '"' : "'" }
  }
  const prefix = /[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.exec(before)?.[0] ?? ''
  const start = cursor - prefix.length
  const head = before.slice(0, start)
  if (!/\.\s*$/.test(head) || /\.\.\.\s*$/.test(head)) return { expression: '', prefix, start }
  const expression = CHAIN.exec(head)?.[1]
  if (!expression || /^[\])]/.test(expression)) return undefined
  return { expression, prefix, start }
}

/** The dotted name under the cursor, up to the end of the part the cursor is in. */
export function expressionAt(code: string, cursor: number): string | undefined {
  const after = /^[\p{ID_Continue}$]*/u.exec(code.slice(cursor))?.[0] ?? ''
  const text = code.slice(0, cursor) + after
  return /[\p{ID_Start}$_][\p{ID_Continue}$]*(?:\??\.[\p{ID_Start}$_][\p{ID_Continue}$]*)*$/u.exec(text)?.[0]
}

/** `complete`, `incomplete` (with the indent to go on with) or `invalid`. */
export function completeness(code: string): { status: string; indent?: string } {
  const [problem] = parseSync('cell.ts', code, { lang: 'ts', sourceType: 'module' }).errors
  if (!problem) return { status: 'complete' }
  const { start = 0, end = 0 } = problem.labels[0] ?? {}
  // A quote or a slash cannot be closed on the next line; a backtick can.
  const closable = !/^Unterminated (string|regular)/.test(problem.message) || code[start] === '`'
  // Nor is there a continuation that opens what is closed already.
  const stray = /[)\]}]/.test(code.slice(start, end))
  if (!closable || stray || end < code.trimEnd().length) return { status: 'invalid' }
  const line = code.slice(code.lastIndexOf('\n') + 1)
  return { status: 'incomplete', indent: /^\s*/.exec(line)![0] + (/[{([]\s*$/.test(line) ? '  ' : '') }
}
