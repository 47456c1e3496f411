/** Writing PNG files (ISO/IEC 15948): as Node's own deflate is native, several times faster than in JavaScript. */
import { crc32, deflateSync } from 'node:zlib'

export interface PngImage {
  /** Pixels. */
  width: number
  height: number
  /** Samples of all channels of a pixel one after another, row by row; 16 bits where it is a `Uint16Array`. */
  data: Uint8Array | Uint16Array
  /** 2: grey and alpha; 4: red, green, blue and alpha. */
  channels: 2 | 4
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
/** Types of colour. */
const GREY_ALPHA = 4
const RGBA = 6

/** The bytes of a PNG file. */
export function encodePng({ width, height, data, channels }: PngImage): Uint8Array {
  const depth = data.BYTES_PER_ELEMENT
  const line = width * channels * depth
  // Each row begins with the number of its filter; 0 is none.
  const rows = new Uint8Array(height * (1 + line))
  const samples = depth === 1 ? (data as Uint8Array) : bigEndian(data as Uint16Array)
  for (let y = 0; y < height; y++) rows.set(samples.subarray(y * line, (y + 1) * line), y * (1 + line) + 1)
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8 * depth, channels === 2 ? GREY_ALPHA : RGBA], 8)
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', new Uint8Array(0)),
  ])
}

/** Length, type, content, and the checksum of both. */
function chunk(type: string, content: Uint8Array): Buffer {
  const out = Buffer.alloc(12 + content.length)
  out.writeUInt32BE(content.length, 0)
  out.write(type, 4, 'latin1')
  out.set(content, 8)
  out.writeUInt32BE(crc32(out.subarray(4, 8 + content.length)), 8 + content.length)
  return out
}

function bigEndian(samples: Uint16Array): Uint8Array {
  const out = new Uint8Array(2 * samples.length)
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] as number
    out[2 * i] = sample >> 8
    out[2 * i + 1] = sample & 255
  }
  return out
}
