/** A value as a MIME bundle: always text, and what richer form its shape has. Pure. */
import { inspect, types } from 'node:util'
import { TABLE_MIME, type TableOutput } from '@mayfly/executor/events'
import type { Bundle } from '../protocol.js'

/** An object that shows itself: its method of this name (or `toMime`) returns the bundle, or a promise of one. */
export const DISPLAY = Symbol.for('mayfly.display')
/** The same by the name other JavaScript kernels use. */
const JUPYTER_DISPLAY = Symbol.for('Jupyter.display')

/** Rows of a table that travel; the rest is counted. */
const MAX_ROWS = 200
const MAX_COLUMNS = 200
/** Characters of a cell of a table, and of a text. */
const MAX_CELL = 1000
const MAX_TEXT = 100_000
/** Rows that are looked at for their keys. */
const KEY_ROWS = 1000

/** Text of a value as a cell shows it; cut where nobody reads on. */
export function toText(value: unknown): string {
  const text = inspect(value, { depth: 4, maxArrayLength: 100, maxStringLength: 10_000, breakLength: 100 })
  if (text.length <= MAX_TEXT) return text
  return `${text.slice(0, MAX_TEXT)}\n… ${text.length - MAX_TEXT} more characters`
}

/** Renders a value. Asynchronous only for objects whose own method is. */
export function toBundle(value: unknown): Bundle | Promise<Bundle> {
  const own = ownBundle(value)
  if (own) return own
  const bundle: Bundle = { 'text/plain': toText(value) }
  if (value instanceof Uint8Array) {
    const mime = imageMime(value)
    return mime ? { [mime]: base64(value), 'text/plain': `${mime}, ${value.byteLength} bytes` } : bundle
  }
  const table = tableOrNothing(value)
  if (table) bundle[TABLE_MIME] = table
  return bundle
}

function ownBundle(value: unknown): Bundle | Promise<Bundle> | undefined {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return undefined
  // Looking at a proxy may run anything.
  if (types.isProxy(value)) return undefined
  const candidate = value as Record<PropertyKey, unknown>
  const method = candidate[DISPLAY] ?? candidate[JUPYTER_DISPLAY] ?? candidate.toMime
  return typeof method === 'function' ? method.call(value) : undefined
}

/** A value with a getter that throws is no table, and no reason to fail. */
function tableOrNothing(value: unknown): TableOutput | undefined {
  try {
    return types.isProxy(value) ? undefined : toTable(value)
  } catch {
    return undefined
  }
}

export const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

/** The image format that the first bytes announce. */
export function imageMime(bytes: Uint8Array): 'image/png' | 'image/jpeg' | undefined {
  if (bytes[0] === 0x89 && bytes[1] === 0x50 && bytes[2] === 0x4e && bytes[3] === 0x47) return 'image/png'
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'image/jpeg'
  return undefined
}

/** An array of plain records, or a record of equally long columns, as a table; undefined for anything else. */
export function toTable(value: unknown): TableOutput | undefined {
  if (Array.isArray(value)) return value.length > 0 && value.every(isPlain) ? fromRecords(value) : undefined
  return isPlain(value) ? fromColumns(value) : undefined
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || (prototype === Object.prototype && !Array.isArray(value))
}

type Column = ArrayLike<unknown>
const isColumn = (value: unknown): value is Column =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))

function fromRecords(records: Record<string, unknown>[]): TableOutput | undefined {
  const names = new Set<string>()
  for (const record of records.slice(0, KEY_ROWS)) for (const key of Object.keys(record)) names.add(key)
  if (names.size === 0) return undefined
  const columns = [...names].slice(0, MAX_COLUMNS)
  return build(columns, records.length, (row, name) => records[row]![name])
}

function fromColumns(columns: Record<string, unknown>): TableOutput | undefined {
  const names = Object.keys(columns).slice(0, MAX_COLUMNS)
  const first = names.length ? columns[names[0]!] : undefined
  if (!isColumn(first) || first.length === 0) return undefined
  const total = first.length
  const fits = (column: unknown) => isColumn(column) && column.length === total && typeof column[0] !== 'object'
  if (!Object.values(columns).every(fits)) return undefined
  return build(names, total, (row, name) => (columns[name] as Column)[row])
}

type Cell = string | number | boolean | null

function build(names: string[], total: number, at: (row: number, name: string) => unknown): TableOutput {
  const rows: Cell[][] = []
  for (let row = 0; row < Math.min(total, MAX_ROWS); row++) rows.push(names.map((name) => toCell(at(row, name))))
  const columns = names.map((name, i) => ({ name, type: typeOf(rows, i, (row) => at(row, name)) }))
  return { columns, rows, total }
}

function toCell(value: unknown): Cell {
  if (value === null || value === undefined) return null
  switch (typeof value) {
    case 'number':
      // JSON has no NaN and no infinities; the text says which it was.
      // JSON has no minus zero.
      return Number.isFinite(value) ? value + 0 : String(value)
    case 'string':
      return value.length > MAX_CELL ? `${value.slice(0, MAX_CELL)}…` : value
    case 'boolean':
      return value
    case 'object':
      if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString()
      return inspect(value, { depth: 1, maxArrayLength: 8, breakLength: Number.POSITIVE_INFINITY }).slice(0, 120)
    default:
      return String(value)
  }
}

function typeOf(rows: Cell[][], column: number, original: (row: number) => unknown): TableOutput['columns'][0]['type'] {
  let type: 'number' | 'string' | 'boolean' | undefined
  for (let row = 0; row < rows.length; row++) {
    if (rows[row]![column] === null) continue
    const found = typeof original(row)
    if (found !== 'number' && found !== 'string' && found !== 'boolean') return 'other'
    if (type !== undefined && type !== found) return 'other'
    type = found
  }
  return type ?? 'other'
}
