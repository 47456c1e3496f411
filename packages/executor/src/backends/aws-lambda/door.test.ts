/** The function's side of the wire, with a backend that does what the test says. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { Storage } from '../../storage/storage.js'
import type { AttemptEvent, Backend, Deployment, Invocation } from '../backend.js'
import { lambdaDoor } from './door.js'
import { decode, encode, encodeTask, type Line, liveName, quote, readLiveName } from './wire.js'

const home = mkdtempSync(join(tmpdir(), 'mayfly-door-'))
const storage = new Storage({ home })
afterAll(() => rmSync(home, { recursive: true, force: true }))
beforeEach(() => storage.putObject('mayfly', 'open', ''))

const code = { blobKeys: [] as string[] }
const deployment = { code, storage: storage.config, bucket: 'mayfly', resources: { env: {} } } as unknown as Deployment
const call = (id: number): Invocation => ({
  id,
  index: id,
  attempt: 1,
  callId: `M000-${id}`,
  input: { bytes: new Uint8Array([id]) },
})
const metrics = { cpuMs: 0, peakRss: 0, rx: 0, tx: 0 }
const cancelled = { name: 'Cancelled', code: 'E_CALL_CANCELLED', message: 'Call M000-1 was cancelled' }

/** Runs calls one after the other for `ms` each; those that are stopped fail as cancelled. */
function working(ms: number) {
  const ran: number[] = []
  const stops = new Map<number, () => void>()
  const backend: Pick<Backend, 'invoke' | 'cancel'> = {
    cancel: (id) => stops.get(id)?.(),
    async *invoke(_deployment, batch, signal): AsyncGenerator<AttemptEvent> {
      for (const { id, input } of batch) {
        ran.push(id)
        const of = { id, at: Date.now() }
        yield { ...of, type: 'setup', worker: 'child', cold: true }
        yield { ...of, type: 'fetched', loaded: Date.now(), bytes: 1 }
        yield { ...of, type: 'started' }
        const stopped = await new Promise<boolean>((resolve) => {
          setTimeout(resolve, ms, false)
          stops.set(id, () => resolve(true))
          signal.addEventListener('abort', () => resolve(true))
        })
        const ended = Date.now()
        if (stopped) yield { id, type: 'failed', at: ended, ended, kind: 'cancelled', error: cancelled }
        else yield { id, type: 'done', at: ended, ended, metrics, result: input as { bytes: Uint8Array } }
      }
    },
  }
  return { backend, ran }
}

/** A call that ends when it has been seen to run, and `then` was done. */
function untilSeen(prefix: string, then = async () => {}): Pick<Backend, 'invoke' | 'cancel'> {
  const { backend } = working(1)
  return {
    ...backend,
    async *invoke(...of) {
      yield* backend.invoke(...of)
      await expect.poll(() => storage.listKeys('mayfly', prefix), { timeout: 20_000 }).toHaveLength(1)
      await then()
    },
  }
}

async function ask(
  door: ReturnType<typeof lambdaDoor>,
  { answer: at, ids = [1], left }: { answer?: string; ids?: number[]; left?: number } = {},
): Promise<Line[]> {
  let text = ''
  const out = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk)
      done()
    },
  })
  const task = {
    batch: ids.map(call),
    open: 'open',
    ...(at ? { answer: { done: `${at}done`, live: `${at}live/` } } : {}),
  }
  const request = JSON.parse(encodeTask(quote(deployment), task).toString())
  await door(request, out, left === undefined ? undefined : { getRemainingTimeInMillis: () => left })
  return linesOf(text)
}
const linesOf = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => decode(line) as Line)
const stored = async (key: string) => linesOf(Buffer.from(await storage.getObject('mayfly', key)).toString())
const ofType = <T extends Line['type']>(lines: Line[], type: T) =>
  lines.filter((line): line is Extract<Line, { type: T }> => line.type === type)

describe('a streamed answer', () => {
  it('begins with the clock, names the environment, and bills its start with the first call', async () => {
    const door = lambdaDoor(working(50).backend, 'env-1', 60_000)
    const first = await ask(door, { ids: [1, 2] })
    const second = await ask(door, { ids: [3] })
    expect(first[0]!.type).toBe('clock')
    expect(ofType(first, 'setup').map(({ worker, cold }) => [worker, cold])).toEqual([
      ['env-1', true],
      ['env-1', false],
    ])
    const bills = [...ofType(first, 'done'), ...ofType(second, 'done')].map(({ billed }) => billed!)
    expect(bills.map(({ requests }) => requests)).toEqual([1, 0, 1])
    expect(bills[0]!.ms).toBeGreaterThan(60_040)
    expect(bills[1]!.ms + bills[2]!.ms).toBeLessThan(60_000)
    expect(ofType(first, 'done')[0]!.result).toEqual({ bytes: new Uint8Array([1]) })
  })

  it('ends calls before the function is stopped, and says what stopped them', async () => {
    const lines = await ask(lambdaDoor(working(60_000).backend, 'e'), { left: 5_100 })
    expect(ofType(lines, 'failed')).toMatchObject([{ kind: 'timeout', error: { code: 'E_CALL_TIMEOUT' } }])
  })

  it('ends when nobody waits any more, or not for this call', async () => {
    const { backend } = working(60_000)
    setTimeout(() => void storage.putObject('mayfly', 'open', '7,1'), 100)
    expect(ofType(await ask(lambdaDoor(backend, 'e')), 'failed')).toMatchObject([{ id: 1, kind: 'cancelled' }])
    setTimeout(() => void storage.deleteObject('mayfly', 'open'), 100)
    expect(ofType(await ask(lambdaDoor(backend, 'e'), { ids: [4] }), 'failed')).toMatchObject([{ kind: 'cancelled' }])
  })
})

describe('a stored answer', () => {
  it('is the same lines, and of several deliveries the first counts', async () => {
    const door = lambdaDoor(working(10).backend, 'first')
    expect(await ask(door, { answer: 'a/' })).toEqual([])
    await ask(lambdaDoor(working(10).backend, 'second'), { answer: 'a/' })
    const lines = await stored('a/done')
    expect(lines.map(({ type }) => type)).toEqual(['clock', 'setup', 'fetched', 'started', 'done'])
    expect(ofType(lines, 'setup')[0]!.worker).toBe('first')
  })

  it('says by the name of an object what runs, renewed while it does', async () => {
    await ask(lambdaDoor(untilSeen('b/live/'), 'env'), { answer: 'b/' })
    const keys = (await storage.listKeys('mayfly', 'b/')).map((key) => key.split('/').at(-1)!)
    expect(keys).toHaveLength(2)
    const seen = keys.map(readLiveName).find((name) => name)
    expect(seen).toMatchObject({ id: 1, worker: 'env', cold: true })
    expect([readLiveName('done'), readLiveName(liveName(undefined))]).toEqual([undefined, null])
  })

  it('is taken away again, with all that was written before, when everybody has gone meanwhile', async () => {
    // Who waited has cleaned up, and does not come again.
    const backend = untilSeen('f/live/', () => storage.deleteObject('mayfly', 'open'))
    await ask(lambdaDoor(backend, 'e'), { answer: 'f/' })
    expect(await storage.listKeys('mayfly', 'f/')).toEqual([])
  })

  it('is not given, nor its calls made, when nobody waits', async () => {
    const { backend, ran } = working(10)
    await storage.putObject('mayfly', 'open', '1,2')
    await ask(lambdaDoor(backend, 'e'), { answer: 'c/', ids: [1, 2, 3] })
    expect(ran).toEqual([3])
    expect(ofType(await stored('c/done'), 'returned').map(({ id }) => id)).toEqual([1, 2])
    await storage.putObject('mayfly', 'open', '4')
    await ask(lambdaDoor(backend, 'e'), { answer: 'e/', ids: [4] })
    expect((await stored('e/done')).map(({ type }) => type)).toEqual(['clock', 'returned'])
    await storage.deleteObject('mayfly', 'open')
    await ask(lambdaDoor(backend, 'e'), { answer: 'd/', ids: [4] })
    expect([ran, await storage.listKeys('mayfly', 'd/')]).toEqual([[3], []])
  })
})

it('bytes are bytes again on the other side, and what looks like them in a text is a text', () => {
  const value = { a: [new Uint8Array([1, 2]), { base64: 5 }], text: '{"base64":"AQI="}', none: null }
  expect(decode(encode(value))).toEqual(value)
})
