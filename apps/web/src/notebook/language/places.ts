/** Places of the language service, from 0, as Monaco's, from 1, and back. Pure. */
import type { IRange } from 'monaco-editor'
import type { Place, Span } from './protocol'

export const toRange = ({ start, end }: Span): IRange => ({
  startLineNumber: start.line + 1,
  startColumn: start.character + 1,
  endLineNumber: end.line + 1,
  endColumn: end.character + 1,
})

export const toPlace = ({ lineNumber, column }: { lineNumber: number; column: number }): Place => ({
  line: lineNumber - 1,
  character: column - 1,
})

/** Monaco's numbers for kinds of completions, by the protocol's, which count from 1. */
const KINDS = [18, 0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 15, 17, 28, 19, 20, 21, 23, 16, 14, 6, 10, 11, 24]

export const toKind = (kind: number): number => KINDS[kind - 1] ?? 18
