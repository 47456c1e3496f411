/** Where objects are cut. Pure. */
import { MayflyError } from '../errors.js'
import type { ObjectPart, ObjectSource, PartitionOptions } from './types.js'

const LINE_FEED = '\n'

/** The options with the separator as bytes; `E_PARTITION_OPTIONS` for what makes no sense. */
export function checkOptions({ objChunkSize, objChunkNumber, objNewline = LINE_FEED }: PartitionOptions) {
  for (const [name, value] of Object.entries({ objChunkSize, objChunkNumber })) {
    if (value === undefined || (Number.isSafeInteger(value) && value > 0)) continue
    throw new MayflyError('E_PARTITION_OPTIONS', `${name}: ${String(value)} is not a whole number above 0`, {
      hint: name === 'objChunkSize' ? 'Give bytes, for example 64 * 1024 * 1024.' : 'Give the number of parts.',
    })
  }
  const newline = typeof objNewline === 'string' ? new Uint8Array(Buffer.from(objNewline)) : objNewline
  if (newline === null || (newline instanceof Uint8Array && newline.length > 0 && newline.length <= 1024)) {
    return { objChunkSize, objChunkNumber, newline }
  }
  throw new MayflyError('E_PARTITION_OPTIONS', 'objNewline is neither text or bytes (1 to 1024) nor null', {
    hint: "Give what ends a record, for example '\\n' or '\\r\\n', or null to cut anywhere.",
  })
}

/** The parts of each object in turn. An empty object is one empty part, so that each object has a call. */
export function cutObjects(sources: readonly ObjectSource[], options: PartitionOptions): ObjectPart[] {
  const { objChunkSize, objChunkNumber, newline } = checkOptions(options)
  return sources.flatMap((source) => {
    const size = source.ranges ? (source.size ?? 0) : 0
    const wanted = objChunkNumber ?? (objChunkSize ? Math.ceil(size / objChunkSize) : 1)
    const totalParts = Math.max(1, Math.min(wanted, size))
    // By number the parts are as even as can be; by size all but the last have it.
    const cut = (i: number) =>
      objChunkNumber ? Math.floor((i * size) / totalParts) : Math.min(i * (objChunkSize ?? size), size)
    return Array.from({ length: totalParts }, (_, part): ObjectPart => {
      const range = { start: cut(part), end: part === totalParts - 1 ? (source.size ?? size) : cut(part + 1) }
      return { type: 'ObjectPart', ...source, part, totalParts, range, newline }
    })
  })
}
