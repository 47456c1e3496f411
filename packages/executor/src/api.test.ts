/**
 * The executor's vocabulary beyond a plain map, on real workers. Where Lithops has a defect that was reproduced, the test
 * says so in its name: “Lithops: …”. Long, because it is the list of what a user may call.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import {
  FunctionExecutor,
  type FuturesList,
  LocalhostExecutor,
  MapError,
  type ResponseFuture,
  ServerlessExecutor,
  StandaloneExecutor,
  shared,
} from '@mayfly/executor'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'

const PATIENTLY = { timeout: 30_000 }
const entry = fileURLToPath(import.meta.resolve('@mayfly/executor'))
const home = mkdtempSync(join(tmpdir(), 'mayfly-api-'))
let fexec: FunctionExecutor
/** Ends of the scripts: until then they may write. */
const ended: Promise<unknown>[] = []

beforeAll(() => {
  fexec = new FunctionExecutor({ home, workers: 3 })
})
afterAll(async () => {
  await fexec.close()
  await Promise.all(ended)
  rmSync(home, { recursive: true, force: true, maxRetries: 5 })
})

const double = (x: number) => x * 2
const sum = (xs: number[]) => xs.reduce((a, b) => a + b, 0)

describe('chains', () => {
  it('start the next stage per element, without a barrier', async () => {
    const gate = shared.event('chain-gate')
    const first = fexec.map(
      async (n: number) => {
        if (n === 0) await gate.wait()
        return n
      },
      [0, 1],
      { chunksize: 1 },
    )
    const second = first.map((n) => `after ${n}`)
    expectTypeOf(second).toEqualTypeOf<FuturesList<string>>()
    expect(await second[1]!.result()).toBe('after 1')
    expect(first[0]!.done).toBe(false)
    await gate.set()
    expect(await second.getResult()).toEqual(['after 0', 'after 1'])
  })

  it('hand large results on through storage, and leave them to who wants them too', async () => {
    const arrays = fexec.map((n: number) => new Float64Array(n).fill(n), [50_000, 2])
    const sums = arrays.map((array) => array.reduce((a, b) => a + b, 0))
    expect(await sums.getResult()).toEqual([50_000 * 50_000, 4])
    expect((await arrays.getResult())[0]).toHaveLength(50_000)
    const again = arrays.map((array) => array.length)
    expect(await again.getResult()).toEqual([50_000, 2])
  })

  it('tell of a stage before that failed, and why', async () => {
    const failing = fexec.map(
      (x: number) => {
        if (x === 1) throw new RangeError('odd one')
        return x
      },
      [0, 1],
    )
    const outcomes = await fexec.settled(failing.map(double))
    expect(outcomes).toMatchObject([
      { status: 'fulfilled', value: 0 },
      { reason: { code: 'E_CALL_INPUT', kind: 'error', cause: { name: 'RangeError', message: 'odd one' } } },
    ])
  })

  it('Lithops: the example of its own manual raises; getResult() gives the last stage', async () => {
    await fexec.getResult()
    fexec.map(double, [1, 2]).map(double)
    expect(await fexec.getResult()).toEqual([4, 8])
  })
})

describe('mapReduce', () => {
  it('reduces all results in input order, with arguments of its own', async () => {
    const joined = fexec.mapReduce(
      (x: number) => String(x),
      [3, 1, 2],
      (texts: string[], separator: string) => texts.join(separator),
      { extraArgsReduce: ['-'] },
    )
    expectTypeOf(joined).toEqualTypeOf<ResponseFuture<string>>()
    expect(await joined.result()).toBe('3-1-2')
    const none = fexec.mapReduce(double, [], sum)
    expectTypeOf(none).toEqualTypeOf<ResponseFuture<number>>()
    expect(await none.result()).toBe(0)
  })

  it('follows a list, with arguments of its own and in a tree', async () => {
    const chained = fexec.map(double, [1, 2, 3, 4, 5]).mapReduce(
      (x: number, add: number) => x + add,
      (xs: (number | string)[], mark: string) => `${mark}${xs.join('+')}`,
      { extraArgs: [1], extraArgsReduce: ['='], fanIn: 3 },
    )
    expectTypeOf(chained).toEqualTypeOf<ResponseFuture<string>>()
    expect(await chained.result()).toBe('==3+5+7+=9+11')
    const grouped = () => fexec.map(double, [1]).mapReduce(double, sum, { reduceBy: String })
    expect(grouped).toThrow(expect.objectContaining({ code: 'E_CONFIG_VALUE' }))
  })

  it('reduces in a tree', async () => {
    const items = Array.from({ length: 50 }, (_, i) => i)
    const total = fexec.mapReduce(double, items, (xs) => (xs.length > 4 ? Number.NaN : xs.reduce((a, b) => a + b, 0)), {
      fanIn: 4,
    })
    expect(await total.result()).toBe(50 * 49)
  })

  it('has a reducer for each object or for each key', async () => {
    const parts = [
      { key: 'a', n: 1 },
      { key: 'b', n: 2 },
      { key: 'a', n: 3 },
    ]
    const byObject = fexec.mapReduce(({ n }: { key: string; n: number }) => n, parts, sum, { objReduceByKey: true })
    expect(await byObject.getResult()).toEqual([4, 2])
    const byParity = fexec.mapReduce(double, [1, 2, 3, 4], sum, { reduceBy: (x) => String(x % 2) })
    expectTypeOf(byParity).toEqualTypeOf<FuturesList<number>>()
    expect(await byParity.getResult()).toEqual([8, 12])
  })
})

describe('objects', () => {
  it('are cut into parts, each a call, and reduced by object', async () => {
    const { storage } = fexec
    await storage.putObject(storage.bucket, 'texts/a.txt', 'one\ntwo\nthree\n')
    await storage.putObject(storage.bucket, 'texts/b.txt', 'four\nfive')
    const lines = fexec.map(async (part) => part.text(), `${storage.bucket}/texts/*.txt`, { objChunkSize: 5 })
    const texts = await lines.getResult()
    expect(texts.join('')).toBe('one\ntwo\nthree\nfour\nfive')
    expect(texts.length).toBeGreaterThan(3)
    const counts = await fexec.mapReduce(
      async (part) => (await part.text()).split('\n').filter(Boolean).length,
      `${storage.bucket}/texts/`,
      sum,
      { objChunkNumber: 2, objReduceByKey: true },
    )
    expect(await counts.getResult()).toEqual([3, 2])
  })
})

describe('inputs', () => {
  it('Lithops: takes a tuple or generator as one element; any iterable is a list of items', async () => {
    function* generator() {
      yield* [1, 2]
    }
    expect(await fexec.map(double, generator()).getResult()).toEqual([2, 4])
    expect(await fexec.map(double, new Float32Array([1, 2])).getResult()).toEqual([2, 4])
  })

  it('are read no faster than the workers take them', async () => {
    let read = 0
    async function* source() {
      for (; read < 3000; read++) yield read
    }
    const futures = fexec.map(async (x: number) => {
      await new Promise((resolve) => setTimeout(resolve, x < 600 ? 1 : 0))
      return x
    }, source())
    await expect.poll(() => futures.length, PATIENTLY).toBeGreaterThan(0)
    const open = [...futures].filter(({ done }) => !done).length
    expect(read - futures.length + open).toBeLessThanOrEqual(300)
    let seen = 0
    for await (const future of futures) if (future.success) seen++
    expect(seen).toBe(3000)
    expect((await futures.getResult()).at(-1)).toBe(2999)
  })

  it('that cannot be read to their end are told by getResult', async () => {
    async function* broken() {
      yield 1
      throw new Error('no more')
    }
    const futures = fexec.map(double, broken())
    await expect(futures.getResult()).rejects.toThrow('no more')
  })
})

describe('results', () => {
  it('Lithops: calls that return None vanish; undefined is a result', async () => {
    const futures = fexec.map((x: number) => (x % 2 ? undefined : x), [0, 1, 2, 3])
    expect(await futures.getResult()).toEqual([0, undefined, 2, undefined])
  })

  it('Lithops: get_result of one future raises', async () => {
    expect(await fexec.getResult(fexec.callAsync(double, 4))).toBe(8)
  })

  it('Lithops: one error loses the other results', async () => {
    const futures = fexec.map(
      (x: number) => {
        if (x === 1) throw new Error('no')
        return x
      },
      [0, 1, 2],
    )
    const error = (await futures.getResult().catch((thrown: unknown) => thrown)) as MapError<number>
    expect(error).toBeInstanceOf(MapError)
    expect(error.results).toEqual([0, undefined, 2])
    expect(await futures[2]!.result()).toBe(2)
  })

  it('Lithops: the retrying executor does not retry by default; each call is tried again at once, with a pause if wanted', async () => {
    const flaky = (_: number, ctx: { attempt: number }) => {
      if (ctx.attempt < 3) throw new Error('not yet')
      return ctx.attempt
    }
    const begin = performance.now()
    const retry = { attempts: 3, on: ['error'] as const, backoff: 0.2 }
    expect(await fexec.map(flaky, [1, 2], { retry }).getResult()).toEqual([3, 3])
    expect(performance.now() - begin).toBeGreaterThan(590)
  })

  it('keep to onFailure', async () => {
    const picky = async (x: number) => {
      if (x < 2) throw new Error(`no ${x}`)
      await new Promise((resolve) => setTimeout(resolve, x > 3 ? 20_000 : 1))
      return x
    }
    expect(await fexec.map(picky, [1, 2, 3], { onFailure: { tolerate: 0.4 } }).getResult()).toEqual([undefined, 2, 3])
    const fast = await fexec.settled(fexec.map(picky, [1, 5, 6, 7], { onFailure: 'failFast' }))
    expect(fast.map((outcome) => (outcome as PromiseRejectedResult).reason.kind)).toEqual([
      ...['error', 'cancelled', 'cancelled', 'cancelled'],
    ])
    await expect(fexec.map(picky, [0, 1, 5], { onFailure: { tolerate: 1 } }).getResult()).rejects.toThrow(MapError)
  })

  it('cannot be waited for with a misspelt option, and only futures can', async () => {
    const misspelt = { retrunWhen: 'ANY_COMPLETED' } as never
    await expect(fexec.wait([], misspelt)).rejects.toMatchObject({ hint: "Did you mean 'returnWhen'?" })
    await expect(fexec.getResult([1] as never)).rejects.toMatchObject({ code: 'E_FUTURES' })
    await expect(fexec.wait('all' as never)).rejects.toMatchObject({ code: 'E_FUTURES' })
  })

  it('Lithops: wait with a timeout fails off the main thread', async () => {
    const body = `
      const { parentPort } = require('node:worker_threads')
      import(${JSON.stringify(import.meta.resolve('@mayfly/executor'))}).then(async ({ FunctionExecutor }) => {
        const executor = new FunctionExecutor({ home: ${JSON.stringify(home)}, workers: 1, progress: false })
        const futures = executor.map((ms) => new Promise((resolve) => setTimeout(resolve, ms)), [1, 60_000])
        const { done } = await executor.wait(futures, { returnWhen: 'ANY_COMPLETED' })
        const { notDone } = await executor.wait(futures, { timeout: 0.1 })
        await executor.close()
        parentPort.postMessage([done.length, notDone.length])
      })`
    const thread = new Worker(body, { eval: true })
    expect(await once(thread, 'message')).toEqual([[1, 1]])
    await thread.terminate()
  })

  it('wait rejects at the first failure when told to', async () => {
    const futures = fexec.map(
      async (x: number) => {
        if (x === 0) throw new Error('first')
        await new Promise((resolve) => setTimeout(resolve, 20_000))
      },
      [0, 1],
    )
    await expect(fexec.wait(futures, { throwExcept: true })).rejects.toThrow('first')
    fexec.cancel(futures)
  })

  it('are kept by key, and computed anew when the function changes', async () => {
    const stamp = (x: number) => [x, process.hrtime.bigint()] as const
    const idempotencyKey = (x: number) => `item ${x}`
    const first = await fexec.map(stamp, [1, 2], { idempotencyKey }).getResult()
    const kept = async () => (await fexec.storage.listKeys(fexec.storage.bucket, 'cache/')).length
    await expect.poll(kept, PATIENTLY).toBe(2)
    const other = new FunctionExecutor({ home })
    expect(await other.map(stamp, [2, 1, 3], { idempotencyKey }).getResult()).toEqual([
      first[1],
      first[0],
      [3, expect.anything()],
    ])
    await other.close()
    expect(await kept(), 'what is kept is there once the executor is closed').toBe(3)
    const changed = await fexec.map((x: number) => [x, 'new'], [1], { idempotencyKey }).getResult()
    expect(changed).toEqual([[1, 'new']])
  })
})

describe('memory', () => {
  it('is a function of the item and of the last failure', async () => {
    const hold = (mb: number) => {
      const kept: string[][] = []
      for (let i = 0; i < mb; i++) kept.push(Array.from({ length: 16_000 }, (_, k) => `${i} ${k}`))
      return [kept.length, process.execArgv[0]]
    }
    const retry = { attempts: 4, on: ['oom', 'lost'] as const }
    const futures = fexec.map(hold, [1, 2], { runtimeMemory: (mb) => (mb < 2 ? 64 : 96), retry })
    const doubled = fexec.callAsync(hold, 120, { runtimeMemory: 48, retry })
    expect(await futures[0]!.result()).toEqual([1, '--max-old-space-size=64'])
    expect(await futures[1]!.result()).toEqual([2, '--max-old-space-size=96'])
    expect(Number(String((await doubled.result())[1]).split('=')[1])).toBeGreaterThan(48)
    expect(() => fexec.map(hold, [1], { runtimeMemory: () => -5 })).toThrow(
      expect.objectContaining({ code: 'E_CONFIG_VALUE' }),
    )
  })
})

describe('calls from inside a call', () => {
  it('run on workers of their own', async () => {
    const nested = fexec.callAsync(async (n: number, ctx) => {
      const squares = await ctx.spawn.map((x: number) => x * x, [1, 2, n])
      return squares.reduce((a, b) => a + b, 0)
    }, 3)
    expect(await nested.result()).toBe(14)
  })

  it('report figures and put objects', async () => {
    const future = fexec.callAsync(async (_: unknown, ctx) => {
      ctx.metric('spectra', 12, 'count')
      return ctx.put('text')
    })
    expect(Buffer.from(await fexec.storage.getCloudObject(await future.result())).toString()).toBe('text')
  })
})

describe('another process', () => {
  const script = (body: string) => {
    const child = spawn(
      process.execPath,
      ['--input-type=module', '-e', `import { FunctionExecutor } from ${JSON.stringify(entry)}\n${body}`],
      { env: { ...process.env, MAYFLY_HOME: home }, stdio: ['ignore', 'pipe', 'inherit'] },
    )
    ended.push(once(child, 'close'))
    return {
      child,
      line: new Promise<string>((resolve) => {
        let text = ''
        child.stdout.on('data', (chunk) => {
          text += chunk
          if (text.includes('\n')) resolve(text.split('\n')[0]!)
        })
      }),
    }
  }

  it('attaches to a run, and has its results', async () => {
    const { line } = script(`
      const fexec = new FunctionExecutor({ workers: 2 })
      const futures = fexec.map(async (x) => {
        await new Promise((resolve) => setTimeout(resolve, x === 2 ? 1500 : 1))
        if (x === 1) throw new TypeError('bad one')
        return { x, big: x === 3 ? 'b'.repeat(100_000) : '' }
      }, [0, 1, 2, 3])
      console.log(futures[0].runId)
      await fexec.wait(futures)
      await fexec.close()
    `)
    const futures = await fexec.attach(await line)
    const seen: string[] = []
    for await (const future of futures) seen.push(future.callId)
    expect(seen).toHaveLength(4)
    const results = await fexec.settled(futures)
    expect(results).toMatchObject([
      { value: { x: 0 } },
      { reason: { name: 'TypeError', message: 'bad one', kind: 'error' } },
      { value: { x: 2 } },
      { value: { x: 3 } },
    ])
    await expect(fexec.attach('no-such-run')).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
  })

  it('has calls that make executors and return their futures', async () => {
    const { line } = script(`
      const fexec = new FunctionExecutor({ workers: 1 })
      const future = fexec.callAsync(async () => {
        const inner = new FunctionExecutor({ workers: 1, progress: false })
        return [...inner.map((x) => x + 1, [1, 2])]
      })
      console.log(JSON.stringify(await future.result()))
      await fexec.close()
    `)
    expect(await line).toBe('[2,3]')
  })

  it('goes on where a killed one stopped: what was done is not done again', async () => {
    const work = `
      const fexec = new FunctionExecutor({ workers: 2 })
      const futures = fexec.map(async (x) => {
        await new Promise((resolve) => setTimeout(resolve, x < 3 ? 1 : 60_000))
        return [x, process.hrtime.bigint(), 'kept by the killed one']
      }, [0, 1, 2, 3], { idempotencyKey: 'restart' })
      await fexec.wait(futures, { returnWhen: 75 })
    `
    const first = script(`${work}
      const { storage } = fexec
      const kept = async () => {
        const keys = await storage.listKeys(storage.bucket, 'cache/')
        const bodies = await Promise.all(keys.map((key) => storage.getObject(storage.bucket, key)))
        return bodies.filter((bytes) => Buffer.from(bytes).includes('kept by the killed one')).length
      }
      while ((await kept()) < 3) await new Promise((resolve) => setTimeout(resolve, 20))
      // The log and the journal have them, too.
      let seen = 0
      for await (const future of await fexec.attach(futures[0].runId)) {
        await future.result()
        if (++seen === 3) break
      }
      console.log(JSON.stringify((await fexec.getResult(futures.slice(0, 3))).map(([x, t]) => String(t))) + ' ' + futures[0].runId)
      setInterval(() => {}, 1000)
    `)
    const [stamps, runId] = (await first.line).split(' ')
    first.child.kill('SIGKILL')
    const attached = await fexec.attach(runId!)
    const outcomes = await fexec.settled(attached)
    expect(outcomes[3]).toMatchObject({ reason: { kind: 'lost', code: 'E_CALL_LOST' } })
    expect(outcomes.slice(0, 3).map((outcome) => String((outcome as never as { value: unknown[] }).value[1]))).toEqual(
      JSON.parse(stamps!),
    )
    const second = script(`${work}
      console.log(JSON.stringify((await fexec.getResult(futures.slice(0, 3))).map(([x, t]) => String(t))))
      await fexec.close()
    `)
    expect(await second.line).toBe(stamps)
  })
})

it('replaces workers as often as it is told to', async () => {
  const fresh = new FunctionExecutor({ home, workers: 2, recycleAfter: 1 })
  const pids = await fresh.map(() => process.pid, [1, 2, 3, 4], { chunksize: 1 }).getResult()
  expect(new Set(pids).size).toBe(4)
  await fresh.close()
})

describe('the three named executors', () => {
  it('say what is available', async () => {
    const local = new LocalhostExecutor({ home })
    expect(await local.callAsync(double, 2).result()).toBe(4)
    await local.close()
    expect(() => new ServerlessExecutor({ home })).toThrow(
      expect.objectContaining({ code: 'E_CONFIG_AWS', hint: expect.stringContaining('region') }),
    )
    expect(() => new StandaloneExecutor({ home })).toThrow(
      expect.objectContaining({ code: 'E_CONFIG_BACKEND', hint: expect.stringContaining('localhost') }),
    )
    expect(() => new FunctionExecutor({ backend: 'localhosst' })).toThrow(
      expect.objectContaining({ code: 'E_CONFIG_BACKEND', hint: "Did you mean 'localhost'?" }),
    )
  })
})

it('has types from the function to the result', () => {
  const typed = () => {
    expectTypeOf(fexec.callAsync((x: number) => `${x}`, 1)).toEqualTypeOf<ResponseFuture<string>>()
    expectTypeOf(fexec.map(async (x: number) => ({ x }), [1])).toEqualTypeOf<FuturesList<{ x: number }>>()
    expectTypeOf(fexec.map(double, [1]).getResult()).toEqualTypeOf<Promise<number[]>>()
    expectTypeOf(
      fexec.map((x: string, n: number, _ctx: unknown) => x.repeat(n), ['a'], { extraArgs: [2] }),
    ).toEqualTypeOf<FuturesList<string>>()
    const repeat = (x: string, n: number) => x.repeat(n)
    expectTypeOf(fexec.map(repeat, ['a'], { extraArgs: [2] })).toEqualTypeOf<FuturesList<string>>()
    expectTypeOf(fexec.callAsync(repeat, 'a', { extraArgs: [2] })).toEqualTypeOf<ResponseFuture<string>>()
    expectTypeOf(fexec.map(repeat, ['a'], { extraArgs: [2] }).map((s, n: bigint) => [s, n], { extraArgs: [2n] })) //
      .toEqualTypeOf<FuturesList<(string | bigint)[]>>()
    expectTypeOf(
      fexec.mapReduce(repeat, ['a'], (xs, sep: string, ctx) => [xs.join(sep), ctx.callId], {
        extraArgs: [2],
        extraArgsReduce: ['-'],
        reduceBy: (x) => x,
      }),
    ).toEqualTypeOf<FuturesList<string[]>>()
    // @ts-expect-error the items are no numbers
    fexec.map(double, ['a'])
    // @ts-expect-error the extra argument is no number
    fexec.map(repeat, ['a'], { extraArgs: ['2'] })
    // @ts-expect-error there is no extra argument
    fexec.map(repeat, ['a'])
    // @ts-expect-error an option that does not exist
    fexec.map(double, [1], { chunkSize: 2 })
    // @ts-expect-error the reducer gets strings
    fexec.mapReduce(repeat, ['a'], sum, { extraArgs: [2] })
  }
  expect(typed).toBeTypeOf('function')
})
