/** Values in a few words, without running anything of theirs: no getter, no method, no trap. Pure. */
import { inspect, types } from 'node:util'
import type { ValueSummary } from '../../variables.js'
import { estimateBytes } from './size.js'
import { clip } from './text.js'

const MAX_PREVIEW = 120
const MAX_ITEMS = 8
const MAX_STRING = 60
/** Elements looked at to name the type of an array. */
const SAMPLE = 32

export function summarize(value: unknown): ValueSummary {
  const length = lengthOf(value)
  const shape = shapeOf(value)
  const bytes = estimateBytes(value)
  return {
    type: typeName(value),
    ...(length === undefined ? {} : { length }),
    ...(shape ? { shape } : {}),
    ...(bytes === undefined ? {} : { bytes }),
    preview: clip(preview(value, 2).replace(/\s+/g, ' '), MAX_PREVIEW),
    expandable: isExpandable(value),
  }
}

/** `number`, `string[]`, `Float64Array`, the name of its class. */
export function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'function') return isClass(value) ? 'class' : 'function'
  if (typeof value !== 'object') return typeof value
  if (types.isProxy(value)) return 'Proxy'
  const name = className(value)
  if (!Array.isArray(value) || name !== 'Array') return name ?? 'Object'
  const kinds = new Set<string>()
  for (let i = 0; i < Math.min(value.length, SAMPLE); i++) kinds.add(elementKind(dataOf(value, String(i))?.value))
  return kinds.size === 1 ? `${[...kinds][0]}[]` : 'Array'
}

function elementKind(value: unknown): string {
  if (value === null || value === undefined) return 'unknown'
  if (typeof value !== 'object') return typeof value
  return types.isProxy(value) ? 'Proxy' : (className(value)?.replace(/^Object$/, 'object') ?? 'object')
}

/** Name of the nearest class, by data properties alone. */
export function className(value: object): string | undefined {
  for (let layer: object | null = value; layer; layer = Object.getPrototypeOf(layer)) {
    if (types.isProxy(layer)) return undefined
    const made = dataOf(layer, 'constructor')?.value
    if (typeof made === 'function' && !types.isProxy(made)) {
      const name = dataOf(made, 'name')?.value
      if (typeof name === 'string' && name !== '') return name
    }
  }
  return undefined
}

/** An own property that is a value, not a getter. */
export function dataOf(value: object, key: PropertyKey): { value: unknown } | undefined {
  const property = Object.getOwnPropertyDescriptor(value, key)
  return property && 'value' in property ? { value: property.value } : undefined
}

export const isClass = (value: unknown): boolean =>
  typeof value === 'function' && !types.isProxy(value) && /^class\b/.test(sourceOf(value as AnyFunction))

type AnyFunction = (...values: never[]) => unknown

export const sourceOf = (value: AnyFunction): string => Function.prototype.toString.call(value)

/** The head of a function or class: what stands before its body. */
export function headOf(value: AnyFunction): string {
  const source = sourceOf(value)
  if (/^class\b/.test(source)) return source.slice(0, source.indexOf('{')).trim()
  const arrow = source.indexOf('=>')
  const isArrow = arrow >= 0 && !/^(?:async\s+)?function\b/.test(source) && !/^[^(=]*\([^)]*\)\s*\{/.test(source)
  const head = isArrow ? source.slice(0, arrow + 2) : source.slice(0, source.indexOf('{') + 1 || undefined)
  return head.replace(/\s*\{$/, '').trim()
}

function lengthOf(value: unknown): number | undefined {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return undefined
  if (Array.isArray(value) || types.isTypedArray(value)) return value.length
  if (types.isMap(value)) return mapSize.call(value)
  return types.isSet(value) ? setSize.call(value) : undefined
}

// A subclass may have overridden them.
const mapSize = Object.getOwnPropertyDescriptor(Map.prototype, 'size')!.get!
const setSize = Object.getOwnPropertyDescriptor(Set.prototype, 'size')!.get!

function shapeOf(value: unknown): number[] | undefined {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return undefined
  if (Array.isArray(value)) {
    const widths = new Set<number | undefined>()
    for (let i = 0; i < Math.min(value.length, SAMPLE); i++) widths.add(rowLength(dataOf(value, String(i))?.value))
    const [width] = widths
    return widths.size === 1 && width !== undefined ? [value.length, width] : undefined
  }
  if (className(value) !== 'Object') return undefined
  const columns = Object.keys(value)
    .slice(0, SAMPLE)
    .map((key) => rowLength(dataOf(value, key)?.value))
  const [rows] = columns
  return rows !== undefined && columns.every((length) => length === rows)
    ? [rows, Object.keys(value).length]
    : undefined
}

const rowLength = (row: unknown): number | undefined =>
  !types.isProxy(row) && (Array.isArray(row) || types.isTypedArray(row)) ? row.length : undefined

function isExpandable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false
  const length = lengthOf(value)
  return length === undefined ? Object.keys(value).length > 0 : length > 0
}

/** One line; `depth` levels of what is inside. */
export function preview(value: unknown, depth = 1): string {
  if (typeof value === 'string') return inspect(clip(value, MAX_STRING))
  if (typeof value === 'function')
    return types.isProxy(value) ? 'Proxy' : clip(headOf(value as AnyFunction), MAX_PREVIEW)
  if (typeof value !== 'object' || value === null) return inspect(value)
  if (types.isProxy(value)) return 'Proxy'
  if (Array.isArray(value) || types.isTypedArray(value)) return arrayPreview(value, depth)
  const simple = simplePreview(value)
  if (simple !== undefined) return simple
  const name = className(value)
  if (types.isMap(value)) {
    return entries(`${name ?? 'Map'}(${mapSize.call(value)})`, mapSize.call(value), depth, () => mapPairs(value, depth))
  }
  if (types.isSet(value)) {
    return entries(`${name ?? 'Set'}(${setSize.call(value)})`, setSize.call(value), depth, () => setItems(value, depth))
  }
  const keys = Object.keys(value)
  const head = name === undefined ? '[null prototype]' : name === 'Object' ? '' : name
  return entries(head, keys.length, depth, () =>
    keys.slice(0, MAX_ITEMS).map((key) => `${key}: ${inside(dataOf(value, key), depth)}`),
  )
}

const inside = (property: { value: unknown } | undefined, depth: number) =>
  property ? preview(property.value, depth - 1) : '(…)'

function arrayPreview(value: unknown[] | NodeJS.TypedArray, depth: number): string {
  const head = Array.isArray(value) ? '' : `${className(value) ?? 'TypedArray'}(${value.length}) `
  if (depth <= 0) return head.trim() || `Array(${value.length})`
  const items = Array.from({ length: Math.min(value.length, MAX_ITEMS) }, (_, i) => {
    const item = dataOf(value, String(i))
    return item ? preview(item.value, depth - 1) : Object.hasOwn(value, i) ? '(…)' : 'empty'
  })
  return `${head}[${[...items, ...(value.length > items.length ? ['…'] : [])].join(', ')}]`
}

function entries(head: string, total: number, depth: number, list: () => string[]): string {
  if (depth <= 0) return head || (total > 0 ? '{…}' : '{}')
  const shown = list()
  const body = [...shown, ...(total > shown.length ? ['…'] : [])].join(', ')
  return `${head}${head ? ' ' : ''}${body ? `{ ${body} }` : '{}'}`
}

function mapPairs(map: Map<unknown, unknown>, depth: number): string[] {
  const shown: string[] = []
  for (const [key, value] of Map.prototype.entries.call(map)) {
    if (shown.length === MAX_ITEMS) break
    shown.push(`${preview(key, 0)} → ${preview(value, depth - 1)}`)
  }
  return shown
}

function setItems(set: Set<unknown>, depth: number): string[] {
  const shown: string[] = []
  for (const item of Set.prototype.values.call(set)) {
    if (shown.length === MAX_ITEMS) break
    shown.push(preview(item, depth - 1))
  }
  return shown
}

function simplePreview(value: object): string | undefined {
  if (types.isDate(value)) {
    const time = Date.prototype.getTime.call(value)
    return Number.isNaN(time) ? 'Invalid Date' : new Date(time).toISOString()
  }
  if (types.isRegExp(value)) return Object.getPrototypeOf(value) === RegExp.prototype ? inspect(value) : 'RegExp'
  if (types.isNativeError(value)) {
    const message = dataOf(value, 'message')?.value
    return `${className(value) ?? 'Error'}${typeof message === 'string' && message ? `: ${message}` : ''}`
  }
  if (types.isPromise(value) && Object.getPrototypeOf(value) === Promise.prototype) {
    return inspect(value, { depth: 0, customInspect: false })
  }
  if (types.isAnyArrayBuffer(value)) return `${className(value) ?? 'ArrayBuffer'}(${value.byteLength})`
  return undefined
}
