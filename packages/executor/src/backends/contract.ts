/**
 * What every backend must do, as tests. A backend's test file calls `backendContract` with a way to make executors on it.
 * The functions are self-contained, because they run in workers; `/tmp`-like folders are shared with them on `localhost`
 * only, so nothing here passes through files of its own. Long, because it is one list of requirements.
 */
import { describe, expect, it as test } from 'vitest'
import type { LoggedEvent } from '../events.js'
import type { FunctionExecutor } from '../executor.js'
import type { ExecutorOptions } from '../options.js'
import type { Faults } from './faulty.js'

/** A loaded machine takes its time to start processes. */
const PATIENTLY = { timeout: 30_000 }

export interface ContractParts {
  /** A new executor with storage of its own for the suite; with `faults`, on a backend that makes these mistakes. */
  make(options?: ExecutorOptions, faults?: Faults): FunctionExecutor
  /** A platform of cloud functions: calls cost money, and a worker may take a while to start. */
  cloud?: boolean
  /** All events logged so far by the runs of these executors, run by run, in the order of the log. */
  events(): LoggedEvent[][]
  /** Workers reach the storage over the network, so that every call has a little traffic of ours. */
  remoteStorage?: boolean
  /** Only the tests whose names it fits: for a second way into a backend that has passed them all. */
  only?: RegExp
}

/** Runs the suite against a backend. */
export function backendContract(
  name: string,
  { make, events, cloud = false, remoteStorage = false, only }: ContractParts,
): void {
  let wanted: [title: string, body: () => Promise<void>][] = []
  const it = (title: string, body: () => Promise<void>) => {
    if (!only || only.test(title)) wanted.push([title, body])
  }
  // A group of which nothing is wanted is no group: the test runner takes an empty one for a mistake.
  const group = (title: string, tests: () => void) => {
    wanted = []
    tests()
    const chosen = wanted
    if (chosen.length === 0) return
    describe(`backend ${name}: ${title}`, () => {
      for (const [what, body] of chosen) test(what, body)
    })
  }
  const using = async (
    options: ExecutorOptions,
    body: (executor: FunctionExecutor) => Promise<void>,
    faults?: Faults,
  ) => {
    const executor = make(options, faults)
    try {
      await body(executor)
    } finally {
      await executor.close()
    }
  }
  const faulty = (options: ExecutorOptions, faults: Faults, body: (executor: FunctionExecutor) => Promise<void>) =>
    using(options, body, faults)
  const lastRun = () => events().at(-1)!
  const ofType = <T extends LoggedEvent['type']>(type: T) =>
    lastRun().filter((event): event is Extract<LoggedEvent, { type: T }> => event.type === type)

  group('success', () => {
    it('returns results in input order, whatever order they come in', () =>
      using({ workers: 3 }, async (executor) => {
        const sleeps = [120, 10, 60, 1, 30]
        const futures = executor.map(async (ms: number, ctx) => {
          await new Promise((resolve) => setTimeout(resolve, ms))
          return [ctx.index, ms]
        }, sleeps)
        expect(await executor.getResult(futures)).toEqual(sleeps.map((ms, index) => [index, ms]))
      }))

    it('yields futures as they are done; a slow call holds up no other', () =>
      using({ workers: 2 }, async (executor) => {
        const go = { bucket: executor.storage.bucket, key: 'contract/go' }
        const futures = executor.map(
          async (i: number, ctx) => {
            const told = () =>
              ctx.storage.headObject(go.bucket, go.key).then(
                () => true,
                () => false,
              )
            while (i === 0 && !(await told())) await new Promise((resolve) => setTimeout(resolve, 50))
            return i
          },
          Array.from({ length: 40 }, (_, i) => i),
        )
        const order: number[] = []
        for await (const future of futures) {
          order.push(await future.result())
          if (order.length === 39) await executor.storage.putObject(go.bucket, go.key, '')
        }
        await executor.storage.deleteObject(go.bucket, go.key)
        expect(order).toHaveLength(40)
        expect(order.at(-1)).toBe(0)
      }))

    it('takes undefined, null, NaN, BigInt, dates, maps and typed arrays there and back', () =>
      using({}, async (executor) => {
        const values = [undefined, null, Number.NaN, -0, 12n, new Date(5), new Map([[1, new Set(['a'])]]), 'text']
        const arrays = [new Float64Array([1.5, Number.NaN]), new Uint8Array(3), Buffer.from('x')]
        const futures = executor.map((value: unknown) => value, [...values, ...arrays])
        const results = await executor.getResult(futures)
        expect(results.slice(0, values.length)).toEqual(values)
        expect(results.at(-3)).toEqual(arrays[0])
        expect(results.at(-3)).toBeInstanceOf(Float64Array)
        expect(Buffer.from(results.at(-1) as Uint8Array).toString()).toBe('x')
      }))

    it('carries 100 MB in and 100 MB out', () =>
      using({}, async (executor) => {
        const input = new Float64Array(12_500_000).map((_, i) => i)
        const future = executor.callAsync((data: Float64Array) => data.map((x) => x * 2), input)
        const result = await future.result()
        expect(result).toHaveLength(12_500_000)
        expect(result[12_499_999]).toBe(24_999_998)
        const keys = () => executor.storage.listKeys(executor.storage.bucket, 'jobs/')
        const left = async () => (await keys()).filter((key) => !key.includes('/journal/'))
        await expect.poll(left, PATIENTLY).toEqual([])
      }))

    it('gives each call its context, extra arguments and environment, and cleans the environment up', () =>
      using({ workers: 1, extraEnv: { FROM_EXECUTOR: 1 } }, async (executor) => {
        const seen = (
          item: string,
          a: number,
          b: { c: number },
          ctx: { index: number; attempt: number; callId: string },
        ) =>
          [item, a, b.c++, ctx.index, ctx.attempt, ctx.callId, process.env.FROM_EXECUTOR, process.env.FROM_JOB] as const
        const extraArgs = [7, { c: 1 }] as [number, { c: number }]
        const futures = executor.map(seen, ['x', 'y'], { extraArgs, extraEnv: { FROM_JOB: true } })
        expect(await executor.getResult(futures)).toEqual([
          ['x', 7, 1, 0, 1, 'M000-00000', '1', 'true'],
          ['y', 7, 1, 1, 1, 'M000-00001', '1', 'true'],
        ])
        expect(await executor.callAsync(() => process.env.FROM_JOB).result()).toBeUndefined()
      }))

    it('lets calls use storage and report progress', () =>
      using({}, async (executor) => {
        const future = executor.callAsync(async (text: string, ctx) => {
          ctx.progress(1, 2, 'half')
          await new Promise((resolve) => setTimeout(resolve, 100))
          ctx.progress(2, 2)
          return ctx.storage.putCloudObject(text)
        }, 'hello')
        const object = await future.result()
        expect(Buffer.from(await executor.storage.getCloudObject(object)).toString()).toBe('hello')
        await executor.close()
        expect(ofType('progress')).toMatchObject([
          { done: 1, total: 2, note: 'half' },
          { done: 2, total: 2 },
        ])
      }))

    it('logs what the function prints, in order, while it runs', () =>
      using({}, async (executor) => {
        const future = executor.callAsync((_: unknown, ctx) => {
          console.log('one %d', 1)
          console.error('two')
          process.stdout.write('thr')
          process.stdout.write('ee\n')
          ctx.log('four', { x: 4 })
          return 'done'
        })
        await future.result()
        await executor.close()
        const logs = ofType('log')
        expect(logs.map(({ text }) => text).join('')).toBe('one 1\ntwo\nthree\nfour { x: 4 }\n')
        expect(logs.map(({ stream }) => stream).filter((stream, i, all) => stream !== all[i - 1])).toEqual([
          ...['stdout', 'stderr', 'stdout'],
        ])
      }))

    it('reads iterables of every kind, empty ones too', () =>
      using({}, async (executor) => {
        const double = (x: number) => x * 2
        async function* numbers() {
          yield 1
          yield 2
        }
        expect(await executor.getResult(executor.map(double, new Set([1, 2])))).toEqual([2, 4])
        expect(await executor.getResult(executor.map(double, numbers()))).toEqual([2, 4])
        expect(await executor.getResult(executor.map(double, []))).toEqual([])
        expect(() => executor.map(double, 5 as never)).toThrow(expect.objectContaining({ code: 'E_ITERDATA' }))
      }))

    it('ends a run nobody listens to', () =>
      using({ workers: 2 }, async (executor) => {
        executor.map((x: number) => x, [1, 2, 3])
        await expect.poll(() => ofType('job.finished').length, PATIENTLY).toBe(1)
        expect(ofType('done')).toHaveLength(3)
      }))
  })

  group('failures', () => {
    it('keeps class, message, code and stack of an error, and does not try again', () =>
      using({}, async (executor) => {
        const future = executor.callAsync(function faulty() {
          throw Object.assign(new TypeError('boom'), { code: 'E_MINE' })
        })
        const error = await future.result().catch((thrown: unknown) => thrown)
        expect(error).toMatchObject({ name: 'TypeError', message: 'boom', code: 'E_MINE', kind: 'error', attempts: 1 })
        expect((error as Error).stack).toMatch(/TypeError: boom[\s\S]*faulty/)
        expect((error as Error).stack).not.toContain('worker/runner')
      }))

    it('says what was thrown when it is no error, and what is rejected when nobody caught it', () =>
      using({}, async (executor) => {
        const [thrown, floating] = await executor.settled([
          executor.callAsync(() => {
            throw 'just text'
          }),
          executor.callAsync(async () => {
            void Promise.reject(new RangeError('nobody waits'))
            await new Promise((resolve) => setTimeout(resolve, 2000))
          }),
        ])
        expect(thrown).toMatchObject({ reason: { kind: 'error', message: 'just text' } })
        expect(floating).toMatchObject({ reason: { kind: 'error', name: 'RangeError', message: 'nobody waits' } })
      }))

    it('rejects with every good result at hand', () =>
      using({ workers: 2 }, async (executor) => {
        const futures = executor.map(
          (x: number) => {
            if (x % 2) throw new Error(`odd ${x}`)
            return x
          },
          [0, 1, 2, 3, 4],
        )
        await expect(executor.getResult(futures)).rejects.toMatchObject({
          code: 'E_MAP_FAILED',
          results: [0, undefined, 2, undefined, 4],
          failures: [
            { index: 1, message: 'odd 1' },
            { index: 3, message: 'odd 3' },
          ],
        })
      }))

    it('names the path of a result that cannot travel', () =>
      using({}, async (executor) => {
        const future = executor.callAsync(() => ({ list: [1, { deep: () => 1 }] }))
        await expect(future.result()).rejects.toMatchObject({
          code: 'E_VALUE_UNSERIALIZABLE',
          message: expect.stringContaining('value.list[1].deep is a function'),
        })
        expect(() => executor.map((x: unknown) => x, [{ f() {} }])).toThrow(/item 0 .*value\.f is a function/)
      }))

    it('calls a crash lost, after three tries', () =>
      using({ workers: 1 }, async (executor) => {
        const error = await executor
          .callAsync(() => process.abort())
          .result()
          .catch((thrown: unknown) => thrown)
        expect(error).toMatchObject({ kind: 'lost', code: 'E_CALL_LOST', attempts: 3 })
        expect(await executor.callAsync(() => 1).result()).toBe(1)
      }))

    it('tries a killed call again at once', () =>
      using({}, async (executor) => {
        const future = executor.callAsync(async (_: unknown, ctx) => {
          if (ctx.attempt < 3) process.kill(process.pid, 'SIGKILL')
          await new Promise((resolve) => setTimeout(resolve, ctx.attempt < 3 ? 10_000 : 0))
          return ctx.attempt
        })
        expect(await future.result()).toBe(3)
        expect(future.attempts).toBe(3)
        await executor.close()
        expect(ofType('failed')).toMatchObject([
          { kind: 'lost', final: false, attempt: 1 },
          { kind: 'lost', final: false, attempt: 2 },
        ])
      }))

    it('does not call process.exit a loss', () =>
      using({}, async (executor) => {
        const future = executor.callAsync(() => process.exit(3))
        await expect(future.result()).rejects.toMatchObject({ kind: 'error', code: 'E_CALL_EXIT', attempts: 1 })
      }))

    it('tells memory from other deaths, with limit and peak', () =>
      using({ runtimeMemory: 64 }, async (executor) => {
        const heap = executor.callAsync(() => {
          const kept: unknown[] = []
          for (;;) kept.push(Array.from({ length: 1000 }, (_, i) => ({ i })))
        })
        const buffers = executor.callAsync(async () => {
          const kept: Uint8Array[] = []
          for (let i = 0; i < 400; i++) {
            kept.push(new Uint8Array(10_000_000).fill(1))
            await new Promise((resolve) => setTimeout(resolve, 20))
          }
          return kept.length
        })
        for (const future of [heap, buffers]) {
          const error = await future.result().catch((thrown: unknown) => thrown)
          expect(error).toMatchObject({ kind: 'oom', code: 'E_CALL_OOM', where: { limitMb: 64 } })
          expect((error as Error).message).toMatch(/limit 64 MB.*peak \d+ MB/)
          expect((error as { where: { peakMb: number } }).where.peakMb).toBeGreaterThan(40)
        }
      }))

    it('ends a call at its timeout, busy or waiting, and lets it know first', () =>
      using({ timeout: 0.4, workers: 3 }, async (executor) => {
        const futures = [
          executor.callAsync(() => {
            for (;;);
          }),
          executor.callAsync(() => new Promise(() => {})),
          executor.callAsync((_: unknown, ctx) => {
            ctx.signal.addEventListener('abort', () => console.log('told'))
            return new Promise(() => {})
          }),
        ]
        for (const outcome of await executor.settled(futures)) {
          expect(outcome).toMatchObject({ reason: { kind: 'timeout', code: 'E_CALL_TIMEOUT', attempts: 1 } })
        }
      }))

    it('does not time a call out because the host was busy', () =>
      using({ timeout: 2, workers: 1 }, async (executor) => {
        const call = () => executor.callAsync(() => new Promise((resolve) => setTimeout(resolve, 400, 'in time')))
        let future = call()
        const begun = () => expect.poll(() => future.state, PATIENTLY).toMatch(/running|success|error/)
        await begun()
        // A slow machine may need two seconds to start the worker, or show the beginning of a call together with its end.
        while (future.state !== 'running') {
          await future.result().catch((error) => expect(error).toMatchObject({ kind: 'timeout' }))
          future = call()
          await begun()
        }
        const until = performance.now() + 2600
        while (performance.now() < until);
        expect(await future.result()).toBe('in time')
      }))

    it('keeps what a call leaves behind away from the next', () =>
      using({ workers: 1 }, async (executor) => {
        const first = executor.callAsync(() => {
          process.chdir('/')
          setTimeout(() => {
            throw new Error('late')
          }, 50)
        })
        await first.result()
        // The error may still strike a call that runs at that moment, but then it is named and the worker is replaced.
        const struck = expect.objectContaining({ message: 'late' })
        const place = await executor
          .callAsync(() => process.cwd())
          .result()
          .catch((error: unknown) => error)
        if (typeof place === 'string') expect(place).not.toBe('/')
        else expect(place).toEqual(struck)
        const later = executor.callAsync(() => new Promise((resolve) => setTimeout(resolve, 300, 'fine')), undefined)
        const outcome = await later.result().catch((error: unknown) => error)
        if (outcome !== 'fine') expect(outcome).toEqual(struck)
        expect(await executor.callAsync(() => 1).result()).toBe(1)
      }))

    it('tries what it is told to try again', () =>
      using({ retry: { attempts: 2, on: ['error'] } }, async (executor) => {
        const flaky = (_: unknown, ctx: { attempt: number }) => {
          if (ctx.attempt === 1) throw new Error('first time')
          return ctx.attempt
        }
        expect(await executor.callAsync(flaky).result()).toBe(2)
        await expect(executor.callAsync(flaky, undefined, { retries: 0 }).result()).rejects.toMatchObject({
          message: 'first time',
        })
      }))
  })

  group('cancelling', () => {
    it('stops busy calls and drops waiting ones', () =>
      using({ workers: 2 }, async (executor) => {
        const futures = executor.map(() => {
          for (;;);
        }, [1, 2, 3, 4, 5])
        await expect.poll(() => futures.filter((future) => future.state === 'running').length, PATIENTLY).toBe(2)
        executor.cancel()
        for (const outcome of await executor.settled(futures)) {
          expect(outcome).toMatchObject({ reason: { kind: 'cancelled', code: 'E_CALL_CANCELLED' } })
        }
        expect(await executor.callAsync(() => 'alive').result()).toBe('alive')
      }))

    it('cancels the futures it is given and leaves the others alone', () =>
      using({ workers: 2 }, async (executor) => {
        const futures = executor.map(
          (ms: number) => new Promise((resolve) => setTimeout(resolve, ms, ms)),
          [20_000, 300, 300, 300],
        )
        await expect.poll(() => futures[0]!.state, PATIENTLY).toBe('running')
        executor.cancel(futures[0]!)
        const outcomes = await executor.settled(futures)
        expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled'])
      }))

    it('cancels calls that have not even begun, and has their place for others', () =>
      using({ workers: 1 }, async (executor) => {
        const futures = executor.map(() => new Promise(() => {}), [1, 2, 3], { chunksize: 3 })
        await expect.poll(() => futures[0]!.state, PATIENTLY).not.toBe('new')
        executor.cancel(futures[1]!)
        executor.cancel()
        const outcomes = await executor.settled(futures)
        expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
        expect(await executor.callAsync(() => 'free').result()).toBe('free')
      }))

    it('gives the calls behind a fatal one back without blame', () =>
      using({ workers: 1, retries: 0 }, async (executor) => {
        const futures = executor.map(
          async (i: number) => {
            if (i > 0) return i
            void Promise.reject(new Error('floating'))
            return new Promise(() => {})
          },
          [0, 1, 2],
          { chunksize: 3 },
        )
        const outcomes = await executor.settled(futures)
        expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
      }))

    it('follows an AbortSignal, and close()', () =>
      using({ workers: 1 }, async (executor) => {
        const stop = new AbortController()
        const futures = executor.map(() => new Promise(() => {}), [1, 2], { signal: stop.signal })
        setTimeout(() => stop.abort(), 200)
        expect(await executor.settled(futures)).toMatchObject([
          { reason: { kind: 'cancelled' } },
          { reason: { kind: 'cancelled' } },
        ])
        const last = executor.callAsync(() => new Promise(() => {}))
        const outcome = last.result().catch((error: unknown) => error)
        await executor.close()
        expect(await outcome).toMatchObject({ kind: 'cancelled' })
        expect(() => executor.callAsync(() => 1)).toThrow(expect.objectContaining({ code: 'E_EXECUTOR_CLOSED' }))
      }))
  })

  group("the platform's faults", () => {
    const square = (i: number) => i * i
    const items = Array.from({ length: 60 }, (_, i) => i)
    const squares = items.map(square)

    it('waits refusals out: no exception, no attempt spent', () =>
      faulty({ workers: 4 }, { throttle: 25, retryAfter: 20 }, async (executor) => {
        const futures = executor.map(square, items, { chunksize: 3 })
        expect(await executor.getResult(futures)).toEqual(squares)
        expect(new Set([...futures].map(({ attempts }) => attempts))).toEqual(new Set([1]))
        await executor.close()
        expect(ofType('failed')).toEqual([])
      }))

    it('takes an attempt that is delivered twice once', () =>
      faulty({ workers: 2 }, { duplicate: 5 }, async (executor) => {
        const futures = executor.map((i: number) => (i % 2 ? 'x'.repeat(100_000) : i), items.slice(0, 10), {
          chunksize: 1,
        })
        const results = await executor.getResult(futures)
        expect(results.map((result) => (typeof result === 'string' ? result.length : result))).toEqual(
          items.slice(0, 10).map((i) => (i % 2 ? 100_000 : i)),
        )
        await executor.close()
        expect(ofType('done')).toHaveLength(10)
        expect(ofType('started')).toHaveLength(10)
      }))

    it('makes a call again whose answer never comes', () =>
      faulty({ workers: 2, retry: { attempts: 2 } }, { lose: 2 }, async (executor) => {
        const futures = executor.map(square, [1, 2, 3, 4], { chunksize: 1 })
        expect(await executor.getResult(futures)).toEqual([1, 4, 9, 16])
        expect([...futures].filter(({ attempts }) => attempts === 2)).toHaveLength(2)
      }))

    it('does not make a call again whose answer is lost but whose result is in storage', () =>
      faulty({ workers: 1, retries: 0 }, { lose: 1 }, async (executor) => {
        const future = executor.callAsync(() => 'r'.repeat(200_000))
        expect(await future.result()).toHaveLength(200_000)
        expect(future.attempts).toBe(1)
      }))

    it('starts a copy of a call on a slow worker, and takes whichever is first', () =>
      faulty({ workers: 3 }, { slow: 1, slowMs: 20_000 }, async (executor) => {
        const hedge = { after: 0.5, factor: 2, min: 0.2, max: 0.2 }
        const futures = executor.map(square, [1, 2, 3, 4, 5, 6], { hedge, chunksize: 1 })
        expect(await executor.getResult(futures)).toEqual([1, 4, 9, 16, 25, 36])
        await executor.close()
        expect(ofType('done')).toHaveLength(6)
        expect(ofType('done').filter(({ attempt }) => attempt === 2)).toHaveLength(1)
        expect(ofType('failed')).toEqual([])
      }))

    it('stops when the budget cannot pay another call', () =>
      faulty(
        { workers: 1, timeout: 10, runtimeMemory: 1024, budget: { usd: 35 } },
        { gbSecond: 1 },
        async (executor) => {
          const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms, 'paid'))
          const futures = executor.map(sleep, [100, 100, 100, 100], { chunksize: 1 })
          const paid = await executor.settled(futures)
          expect(paid.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'fulfilled'])
          const late = executor.callAsync(sleep, 1, { timeout: 60 })
          await expect(late.result()).rejects.toMatchObject({ kind: 'budget', code: 'E_CALL_BUDGET' })
          expect(executor.jobSummary()[0]!.cost).toBeGreaterThan(0.4)
        },
      ))
  })

  group('waiting', () => {
    it('waits for any, for a share, for a time, or not at all', () =>
      using({ workers: 4 }, async (executor) => {
        const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms, ms))
        const futures = executor.map(sleep, [1, 1, 15_000, 15_000])
        const none = await executor.wait(futures, { returnWhen: 'ALWAYS' })
        expect([none.done.length, none.notDone.length]).toEqual([0, 4])
        const [any] = await executor.wait(futures, { returnWhen: 'ANY_COMPLETED' })
        expect(any.length).toBeGreaterThanOrEqual(1)
        expect((await executor.wait(futures, { returnWhen: 50 })).done).toHaveLength(2)
        expect((await executor.wait(futures, { timeout: 0.05 })).notDone).toHaveLength(2)
        await expect(executor.wait(futures, { signal: AbortSignal.timeout(20) })).rejects.toThrow()
        await expect(executor.getResult(futures, { timeout: 0.05 })).rejects.toMatchObject({ code: 'E_WAIT_TIMEOUT' })
        await expect(executor.wait(futures, { returnWhen: 101 })).rejects.toMatchObject({ code: 'E_CONFIG_VALUE' })
      }))

    it('without futures gets everything not taken yet', () =>
      using({}, async (executor) => {
        executor.map((x: number) => x, [1, 2])
        executor.callAsync((x: number) => x, 3)
        expect(await executor.getResult()).toEqual([1, 2, 3])
        expect(await executor.getResult()).toEqual([])
      }))
  })

  group('the account', () => {
    // Processes are the same everywhere; what is different on a platform, or with its storage, shows with fewer.
    const calls = remoteStorage ? 2_500 : 10_000

    it('survives thousands of calls whose workers are killed all the while: none lost, none twice', () =>
      using({ workers: 4 }, async (executor) => {
        const futures = executor.map(
          async (i: number, ctx) => {
            if (ctx.attempt === 1 && (i * 7919) % 1000 === 3) process.kill(process.pid, 'SIGKILL')
            return i * i
          },
          Array.from({ length: calls }, (_, i) => i),
        )
        expect(await executor.getResult(futures)).toEqual(Array.from({ length: calls }, (_, i) => i * i))
        await executor.close()
        expect(new Set(ofType('done').map(({ call }) => call)).size).toBe(calls)
        expect(ofType('done')).toHaveLength(calls)
        expect(ofType('failed').filter(({ kind, final }) => kind !== 'lost' || final)).toEqual([])
      }))

    it('writes a log without gaps whose boundaries follow each other', () =>
      using({ workers: 2 }, async (executor) => {
        await executor.getResult(executor.map((x: number) => 'r'.repeat(x), [1, 100_000, 3]))
        await executor.close()
        const log = lastRun()
        expect(log.map(({ seq }) => seq)).toEqual(log.map((_, i) => i + 1))
        expect([log[0]!.type, log.at(-1)!.type]).toEqual(['run.created', 'run.finished'])
        for (let call = 0; call < 3; call++) {
          const own = log.filter((event) => 'call' in event && event.call === call)
          const order = own.map(({ type }) => type).filter((type) => type !== 'sample')
          expect(order).toEqual(['submitted', 'invoked', 'setup', 'fetched', 'started', 'stored', 'done', 'collected'])
          const stamps = own.flatMap((event) => {
            if (event.type === 'fetched') return [event.loaded, event.at]
            if (event.type === 'stored') return [event.ended, event.at]
            return event.type === 'sample' || event.type === 'done' ? [] : [event.at]
          })
          expect(stamps).toEqual([...stamps].sort((a, b) => a - b))
          expect(own.filter(({ type }) => type === 'sample').length).toBeGreaterThanOrEqual(2)
        }
      }))

    it('measures CPU, memory and network of the call alone, also while it blocks', () =>
      using({ workers: 1 }, async (executor) => {
        const heavy = executor.callAsync(() => {
          const before = process.cpuUsage()
          const held = Buffer.alloc(150_000_000, 1)
          let used = 0
          while (used < 600_000) {
            const { user, system } = process.cpuUsage(before)
            used = user + system
          }
          return { usedMs: used / 1000, maxRss: process.resourceUsage().maxRSS * 1024, held: held.length }
        })
        const { maxRss, usedMs } = await heavy.result()
        const { cpuMs, peakRss } = heavy.stats
        expect(Math.abs(cpuMs! - usedMs) / usedMs).toBeLessThan(0.05)
        expect(Math.abs(peakRss! - maxRss) / maxRss).toBeLessThan(0.05)
        const network = executor.callAsync(async () => {
          const http = process.getBuiltinModule('node:http')
          const server = http.createServer((_, response) => response.end('x'.repeat(2_000_000)))
          await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
          const { port } = server.address() as { port: number }
          const body = await (await fetch(`http://127.0.0.1:${port}`)).text()
          server.close()
          return body.length
        })
        expect(await network.result()).toBe(2_000_000)
        // Both ends of the connection are in this worker.
        expect(network.stats.rx! / 2_000_000).toBeCloseTo(1, 1)
        expect(network.stats.tx! / 2_000_000).toBeCloseTo(1, 1)
        expect(heavy.stats.rx).toBeLessThanOrEqual(remoteStorage ? 20_000 : 0)
        await executor.close()
        const samples = ofType('sample').filter(({ call }) => call === 0)
        expect(samples.length).toBeGreaterThanOrEqual(3)
        expect(samples.at(-2)!.cpuMs).toBeGreaterThan(100)
      }))

    it('sums the job up', () =>
      using({ runtimeMemory: 512 }, async (executor) => {
        const name = 'sleeper'
        await executor.getResult(
          executor.map((ms: number) => new Promise((resolve) => setTimeout(resolve, ms)), [100, 100], { name }),
        )
        const [row] = executor.jobSummary()
        expect(row).toMatchObject({ job: 'M000', function: name, invocations: 2, done: 2, failed: 0, memory: 512 })
        expect(row!.avgRuntime).toBeGreaterThan(0.09)
        expect(row!.lambdaCost).toBeGreaterThan(2 * 0.1 * 0.5 * 0.0000166667)
        expect(row!.cost! > 0).toBe(cloud)
      }))
  })
}
