/** Contents of replies that depend on nothing but their arguments. Pure. */
import { PROTOCOL_VERSION } from '../messages.js'
import type { ErrorContent, FromChild } from '../protocol.js'
import { CellSyntaxError } from '../transform/index.js'

type Content = Record<string, unknown>

export function errorReply(error: ErrorContent, count: number): Content {
  const { ename, evalue, traceback } = error
  return { status: 'error', execution_count: count, ename, evalue, traceback }
}

export function okReply(count: number, userExpressions: Content = {}): Content {
  return { status: 'ok', execution_count: count, payload: [], user_expressions: userExpressions }
}

/** Jupyter's prompt is a text alone: what is offered and what may be answered stands in it, and in `mayfly` for our own page. */
export function inputRequest(frame: Extract<FromChild, { op: 'input' }>): Content {
  const { prompt, password, fallback, confirm = false } = frame
  const offered = confirm ? '[y/n] ' : fallback === undefined ? '' : `[${fallback}] `
  if (!offered) return { prompt, password }
  const mayfly = { prompt, confirm, ...(fallback === undefined ? {} : { default: fallback }) }
  return { prompt: `${prompt} ${offered}`, password, mayfly }
}

/** A debug request, in the terms of its own protocol (DAP): there is no debugger. */
export function noDebugger({ seq = 0, command = '' }: Content): Content {
  const message = 'This kernel has no debugger.'
  return { type: 'response', seq: 0, request_seq: seq, success: false, command, message }
}

/** A cell that does not compile: the message, the place, the line and a mark under it. */
export function compileFault(
  error: unknown,
  cell: { script: string; code: string; count: number; cellId?: string | undefined },
): ErrorContent {
  const message = error instanceof Error ? error.message : String(error)
  if (!(error instanceof CellSyntaxError)) return { ename: 'Error', evalue: message, traceback: [`Error: ${message}`] }
  const { line = 1, column = 1 } = (error.where ?? {}) as { line?: number; column?: number }
  const text = cell.code.split('\n')[line - 1] ?? ''
  const marker = `${' '.repeat(Math.max(0, column - 1))}^`
  const place = { cell: cell.count, line, column, ...(cell.cellId ? { cellId: cell.cellId } : {}) }
  const traceback = [`SyntaxError: ${message}`, `    at ${cell.script}.ts:${line}:${column}`, '', text, marker]
  return { ename: 'SyntaxError', evalue: message, traceback, mayfly: place }
}

export function kernelInfo(node: string): Content {
  return {
    status: 'ok',
    protocol_version: PROTOCOL_VERSION,
    implementation: 'mayfly',
    implementation_version: '0.1.0',
    language_info: {
      name: 'typescript',
      version: '7.0',
      mimetype: 'text/typescript',
      file_extension: '.ts',
      pygments_lexer: 'typescript',
      codemirror_mode: 'typescript',
      nbconvert_exporter: 'script',
    },
    banner: `Mayfly TypeScript kernel on Node ${node.replace(/^v/, '')}`,
    help_links: [
      { text: 'TypeScript handbook', url: 'https://www.typescriptlang.org/docs/handbook/intro.html' },
      { text: 'JavaScript reference', url: 'https://developer.mozilla.org/docs/Web/JavaScript/Reference' },
      { text: 'Node.js', url: 'https://nodejs.org/api/' },
    ],
    debugger: false,
    supported_features: [],
  }
}
