/** Messages of `application/vnd.amazon.eventstream`: prelude, headers and payload, each part under a CRC-32. Pure. */
import { crc32 } from 'node:zlib'

/** Lengths of the message and of its headers, and their checksum. */
const PRELUDE = 12
const LEAST = PRELUDE + 4
/** More than the service sends in one message. */
const MOST = 32 * 1024 * 1024
/** Bytes of header values by their type; those of type 6 and 7 say it themselves. */
const SIZES = [0, 0, 1, 2, 4, 8, undefined, undefined, 8, 16]

export interface Frame {
  /** `:event-type`, or `:exception-type` where the service has ended the stream. */
  type: string
  exception: boolean
  payload: Buffer
}

/** Reads messages from the pieces in which they come. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)

  /** Gives the messages that are whole with this piece. Throws for what is none. */
  read(piece: Buffer, give: (frame: Frame) => void): void {
    let bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, piece]) : piece
    while (bytes.length >= PRELUDE) {
      const total = bytes.readUInt32BE(0)
      if (total < LEAST || total > MOST || crc32(bytes.subarray(0, 8)) !== bytes.readUInt32BE(8)) throw garbled()
      if (bytes.length < total) break
      if (crc32(bytes.subarray(0, total - 4)) !== bytes.readUInt32BE(total - 4)) throw garbled()
      const start = PRELUDE + bytes.readUInt32BE(4)
      if (start > total - 4) throw garbled()
      give(frameOf(bytes.subarray(PRELUDE, start), bytes.subarray(start, total - 4)))
      bytes = bytes.subarray(total)
    }
    this.#rest = bytes
  }

  /** Throws when the stream has ended within a message. */
  end(): void {
    if (this.#rest.length > 0) throw new Error('the answer ended within a message')
  }
}

function frameOf(headers: Buffer, payload: Buffer): Frame {
  let [type, exception] = ['', false]
  for (let at = 0; at < headers.length; ) {
    const name = headers.toString('latin1', at + 1, at + 1 + headers[at]!)
    at += 1 + name.length
    const kind = headers[at]!
    const own = SIZES[kind]
    if (own === undefined && kind !== 6 && kind !== 7) throw garbled()
    const from = at + (own === undefined ? 3 : 1)
    const to = from + (own ?? headers.readUInt16BE(at + 1))
    at = to
    if (name !== ':event-type' && name !== ':exception-type' && name !== ':error-code') continue
    type = headers.toString('utf8', from, to)
    exception = name !== ':event-type'
  }
  return { type, exception, payload }
}

function garbled(): Error {
  return new Error('the answer is garbled')
}
