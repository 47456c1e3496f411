/** Reading CSV with quoted cells (RFC 4180). Pure. */
import { MayflyError } from '@mayfly/executor/errors'

/** A cell, quoted or not, and what ends it. */
const CELL = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/y

/**
 * Rows as records of text by the names in the first line; cells a short line lacks are empty.
 * @param file name used in messages.
 * @throws MayflyError E_CSV when there is no header or a quote is out of place.
 */
export function readCsv(text: string, file: string): Record<string, string>[] {
  const [head, ...body] = rowsOf(text.replace(/^\uFEFF/, ''), file).filter(
    (cells) => cells.length > 1 || cells[0] !== '',
  )
  if (!head) throw new MayflyError('E_CSV', `${file}: is empty`, { hint: 'Its first line must name the columns.' })
  const names = head.map((name) => name.trim())
  return body.map((cells) => Object.fromEntries(names.map((name, i) => [name, cells[i] ?? ''])))
}

function rowsOf(text: string, file: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  CELL.lastIndex = 0
  for (;;) {
    const from = CELL.lastIndex
    const match = CELL.exec(text)
    if (!match) {
      const line = text.slice(0, from).split('\n').length
      const hint = 'Close the quote, and double quotes inside a cell.'
      throw new MayflyError('E_CSV', `${file}: a quote in line ${line} is out of place`, {
        hint,
        where: { file, line },
      })
    }
    const [, quoted, plain, end] = match
    row.push(quoted === undefined ? (plain as string) : quoted.replaceAll('""', '"'))
    if (end === ',') continue
    rows.push(row)
    row = []
    if (end === '' || CELL.lastIndex === text.length) return rows
  }
}
