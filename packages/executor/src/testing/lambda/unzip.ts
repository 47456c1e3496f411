/** Reads a ZIP archive by its directory, as Lambda does with deployed code. */
import { crc32, inflateRawSync } from 'node:zlib'

/** Names and contents of the files; throws on anything that is no sound archive. */
export function unzip(archive: Buffer): Map<string, Buffer> {
  const end = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]))
  if (end < 0) throw new Error('Could not unzip uploaded file. Please check your file, then try to upload again.')
  const files = new Map<string, Buffer>()
  let at = archive.readUInt32LE(end + 16)
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    const method = archive.readUInt16LE(at + 10)
    const crc = archive.readUInt32LE(at + 16)
    const packed = archive.readUInt32LE(at + 20)
    const nameLength = archive.readUInt16LE(at + 28)
    const extra = archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32)
    const local = archive.readUInt32LE(at + 42)
    const name = archive.toString('utf8', at + 46, at + 46 + nameLength)
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28)
    const body = archive.subarray(start, start + packed)
    const content = method === 8 ? inflateRawSync(body) : body
    if (crc32(content) !== crc || name.split('/').includes('..')) throw new Error(`The archive is damaged at ${name}`)
    if (!name.endsWith('/')) files.set(name, content)
    at += 46 + nameLength + extra
  }
  return files
}
