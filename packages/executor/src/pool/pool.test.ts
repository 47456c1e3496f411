import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pool, shared } from '@mayfly/executor'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { feed } from './feed.js'

const home = mkdtempSync(join(tmpdir(), 'mayfly-pool-'))
const options = { home, progress: false }
let pool: Pool
beforeAll(() => {
  pool = new Pool(3, options)
})
afterAll(async () => {
  await pool.terminate()
  rmSync(home, { recursive: true, force: true })
})

async function gather<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const value of source) all.push(value)
  return all
}

describe('Pool', () => {
  it('gives what a plain map gives, however it is asked', async () => {
    const square = (n: number) => (n % 7 === 3 ? undefined : n * n)
    const sorted = (values: unknown[]) => values.map(String).sort()
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 8 }),
        async (items, chunk) => {
          const wanted = items.map(square)
          expect(await pool.map(square, items, chunk)).toEqual(wanted)
          expect(await gather(pool.imap(square, items, chunk))).toEqual(wanted)
          expect(sorted(await gather(pool.imapUnordered(square, new Set(items))))).toEqual(
            sorted([...new Set(items)].map(square)),
          )
          const pairs = items.map((n, i): [number, number] => [n, i])
          expect(await pool.starmap((a, b) => a - b, pairs)).toEqual(pairs.map(([a, b]) => a - b))
        },
      ),
      { numRuns: 8 },
    )
  })

  it('applies functions to any number of arguments', async () => {
    expect(await pool.apply(() => 7)).toBe(7)
    expect(await pool.apply((...all: number[]) => all.length, [1, 2, 3])).toBe(3)
    expect(await pool.apply(async (text: string, times: number) => text.repeat(times), ['ab', 2])).toBe('abab')
    const gate = shared.event('pool-late')
    const result = pool.applyAsync(async () => {
      await gate.wait()
      return 'late'
    })
    expect(result.ready()).toBe(false)
    expect(() => result.successful()).toThrow(expect.objectContaining({ code: 'E_POOL_NOT_READY' }))
    await expect(result.get(0.01)).rejects.toMatchObject({ code: 'E_POOL_TIMEOUT' })
    await gate.set()
    expect(await result.wait()).toBe(true)
    expect([result.ready(), result.successful(), await result.get()]).toEqual([true, true, 'late'])
  })

  it('rejects with the error of the first item that failed', async () => {
    const picky = (n: number) => {
      if (n % 2 === 1) throw new RangeError(`odd: ${n}`)
      return n
    }
    await expect(pool.map(picky, [0, 1, 2, 3])).rejects.toMatchObject({
      kind: 'error',
      index: 1,
      message: expect.stringContaining('odd: 1'),
    })
    await expect(pool.apply(picky, [5])).rejects.toThrow('odd: 5')
    const failed = pool.mapAsync(picky, [1])
    await failed.wait()
    expect(failed.successful()).toBe(false)
    // As in Python the items behind a failed one can still be had.
    const results = pool.imap(picky, [0, 1, 2])
    expect((await results.next()).value).toBe(0)
    await expect(results.next()).rejects.toThrow('odd: 1')
    expect((await results.next()).value).toBe(2)
    expect((await results.next()).done).toBe(true)
  })

  it('takes from an endless source only what is soon needed, and lets go of it', async () => {
    let taken = 0
    let left = false
    function* endless() {
      try {
        while (true) yield taken++
      } finally {
        left = true
      }
    }
    const seen: number[] = []
    for await (const n of pool.imap((n: number) => -n, endless())) {
      seen.push(n)
      if (seen.length === 5) break
    }
    expect(seen).toEqual([-0, -1, -2, -3, -4])
    expect(taken).toBeLessThanOrEqual(5 + 4 * 3)
    expect(left).toBe(true)
  })

  it('gives unordered results as they come, in order those that are due', async () => {
    const gate = shared.event('pool-gate')
    const wait = async (n: number) => {
      if (n === 0) await gate.wait()
      return n
    }
    const unordered = pool.imapUnordered(wait, [0, 1, 2])
    const first = [(await unordered.next()).value, (await unordered.next()).value]
    expect(first.sort()).toEqual([1, 2])
    await gate.set()
    expect((await unordered.next()).value).toBe(0)
    expect((await unordered.next()).done).toBe(true)
  })

  it('runs the initializer once in each worker', async () => {
    await using own = new Pool(2, {
      ...options,
      initializer: (a: number, b: number) => {
        const place = globalThis as { table?: number[] }
        place.table = [...(place.table ?? []), a + b]
      },
      initargs: [40, 2],
    })
    const tables = await own.map(() => (globalThis as { table?: number[] }).table, [1, 2, 3, 4, 5, 6], 1)
    for (const table of tables) expect(table).toEqual([42])
  })

  it('closes, joins and terminates', async () => {
    const own = new Pool(2, options)
    await expect(own.join()).rejects.toMatchObject({ code: 'E_POOL_OPEN' })
    const slow = own.mapAsync(
      async (n: number) => {
        await new Promise((resolve) => setTimeout(resolve, 50))
        return n
      },
      [1, 2, 3],
    )
    const lazy = own.imap((n: number) => n, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    expect((await lazy.next()).value).toBe(1)
    own.close()
    expect(() => own.apply(() => 1)).toThrow(expect.objectContaining({ code: 'E_POOL_CLOSED' }))
    expect(await gather(lazy)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    await own.join()
    expect(slow.ready()).toBe(true)
    expect(await slow.get()).toEqual([1, 2, 3])

    const stopped = new Pool(2, options)
    const never = stopped.applyAsync(() => new Promise(() => setInterval(() => {}, 1000)))
    const ended = never.get().catch((error: { kind: string }) => error.kind)
    await stopped.terminate()
    expect(await ended).toBe('cancelled')
    await stopped.join()
  })
})

describe('feed', () => {
  it('gives every item once, whatever the pace of source and calls', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3), { maxLength: 25 }),
        fc.integer({ min: 1, max: 6 }),
        fc.boolean(),
        fc.boolean(),
        async (paces, batch, ordered, slowSource) => {
          const pause = async (turns: number) => {
            for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve))
          }
          let ahead = 0
          async function* source() {
            for (const [i, pace] of paces.entries()) {
              if (slowSource) await pause(pace)
              ahead++
              yield i
            }
          }
          const submit = (items: number[]) =>
            items.map((i) => ({
              result: async () => {
                await pause(paces[i]!)
                return i
              },
            }))
          const seen: number[] = []
          for await (const value of feed(source(), submit, batch, ordered)) {
            seen.push(value)
            expect(ahead - seen.length).toBeLessThanOrEqual(2 * batch)
          }
          const all = paces.map((_, i) => i)
          expect(ordered ? seen : seen.sort((a, b) => a - b)).toEqual(all)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('passes on what its source throws, after what came before', async () => {
    async function* source() {
      yield 1
      throw new Error('no more')
    }
    const results = feed(source(), (items: number[]) => items.map((n) => ({ result: async () => n })), 4, true)
    await expect(gather(results)).rejects.toThrow('no more')
  })
})
