/** Inputs behind URLs. Servers with ranges are asked for few bytes and resumed; those without are read from the beginning. */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { MayflyError } from '@mayfly/executor/errors'
import { type Input, shown } from './place.js'

/** A second and third try after what may pass: a broken connection, an overloaded server. */
const TRIES = 3
const PAUSE_MS = 200
const PATIENCE_MS = 60_000
/** First bytes, enough for the UUID of an ibd. */
const HEAD = 16

export interface UrlFacts {
  size: number
  /** Changes with the content. */
  version: string
  head: Uint8Array
}

/** Asks for the first bytes. A server that tells neither length nor version is read to the end for both. */
export async function probeUrl(input: Input): Promise<UrlFacts> {
  const response = await ask(input, { range: `bytes=0-${HEAD - 1}` }, [416], AbortSignal.timeout(PATIENCE_MS))
  const total = /^bytes .*\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1]
  const size = total ?? (response.status === 200 ? plainLength(response) : undefined)
  const version = versionOf(response)
  if (response.status === 416) {
    await response.body?.cancel()
    return { size: Number(total ?? 0), version: version ?? '', head: new Uint8Array(0) }
  }
  const chunks = bodyOf(response)
  const head: number[] = []
  for await (const chunk of chunks) {
    head.push(...chunk.subarray(0, HEAD - head.length))
    if (head.length >= HEAD) break
  }
  const facts = { size: Number(size), version: version ?? '', head: Uint8Array.from(head) }
  return size === undefined || version === undefined ? { ...facts, ...(await readThrough(input)) } : facts
}

async function readThrough(input: Input): Promise<{ size: number; version: string }> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of bodyOf(await ask(input, {}))) {
    hash.update(chunk)
    size += chunk.length
  }
  return { size, version: hash.digest('hex') }
}

/**
 * All bytes. A connection that breaks is taken up again where it broke.
 * @throws MayflyError E_INPUT_CHANGED when the server has another version than the one that was checked.
 */
export async function* streamUrl(input: Input, { size, version }: Pick<UrlFacts, 'size' | 'version'>) {
  let at = 0
  for (let failures = 0; ; ) {
    let cause: unknown
    try {
      const response = await ask(input, at > 0 ? { range: `bytes=${at}-` } : {})
      const now = versionOf(response)
      if (now !== undefined && now !== version) {
        await response.body?.cancel()
        throw changed(input)
      }
      let skip = response.status === 206 ? 0 : at
      for await (const chunk of bodyOf(response)) {
        const fresh = chunk.subarray(Math.min(skip, chunk.length))
        skip -= chunk.length - fresh.length
        if (fresh.length === 0) continue
        at += fresh.length
        if (at > size) throw changed(input)
        failures = 0
        yield fresh
      }
      if (at === size) return
    } catch (error) {
      if (error instanceof MayflyError) throw error
      cause = error
    }
    if (++failures >= TRIES) throw unreachable(input, `the connection ended after ${at} of ${size} bytes`, cause)
    await sleep(PAUSE_MS * 2 ** failures)
  }
}

/** One request, asked again while the server is not well. Answers other than 200, 206 and `also` are errors. */
async function ask(
  input: Input,
  headers: Record<string, string>,
  also: number[] = [],
  signal?: AbortSignal,
): Promise<Response> {
  const { url, authorization } = withoutPassword(input)
  for (let failures = 0; ; ) {
    let problem: string
    let cause: unknown
    try {
      // Compressed answers would have another length and other ranges.
      const all = { 'accept-encoding': 'identity', ...authorization, ...headers }
      const response = await fetch(url, { headers: all, ...(signal ? { signal } : {}) })
      if (response.ok || also.includes(response.status)) return response
      await response.body?.cancel()
      problem = `the server answered ${response.status}`
      if (response.status < 500 && response.status !== 429) throw refused(input, response.status, problem)
    } catch (error) {
      if (error instanceof MayflyError) throw error
      cause = error
      problem = (error as { cause?: Error }).cause?.message || (error as Error).message
    }
    if (++failures >= TRIES || signal?.aborted) throw unreachable(input, problem, cause)
    await sleep(PAUSE_MS * 2 ** failures)
  }
}

/** `fetch` takes no name and password in a URL. */
function withoutPassword({ place }: Input): { url: string; authorization: Record<string, string> } {
  const url = new URL((place as { url: string }).url)
  const { username, password } = url
  if (username === '') return { url: url.href, authorization: {} }
  url.username = ''
  url.password = ''
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { url: url.href, authorization: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } }
}

async function* bodyOf(response: Response): AsyncGenerator<Uint8Array> {
  if (response.body) yield* response.body as unknown as AsyncIterable<Uint8Array>
}

function plainLength(response: Response): string | undefined {
  const plain = (response.headers.get('content-encoding') ?? 'identity') === 'identity'
  return (plain && response.headers.get('content-length')) || undefined
}

function versionOf({ headers }: Response): string | undefined {
  return headers.get('etag') ?? headers.get('last-modified') ?? undefined
}

function refused(input: Input, status: number, problem: string): MayflyError {
  const where = { path: shown(input.place), status }
  if (status === 404 || status === 410) {
    return new MayflyError(input.missing, `${where.path} is not there: ${problem}`, {
      hint: 'Check the address.',
      where,
    })
  }
  return new MayflyError('E_INPUT_DENIED', `${where.path} cannot be read: ${problem}`, {
    hint: 'Check the address and your rights; a signed address may have expired.',
    where,
  })
}

function unreachable(input: Input, problem: string, cause: unknown): MayflyError {
  return new MayflyError('E_INPUT_UNREACHABLE', `${shown(input.place)} cannot be read: ${problem}`, {
    hint: 'Check the address and the network, or download the file and give its path.',
    where: { path: shown(input.place) },
    cause,
  })
}

function changed(input: Input): MayflyError {
  return new MayflyError('E_INPUT_CHANGED', `${shown(input.place)} has changed while it was read`, {
    hint: 'Run again once it does not change any more.',
    where: { path: shown(input.place) },
  })
}
