/** Sorting, filtering and writing of a table held by columns: pure, so that the component only draws. */
export type ColumnType = 'number' | 'string' | 'boolean' | 'date' | 'json'

export interface Column {
  name: string
  type: ColumnType
  unit?: string
}

/** Columns and their values: `data[column][row]`. Numbers that JSON lacks are texts (`NaN`, `Infinity`, long integers). */
export interface TableData {
  columns: readonly Column[]
  data: readonly (readonly unknown[])[]
}

export interface SortOrder {
  column: number
  descending: boolean
}

/** What is asked of the rows: a text in any column, and conditions by the number of their column. */
export interface Wanted {
  filter: string
  byColumn: Readonly<Record<number, string>>
  sort?: SortOrder
}

/** Rows of a table: of its longest column. */
export function rowCount({ data }: Pick<TableData, 'data'>): number {
  return data.reduce((most, column) => Math.max(most, column.length), 0)
}

/** Row numbers that pass the filters, in the wanted order. Empty values come last in both directions; the sort is stable. */
export function arrangeRows(table: TableData, { filter, byColumn, sort }: Wanted): number[] {
  const needle = filter.trim().toLowerCase()
  const tests = Object.entries(byColumn)
    .filter(([, text]) => text.trim() !== '')
    .map(([column, text]) => ({
      values: table.data[Number(column)] ?? [],
      passes: condition(text, table, Number(column)),
    }))
  const picked: number[] = []
  const rows = rowCount(table)
  for (let row = 0; row < rows; row += 1) {
    if (!tests.every(({ values, passes }) => passes(values[row] ?? null))) continue
    if (
      needle === '' ||
      table.data.some((column) =>
        plainText(column[row] ?? null)
          .toLowerCase()
          .includes(needle),
      )
    ) {
      picked.push(row)
    }
  }
  if (!sort) return picked
  const values = table.data[sort.column] ?? []
  const numeric = table.columns[sort.column]?.type === 'number'
  const sign = sort.descending ? -1 : 1
  return picked.sort((a, b) => compare(values[a] ?? null, values[b] ?? null, sign, numeric))
}

/** The next order when a column's head is pressed: ascending, descending, none. */
export function nextSort(sort: SortOrder | undefined, column: number): SortOrder | undefined {
  if (sort?.column !== column) return { column, descending: false }
  return sort.descending ? undefined : { column, descending: true }
}

const COMPARISON = /^(<=|>=|<|>|=|!=)\s*(.+)$/
const RANGE = /^(-?[\d.]+(?:e[+-]?\d+)?)\s*\.\.\s*(-?[\d.]+(?:e[+-]?\d+)?)$/i

/**
 * The condition that a reader writes above a column: `> 5`, `<= 1e-3`, `= 2`, `!= 0` and `1..5` (both ends included) compare
 * numbers and dates, everything else is a text that the value must contain.
 */
export function condition(
  text: string,
  table: Pick<TableData, 'columns'>,
  column: number,
): (value: unknown) => boolean {
  const type = table.columns[column]?.type
  const wanted = text.trim().toLowerCase()
  const toNumber = type === 'date' ? (value: unknown) => Date.parse(String(value)) : numberOf
  if (type === 'number' || type === 'date') {
    const range = type === 'number' ? RANGE.exec(wanted) : null
    if (range) {
      const [low, high] = [Number(range[1]), Number(range[2])]
      return (value) => value !== null && toNumber(value) >= low && toNumber(value) <= high
    }
    const [, sign, operand = ''] = COMPARISON.exec(wanted) ?? []
    const limit = toNumber(operand)
    if (sign && !Number.isNaN(limit)) return (value) => value !== null && holds(sign, toNumber(value), limit)
  }
  return (value) => plainText(value).toLowerCase().includes(wanted)
}

function holds(sign: string, value: number, limit: number): boolean {
  switch (sign) {
    case '<':
      return value < limit
    case '<=':
      return value <= limit
    case '>':
      return value > limit
    case '>=':
      return value >= limit
    case '=':
      return value === limit
    default:
      return value !== limit
  }
}

/** Digits after the point at most; more than a reader compares. */
const MOST_DIGITS = 6

/**
 * How the values of one column are written: numbers get as many digits after the point as the column's most precise one
 * needs (at most six), so that points stand below each other; very small and very large ones are written in powers of ten.
 * Dates lose the time where no row has one.
 */
export function columnFormat(values: readonly unknown[], type: ColumnType): (value: unknown) => string {
  if (type === 'date') {
    const daysOnly = values.every((value) => value === null || /T00:00:00(\.0+)?Z$/.test(String(value)))
    return (value) => (value === null ? '' : writeDate(String(value), daysOnly))
  }
  let digits = 0
  for (const value of values) {
    if (typeof value === 'number' && isPlain(value) && digits < MOST_DIGITS) digits = Math.max(digits, digitsOf(value))
  }
  return (value) => {
    if (typeof value !== 'number') return plainText(value)
    if (value === 0) return '0'
    if (Number.isFinite(value) && !isPlain(value)) return value.toExponential(3)
    return Number.isFinite(value) ? value.toFixed(digits) : String(value)
  }
}

/** A value in full, as it is searched, copied and saved; empty for a missing one. */
export function plainText(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** Rows as text with a head: tab-separated for a spreadsheet's clipboard, or CSV as RFC 4180 has it. */
export function toDelimited({ columns, data }: TableData, rows: readonly number[], separator: '\t' | ','): string {
  const quote = separator === ',' ? csvField : (text: string) => text.replace(/[\t\r\n]+/g, ' ')
  const line = (fields: string[]) => fields.map(quote).join(separator)
  const head = line(columns.map(({ name, unit }) => (unit ? `${name} (${unit})` : name)))
  const body = rows.map((row) => line(data.map((column) => plainText(column[row] ?? null))))
  return [head, ...body].join(separator === ',' ? '\r\n' : '\n')
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Characters a column needs, from its head and a sample of its rows; between 4 and 44. */
export function columnWidth(column: Column, values: readonly unknown[], write: (value: unknown) => string): number {
  let most = column.name.length + (column.unit ? column.unit.length + 2 : 0) + 2
  const step = Math.max(1, Math.floor(values.length / 200))
  for (let row = 0; row < values.length; row += step) most = Math.max(most, write(values[row] ?? null).length)
  return Math.max(4, Math.min(44, most))
}

function writeDate(iso: string, dayOnly: boolean): string {
  if (dayOnly) return iso.slice(0, 10)
  return iso.replace('T', ' ').replace(/(\.0+)?Z$/, '')
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

/** `Number('')` is 0, which no empty text means. */
function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : String(value).trim() === '' ? Number.NaN : Number(value)
}

const collator = new Intl.Collator('en', { numeric: true })

function compare(a: unknown, b: unknown, sign: number, numeric: boolean): number {
  const [x, y] = numeric ? [a === null ? Number.NaN : numberOf(a), b === null ? Number.NaN : numberOf(b)] : [a, b]
  const emptyA = x === null || Number.isNaN(x)
  const emptyB = y === null || Number.isNaN(y)
  if (emptyA || emptyB) return Number(emptyA) - Number(emptyB)
  // Infinity minus infinity is no number.
  if (typeof x === 'number' && typeof y === 'number') return x === y ? 0 : x < y ? -sign : sign
  return sign * collator.compare(plainText(x), plainText(y))
}
