/** Ranges of bytes as HTTP means them. Pure. */
import type { ByteRange } from './driver.js'
import { badRange } from './errors.js'

/** First byte and number of bytes that a range takes of an object of `size` bytes; `E_STORAGE_RANGE` for what is no range. */
export function resolveRange(
  range: ByteRange | undefined,
  size: number,
  key: string,
): { start: number; length: number } {
  if (!range) return { start: 0, length: size }
  checkRange(range, key)
  const start = range.start < 0 ? Math.max(0, size + range.start) : Math.min(range.start, size)
  const end = Math.min(range.end ?? size - 1, size - 1)
  return { start, length: Math.max(0, end - start + 1) }
}

/** Throws `E_STORAGE_RANGE` unless it is a range, whatever the object's size. */
export function checkRange(range: ByteRange, key: string): void {
  const { start, end } = range
  const whole = Number.isSafeInteger(start) && (end === undefined || Number.isSafeInteger(end))
  if (!whole || (end !== undefined && (start < 0 || end < start))) throw badRange(range, key)
}
