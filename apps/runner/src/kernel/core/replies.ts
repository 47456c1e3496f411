/** Contents of replies that depend on nothing but their arguments. Pure. */
import { PROTOCOL_VERSION } from '../messages.js'
import type { ErrorContent } from '../protocol.js'
import { CellSyntaxError } from '../transform/index.js'

type Content = Record<string, unknown>

export function errorReply(error: ErrorContent, count: number): Content {
  const { ename, evalue, traceback } = error
  return { status: 'error', execution_count: count, ename, evalue, traceback }
}

export function okReply(count: number, userExpressions: unknown): Content {
  const unsupported = { status: 'error', ename: 'NotSupported', evalue: 'user_expressions', traceback: [] }
  const names = Object.keys((userExpressions as Content) ?? {})
  const expressions = Object.fromEntries(names.map((name) => [name, unsupported]))
  return { status: 'ok', execution_count: count, payload: [], user_expressions: expressions }
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
    help_links: [],
    debugger: false,
    supported_features: [],
  }
}
