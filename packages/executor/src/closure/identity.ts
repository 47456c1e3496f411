/**
 * What is there in every Node process and therefore never travels: globals, everything reachable from them by name, and
 * the exports of Node's built-in modules. Found by identity.
 */
import { builtinModules, createRequire } from 'node:module'
import { types } from 'node:util'
import { createContext, runInContext } from 'node:vm'

/** Global names that Node adds to the language's; a name unknown to the running version is harmless. */
const NODE_GLOBALS = `AbortController AbortSignal Blob BroadcastChannel Buffer ByteLengthQueuingStrategy CloseEvent
CompressionStream CountQueuingStrategy Crypto CryptoKey CustomEvent DOMException DecompressionStream ErrorEvent Event
EventSource EventTarget File FormData Headers MessageChannel MessageEvent MessagePort Navigator Performance
PerformanceEntry PerformanceMark PerformanceMeasure PerformanceObserver PerformanceObserverEntryList
PerformanceResourceTiming QuotaExceededError ReadableByteStreamController ReadableStream ReadableStreamBYOBReader
ReadableStreamBYOBRequest ReadableStreamDefaultController ReadableStreamDefaultReader Request Response Storage
SubtleCrypto TextDecoder TextDecoderStream TextEncoder TextEncoderStream TransformStream
TransformStreamDefaultController URL URLPattern URLSearchParams WebAssembly WebSocket WritableStream
WritableStreamDefaultController WritableStreamDefaultWriter atob btoa clearImmediate clearInterval clearTimeout console
crypto fetch global localStorage navigator performance process queueMicrotask sessionStorage setImmediate setInterval
setTimeout structuredClone`.split(/\s+/)

const languageGlobals = runInContext('Object.getOwnPropertyNames(globalThis)', createContext({})) as string[]

/** Names that mean the same in every process unless somebody has changed them here. */
export const GLOBAL_NAMES: ReadonlySet<string> = new Set([...languageGlobals, ...NODE_GLOBALS, 'globalThis'])

// As they were when this module was loaded. Accessors stand for what Node loads at the first use.
const originals = new Map<string, PropertyDescriptor>()
for (const name of GLOBAL_NAMES) {
  const found = Object.getOwnPropertyDescriptor(globalThis, name)
  if (found) originals.set(name, found)
}

/** Whether a free name means the global of every process, so that the text can keep it. */
export function isStandardGlobal(name: string): boolean {
  if (!GLOBAL_NAMES.has(name)) return false
  const before = originals.get(name)
  const now = Object.getOwnPropertyDescriptor(globalThis, name)
  if (!before || !now) return before === now
  // A lazily loaded global replaces its accessor by the value at the first use.
  return 'value' in before ? before.value === now.value : true
}

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u

/** `.name`, `["odd name"]` or `[Symbol.iterator]`. */
export function member(key: string | symbol): string | undefined {
  if (typeof key === 'string') return IDENTIFIER.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
  const name = key.description
  return name?.startsWith('Symbol.') && Symbol[name.slice(7) as 'iterator'] === key ? `[${name}]` : undefined
}

let globals: Map<unknown, string> | undefined

function globalExpressions(): Map<unknown, string> {
  const found = new Map<unknown, string>()
  found.set(globalThis, 'globalThis')
  const add = (value: unknown, expression: string, depth: number): void => {
    const known = typeof value === 'function' || (typeof value === 'object' && value !== null)
    if (!known || found.has(value)) return
    found.set(value, expression)
    if (depth === 0) return
    for (const key of Reflect.ownKeys(value as object)) {
      const access = member(key)
      const slot = Object.getOwnPropertyDescriptor(value, key)
      if (!access || !slot) continue
      if ('value' in slot) add(slot.value, expression + access, depth - 1)
      else {
        const keyText = typeof key === 'string' ? JSON.stringify(key) : access.slice(1, -1)
        const accessor = `Object.getOwnPropertyDescriptor(${expression}, ${keyText})`
        if (slot.get) add(slot.get, `${accessor}.get`, 0)
        if (slot.set) add(slot.set, `${accessor}.set`, 0)
      }
    }
  }
  // Breadth first by hand: a name of depth one is always preferred to a longer one.
  const entries = [...originals].filter(([, slot]) => 'value' in slot)
  for (const [name, slot] of entries) add(slot.value, name, 0)
  for (const [name, slot] of entries) {
    if (name === 'globalThis' || name === 'global') continue
    found.delete(slot.value)
    // `process` holds the state of this very process: nothing below it is looked into beyond its own functions.
    add(slot.value, name, name === 'process' ? 1 : 3)
  }
  // An accessor on some versions of Node, but loaded in any case.
  add(process, 'process', 1)
  for (const [text, value] of HIDDEN) add(value, text, 2)
  for (const key of Object.getOwnPropertyNames(Symbol)) {
    const value = Symbol[key as 'iterator'] as unknown
    if (typeof value === 'symbol') found.set(value, `Symbol.${key}`)
  }
  return found
}

/** Prototypes without a global name. */
const HIDDEN: [string, unknown][] = [
  ['Object.getPrototypeOf(Uint8Array)', Object.getPrototypeOf(Uint8Array)],
  ['Object.getPrototypeOf(function* () {})', Object.getPrototypeOf(function* () {})],
  ['Object.getPrototypeOf(async function* () {})', Object.getPrototypeOf(async function* () {})],
  ['Object.getPrototypeOf(async () => {})', Object.getPrototypeOf(async () => {})],
  ['Object.getPrototypeOf([][Symbol.iterator]())', Object.getPrototypeOf([][Symbol.iterator]())],
  ['Object.getPrototypeOf(new Map().entries())', Object.getPrototypeOf(new Map().entries())],
  ['Object.getPrototypeOf(new Set().values())', Object.getPrototypeOf(new Set().values())],
  ["Object.getPrototypeOf(''[Symbol.iterator]())", Object.getPrototypeOf(''[Symbol.iterator]())],
]

/** An expression that yields this very value in any process, for example `Math.max`; well-known symbols too. */
export function globalExpression(value: unknown): string | undefined {
  globals ??= globalExpressions()
  const known = globals.get(value)
  if (known !== undefined) return known
  if (typeof value === 'object' && value !== null) return lazyObject(value)
  if (typeof value !== 'function') return undefined
  const name: unknown = Object.getOwnPropertyDescriptor(value, 'name')?.value
  // Globals that are loaded at their first use are looked at only when the name fits: looking loads them.
  if (typeof name === 'string' && NODE_GLOBALS.includes(name)) {
    if ((globalThis as Record<string, unknown>)[name] !== value) return undefined
    globals.set(value, name)
    globals.set(value.prototype, `${name}.prototype`)
    return name
  }
  return undefined
}

/** Classes whose one instance is a global that is loaded at its first use. */
const LAZY_OBJECTS: Record<string, string> = { Crypto: 'crypto', Performance: 'performance', Navigator: 'navigator' }

function lazyObject(value: object): string | undefined {
  if (types.isProxy(value)) return undefined
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return undefined
  const made: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  const name = typeof made === 'function' ? LAZY_OBJECTS[made.name] : undefined
  return name && (globalThis as Record<string, unknown>)[name] === value ? name : undefined
}

/** A place in a built-in module: `{ module: 'node:path', path: ['join'] }`; an empty path is the module itself. */
export interface BuiltinPlace {
  module: string
  path: string[]
}

const requireBuiltin = createRequire(import.meta.url)
const seen = new Set<string>()
const builtins = new Map<unknown, BuiltinPlace>()

/** Finds a value among the exports of the built-in modules this process has loaded. */
export function builtinPlace(value: unknown): BuiltinPlace | undefined {
  const known = builtins.get(value)
  if (known || moduleLoadList.length === learnedCount) return known
  return learnBuiltins() ? builtins.get(value) : undefined
}

// Grows as Node loads more of itself.
const { moduleLoadList = [] } = process as unknown as { moduleLoadList?: string[] }
let learnedCount = 0

function learnBuiltins(): boolean {
  let learned = false
  for (const entry of moduleLoadList) {
    const id = entry.replace(/^NativeModule /, '')
    if (seen.has(id)) continue
    seen.add(id)
    if (!builtinModules.includes(id) || id.startsWith('_') || id === 'punycode' || id === 'sys') continue
    learned = true
    learnModule(id)
  }
  learnedCount = moduleLoadList.length
  return learned
}

function learnModule(id: string): void {
  const module = `node:${id}`
  const exported = requireBuiltin(module) as Record<string, unknown>
  if (!builtins.has(exported)) builtins.set(exported, { module, path: [] })
  for (const [key, slot] of Object.entries(Object.getOwnPropertyDescriptors(exported))) {
    const { value } = slot
    if ((typeof value !== 'function' && (typeof value !== 'object' || !value)) || builtins.has(value)) continue
    builtins.set(value, { module, path: [key] })
    if (typeof value === 'function' && value.prototype && typeof value.prototype === 'object') {
      builtins.set(value.prototype, { module, path: [key, 'prototype'] })
    }
  }
}
