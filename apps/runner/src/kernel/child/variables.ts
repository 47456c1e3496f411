/** Lists what the cells have defined, and what is inside a value. Runs nothing of the user's. */
import { types } from 'node:util'
import type { ValueSummary, VariableChild, VariableDetail } from '../variables.js'
import { dataOf, preview, summarize } from './values/preview.js'

/** Children listed at a time. */
const PAGE = 100
/** A notebook with more names than this has a loop that makes them. */
const MAX_VARIABLES = 2000

export type ListedVariable = ValueSummary & { name: string }

const ACCESSOR: ValueSummary = { type: 'accessor', preview: '(…)', expandable: false }
const HOLE: ValueSummary = { type: 'empty', preview: 'empty', expandable: false }

/**
 * Summaries by runtime name: first the names `known` to come from cells, then what code put on the global object by itself.
 * @param builtin names of the global object that are not the user's.
 */
export function listVariables(
  known: string[],
  lexical: string[],
  builtin: ReadonlySet<string>,
  readLexical: () => Map<string, unknown>,
): ListedVariable[] {
  const held = new Set(lexical)
  const values = readLexical()
  const assigned = Object.keys(globalThis).filter((name) => !builtin.has(name) && !held.has(name))
  const names = [...new Set([...known, ...lexical.filter((name) => !isOurs(name)), ...assigned])]
  const listed: ListedVariable[] = []
  for (const name of names.slice(0, MAX_VARIABLES)) {
    if (held.has(name)) {
      if (values.has(name)) listed.push({ name, ...summarize(values.get(name)) })
      continue
    }
    const property = Object.getOwnPropertyDescriptor(globalThis, name)
    if (property) listed.push({ name, ...('value' in property ? summarize(property.value) : ACCESSOR) })
  }
  return listed
}

/** Names the compiled cells use for themselves; a renamed global (`__nb$URL`) is the user's. */
const isOurs = (name: string) => name.startsWith('__nb') && !name.startsWith('__nb$')

/** One page of what is inside the value at `path`; null when the path leads nowhere. */
export function childrenOf(
  root: unknown,
  path: (string | number)[],
  from: number,
): Omit<VariableDetail, 'name' | 'path'> | null {
  let value = root
  for (const key of path) {
    const next = step(value, key)
    if (!next) return null
    value = next.value
  }
  const { numbered, names } = keysOf(value)
  const total = numbered + names.length
  const children = Array.from({ length: Math.max(0, Math.min(PAGE, total - from)) }, (_, i): VariableChild => {
    const key = from + i < numbered ? from + i : names[from + i - numbered]!
    const child = step(value, key)
    return { key, label: labelOf(value, key), ...(child ? summarize(child.value) : unread(value, key)) }
  })
  return { value: summarize(value), children, from, total }
}

/** What is behind one key; undefined for getters and what is not there. Numbers are elements, or entries of a Map or Set. */
function step(value: unknown, key: string | number): { value: unknown } | undefined {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return undefined
  if (typeof key === 'string') return dataOf(value, key)
  const entry = entryAt(value, key)
  return entry ? { value: entry[1] } : dataOf(value, String(key))
}

/** A getter that is not asked, or a place of an array that holds nothing. */
const unread = (value: unknown, key: string | number): ValueSummary =>
  Object.hasOwn(value as object, key) ? ACCESSOR : HOLE

/** Elements or entries, which may be thousands of millions and are only counted, and then properties. */
function keysOf(value: unknown): { numbered: number; names: string[] } {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return { numbered: 0, names: [] }
  if (Array.isArray(value) || types.isTypedArray(value)) return { numbered: value.length, names: [] }
  const names = types.isNativeError(value) ? Object.getOwnPropertyNames(value) : Object.keys(value)
  return { numbered: entriesOf(value)?.size ?? 0, names }
}

function labelOf(value: unknown, key: string | number): string {
  const entry = typeof key === 'number' && types.isMap(value) ? entryAt(value, key) : undefined
  return entry ? preview(entry[0], 1) : String(key)
}

function entriesOf(value: object): { size: number; entries: Iterable<[unknown, unknown]> } | undefined {
  if (types.isMap(value)) {
    return { size: sizeGetter(Map.prototype).call(value), entries: Map.prototype.entries.call(value) }
  }
  if (!types.isSet(value)) return undefined
  return { size: sizeGetter(Set.prototype).call(value), entries: Set.prototype.entries.call(value) }
}

const sizeGetter = (prototype: object): (() => number) => Object.getOwnPropertyDescriptor(prototype, 'size')!.get!

function entryAt(value: object, index: number): [unknown, unknown] | undefined {
  let at = 0
  for (const entry of entriesOf(value)?.entries ?? []) if (at++ === index) return entry
  return undefined
}
