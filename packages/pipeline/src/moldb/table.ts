/** METASPACE's own format of a molecular database: a tab-separated table with the columns `id`, `name` and `formula`. */
import { MayflyError } from '@mayfly/executor/errors'
import { parseComplex } from '../formula/complex.js'
import { splitLabels } from '../isotopes/labels.js'

const COLUMNS = ['id', 'name', 'formula'] as const
const MOST_ROWS = 100_000
const LONGEST_CELL = 2500
/** METASPACE takes the symbol from those who upload it, though its isotope code knows it not: such molecules are never found. */
const DEUTERIUM = /D(?![a-z])/g
/** Rows named one by one in an error. */
const MOST_TOLD = 20

/** A row that cannot be taken. */
interface BadRow {
  /** From 1, the header included. */
  line: number
  error: string
}

/**
 * The formulas of all rows.
 * @param file name used in messages.
 * @throws MayflyError E_DB_COLUMN, E_DB_EMPTY, E_DB_ROWS (more than 100,000), E_DB_ROW (names the first 20 lines that are wrong).
 */
export function readTargetTable(text: string, file: string): string[] {
  const lines = text.split(/\r?\n/)
  while (lines.length > 0 && lines[lines.length - 1] === '') lines.pop()
  const header = cellsOf(lines[0] ?? '').map((cell) => cell.trim())
  const missing = COLUMNS.filter((name) => !header.includes(name))
  if (missing.length > 0) {
    throw new MayflyError('E_DB_COLUMN', `${file}: missing columns: ${missing.join(', ')}`, {
      hint: 'The first line must name the columns id, name and formula, with tabs between.',
      where: { file, line: 1 },
    })
  }
  const rows = lines.slice(1)
  if (rows.length === 0) {
    throw new MayflyError('E_DB_EMPTY', `${file}: no data rows found`, {
      hint: 'Give one molecule a line under the header.',
      where: { file },
    })
  }
  if (rows.length > MOST_ROWS) {
    throw new MayflyError('E_DB_ROWS', `${file}: ${rows.length} rows, the most are ${MOST_ROWS}`, {
      hint: 'Cut the database into several files.',
      where: { file },
    })
  }
  const column = header.indexOf('formula')
  const bad: BadRow[] = []
  const formulas: string[] = []
  for (const [i, line] of rows.entries()) {
    const row = cellsOf(line)
    const error = problemOf(row, header, column)
    if (error === undefined) formulas.push((row[column] as string).trim())
    else bad.push({ line: i + 2, error })
  }
  if (bad.length > 0) throw badRows(bad, file)
  return formulas
}

/** Cells between tabs; one in quotation marks may hold a doubled mark. */
function cellsOf(line: string): string[] {
  return line.split('\t').map((cell) => (/^".*"$/s.test(cell) ? cell.slice(1, -1).replaceAll('""', '"') : cell))
}

function problemOf(row: readonly string[], header: readonly string[], column: number): string | undefined {
  if (row.length !== header.length) return `${row.length} cells, expected ${header.length}`
  for (const [c, cell] of row.entries()) {
    if (cell.trim() === '') return `the cell "${header[c]}" is empty`
    if (cell.length > LONGEST_CELL) return `the cell "${header[c]}" is longer than ${LONGEST_CELL} characters`
  }
  const formula = (row[column] as string).trim()
  if (formula.includes('.')) return 'a formula with "." is not supported'
  try {
    const { rest } = splitLabels(formula)
    if (rest !== '') parseComplex(rest.replace(DEUTERIUM, 'H'))
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function badRows(bad: readonly BadRow[], file: string): MayflyError {
  const told = bad.slice(0, MOST_TOLD).map(({ line, error }) => `line ${line}: ${error}`)
  const more = bad.length > told.length ? `; and ${bad.length - told.length} more` : ''
  return new MayflyError(
    'E_DB_ROW',
    `${file}: ${bad.length === 1 ? '1 row' : `${bad.length} rows`} cannot be read: ${told.join('; ')}${more}`,
    { hint: 'Correct or remove these lines.', where: { file, line: (bad[0] as BadRow).line } },
  )
}
