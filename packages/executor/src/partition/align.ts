/**
 * Moves the cuts of a part to the ends of records. A record belongs to the part in which it begins; the ends of records are those
 * that reading the object from its beginning finds, from left to right and without overlap, whatever the cuts. Both neighbours
 * of a cut come to the same place, so every byte is in exactly one part. Pure but for the reading that is handed in.
 */

export interface Cuts {
  start: number
  end: number
  /** The object's end: the last part takes everything to it. */
  size: number
}

/** Reads the bytes `from ≤ position < to`. */
export type ReadRange = (from: number, to: number) => AsyncIterable<Uint8Array>

const FIRST_WINDOW = 64 * 1024
const LAST_WINDOW = 8 * 1024 * 1024

/** The bytes of the part, in order, moved to whole records. */
export async function* alignedBytes(read: ReadRange, cuts: Cuts, separator: Uint8Array): AsyncGenerator<Uint8Array> {
  const { start, size } = cuts
  if (start >= size) return
  const end = cuts.end >= size ? Number.POSITIVE_INFINITY : cuts.end
  if (start === 0 && end === Number.POSITIVE_INFINITY) {
    yield* read(0, size)
    return
  }
  const { length } = separator
  const overlaps = hasBorder(separator)
  const from = start === 0 ? 0 : await safeStart(read, start, size, separator, overlaps)
  let inside = start === 0
  let held: Buffer = Buffer.alloc(0)
  /** Position of the first byte of `held`, and from where the next separator is looked for. */
  let [base, next] = [from, from]
  for await (const chunk of windows(read, from, end, size)) {
    held = held.length === 0 ? asBuffer(chunk) : Buffer.concat([held, chunk])
    while (true) {
      // Separators that cannot overlap need not be counted: the last ones before the cut are enough.
      if (inside && !overlaps) next = Math.max(next, end - length)
      const at = next - base < held.length ? held.indexOf(separator, next - base) : -1
      if (at < 0) break
      next = base + at + length
      if (!inside && next >= start) {
        if (next >= end) return
        inside = true
        held = held.subarray(next - base)
        base = next
      } else if (inside && next >= end) {
        yield held.subarray(0, next - base)
        return
      }
    }
    next = Math.max(next, base + held.length - length + 1)
    if (!inside && next + length >= end) return
    // A separator may have begun in the last bytes.
    const done = Math.min(held.length, next - base, Math.max(0, held.length - length + 1))
    if (inside && done > 0) yield held.subarray(0, done)
    held = held.subarray(done)
    base += done
  }
  if (inside && held.length > 0) yield held
}

/** Records of the bytes, without their separators. What follows the last separator is a record unless it is empty. */
export async function* splitRecords(source: AsyncIterable<Uint8Array>, separator: Uint8Array): AsyncGenerator<Buffer> {
  const { length } = separator
  let pieces: Buffer[] = []
  for await (const chunk of source) {
    let bytes = asBuffer(chunk)
    if (pieces.length > 0 && length > 1) {
      // The separator may lie across: look at the seam only, not again at all that is held.
      const last = pieces.pop()!
      bytes = Buffer.concat([last, bytes])
    }
    let at = 0
    for (let found = bytes.indexOf(separator); found >= 0; found = bytes.indexOf(separator, at)) {
      pieces.push(bytes.subarray(at, found))
      yield pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
      pieces = []
      at = found + length
    }
    const rest = bytes.subarray(at)
    const seam = Math.max(0, rest.length - length + 1)
    if (seam > 0) pieces.push(rest.subarray(0, seam))
    if (length > 1) pieces.push(rest.subarray(seam))
  }
  const last = Buffer.concat(pieces)
  if (last.length > 0) yield last
}

/** Whether two occurrences can overlap: some beginning of it is also its end. */
function hasBorder(separator: Uint8Array): boolean {
  const bytes = asBuffer(separator)
  for (let n = 1; n < bytes.length; n++) {
    if (bytes.subarray(0, n).equals(bytes.subarray(bytes.length - n))) return true
  }
  return false
}

/**
 * A position at or before which a search finds all separators that end at `start` or behind. Where separators can overlap it
 * must not lie in one, or the search would count from the wrong side.
 */
async function safeStart(read: ReadRange, start: number, size: number, separator: Uint8Array, overlaps: boolean) {
  const { length } = separator
  const latest = Math.max(0, start - length)
  if (!overlaps) return latest
  for (let back = 1024; ; back *= 8) {
    const low = Math.max(0, latest - back)
    const bytes = await gather(read(low, Math.min(size, latest + length)))
    for (let q = latest; q >= (low === 0 ? 0 : low + length); q--) if (!spanned(bytes, q - low, separator)) return q
    if (low === 0) return 0
  }
}

/** Whether a separator begins before the position and ends behind it. */
function spanned(bytes: Buffer, at: number, separator: Uint8Array): boolean {
  for (let begin = Math.max(0, at - separator.length + 1); begin < at; begin++) {
    if (bytes.subarray(begin, begin + separator.length).equals(separator)) return true
  }
  return false
}

/** The part and what is before the end of its last record, asked for in growing pieces. */
async function* windows(read: ReadRange, from: number, end: number, size: number): AsyncGenerator<Uint8Array> {
  let at = from
  let window = FIRST_WINDOW
  let to = Math.min(size, end + window)
  while (at < size) {
    yield* read(at, to)
    at = to
    window = Math.min(window * 2, LAST_WINDOW)
    to = Math.min(size, at + window)
  }
}

async function gather(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
