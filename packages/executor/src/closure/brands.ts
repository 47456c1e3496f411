/** What kind of thing an object is inside, whatever its prototype says, and which kinds cannot leave the process. */
import { types } from 'node:util'
import { globalExpression } from './identity.js'

/** Kinds V8 can copy by value. */
export type Brand = 'object' | 'array' | 'map' | 'set' | 'date' | 'regexp' | 'buffer' | 'view' | 'error' | 'boxed'

export interface Refusal {
  what: string
  hint: string
}

const INSIDE = 'Create it inside the function instead of capturing it.'

/** The kind of an object (not a function), or why it is refused. Touches no property, so traps and getters stay quiet. */
export function brandOf(value: object): Brand | Refusal {
  if (types.isProxy(value)) return { what: 'Proxy', hint: 'Capture the object behind the proxy, or pass plain data.' }
  if (Array.isArray(value)) return 'array'
  // Nearly all objects are plain or of a class somebody wrote: the other questions cost ten times as much.
  if (isPlainPrototype(Object.getPrototypeOf(value))) return 'object'
  if (ArrayBuffer.isView(value)) return 'view'
  if (types.isMap(value)) return 'map'
  if (types.isSet(value)) return 'set'
  if (types.isDate(value)) return 'date'
  if (types.isRegExp(value)) return 'regexp'
  if (types.isNativeError(value)) return 'error'
  if (types.isArrayBuffer(value)) return 'buffer'
  if (types.isBoxedPrimitive(value)) return 'boxed'
  return refusalOf(value) ?? 'object'
}

const plainPrototypes = new WeakMap<object, boolean>()

/** Whether the prototype chain has nothing of the language in it but `Object.prototype`. */
function isPlainPrototype(prototype: object | null): boolean {
  if (prototype === Object.prototype) return true
  if (prototype === null) return false
  let plain = plainPrototypes.get(prototype)
  if (plain === undefined) {
    plain = globalExpression(prototype) === undefined && isPlainPrototype(Object.getPrototypeOf(prototype))
    plainPrototypes.set(prototype, plain)
  }
  return plain
}

function refusalOf(value: object): Refusal | undefined {
  if (types.isPromise(value)) {
    return { what: 'Promise', hint: 'Await it first and capture the value it gives.' }
  }
  if (types.isWeakMap(value) || types.isWeakSet(value)) {
    const what = types.isWeakMap(value) ? 'WeakMap' : 'WeakSet'
    return { what, hint: `What it holds cannot be listed: use a ${what.slice(4)}, or create it inside the function.` }
  }
  if (types.isGeneratorObject(value)) {
    return {
      what: 'running generator',
      hint: 'Capture the generator function and call it inside, or collect the values.',
    }
  }
  if (types.isSharedArrayBuffer(value)) {
    return { what: 'SharedArrayBuffer', hint: 'Memory is not shared between workers: copy it into an ArrayBuffer.' }
  }
  if (types.isExternal(value) || types.isKeyObject(value) || types.isCryptoKey(value)) {
    return { what: 'native handle', hint: INSIDE }
  }
  if (types.isMapIterator(value) || types.isSetIterator(value)) {
    return { what: 'running iterator', hint: 'Collect the values into an array first.' }
  }
  const tag = nativeTag(value)
  if (tag === undefined) return undefined
  if (tag.endsWith('Iterator')) return { what: 'running iterator', hint: 'Collect the values into an array first.' }
  return { what: tag, hint: INSIDE }
}

/** The languages's remaining kinds show only by the tag on a prototype that belongs to it. */
function nativeTag(value: object): string | undefined {
  for (let at = Object.getPrototypeOf(value); at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    const slot = Object.getOwnPropertyDescriptor(at, Symbol.toStringTag)
    if (slot === undefined) continue
    const tag: unknown = slot.value
    return typeof tag === 'string' && NATIVE_TAGS.has(tag) ? tag : undefined
  }
  return undefined
}

const NATIVE_TAGS = new Set([
  'WeakRef',
  'FinalizationRegistry',
  'Array Iterator',
  'String Iterator',
  'RegExp String Iterator',
  'Iterator Helper',
  'Segmenter String Iterator',
  'WebAssembly.Module',
  'WebAssembly.Instance',
  'WebAssembly.Memory',
  'WebAssembly.Table',
  'WebAssembly.Global',
])

/** Prototype an object of a kind has when nobody has changed it; undefined where several are usual. */
export function usualPrototype(value: object, brand: Brand): object | undefined {
  switch (brand) {
    case 'object':
      return Object.prototype
    case 'array':
      return Array.prototype
    case 'map':
      return Map.prototype
    case 'set':
      return Set.prototype
    case 'date':
      return Date.prototype
    case 'regexp':
      return RegExp.prototype
    case 'buffer':
      return ArrayBuffer.prototype
    case 'error':
      return Error.prototype
    case 'view':
      return viewPrototype(value as ArrayBufferView)
    case 'boxed':
      return types.isNumberObject(value)
        ? Number.prototype
        : types.isStringObject(value)
          ? String.prototype
          : types.isBooleanObject(value)
            ? Boolean.prototype
            : types.isBigIntObject(value)
              ? BigInt.prototype
              : Symbol.prototype
  }
}

const tagOfView = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)?.get

function viewPrototype(view: ArrayBufferView): object {
  const name = tagOfView?.call(view) as keyof typeof globalThis | undefined
  return name ? (globalThis as unknown as Record<string, { prototype: object }>)[name]!.prototype : DataView.prototype
}

/** Own keys that belong to the kind itself and are carried with the value. */
export function isIntrinsic(brand: Brand, key: string | symbol, value: object): boolean {
  if (typeof key === 'symbol') return false
  switch (brand) {
    case 'array':
      return key === 'length' || isIndex(key)
    case 'view':
      return isIndex(key)
    case 'regexp':
      return key === 'lastIndex' && (value as RegExp).lastIndex === 0
    case 'error':
      // An own accessor from Node 22 on, a data property before: carried as a plain value.
      return key === 'stack'
    case 'boxed':
      return types.isStringObject(value) && (key === 'length' || isIndex(key))
    default:
      return false
  }
}

function isIndex(key: string): boolean {
  return /^(?:0|[1-9]\d*)$/.test(key) && Number(key) < 2 ** 32 - 1
}
