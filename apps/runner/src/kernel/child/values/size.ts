/** How much memory a value holds, about: V8's usual sizes, a sample where there is much. Runs nothing of the value. Pure. */
import { types } from 'node:util'

const WORD = 8
const HEADER = 24
/** Things looked at for one estimate; beyond, the rest counts like what was seen. */
const BUDGET = 2000
const SAMPLE = 64

interface Walk {
  left: number
  seen: Set<object>
}

/** Bytes; undefined for what holds none of its own (numbers, functions). Exact for typed arrays, buffers and their like. */
export function estimateBytes(value: unknown): number | undefined {
  if (typeof value !== 'string' && (typeof value !== 'object' || value === null)) return undefined
  return Math.round(sizeOf(value, { left: BUDGET, seen: new Set() }))
}

function sizeOf(value: unknown, walk: Walk): number {
  if (typeof value === 'string') return HEADER / 2 + value.length * (isWide(value) ? 2 : 1)
  if (typeof value === 'bigint') return HEADER
  if (typeof value !== 'object' || value === null) return 0
  if (walk.seen.has(value) || types.isProxy(value)) return 0
  walk.seen.add(value)
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return value.byteLength
  if (--walk.left <= 0) return HEADER
  if (Array.isArray(value)) {
    return HEADER + value.length * WORD + sampled(value.length, (i) => sizeOf(dataAt(value, String(i)), walk))
  }
  if (types.isMap(value)) return HEADER + collection(Map.prototype.entries.call(value), mapSize.call(value), 3, walk)
  if (types.isSet(value)) return HEADER + collection(Set.prototype.entries.call(value), setSize.call(value), 2, walk)
  const keys = Object.keys(value)
  return HEADER + keys.length * WORD + sampled(keys.length, (i) => sizeOf(dataAt(value, keys[i]!), walk))
}

const mapSize = Object.getOwnPropertyDescriptor(Map.prototype, 'size')!.get!
const setSize = Object.getOwnPropertyDescriptor(Set.prototype, 'size')!.get!

function dataAt(value: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(value, key)?.value
}

/** The sum over `count` parts, from evenly spread ones when there are many. */
function sampled(count: number, sizeAt: (index: number) => number): number {
  const looked = Math.min(count, SAMPLE)
  let sum = 0
  for (let i = 0; i < looked; i++) sum += sizeAt(Math.floor((i * count) / looked))
  return looked === 0 ? 0 : (sum * count) / looked
}

function collection(entries: Iterable<[unknown, unknown]>, count: number, words: number, walk: Walk): number {
  let sum = 0
  let looked = 0
  for (const [key, value] of entries) {
    if (looked === SAMPLE) break
    sum += sizeOf(key, walk) + (key === value ? 0 : sizeOf(value, walk))
    looked++
  }
  return count * words * WORD + (looked === 0 ? 0 : (sum * count) / looked)
}

/** Whether a text needs two bytes a character, by its beginning. */
function isWide(text: string): boolean {
  for (let i = 0; i < Math.min(text.length, SAMPLE); i++) if (text.charCodeAt(i) > 0xff) return true
  return false
}
