/** The binary side of imzML: checks against the index, and arrays from byte ranges read with few requests. */
import { inflateSync } from 'node:zlib'
import { sortedOrder } from '../segment/order.js'
import { IbdError } from './errors.js'
import { ARRAY_BYTES, type ArrayColumns, type ArrayType, type ImzML } from './model.js'

/** Reads bytes `[start, end)` of the ibd file, wherever it lies. */
export type RangeReader = (start: number, end: number) => Promise<Uint8Array>

export interface IbdCheckOptions {
  /** Name used in messages. */
  file?: string
  /** Take an ibd whose UUID is not the one in the imzML. Default false. */
  ignoreUuid?: boolean
}

/** Bytes of array i in the file. */
export function arrayBytes(columns: ArrayColumns, i: number): number {
  return columns.zlib ? (columns.encoded[i] as number) : (columns.length[i] as number) * ARRAY_BYTES[columns.type]
}

/**
 * Checks an ibd file against its imzML without reading it: `size` in bytes, `head` its first 16 bytes.
 * @throws IbdError E_IBD_UUID, E_IBD_TRUNCATED, E_IBD_LENGTHS, E_IBD_OFFSET, E_IBD_OVERLAP (a wrong offset or data type).
 */
export function checkIbd(imzml: ImzML, size: number, head: Uint8Array, options: IbdCheckOptions = {}): void {
  const file = options.file ?? 'ibd'
  const fault = (code: string, what: string, hint: string, spectrum?: number) =>
    new IbdError(code, `${file}: ${what}`, { hint, where: spectrum === undefined ? { file } : { file, spectrum } })
  if (size < 16) throw fault('E_IBD_TRUNCATED', `only ${size} bytes long`, 'Copy the ibd file again; it is cut off.')
  // First: the file of another data set is mostly of another length too, and saying "cut off" would mislead.
  const found = hex(head.subarray(0, 16))
  if (imzml.uuid !== undefined && !options.ignoreUuid && found !== imzml.uuid) {
    throw fault(
      'E_IBD_UUID',
      `its UUID is ${found}, ${imzml.file} names ${imzml.uuid}`,
      'The two files do not belong together; pair them again, or set ignore_uuid to true when you are sure.',
    )
  }
  for (let i = 0; i < imzml.count; i++) {
    if (imzml.mz.length[i] !== imzml.intensity.length[i]) {
      throw fault(
        'E_IBD_LENGTHS',
        `spectrum ${i} has ${imzml.mz.length[i]} m/z values but ${imzml.intensity.length[i]} intensities`,
        'Export the data set again.',
        i,
      )
    }
  }
  for (const [name, columns] of [['m/z', imzml.mz] as const, ['intensity', imzml.intensity] as const]) {
    for (let i = 0; i < imzml.count; i++) {
      const offset = columns.offset[i] as number
      const bytes = arrayBytes(columns, i)
      if (offset < 0)
        throw fault(
          'E_IBD_OFFSET',
          `the ${name} array of spectrum ${i} starts at byte ${offset}`,
          'Export the data set again.',
          i,
        )
      if (bytes > 0 && offset + bytes > size) {
        throw fault(
          'E_IBD_TRUNCATED',
          `the ${name} array of spectrum ${i} ends at byte ${offset + bytes}, the file has ${size}`,
          'Copy the ibd file again; it is cut off.',
          i,
        )
      }
    }
  }
  const overlap = findOverlap(imzml)
  if (overlap === undefined) return
  throw fault(
    'E_IBD_OVERLAP',
    `the ${overlap.what} array of spectrum ${overlap.spectrum} begins at byte ${overlap.start}, inside what lies there already (up to byte ${overlap.end})`,
    'An offset, a length or a data type in the imzML is wrong; export the data set again.',
    overlap.spectrum,
  )
}

/** The UUID comes first, and no array lies partly upon another; several may be the same bytes, as a shared m/z axis is. */
function findOverlap({ mz, intensity, count }: ImzML) {
  const starts = new Float64Array(2 * count)
  for (let i = 0; i < count; i++) {
    starts[2 * i] = mz.offset[i] as number
    starts[2 * i + 1] = intensity.offset[i] as number
  }
  const columnsOf = (slot: number) => (slot % 2 === 0 ? mz : intensity)
  const order = sortedOrder(starts)
  let start = 0
  let end = 16
  for (let k = 0; k < order.length; k++) {
    const slot = order[k] as number
    const spectrum = slot >> 1
    const bytes = arrayBytes(columnsOf(slot), spectrum)
    const at = starts[slot] as number
    if (bytes === 0 || (at === start && at + bytes === end)) continue
    if (at < end) return { what: slot % 2 === 0 ? 'm/z' : 'intensity', spectrum, start: at, end }
    start = at
    end = at + bytes
  }
  return undefined
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export interface RangePlanOptions {
  /** Ranges closer than this are read as one. Default 65,536 bytes. */
  gap?: number
  /** No request is longer than this, except for a single longer array. Default 256 MiB. */
  maxRequest?: number
}

/** Groups byte ranges (start, end pairs) into few requests: sorted, merged over small gaps, capped in size. */
export function planRanges(ranges: readonly [number, number][], options: RangePlanOptions = {}): [number, number][] {
  const { gap = 65_536, maxRequest = 256 * 2 ** 20 } = options
  const sorted = ranges.filter(([start, end]) => end > start).sort((a, b) => a[0] - b[0] || a[1] - b[1])
  const merged: [number, number][] = []
  for (const [start, end] of sorted) {
    const last = merged[merged.length - 1]
    const joined = last && Math.max(last[1], end)
    if (last && joined !== undefined && start <= last[1] + gap && joined - last[0] <= maxRequest) last[1] = joined
    else merged.push([start, end])
  }
  return merged
}

/** Numbers of an array as doubles or floats; 32-bit floats stay as they are, integers become doubles. */
export function decodeArray(bytes: Uint8Array, type: ArrayType): Float64Array | Float32Array {
  const aligned = bytes.byteOffset % ARRAY_BYTES[type] === 0 ? bytes : new Uint8Array(bytes)
  const { buffer, byteOffset } = aligned
  const n = Math.floor(bytes.byteLength / ARRAY_BYTES[type])
  if (type === 'f32') return new Float32Array(buffer, byteOffset, n)
  if (type === 'f64') return new Float64Array(buffer, byteOffset, n)
  if (type === 'i32') return Float64Array.from(new Int32Array(buffer, byteOffset, n))
  const words = new Uint32Array(buffer, byteOffset, n * 2)
  const out = new Float64Array(n)
  for (let i = 0; i < n; i++) out[i] = ((words[2 * i + 1] as number) | 0) * 2 ** 32 + (words[2 * i] as number)
  return out
}

/** The arrays of one spectrum, as the file has them (no sorting, nothing dropped). */
export interface Spectrum {
  index: number
  mz: Float64Array | Float32Array
  intensity: Float64Array | Float32Array
}

/**
 * Yields the given spectra. Byte ranges are merged first, so that a run of neighbouring spectra costs one request; a shared
 * m/z axis is read and decoded once.
 */
export async function* readSpectra(
  imzml: Pick<ImzML, 'mz' | 'intensity' | 'sharedAxis'>,
  indices: ArrayLike<number>,
  read: RangeReader,
  options: RangePlanOptions & { file?: string } = {},
): AsyncGenerator<Spectrum> {
  const ranges: [number, number][] = []
  for (let k = 0; k < indices.length; k++) {
    const i = indices[k] as number
    for (const columns of [imzml.mz, imzml.intensity]) {
      const start = columns.offset[i] as number
      ranges.push([start, start + arrayBytes(columns, i)])
    }
  }
  const requests = planRanges(ranges, options)
  const loaded = await Promise.all(
    requests.map(async ([start, end]) => ({ start, end, bytes: await read(start, end) })),
  )
  const slice = (columns: ArrayColumns, i: number) => {
    const start = columns.offset[i] as number
    const size = arrayBytes(columns, i)
    if (size === 0) return new Uint8Array(0)
    let low = 0
    let high = loaded.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((loaded[middle] as { start: number }).start <= start) low = middle
      else high = middle - 1
    }
    const part = loaded[low] as { start: number; bytes: Uint8Array }
    return part.bytes.subarray(start - part.start, start - part.start + size)
  }
  const array = (columns: ArrayColumns, i: number, what: string) => {
    const raw = slice(columns, i)
    return decodeArray(
      columns.zlib && raw.length + (columns.length[i] as number) > 0
        ? inflated(raw, columns, i, what, options.file)
        : raw,
      columns.type,
    )
  }
  let axis: Float64Array | Float32Array | undefined
  for (let k = 0; k < indices.length; k++) {
    const index = indices[k] as number
    const mz = imzml.sharedAxis ? (axis ??= array(imzml.mz, index, 'm/z')) : array(imzml.mz, index, 'm/z')
    yield { index, mz, intensity: array(imzml.intensity, index, 'intensity') }
  }
}

function inflated(raw: Uint8Array, columns: ArrayColumns, spectrum: number, what: string, file = 'ibd'): Uint8Array {
  const expected = (columns.length[spectrum] as number) * ARRAY_BYTES[columns.type]
  let bytes: Uint8Array | undefined
  let cause: unknown
  try {
    bytes = inflateSync(raw, { maxOutputLength: expected + 16 })
  } catch (error) {
    cause = error
  }
  if (bytes?.length === expected) return bytes
  throw new IbdError(
    'E_IBD_ZLIB',
    `${file}: the compressed ${what} array of spectrum ${spectrum} ${bytes ? `has ${bytes.length} bytes, expected ${expected}` : 'cannot be inflated'}`,
    {
      hint: 'The file is damaged, or it is not compressed although the imzML says so.',
      where: { file, spectrum },
      cause,
    },
  )
}
