/**
 * The control pipe between runner and kernel child: frames of a little-endian u32 byte length and that much UTF-8 JSON.
 * Lengths instead of lines, so that a reader never scans megabytes of output for a newline.
 */
import { MayflyError } from '@mayfly/executor/errors'

const HEAD = 4
/** Nothing legitimate is larger; a length beyond it means the stream is out of step. */
const LIMIT = 1 << 30

/** Encodes one message as a frame. */
export function encodeFrame(message: unknown): Buffer {
  const text = JSON.stringify(message)
  const frame = Buffer.allocUnsafe(HEAD + Buffer.byteLength(text))
  frame.writeUInt32LE(frame.length - HEAD, 0)
  frame.write(text, HEAD)
  return frame
}

/** Cuts a byte stream into messages, whatever the chunks. */
export class FrameReader<T> {
  #chunks: Buffer[] = []
  #size = 0
  #need = HEAD
  #inBody = false

  /** Takes the next bytes and returns the messages they complete. @throws MayflyError `E_KERNEL_PIPE` on a nonsensical length. */
  push(chunk: Buffer): T[] {
    const messages: T[] = []
    this.#chunks.push(chunk)
    this.#size += chunk.length
    if (this.#size < this.#need) return messages
    let rest = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
    while (rest.length >= this.#need) {
      const part = rest.subarray(0, this.#need)
      rest = rest.subarray(this.#need)
      if (this.#inBody) {
        messages.push(JSON.parse(part.toString()) as T)
        this.#need = HEAD
      } else {
        this.#need = part.readUInt32LE(0)
        if (this.#need > LIMIT)
          throw new MayflyError('E_KERNEL_PIPE', `The control pipe announced ${this.#need} bytes.`)
      }
      this.#inBody = !this.#inBody
    }
    this.#chunks = rest.length ? [rest] : []
    this.#size = rest.length
    return messages
  }
}
