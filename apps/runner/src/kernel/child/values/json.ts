/** Any value as JSON: what JSON has no word for becomes a text that says what it was. Never throws. Pure. */
import { inspect, types } from 'node:util'
import { base64 } from './bytes.js'
import { toLine } from './text.js'

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

const MAX_DEPTH = 60
/** Values and characters of one tree. */
const MAX_NODES = 100_000
const MAX_CHARS = 2_000_000

interface Budget {
  nodes: number
  chars: number
}

/**
 * JSON of a value. NaN, infinities, bigint and symbols become text, dates ISO text, Map an object or pairs, Set an array, bytes
 * base64, functions and what loops back a note in brackets. Own `toJSON` methods are honoured. Large trees are cut, and say so.
 */
export function toJson(value: unknown): Json {
  return convert(value, [], { nodes: MAX_NODES, chars: MAX_CHARS })
}

function convert(value: unknown, above: object[], budget: Budget): Json {
  budget.nodes--
  switch (typeof value) {
    case 'string':
      return text(value, budget)
    case 'number':
      return Number.isFinite(value) ? value + 0 : String(value)
    case 'boolean':
      return value
    case 'undefined':
      return null
    case 'bigint':
      return text(String(value), budget)
    case 'symbol':
      return String(value)
    case 'function':
      return text(toLine(value, 200), budget)
    case 'object':
      return value === null ? null : structure(value, above, budget)
  }
}

function text(value: string, budget: Budget): string {
  const room = Math.max(0, budget.chars)
  budget.chars -= value.length
  return value.length > room ? `${value.slice(0, room)}… (${value.length} characters)` : value
}

function structure(value: object, above: object[], budget: Budget): Json {
  if (above.includes(value)) return '[circular]'
  if (above.length >= MAX_DEPTH) return '[too deep]'
  if (budget.nodes <= 0 || budget.chars <= 0) return '[cut]'
  const inside = [...above, value]
  try {
    if (types.isProxy(value)) return text(inspect(value, { depth: 1 }), budget)
    const own = (value as { toJSON?: unknown }).toJSON
    if (typeof own === 'function' && !Buffer.isBuffer(value)) return convert(own.call(value), inside, budget)
    if (Array.isArray(value)) return list(value, value.length, inside, budget)
    if (types.isSet(value)) return list(value, value.size, inside, budget)
    if (types.isMap(value)) return map(value, inside, budget)
    if (types.isUint8Array(value)) return text(base64(value), budget)
    if (types.isTypedArray(value)) return list(value as Iterable<unknown>, value.length, inside, budget)
    if (types.isNativeError(value)) return text(`${value.name}: ${value.message}`, budget)
    if (types.isBoxedPrimitive(value)) return convert(value.valueOf(), inside, budget)
    if (types.isRegExp(value) || types.isPromise(value) || types.isAnyArrayBuffer(value)) return toLine(value, 200)
    return record(Object.keys(value), (key) => (value as Record<string, unknown>)[key], inside, budget)
  } catch {
    return toLine(value, 200)
  }
}

function list(items: Iterable<unknown>, size: number, inside: object[], budget: Budget): Json[] {
  const out: Json[] = []
  for (const item of items) {
    if (budget.nodes <= 0 || budget.chars <= 0) {
      out.push(`[… ${size - out.length} more]`)
      break
    }
    out.push(convert(item, inside, budget))
  }
  return out
}

function map(value: Map<unknown, unknown>, inside: object[], budget: Budget): Json {
  const keys = [...value.keys()]
  const simple = keys.every((key) => typeof key === 'string')
  if (!simple) return list(value, value.size, inside, budget)
  return record(keys as string[], (key) => value.get(key), inside, budget)
}

function record(keys: string[], at: (key: string) => unknown, inside: object[], budget: Budget): Json {
  const out: { [key: string]: Json } = {}
  let done = 0
  for (const key of keys) {
    if (budget.nodes <= 0 || budget.chars <= 0) {
      out['…'] = `${keys.length - done} more`
      break
    }
    budget.chars -= key.length
    // `__proto__` is a key like any other here.
    Object.defineProperty(out, key, {
      value: read(at, key, inside, budget),
      enumerable: true,
      writable: true,
      configurable: true,
    })
    done++
  }
  return out
}

function read(at: (key: string) => unknown, key: string, inside: object[], budget: Budget): Json {
  let value: unknown
  try {
    value = at(key)
  } catch (error) {
    return `[throws ${toLine(error instanceof Error ? error.message : error, 100)}]`
  }
  return convert(value, inside, budget)
}
