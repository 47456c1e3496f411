/** Values as tables: rows and columns found in arrays, objects of columns, Maps and iterables. Pure. */
import { inspect, types } from 'node:util'
import type { TableOutput } from '@mayfly/executor/events'
import { type Json, toJson } from './json.js'
import { clip, toLine } from './text.js'

/** Rows of a table that travel; the rest is counted. */
export const MAX_ROWS = 10_000
const MAX_COLUMNS = 200
/** Characters of all cells together, of one text, and of one nested value as JSON. */
const MAX_SIZE = 2_000_000
const MAX_CELL = 1000
const MAX_NESTED = 2000
/** Rows that are looked at for their keys. */
const KEY_ROWS = 1000

type ColumnType = TableOutput['columns'][number]['type']
type Column = ArrayLike<unknown>
type Row = Record<string, unknown>

/** Where the cells of a table come from. */
interface Source {
  names: string[]
  total: number
  at(row: number, name: string): unknown
  /** There are more rows than anybody counted. */
  endless?: boolean
}

/** What a cell shows as a table by itself: an array of plain records, or an object of equally long columns; else undefined. */
export function toTable(value: unknown): TableOutput | undefined {
  try {
    const source = types.isProxy(value) ? undefined : obviousSource(value)
    return source && build(source, {})
  } catch {
    // A value with a getter or a trap that throws is no table, and no reason to fail.
    return undefined
  }
}

/** What `display.table` makes of a value. @throws TypeError when there are no rows in it. */
export function toAskedTable(value: unknown, options: Mayfly.TableOptions = {}): TableOutput {
  const source = typeof value === 'object' && value !== null ? anySource(value, options) : undefined
  if (source) return build(source, options)
  throw new TypeError(
    'display.table expects an array of records or arrays, an object or Map of equally long columns, or an iterable of rows; ' +
      `got ${toLine(value, 60)}`,
  )
}

function obviousSource(value: unknown): Source | undefined {
  if (Array.isArray(value)) return isRecords(value) ? fromRecords(value) : undefined
  if (!isPlain(value)) return undefined
  const source = fromColumns(Object.entries(value))
  return source && Object.values(value).every((column) => typeof (column as Column)[0] !== 'object')
    ? source
    : undefined
}

function anySource(value: object, { columns }: Mayfly.TableOptions): Source | undefined {
  if (types.isMap(value)) return fromMap(value)
  if (Array.isArray(value)) return fromRows(value, columns)
  if (types.isTypedArray(value)) return { names: ['value'], total: value.length, at: (row) => value[row] }
  const iterator = (value as Partial<Iterable<unknown>>)[Symbol.iterator]
  if (typeof iterator === 'function') {
    const { rows, endless } = take(value as Iterable<unknown>)
    return { ...fromRows(rows, columns), endless }
  }
  return fromColumns(Object.entries(value))
}

/** The first rows of an iterable: it may have no end. */
function take(items: Iterable<unknown>): { rows: unknown[]; endless: boolean } {
  const rows: unknown[] = []
  for (const item of items) {
    if (rows.length === MAX_ROWS) return { rows, endless: true }
    rows.push(item)
  }
  return { rows, endless: false }
}

function fromRows(rows: unknown[], columns: readonly string[] | undefined): Source {
  const first = rows.slice(0, KEY_ROWS)
  if (first.length > 0 && first.every(isColumn)) return fromArrays(rows as Column[], columns)
  if (first.some(isRecord)) return fromRecords(rows as Row[]) ?? { names: [], total: rows.length, at: () => undefined }
  return { names: rows.length > 0 ? ['value'] : [], total: rows.length, at: (row) => rows[row] }
}

function fromRecords(records: Row[]): Source | undefined {
  const names = new Set<string>()
  for (const record of records.slice(0, KEY_ROWS))
    if (isRecord(record)) for (const key of Object.keys(record)) names.add(key)
  if (names.size === 0) return undefined
  const at = (row: number, name: string) => {
    const record = records[row]
    return isRecord(record) && Object.hasOwn(record, name) ? record[name] : undefined
  }
  return { names: [...names], total: records.length, at }
}

function fromArrays(rows: Column[], columns: readonly string[] = []): Source {
  const width = Math.min(MAX_COLUMNS + 1, Math.max(0, ...rows.slice(0, KEY_ROWS).map((row) => row.length)))
  const names = Array.from({ length: width }, (_, i) => columns[i] ?? String(i))
  const place = new Map(names.map((name, i) => [name, i]))
  return { names, total: rows.length, at: (row, name) => rows[row]?.[place.get(name)!] }
}

function fromColumns(entries: [string, unknown][]): Source | undefined {
  const [first] = entries
  if (!first || !isColumn(first[1]) || first[1].length === 0) return undefined
  const total = first[1].length
  if (!entries.every(([, column]) => isColumn(column) && column.length === total)) return undefined
  const columns = new Map(entries.map(([name, column]) => [name, reader(column as Column)]))
  return { names: [...columns.keys()], total, at: (row, name) => columns.get(name)!(row) }
}

function fromMap(map: Map<unknown, unknown>): Source {
  const keys = [...map.keys()]
  const byName = keys.every((key) => typeof key === 'string')
  const columns = byName ? fromColumns([...map] as [string, unknown][]) : undefined
  if (columns) return columns
  const values = [...map.values()]
  const fields = values.length > 0 && values.every(isRecord) ? fromRecords(values as Row[]) : undefined
  const key = fields?.names.includes('key') ? '(key)' : 'key'
  return {
    names: [key, ...(fields?.names ?? ['value'])],
    total: keys.length,
    at: (row, name) => (name === key ? keys[row] : fields ? fields.at(row, name) : values[row]),
  }
}

/** Single precision in the digits it has: 0.1, not 0.10000000149011612. */
function reader(column: Column): (row: number) => unknown {
  if (!types.isFloat32Array(column)) return (row) => column[row]
  return (row) => {
    const value = column[row]!
    for (const digits of [7, 8]) {
      const rounded = Number(value.toPrecision(digits))
      if (Math.fround(rounded) === value) return rounded
    }
    return value
  }
}

const isColumn = (value: unknown): value is Column =>
  !types.isProxy(value) && (Array.isArray(value) || (ArrayBuffer.isView(value) && !types.isDataView(value)))

function isPlain(value: unknown): value is Row {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || (prototype === Object.prototype && !Array.isArray(value))
}

/** Looks at holes too, unlike `every`: an array of four thousand million of them must not take long. */
function isRecords(value: unknown[]): value is Row[] {
  for (let i = 0; i < value.length; i++) if (!isPlain(value[i])) return false
  return value.length > 0
}

const isRecord = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !types.isProxy(value) && !Array.isArray(value) && !types.isDate(value)

function build(source: Source, options: Mayfly.TableOptions): TableOutput {
  const chosen = options.columns?.filter((name) => source.names.includes(name))
  const all = chosen && chosen.length > 0 ? chosen : source.names
  const names = all.slice(0, MAX_COLUMNS)
  const limit = Math.min(source.total, MAX_ROWS, Math.max(0, options.rows ?? MAX_ROWS))
  const data: Json[][] = names.map(() => [])
  const kinds: (ColumnType | undefined)[] = names.map(() => undefined)
  let shown = 0
  for (let size = 0; shown < limit && size < MAX_SIZE; shown++) {
    for (let i = 0; i < names.length; i++) {
      const { json, type, weight } = toCell(read(source, shown, names[i]!))
      data[i]!.push(json)
      size += weight
      if (type && type !== kinds[i]) kinds[i] = kinds[i] === undefined ? type : 'json'
    }
  }
  const columns = names.map((name, i) => {
    const unit = options.units?.[name]
    return { name, type: kinds[i] ?? ('string' as const), ...(unit ? { unit } : {}) }
  })
  return {
    columns,
    data,
    rows: source.total,
    shown,
    ...(source.endless ? { more: true } : {}),
    ...(all.length > names.length ? { hiddenColumns: all.length - names.length } : {}),
    ...(options.title ? { title: options.title } : {}),
  }
}

function read(source: Source, row: number, name: string): unknown {
  try {
    return source.at(row, name)
  } catch {
    return undefined
  }
}

interface Cell {
  json: Json
  /** Undefined for a missing value. */
  type: ColumnType | undefined
  /** Characters, about. */
  weight: number
}

function toCell(value: unknown): Cell {
  switch (typeof value) {
    case 'number':
      // JSON has no NaN, no infinities and no minus zero; a text says which it was.
      return { json: Number.isFinite(value) ? value + 0 : String(value), type: 'number', weight: 10 }
    case 'bigint':
      return { json: Number.isSafeInteger(Number(value)) ? Number(value) : String(value), type: 'number', weight: 20 }
    case 'string':
      return { json: clip(value, MAX_CELL), type: 'string', weight: Math.min(value.length, MAX_CELL) + 3 }
    case 'boolean':
      return { json: value, type: 'boolean', weight: 5 }
    case 'undefined':
      return { json: null, type: undefined, weight: 5 }
    case 'object':
      return value === null ? { json: null, type: undefined, weight: 5 } : objectCell(value)
    default:
      return { json: toLine(value, 120), type: 'json', weight: 60 }
  }
}

function objectCell(value: object): Cell {
  if (types.isDate(value)) {
    const time = Date.prototype.getTime.call(value)
    if (!Number.isNaN(time)) return { json: new Date(time).toISOString(), type: 'date', weight: 27 }
    return { json: null, type: 'date', weight: 5 }
  }
  const json =
    Array.isArray(value) || isPlain(value) ? toJson(value) : inspect.custom in value ? toLine(value, 200) : other(value)
  const weight = JSON.stringify(json).length
  return weight > MAX_NESTED ? { json: toLine(value, 200), type: 'json', weight: 200 } : { json, type: 'json', weight }
}

const other = (value: object): Json => (types.isMap(value) || types.isSet(value) ? toJson(value) : toLine(value, 200))
