/**
 * Messages on a byte stream: `u32 length of the rest · u32 length of the header · header (JSON) · body (raw bytes)`,
 * little-endian. The header is small and readable, the body is never copied into JSON. Pure.
 */
export interface Frame {
  header: unknown
  body: Uint8Array
}

const EMPTY = new Uint8Array(0)

/** One frame as bytes. */
export function encodeFrame(header: unknown, body: Uint8Array = EMPTY): Buffer {
  const text = JSON.stringify(header)
  const headerLength = Buffer.byteLength(text)
  const frame = Buffer.allocUnsafe(8 + headerLength + body.byteLength)
  frame.writeUInt32LE(4 + headerLength + body.byteLength, 0)
  frame.writeUInt32LE(headerLength, 4)
  frame.write(text, 8)
  frame.set(body, 8 + headerLength)
  return frame
}

/** Cuts a stream of chunks into frames, whatever the chunks' borders. A body is a copy of its own. */
export class FrameReader {
  #chunks: Uint8Array[] = []
  #size = 0
  #needed = 4

  push(chunk: Uint8Array): Frame[] {
    this.#chunks.push(chunk)
    this.#size += chunk.byteLength
    const frames: Frame[] = []
    if (this.#size < this.#needed) return frames
    // One concatenation per push that completes something, so that a large frame costs linear time.
    const bytes = this.#chunks.length === 1 ? asBuffer(chunk) : Buffer.concat(this.#chunks)
    let offset = 0
    while (true) {
      const left = bytes.byteLength - offset
      this.#needed = left < 4 ? 4 : 4 + bytes.readUInt32LE(offset)
      if (left < this.#needed) break
      frames.push(decode(bytes, offset, this.#needed))
      offset += this.#needed
    }
    this.#size = bytes.byteLength - offset
    this.#chunks = this.#size > 0 ? [bytes.subarray(offset)] : []
    return frames
  }
}

function decode(bytes: Buffer, offset: number, length: number): Frame {
  const headerLength = bytes.readUInt32LE(offset + 4)
  const bodyStart = offset + 8 + headerLength
  const header: unknown = JSON.parse(bytes.toString('utf8', offset + 8, bodyStart))
  const end = offset + length
  return { header, body: bodyStart === end ? EMPTY : new Uint8Array(bytes.subarray(bodyStart, end)) }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
