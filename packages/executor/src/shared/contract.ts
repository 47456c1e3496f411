/** What shared state does wherever it is kept: in the process that began, or in Redis. Each runs this suite unchanged. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { FunctionExecutor, Shared, type SharedOptions } from '@mayfly/executor'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

export interface SharedHarness {
  /** Options of the state under test, once it is there. */
  options(): SharedOptions
  home: string
}

const code = (value: string) => expect.objectContaining({ code: value })

export function sharedContract(name: string, harness: SharedHarness): void {
  describe(`${name} keeps the contract of shared state`, () => {
    let shared: Shared
    let fexec: FunctionExecutor
    beforeAll(() => {
      shared = new Shared(harness.options())
      fexec = new FunctionExecutor({ home: harness.home, workers: 4, progress: false })
    })
    afterAll(async () => {
      await fexec.close()
      await shared.close()
    })

    it('counters add up, here and in workers', async () => {
      const hits = shared.counter('hits')
      expect(await hits.get()).toBe(0)
      expect(await hits.add()).toBe(1)
      expect(await hits.add(-3)).toBe(-2)
      await hits.set(10)
      const futures = fexec.map(
        async (n: number) => {
          for (let i = 0; i < 5; i++) await hits.add(n)
        },
        [1, 2, 3, 4],
      )
      await fexec.getResult(futures)
      expect(await hits.get()).toBe(60)
      await expect(hits.add(0.5)).rejects.toThrow(code('E_SHARED_VALUE'))
      expect(() => shared.counter('')).toThrow(code('E_SHARED_NAME'))
    })

    it('maps keep any value, and update loses nothing', async () => {
      const map = shared.map<unknown>('map')
      expect([await map.get('no'), await map.has('no'), await map.delete('no')]).toEqual([undefined, false, false])
      const value = { when: new Date(0), big: 5n, list: Float32Array.of(1, 2), self: new Map([['a', new Set([1])]]) }
      await map.set('b', value)
      await map.set('a', null)
      expect(await map.get('b')).toEqual(value)
      expect([await map.keys(), await map.size(), await map.has('a')]).toEqual([['b', 'a'], 2, true])
      expect(await map.entries()).toEqual([
        ['b', value],
        ['a', null],
      ])
      await expect(map.set('f', () => 1)).rejects.toThrow(code('E_VALUE_UNSERIALIZABLE'))
      const words = shared.map<number>('words')
      const count = async (word: string) => {
        for (let i = 0; i < 5; i++) await words.update(word, (seen = 0) => seen + 1)
      }
      await fexec.getResult(fexec.map(count, ['x', 'y', 'x', 'x', '__proto__']))
      const counted = Object.fromEntries((await words.entries()).map(([key, n]) => [`k ${key}`, n]))
      expect(counted).toEqual({ 'k x': 15, 'k y': 5, 'k __proto__': 5 })
      expect(await words.update('x', () => undefined)).toBeUndefined()
      expect(await words.has('x')).toBe(false)
      await words.clear()
      expect(await words.size()).toBe(0)
    })

    it('queues give each value once, in order, and hold back when full', async () => {
      const queue = shared.queue<number>('queue', 3)
      const taken = Promise.all(Array.from({ length: 10 }, () => queue.get()))
      for (let i = 0; i < 10; i++) await queue.put(i)
      expect((await taken).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      for (let i = 0; i < 3; i++) await queue.put(i)
      expect(await queue.length()).toBe(3)
      await expect(queue.put(9, { timeout: 0.05 })).rejects.toThrow(code('E_SHARED_TIMEOUT'))
      const late = queue.put(3)
      expect([await queue.get(), await queue.get(), await queue.get(), await queue.get()]).toEqual([0, 1, 2, 3])
      await late
      await expect(queue.get({ timeout: 0.05 })).rejects.toThrow(code('E_SHARED_TIMEOUT'))
      await expect(queue.get({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
      // Who gave up takes nothing from those who come later.
      await queue.put(7)
      expect(await queue.get()).toBe(7)
    })

    it('queues carry work between workers', async () => {
      const [work, results] = [shared.queue<number>('work'), shared.queue<number>('results')]
      const futures = fexec.map(async () => {
        for (let n = await work.get(); n >= 0; n = await work.get()) await results.put(n * n)
      }, [1, 2])
      for (let i = 0; i < 20; i++) await work.put(i)
      for (let i = 0; i < 2; i++) await work.put(-1)
      await fexec.getResult(futures)
      const squares = await Promise.all(Array.from({ length: 20 }, () => results.get()))
      expect(squares.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i * i))
    })

    it('locks let one in at a time, in the order of asking, with a rising fence', async () => {
      const lock = shared.lock('lock')
      const held = await lock.acquire()
      const order: number[] = []
      const fences: number[] = [held.fence]
      const waiters: Promise<void>[] = []
      for (let i = 0; i < 5; i++) {
        waiters.push(
          lock.run(({ fence }) => {
            order.push(i)
            fences.push(fence)
          }),
        )
        await sleep(20)
      }
      await expect(lock.acquire({ timeout: 0.05 })).rejects.toThrow(code('E_SHARED_TIMEOUT'))
      expect(order).toEqual([])
      expect(await held.release()).toBe(true)
      await Promise.all(waiters)
      expect(order).toEqual([0, 1, 2, 3, 4])
      expect(fences).toEqual([...fences].sort((a, b) => a - b))
      {
        await using _ = await lock.acquire()
        await expect(lock.acquire({ timeout: 0.02 })).rejects.toThrow(code('E_SHARED_TIMEOUT'))
      }
      await (await lock.acquire({ timeout: 5 })).release()
    })

    it('locks exclude workers from each other, and semaphores all but a few', async () => {
      const [lock, gate, inside] = [shared.lock('excl'), shared.semaphore('gate', 2), shared.counter('inside')]
      const unguarded = shared.map<number>('unguarded')
      const futures = fexec.map(async () => {
        let most = 0
        for (let i = 0; i < 3; i++) {
          await lock.run(async () => void (await unguarded.set('n', ((await unguarded.get('n')) ?? 0) + 1)))
          await gate.run(async () => {
            most = Math.max(most, await inside.add(1))
            await new Promise((resolve) => setTimeout(resolve, 5))
            await inside.add(-1)
          })
        }
        return most
      }, [1, 2, 3, 4])
      const most = await fexec.getResult(futures)
      expect(Math.max(...most)).toBeLessThanOrEqual(2)
      expect(await unguarded.get('n')).toBe(12)
    })

    it('a killed worker frees what it held and leaves the line', async () => {
      const [lock, barrier] = [shared.lock('dead'), shared.barrier('dead-barrier', 2)]
      const holder = fexec.callAsync(
        async () => {
          await lock.acquire()
          process.kill(process.pid, 'SIGKILL')
          await new Promise((resolve) => setTimeout(resolve, 60_000))
        },
        undefined,
        { retries: 0 },
      )
      await expect(holder.result()).rejects.toMatchObject({ kind: 'lost' })
      const held = await lock.acquire({ timeout: 20 })
      await held.release()
      const arrival = fexec.callAsync(
        async () => {
          setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100)
          await barrier.wait()
        },
        undefined,
        { retries: 0 },
      )
      await expect(arrival.result()).rejects.toMatchObject({ kind: 'lost' })
      await sleep(harness.options().url ? 5_500 : 100)
      const first = barrier.wait()
      await sleep(50)
      expect((await Promise.all([barrier.wait(), first])).sort()).toEqual([0, 1])
    })

    it('a call that forgets to release does not hold for ever', async () => {
      const lock = shared.lock('forgotten')
      await fexec.callAsync(async () => void (await lock.acquire())).result()
      await (await lock.acquire({ timeout: 20 })).release()
    })

    it('barriers gather rounds', async () => {
      const barrier = shared.barrier('barrier', 3)
      await expect(barrier.wait({ timeout: 0.05 })).rejects.toThrow(code('E_SHARED_TIMEOUT'))
      const meet = async () => [await barrier.wait(), await barrier.wait()]
      const places = await fexec.getResult(fexec.map(meet, [1, 2, 3]))
      for (const round of [0, 1]) expect(places.map((place) => place[round]!).sort()).toEqual([0, 1, 2])
      expect(() => shared.barrier('x', 0)).toThrow(code('E_SHARED_VALUE'))
    })

    it('events wake everybody', async () => {
      const event = shared.event('event')
      expect(await event.isSet()).toBe(false)
      const waiting = fexec.map(async () => event.wait({ timeout: 20 }), [1, 2])
      await expect(event.wait({ timeout: 0.05 })).rejects.toThrow(code('E_SHARED_TIMEOUT'))
      await event.set()
      await event.wait()
      await fexec.getResult(waiting)
      await event.clear()
      expect(await event.isSet()).toBe(false)
    })

    it('is there by name, too: nothing need travel', async () => {
      const { url, ...rest } = harness.options()
      const options = url ? { ...rest, url } : rest
      await shared.counter('by-name').set(1)
      // The test runner would make an import of it that only it understands.
      const Made = Shared
      const futures = fexec.map(async (n: number) => new Made(options).counter('by-name').add(n), [10, 100])
      await fexec.getResult(futures)
      expect(await shared.counter('by-name').get()).toBe(111)
    })
  })
}

/** Runs a script that uses the built package; resolves once it has printed something. */
export async function script(text: string, ...args: string[]): Promise<ChildProcess> {
  const cwd = new URL('../..', import.meta.url)
  const child = spawn(process.execPath, ['--input-type=module', '-e', text, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout!, 'data')
  return child
}
