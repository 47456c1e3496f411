/** How large a MIME bundle is, and what of it can be shown. Pure. */
import type { Bundle } from '../protocol.js'
import { sizeInWords } from './rest.js'

/** Characters of one value: pictures are data, text is read. */
const MAX_TEXT = 2 ** 20
const MAX_MARKUP = 8 * 2 ** 20
const MAX_PICTURE = 32 * 2 ** 20
/** Shown of a text that is too long. */
const HEAD = 64 * 1024
const SAMPLE = 100

/** About how many characters a bundle takes as JSON. */
export function sizeOf(data: Bundle): number {
  let size = 0
  for (const value of Object.values(data)) size += sizeOfValue(value)
  return size
}

/** Long arrays are judged by a sample. */
function sizeOfValue(value: unknown): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null) return 8
  if (!Array.isArray(value)) {
    let size = 2
    for (const [key, inner] of Object.entries(value)) size += key.length + 4 + sizeOfValue(inner)
    return size
  }
  const step = Math.max(1, Math.floor(value.length / SAMPLE))
  let size = 0
  let seen = 0
  for (let i = 0; i < value.length; i += step, seen++) size += 1 + sizeOfValue(value[i])
  return 2 + (seen === 0 ? 0 : Math.ceil((size / seen) * value.length))
}

function limitOf(mime: string): number {
  if (mime === 'text/plain') return MAX_TEXT
  return mime.startsWith('image/') ? MAX_PICTURE : MAX_MARKUP
}

/** The bundle without what is too large, and the text of that: of the text form where it was cut, else of what was left out. */
export function cutBundle(data: Bundle, size: number): { kept: Bundle; cut?: string } {
  if (size <= MAX_TEXT) return { kept: data }
  const large = Object.keys(data).filter((mime) => sizeOfValue(data[mime]) > limitOf(mime))
  if (large.length === 0) return { kept: data }
  const kept = Object.fromEntries(Object.entries(data).filter(([mime]) => !large.includes(mime)))
  const textOf = (mime: string) =>
    typeof data[mime] === 'string' ? (data[mime] as string) : JSON.stringify(data[mime])
  const others = large.filter((mime) => mime !== 'text/plain')
  const note = others.map((mime) => `${mime} of ${sizeInWords(sizeOfValue(data[mime]))} is too large to be shown`)
  const plain = typeof data['text/plain'] === 'string' ? data['text/plain'] : ''
  const head = large.includes('text/plain') ? `${plain.slice(0, HEAD)}…` : plain
  kept['text/plain'] = [head, ...note].filter(Boolean).join('\n')
  return { kept, cut: textOf(large.includes('text/plain') ? 'text/plain' : others[0]!) }
}
