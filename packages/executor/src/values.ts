/**
 * Inputs and results as bytes: V8's structured serialization, which keeps typed arrays, Maps, Dates, BigInts, cycles and
 * `undefined`, and is the same on every supported Node. What cannot travel is named with its path.
 */
import { deserialize, serialize } from 'node:v8'
import { MayflyError } from './errors.js'

/** Bytes of a value; throws `E_VALUE_UNSERIALIZABLE` with the path to what cannot travel. `what` names the value. */
export function encodeValue(value: unknown, what: string): Uint8Array {
  try {
    return serialize(value)
  } catch (error) {
    const found = findUnserializable(value)
    const reason = found ? `${found.path} is ${found.kind}` : String((error as Error).message)
    throw new MayflyError('E_VALUE_UNSERIALIZABLE', `${what} cannot travel between processes: ${reason}`, {
      hint: 'Pass plain data (numbers, strings, arrays, typed arrays, Maps, Sets, Dates) and make the rest inside the function.',
      cause: error,
    })
  }
}

/** The value of the bytes. Typed arrays may be views of `bytes`. */
export function decodeValue(bytes: Uint8Array): unknown {
  return deserialize(bytes)
}

/** Depth-first search for the first thing V8 cannot serialize. */
export function findUnserializable(root: unknown): { path: string; kind: string } | undefined {
  const seen = new Set<unknown>()
  const visit = (value: unknown, path: string): { path: string; kind: string } | undefined => {
    if (typeof value === 'function') return { path, kind: `a function (${value.name || 'anonymous'})` }
    if (typeof value === 'symbol') return { path, kind: 'a symbol' }
    if (typeof value !== 'object' || value === null || seen.has(value) || ArrayBuffer.isView(value)) return undefined
    seen.add(value)
    for (const Class of [Promise, WeakMap, WeakSet, WeakRef]) {
      if (value instanceof Class) return { path, kind: `a ${Class.name}` }
    }
    if (value instanceof Map || value instanceof Set) {
      let i = 0
      for (const entry of value) {
        const found = visit(entry, `${path}[entry ${i++}]`)
        if (found) return found
      }
    }
    for (const [key, child] of Object.entries(value)) {
      const found = visit(child, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`)
      if (found) return found
    }
    return undefined
  }
  return visit(root, 'value')
}
