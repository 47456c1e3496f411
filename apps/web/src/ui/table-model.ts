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

/** Numbers with at most six significant digits after the point, so that columns stay readable; the rest as it is. */
export function formatCell(value: CellValue): string {
  if (value === null) return ''
  if (typeof value !== 'number' || Number.isInteger(value) || !Number.isFinite(value)) return String(value)
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(4)
  return String(Number(value.toFixed(size >= 100 ? 4 : 6)))
}

function compare(a: CellValue, b: CellValue, sign: number): number {
  const emptyA = a === null || Number.isNaN(a)
  const emptyB = b === null || Number.isNaN(b)
  if (emptyA || emptyB) return Number(emptyA) - Number(emptyB)
  if (typeof a === 'number' && typeof b === 'number') return sign * (a - b)
  return sign * String(a).localeCompare(String(b), 'en', { numeric: true })
}
