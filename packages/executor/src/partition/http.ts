/** Objects behind URLs: with ranges where the server has them, whole where not. */
import { MayflyError } from '../errors.js'
import type { ObjectSource } from './types.js'

/** Compressed answers have ranges of something else. */
const PLAIN = { 'accept-encoding': 'identity' }

/** Size and abilities of what a URL names; asks for one byte. `E_PARTITION_URL` when the server refuses. */
export async function probeUrl(url: string): Promise<ObjectSource> {
  const response = await ask(url, { ...PLAIN, range: 'bytes=0-0' })
  await response.body?.cancel()
  // An empty object has no byte to give.
  if (response.status === 416) return { url, size: 0, ranges: true }
  if (!response.ok) throw refused(url, response.status)
  const total = /^bytes 0-0\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1]
  const encoded = (response.headers.get('content-encoding') ?? 'identity') !== 'identity'
  const etag = response.headers.get('etag')
  if (response.status === 206 && total !== undefined && !encoded) {
    // Weak etags do not promise the same bytes.
    return { url, size: Number(total), ...(etag && !etag.startsWith('W/') ? { etag } : {}), ranges: true }
  }
  const length = response.headers.get('content-length')
  return { url, ...(length !== null && !encoded ? { size: Number(length) } : {}), ranges: false }
}

/** Bytes `from ≤ position < to` of a URL with ranges, of the version that was found. */
export async function* readUrl(url: string, etag: string | undefined, from: number, to: number) {
  const condition: Record<string, string> = etag ? { 'if-range': etag } : {}
  const response = await ask(url, { ...PLAIN, range: `bytes=${from}-${to - 1}`, ...condition })
  const there = response.headers.get('content-range')
  if (response.status !== 206 || !there?.startsWith(`bytes ${from}-${to - 1}/`)) {
    await response.body?.cancel()
    if (!response.ok) throw refused(url, response.status)
    throw new MayflyError('E_PARTITION_CHANGED', `${url} has changed since it was cut into parts`, {
      hint: 'Run the map again.',
      where: { url },
    })
  }
  yield* body(response)
}

/** All of a URL. */
export async function* readWholeUrl(url: string) {
  const response = await ask(url, PLAIN)
  if (!response.ok) {
    await response.body?.cancel()
    throw refused(url, response.status)
  }
  yield* body(response)
}

async function* body(response: Response): AsyncGenerator<Uint8Array> {
  if (response.body) yield* response.body as unknown as AsyncIterable<Uint8Array>
}

async function ask(url: string, headers: Record<string, string>): Promise<Response> {
  try {
    return await fetch(url, { headers })
  } catch (error) {
    const reason = (error as { cause?: Error }).cause?.message || (error as Error).message
    throw new MayflyError('E_PARTITION_URL', `${url} cannot be read: ${reason}`, {
      hint: 'Check the address and the network.',
      where: { url },
      cause: error,
    })
  }
}

function refused(url: string, status: number): MayflyError {
  return new MayflyError('E_PARTITION_URL', `${url} cannot be read: the server answered ${status}`, {
    hint: 'Check the address; the partitioner sends no credentials but those in the URL.',
    where: { url, status },
  })
}
