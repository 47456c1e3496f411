/** A cell that does not parse. It carries an offset until the place in the cell is known. */
import { MayflyError } from '@mayfly/executor/errors'

/** A syntax error at `offset` (UTF-16 code units) of the cell's text. */
export class CellSyntaxError extends MayflyError {
  readonly offset: number

  constructor(message: string, offset: number) {
    super('E_CELL_SYNTAX', message)
    this.offset = offset
  }
}

/** Line and column, both from 1, of an offset. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  return { line, column: offset - before.lastIndexOf('\n') }
}
