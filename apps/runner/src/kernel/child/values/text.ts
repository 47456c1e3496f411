/** Any value as text. Never throws, whatever the value's getters, proxies and own methods do. Pure. */
import { type InspectOptions, inspect, types } from 'node:util'

/** Characters of the text of a value. */
const MAX_TEXT = 100_000
/** Numbers that are looked at for the statistics of an array. */
const MAX_COUNTED = 4_000_000

/** Properties from which on an object counts as a dictionary, and those that are shown of it. */
const MAX_KEYS = 1000
const SHOWN_KEYS = 100

const OPTIONS = { depth: 4, maxArrayLength: 100, maxStringLength: 10_000, breakLength: 100 } as const

/** Text of a value as a cell shows it, cut where nobody reads on; typed arrays come with their range and mean. */
export function toText(value: unknown): string {
  const cut = cutText(manyKeysText(value) ?? inspectSafely(value, OPTIONS))
  const facts = isNumbers(value) && value.length > 6 ? statistics(value) : ''
  return facts ? `${cut}\n${facts}` : cut
}

/** Text of an object used as a dictionary: `inspect` would write out every key. */
function manyKeysText(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return undefined
  if (Object.getPrototypeOf(value) !== Object.prototype) return undefined
  const keys = Object.keys(value)
  if (keys.length <= MAX_KEYS) return undefined
  const first = keys.slice(0, SHOWN_KEYS).map((key) => [key, Object.getOwnPropertyDescriptor(value, key)!])
  const part = Object.defineProperties({}, Object.fromEntries(first))
  const rest = (keys.length - SHOWN_KEYS).toLocaleString('en')
  return inspectSafely(part, OPTIONS).replace(/,?\s*\}$/, `,\n  … ${rest} more properties\n}`)
}

const cutText = (text: string) =>
  text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}\n… ${text.length - MAX_TEXT} more characters` : text

/** Text of a value in one line of at most `length` characters. */
export function toLine(value: unknown, length: number): string {
  const text = inspectSafely(value, {
    depth: 1,
    maxArrayLength: 8,
    maxStringLength: length,
    breakLength: Number.POSITIVE_INFINITY,
  })
  return clip(text.replace(/\s*\n\s*/g, ' '), length)
}

/** A text of at most `length` characters, with a sign where it was cut. */
export const clip = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length - 1)}…` : text

function inspectSafely(value: unknown, options: InspectOptions): string {
  for (const customInspect of options.customInspect === false ? [false] : [true, false]) {
    try {
      const text = inspect(value, { ...options, customInspect })
      // A method of the value's own may give anything.
      if (typeof text === 'string') return text
    } catch {
      // Its own method failed, then something in it that nobody expects to run: a getter of its tag, a trap.
    }
  }
  return typeof value === 'function' ? '[Function]' : '[object that cannot be shown: looking at it throws]'
}

type Numbers = Exclude<NodeJS.TypedArray, BigInt64Array | BigUint64Array>

function isNumbers(value: unknown): value is Numbers {
  return (
    types.isTypedArray(value) &&
    !types.isBigInt64Array(value) &&
    !types.isBigUint64Array(value) &&
    !Buffer.isBuffer(value)
  )
}

/** `min 0 · max 9 · mean 4.5 · 2 NaN`; infinities count for the range, not for the mean. */
function statistics(values: Numbers): string {
  const count = Math.min(values.length, MAX_COUNTED)
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  let sum = 0
  let finite = 0
  let nan = 0
  for (let i = 0; i < count; i++) {
    const value = values[i]!
    if (value < min) min = value
    if (value > max) max = value
    if (Number.isFinite(value)) {
      sum += value
      finite++
    } else if (Number.isNaN(value)) nan++
  }
  const parts = min <= max ? [`min ${short(min)}`, `max ${short(max)}`] : []
  if (finite > 0) parts.push(`mean ${short(sum / finite)}`)
  if (nan > 0) parts.push(`${nan} NaN`)
  const whole = count === values.length ? '' : ` (of the first ${count.toLocaleString('en')})`
  return parts.length > 0 ? `  ${parts.join(' · ')}${whole}` : ''
}

const short = (value: number): string => String(Number(value.toPrecision(6)))
