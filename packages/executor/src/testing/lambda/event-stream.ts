/** Framing of `application/vnd.amazon.eventstream`: prelude, headers and payload, each part under a CRC-32. */
import { crc32 } from 'node:zlib'

const STRING = 7

/** One event message of type `type`. */
export function eventMessage(type: string, contentType: string, payload: Uint8Array): Buffer {
  const headers = Buffer.concat(
    Object.entries({ ':event-type': type, ':content-type': contentType, ':message-type': 'event' }).map(header),
  )
  const message = Buffer.alloc(16 + headers.length + payload.length)
  message.writeUInt32BE(message.length, 0)
  message.writeUInt32BE(headers.length, 4)
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8)
  headers.copy(message, 12)
  message.set(payload, 12 + headers.length)
  message.writeUInt32BE(crc32(message.subarray(0, -4)), message.length - 4)
  return message
}

function header([name, value]: [string, string]): Buffer {
  const length = Buffer.alloc(3)
  length.writeUInt8(STRING, 0)
  length.writeUInt16BE(Buffer.byteLength(value), 1)
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), length, Buffer.from(value)])
}
