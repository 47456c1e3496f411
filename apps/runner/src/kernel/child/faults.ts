/** Anything thrown, as Jupyter's error content. */
import { inspect } from 'node:util'
import { errorName } from '@mayfly/executor/errors'
import type { ErrorFrame } from '../outputs.js'
import type { ErrorContent } from '../protocol.js'
import { framesOf, mapStack, placeInCell } from './stacks.js'

/** What an interrupted `await` of a cell is rejected with. */
export class KeyboardInterrupt extends Error {
  constructor(message = 'The cell was interrupted. Variables are kept.') {
    super(message)
    this.name = 'KeyboardInterrupt'
  }
}

/** `process.exit` in code that no cell waits for any more. */
export class LateExit extends Error {
  constructor(code: number) {
    super(`process.exit(${code}) was called by late code of a cell that has ended; the kernel goes on.`)
    this.name = 'SystemExit'
  }
}

const MAX_CAUSES = 5

/** Never throws itself, whatever was thrown. */
export function describeFault(thrown: unknown): ErrorContent {
  try {
    if (!isErrorLike(thrown)) return { ename: 'Thrown', evalue: short(thrown), traceback: [`Thrown: ${short(thrown)}`] }
    const traceback = tracebackOf(thrown, 0)
    const evalue = String(thrown.message)
    const mayfly = { ...placeInCell(traceback.join('\n')), ...adviceIn(thrown), ...framesIn(thrown) }
    return { ename: errorName(thrown), evalue, traceback, ...(Object.keys(mayfly).length > 0 ? { mayfly } : {}) }
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
function adviceIn({ code, hint }: ErrorLike): { code?: string; hint?: string } {
  const known = typeof code === 'string' && code.startsWith('E_') && code !== 'E_USER'
  return { ...(known ? { code } : {}), ...(typeof hint === 'string' ? { hint } : {}) }
}

function adviceOf(error: ErrorLike): string[] {
  const { code, hint } = adviceIn(error)
  return [...(code ? [`  code: ${code}`] : []), ...(hint ? [`  → ${hint}`] : [])]
}

/** The frames a page can lead to, of the error itself; those of its causes are in the text. */
function framesIn(error: ErrorLike): { frames?: ErrorFrame[] } {
  const frames = typeof error.stack === 'string' ? framesOf(mapStack(error.stack)) : []
  return frames.length > 0 ? { frames } : {}
}

function short(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY })
}
