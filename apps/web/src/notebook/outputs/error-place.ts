/** Finds places in cells named by stack traces. Pure. */
import type { Cell } from '../cells'

/** A piece of a trace line; `cell` is an execution count, `line` and `column` count from 1. */
export type TracePart = string | { text: string; cell: number; line: number; column: number }

const PLACE = /cell-(\d+)(?:\.ts)?:(\d+)(?::(\d+))?|\bcell \[?(\d+)\]?,? line (\d+)(?:,? col(?:umn)? (\d+))?/gi

/** Splits a line of a stack trace into text and places in cells. */
export function splitTrace(line: string): TracePart[] {
  const parts: TracePart[] = []
  let at = 0
  for (const match of line.matchAll(PLACE)) {
    if (match.index > at) parts.push(line.slice(at, match.index))
    parts.push({
      text: match[0],
      cell: Number(match[1] ?? match[4]),
      line: Number(match[2] ?? match[5]),
      column: Number(match[3] ?? match[6] ?? 1),
    })
    at = match.index + match[0].length
  }
  if (at < line.length) parts.push(line.slice(at))
  return parts
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character starts an ANSI sequence
const ANSI = /\u001b\[[0-9;]*m/g

/** The frames of a traceback: its lines without colours and without the head that repeats name and message. */
export function frames(traceback: readonly string[], ename: string, evalue: string): string[] {
  const lines = traceback.join('\n').replace(ANSI, '').split('\n')
  const head = `${ename}: ${evalue}`.split('\n').length
  const start = lines[0]?.startsWith(ename) ? head : 0
  return lines.slice(start).filter((line) => line.trim() !== '')
}

/** The cell a place lies in: by its id, by its execution count, else the one that shows the error. */
export function shownPlace(
  cells: Readonly<Record<string, Pick<Cell, 'id' | 'executionCount'>>>,
  { cell, cellId }: { cell?: number; cellId?: string },
  own: string,
): string {
  if (cellId !== undefined && cells[cellId]) return cellId
  const byCount =
    cell === undefined ? undefined : Object.values(cells).find(({ executionCount }) => executionCount === cell)
  return byCount?.id ?? own
}
