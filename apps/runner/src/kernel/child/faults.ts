/** Anything thrown, as Jupyter's error content. */
import { inspect } from 'node:util'
import { errorName } from '@mayfly/executor/errors'
import type { ErrorContent } from '../protocol.js'
import { mapStack, placeInCell } from './stacks.js'

/** What an interrupted `await` of a cell is rejected with. */
export class KeyboardInterrupt extends Error {
  constructor(message = 'The cell was interrupted. Variables are kept.') {
    super(message)
    this.name = 'KeyboardInterrupt'
  }
}

const MAX_CAUSES = 5

/** Never throws itself, whatever was thrown. */
export function describeFault(thrown: unknown): ErrorContent {
  try {
    if (!isErrorLike(thrown)) return { ename: 'Thrown', evalue: short(thrown), traceback: [`Thrown: ${short(thrown)}`] }
    const traceback = tracebackOf(thrown, 0)
    const place = placeInCell(traceback.join('\n'))
    const evalue = String(thrown.message)
    return { ename: errorName(thrown), evalue, traceback, ...(place ? { mayfly: place } : {}) }
  } catch {
    return {
      ename: 'Error',
      evalue: 'an error that cannot be shown',
      traceback: ['Error: an error that cannot be shown'],
    }
  }
}

interface ErrorLike {
  name?: unknown
  message: unknown
  stack?: unknown
  code?: unknown
  hint?: unknown
  cause?: unknown
  errors?: unknown
}

function isErrorLike(thrown: unknown): thrown is ErrorLike {
  if (thrown instanceof Error) return true
  return typeof thrown === 'object' && thrown !== null && 'message' in thrown && 'stack' in thrown
}

function tracebackOf(error: ErrorLike, depth: number): string[] {
  const header = `${errorName(error)}: ${String(error.message)}`
  const stack = typeof error.stack === 'string' ? mapStack(error.stack) : header
  const frames = foldRepeats(stack.split('\n').filter((line) => /^\s+at /.test(line)))
  const lines = [...header.split('\n'), ...adviceOf(error), ...frames]
  if (depth >= MAX_CAUSES) return lines
  const inner = Array.isArray(error.errors) ? error.errors.slice(0, MAX_CAUSES) : []
  if (error.cause !== undefined) inner.unshift(error.cause)
  for (const cause of inner) {
    const label = cause === error.cause ? 'Caused by' : 'One of'
    const [first, ...rest] = isErrorLike(cause) ? tracebackOf(cause, depth + 1) : [short(cause)]
    lines.push(`${label}: ${first}`, ...rest)
  }
  return lines
}

/** Recursion fills a stack with one line; it is said once, with how often. */
function foldRepeats(frames: string[]): string[] {
  const folded: string[] = []
  for (let i = 0; i < frames.length; ) {
    let end = i
    while (frames[end] === frames[i]) end++
    folded.push(frames[i]!)
    if (end - i > 1) folded.push(`    … ${end - i - 1} more of the same`)
    i = end
  }
  return folded
}

/** Our errors say what to do next; the code is what to look up. `E_USER` only says that it is none of ours. */
function adviceOf(error: ErrorLike): string[] {
  const lines: string[] = []
  const { code } = error
  if (typeof code === 'string' && code.startsWith('E_') && code !== 'E_USER') lines.push(`  code: ${code}`)
  if (typeof error.hint === 'string') lines.push(`  → ${error.hint}`)
  return lines
}

function short(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY })
}
