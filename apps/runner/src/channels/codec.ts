/**
 * Kernel messages on the WebSocket, both ways. With the sub-protocol `v1.kernel.websocket.jupyter.org` a frame is: count n and n offsets
 * (little-endian u64; the first is 8·(n + 1), the last is the end), then channel, header, parent header, metadata and content as
 * UTF-8, then the raw buffers. Without it a message is JSON text, or, with buffers, big-endian u32 count and offsets, JSON, buffers. Pure.
 */
import { MayflyError } from '@mayfly/executor/errors'
import { z } from 'zod'
import type { JupyterMessage } from '../kernel/index.js'

export const V1 = 'v1.kernel.websocket.jupyter.org'
export type Protocol = typeof V1 | ''

const PARTS = 5
const MAX_PARTS = 10_000

const record = z.record(z.string(), z.unknown())
const headerSchema = z.object({
  msg_id: z.string().min(1),
  msg_type: z.string().min(1),
  session: z.string().default(''),
  username: z.string().default(''),
  date: z.string().default(''),
  version: z.string().default('5.4'),
})
const requestSchema = z.object({
  channel: z.enum(['shell', 'control', 'stdin', 'iopub']),
  header: headerSchema,
  parent_header: record.nullish().transform((header) => header ?? {}),
  metadata: record.nullish().transform((metadata) => metadata ?? {}),
  content: record.nullish().transform((content) => content ?? {}),
})

/** One frame for a message: binary for v1 and for messages with buffers, text otherwise. */
export function encodeMessage(message: JupyterMessage, protocol: Protocol): string | Uint8Array {
  if (protocol === V1) return encodeV1(message)
  const { buffers, ...rest } = message
  return buffers?.length ? encodeLegacy(rest, buffers) : JSON.stringify({ ...rest, buffers: [] })
}

/** The message of a frame. Throws `E_FRAME_INVALID` for anything that is not one. */
export function decodeMessage(data: string | Uint8Array, protocol: Protocol): JupyterMessage {
  const raw = attempt(() =>
    typeof data === 'string' ? decodeText(data) : protocol === V1 ? decodeV1(data) : decodeLegacy(data),
  )
  const parsed = requestSchema.safeParse(raw.message)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw invalid(`${issue?.path.join('.')}: ${issue?.message}`)
  }
  return { ...(parsed.data as JupyterMessage), ...(raw.buffers.length ? { buffers: raw.buffers } : {}) }
}

interface Raw {
  message: unknown
  buffers: Uint8Array[]
}

function encodeV1(message: JupyterMessage): Uint8Array {
  const texts = [
    message.channel,
    JSON.stringify(message.header),
    JSON.stringify(message.parent_header ?? {}),
    JSON.stringify(message.metadata ?? {}),
    JSON.stringify(message.content ?? {}),
  ]
  const buffers = message.buffers ?? []
  const count = PARTS + buffers.length + 1
  const sizes = [...texts.map((text) => Buffer.byteLength(text)), ...buffers.map((buffer) => buffer.byteLength)]
  const start = 8 * (count + 1)
  const frame = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + size, start))
  writeU64(frame, count, 0)
  let offset = start
  for (let i = 0; i < count; i++) {
    writeU64(frame, offset, 8 * (i + 1))
    const text = texts[i]
    if (text !== undefined) frame.write(text, offset, 'utf8')
    else if (i < count - 1) frame.set(buffers[i - PARTS]!, offset)
    offset += sizes[i] ?? 0
  }
  return frame
}

function decodeV1(data: Uint8Array): Raw {
  const frame = asBuffer(data)
  const count = readU64(frame, 0)
  if (count < PARTS + 1 || count > MAX_PARTS) throw invalid(`${count} parts`)
  const offsets = Array.from({ length: count }, (_, i) => readU64(frame, 8 * (i + 1)))
  checkOffsets(offsets, 8 * (count + 1), frame.length)
  const part = (i: number) => frame.subarray(offsets[i], offsets[i + 1])
  const json = (i: number) => JSON.parse(part(i).toString('utf8')) as unknown
  return {
    message: {
      channel: part(0).toString('utf8'),
      header: json(1),
      parent_header: json(2),
      metadata: json(3),
      content: json(4),
    },
    buffers: Array.from({ length: count - 1 - PARTS }, (_, i) => copy(part(PARTS + i))),
  }
}

function encodeLegacy(message: Omit<JupyterMessage, 'buffers'>, buffers: Uint8Array[]): Uint8Array {
  const parts = [Buffer.from(JSON.stringify(message)), ...buffers]
  const head = Buffer.allocUnsafe(4 * (parts.length + 1))
  head.writeUInt32BE(parts.length, 0)
  let offset = head.length
  for (const [i, part] of parts.entries()) {
    head.writeUInt32BE(offset, 4 * (i + 1))
    offset += part.byteLength
  }
  return Buffer.concat([head, ...parts])
}

function decodeLegacy(data: Uint8Array): Raw {
  const frame = asBuffer(data)
  const count = frame.readUInt32BE(0)
  if (count < 1 || count > MAX_PARTS) throw invalid(`${count} parts`)
  const offsets = Array.from({ length: count }, (_, i) => frame.readUInt32BE(4 * (i + 1)))
  offsets.push(frame.length)
  checkOffsets(offsets, 4 * (count + 1), frame.length)
  const part = (i: number) => frame.subarray(offsets[i], offsets[i + 1])
  return {
    message: JSON.parse(part(0).toString('utf8')),
    buffers: Array.from({ length: count - 1 }, (_, i) => copy(part(i + 1))),
  }
}

function decodeText(text: string): Raw {
  return { message: JSON.parse(text), buffers: [] }
}

function checkOffsets(offsets: number[], first: number, end: number): void {
  let previous = first
  for (const offset of offsets) {
    if (offset < previous || offset > end) throw invalid('offsets out of order')
    previous = offset
  }
  if (offsets[0] !== first || previous !== end) throw invalid('offsets do not cover the frame')
}

function writeU64(frame: Buffer, value: number, at: number): void {
  frame.writeUInt32LE(value % 2 ** 32, at)
  frame.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4)
}

function readU64(frame: Buffer, at: number): number {
  return frame.readUInt32LE(at) + frame.readUInt32LE(at + 4) * 2 ** 32
}

function asBuffer(data: Uint8Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}

// Buffers outlive the frame they came in, which may share memory with other frames.
function copy(part: Uint8Array): Uint8Array {
  return new Uint8Array(part)
}

function attempt(decode: () => Raw): Raw {
  try {
    return decode()
  } catch (cause) {
    throw cause instanceof MayflyError ? cause : invalid((cause as Error).message)
  }
}

function invalid(reason: string): MayflyError {
  return new MayflyError('E_FRAME_INVALID', `the frame is not a kernel message: ${reason}`)
}
