/** Sorting, filtering and paging of a table of plain values: pure, so that the component only draws. */
export type CellValue = string | number | boolean | null
export type ColumnType = 'number' | 'string' | 'boolean' | 'other'

export interface SortOrder {
  column: number
  descending: boolean
}

/** Row numbers that pass the filter, in the wanted order. Empty values come last in both directions; the sort is stable. */
export function arrangeRows(rows: CellValue[][], filter: string, sort: SortOrder | undefined): number[] {
  const needle = filter.trim().toLowerCase()
  const picked: number[] = []
  for (let i = 0; i < rows.length; i += 1) {
    if (needle === '' || rows[i]!.some((value) => value !== null && String(value).toLowerCase().includes(needle))) {
      picked.push(i)
    }
  }
  if (!sort) return picked
  const sign = sort.descending ? -1 : 1
  return picked.sort((a, b) => compare(rows[a]![sort.column] ?? null, rows[b]![sort.column] ?? null, sign))
}

/** The next order when a column's head is pressed: ascending, descending, none. */
export function nextSort(sort: SortOrder | undefined, column: number): SortOrder | undefined {
  if (sort?.column !== column) return { column, descending: false }
  return sort.descending ? undefined : { column, descending: true }
}

/** Digits after the point at most; more than a reader compares. */
const MOST_DIGITS = 6

/**
 * How the values of one column are written: numbers get as many digits after the point as the column's most precise one
 * needs (at most six), so that points stand below each other; very small and very large ones are written in powers of ten.
 */
export function columnFormat(rows: readonly CellValue[][], column: number): (value: CellValue) => string {
  let digits = 0
  for (const row of rows) {
    const value = row[column]
    if (typeof value === 'number' && isPlain(value) && digits < MOST_DIGITS) digits = Math.max(digits, digitsOf(value))
  }
  return (value) => {
    if (value === null) return ''
    if (typeof value !== 'number') return String(value)
    if (value === 0) return '0'
    if (Number.isFinite(value) && !isPlain(value)) return value.toExponential(3)
    return Number.isFinite(value) ? value.toFixed(digits) : String(value)
  }
}

function isPlain(value: number): boolean {
  const size = Math.abs(value)
  return size === 0 || (size >= 1e-4 && size < 1e9)
}

/** Digits after the point of a number rounded to seven significant ones. */
function digitsOf(value: number): number {
  if (Number.isInteger(value)) return 0
  const text = String(Number(value.toPrecision(7)))
  const point = text.indexOf('.')
  return point < 0 ? 0 : Math.min(MOST_DIGITS, text.length - point - 1)
}

function compare(a: CellValue, b: CellValue, sign: number): number {
  const emptyA = a === null || Number.isNaN(a)
  const emptyB = b === null || Number.isNaN(b)
  if (emptyA || emptyB) return Number(emptyA) - Number(emptyB)
  if (typeof a === 'number' && typeof b === 'number') return sign * (a - b)
  return sign * String(a).localeCompare(String(b), 'en', { numeric: true })
}
