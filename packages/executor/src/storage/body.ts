/** What may be stored, as bytes. Pure. */
import { MayflyError } from '../errors.js'

/** Streams of Node and of the web, blobs and generators all count as async iterables of bytes or text. */
export type Body = Uint8Array | ArrayBuffer | string | Blob | AsyncIterable<Uint8Array | string>

/** The bytes of a body; those of a stream come as they are read. `E_STORAGE_BODY` for anything else. */
export function bodyOf(body: Body): Uint8Array | AsyncIterable<Uint8Array> {
  if (body instanceof Uint8Array) return body
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof ArrayBuffer) return new Uint8Array(body)
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength)
  if (body instanceof Blob) return body.stream() as unknown as AsyncIterable<Uint8Array>
  if (typeof (body as AsyncIterable<never>)?.[Symbol.asyncIterator] === 'function') return bytesOf(body)
  throw new MayflyError('E_STORAGE_BODY', `${body === null ? 'null' : typeof body} cannot be stored as an object`, {
    hint: 'Give bytes, text, a Blob or a stream; encode other values first, for example with JSON.stringify.',
  })
}

async function* bytesOf(source: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    if (chunk instanceof Uint8Array) yield chunk
    else yield bodyOf(chunk as string) as Uint8Array
  }
}
