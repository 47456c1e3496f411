/** A ZIP archive of a few files, as Lambda takes code. The same files give the same bytes: no dates, sorted names. */
import { crc32, deflateRawSync } from 'node:zlib'

const LOCAL = 0x04034b50
const CENTRAL = 0x02014b50
const END = 0x06054b50
const VERSION = 20
const DEFLATED = 8
/** 1 January 1980, the first day that ZIP knows. */
const DATE = 0x21
/** Regular file, readable by all: Lambda runs code as another user. */
const MODE = (0o100644 << 16) >>> 0

/** The archive's bytes. */
export function zip(files: Record<string, Uint8Array>): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  const names = Object.keys(files).sort()
  for (const name of names) {
    const content = files[name]!
    const packed = deflateRawSync(content)
    const path = Buffer.from(name)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(VERSION, 0)
    common.writeUInt16LE(DEFLATED, 4)
    common.writeUInt16LE(DATE, 8)
    common.writeUInt32LE(crc32(content), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(content.length, 18)
    common.writeUInt16LE(path.length, 22)
    parts.push(uint32(LOCAL), common, path, packed)
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(MODE, 6)
    rest.writeUInt32LE(offset, 10)
    // Made by Unix (3), so that the mode counts.
    directory.push(uint32(CENTRAL), Buffer.from([VERSION, 3]), common, rest, path)
    offset += 4 + common.length + path.length + packed.length
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(names.length, 4)
  end.writeUInt16LE(names.length, 6)
  end.writeUInt32LE(size, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...parts, ...directory, uint32(END), end])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
