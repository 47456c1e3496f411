/** What is particular to calls on Lambda, with the real SDK against the double. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ExecutorOptions, FunctionExecutor } from '@mayfly/executor'
import { type LambdaDouble, ROLE, startLambda } from '@mayfly/executor/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { loggedRuns } from '../../testing/logged-runs.js'
import type { AwsLambdaOptions } from './config.js'

const home = mkdtempSync(join(tmpdir(), 'mayfly-lambda-'))
const SECRET = 'canary-5f1d7c-secret'
let lambda: LambdaDouble
beforeAll(async () => {
  lambda = await startLambda({ asyncRetryMs: 50, asyncThrottleMs: 50 })
  process.env.AWS_ACCESS_KEY_ID = lambda.credentials.accessKeyId
  process.env.AWS_SECRET_ACCESS_KEY = lambda.credentials.secretAccessKey
})
afterAll(async () => {
  await lambda.close()
  rmSync(home, { recursive: true, force: true })
})
afterEach(() => {
  Object.assign(lambda.faults, { throttle: 0, unavailable: 0, cut: 0, duplicate: 0, drop: 0, clockSkew: 0 })
})

type Invocation = 'stream' | 'event' | 'auto'
const make = (aws: Partial<AwsLambdaOptions> = {}, options: Partial<ExecutorOptions> = {}) => {
  const { region, endpoint } = lambda
  const aws_lambda = { region, endpoint, role: ROLE, invocation: 'stream' as Invocation, ...aws }
  const given: ExecutorOptions = { home, backend: 'aws_lambda', workers: 3, runtimeMemory: 256, aws_lambda }
  return new FunctionExecutor({ ...given, ...options } as never)
}
const lastRun = () => loggedRuns(home).at(-1)!
/** Keys under `jobs/` but for the journal, which stays with the run. */
const left = async ({ storage }: FunctionExecutor) =>
  (await storage.listKeys(storage.bucket, 'jobs/')).filter((key) => !key.includes('/journal/'))
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms, ms))

describe.each(['stream', 'event'] as const)('by %s', (invocation) => {
  it('throttles and a service that is not well cost no attempt', async () => {
    await using executor = make({ invocation })
    await executor.callAsync(() => 0).result()
    Object.assign(lambda.faults, { throttle: 3, unavailable: 2 })
    const futures = executor.map((x: number) => x * x, [1, 2, 3, 4, 5, 6], { chunksize: 1 })
    expect(await executor.getResult(futures)).toEqual([1, 4, 9, 16, 25, 36])
    expect([...futures].map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1, 1, 1])
  })

  it('inputs and results of all sizes come through, and nothing of them stays', async () => {
    await using executor = make({ invocation })
    const sizes = [0, 10, 60_000, 300_000]
    // Twenty inputs of 60 kB in one message are more than an event may have.
    const items = [...sizes, ...Array.from({ length: 20 }, () => 60_000)].map((size) => 'x'.repeat(size))
    const lengths = executor.map((text: string) => [text.length, text], items, { chunksize: 24 })
    const results = (await executor.getResult(lengths)) as [number, string][]
    expect(results.map(([length, text]) => length === text.length && length)).toEqual(items.map(({ length }) => length))
    await executor.close()
    expect(await left(executor as never)).toEqual([])
  })

  it('a call that is stopped leaves nothing, also when its function runs on for a moment', async () => {
    const executor = make({ invocation })
    const future = executor.callAsync(sleep, 60_000)
    await expect.poll(() => future.state, { timeout: 20_000 }).toBe('running')
    const outcome = future.result().catch((error: unknown) => error)
    await executor.close()
    expect(await outcome).toMatchObject({ kind: 'cancelled' })
    await expect.poll(() => lambda.environments().filter(({ busy }) => busy), { timeout: 10_000 }).toEqual([])
    expect(await left(executor as never)).toEqual([])
  })

  it('is billed as the platform bills it: with the start, by the size of the function', async () => {
    const before = lambda.reports.length
    await using executor = make({ invocation, functionPrefix: `bill-${invocation}` })
    await executor.getResult(executor.map(sleep, [300, 300], { chunksize: 1 }))
    await executor.callAsync(sleep, 200).result()
    await executor.close()
    const own = lambda.reports.slice(before).filter(({ functionName }) => functionName.startsWith('bill-'))
    expect(own).toHaveLength(3)
    const platform = own.reduce((sum, { billedMs, memory }) => sum + (billedMs / 1000) * (memory / 1024), 0)
    expect(own[0]!.memory).toBe(448)
    const rows = executor.jobSummary()
    const cost = rows.reduce((sum, row) => sum + row.cost, 0)
    // What happens before our code runs, and after its last word, is not seen from inside.
    const expected = platform * 0.0000166667 + 3 * 0.0000002
    expect(cost / expected).toBeGreaterThan(0.6)
    expect(cost / expected).toBeLessThan(1.1)
    const logged = lastRun().flatMap((event) => (event.type === 'done' ? [event.cost!] : []))
    expect(logged.reduce((sum, one) => sum + one, 0)).toBeCloseTo(cost, 7)
    expect(lastRun().at(-1)).toMatchObject({ type: 'run.finished', cost: expect.closeTo(cost, 7) })
  })
})

describe('events', () => {
  it('show what runs while it runs, and that a function is there is read off the listing', async () => {
    await using executor = make({ invocation: 'event' })
    const go = { bucket: executor.storage.bucket, key: 'platform/go' }
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
      [0, 1],
    )
    await expect.poll(() => futures[0]!.state, { timeout: 30_000 }).toBe('running')
    await executor.storage.putObject(go.bucket, go.key, '')
    expect(await executor.getResult(futures)).toEqual([0, 1])
    await executor.storage.deleteObject(go.bucket, go.key)
    await executor.close()
    const types = lastRun().flatMap((event) => ('call' in event && event.call === 0 ? [event.type] : []))
    expect(types.filter((type) => type !== 'sample')).toEqual([
      ...['submitted', 'invoked', 'setup', 'fetched', 'started', 'stored', 'done', 'collected'],
    ])
  })

  it('that come twice count once, and those that get lost are sent again', async () => {
    await using executor = make({ invocation: 'event' })
    await executor.callAsync(() => 0).result()
    Object.assign(lambda.faults, { duplicate: 2 })
    const twice = executor.map((x: number) => x + 1, [1, 2], { chunksize: 1 })
    expect(await executor.getResult(twice)).toEqual([2, 3])
    Object.assign(lambda.faults, { drop: 1 })
    const lost = executor.callAsync(() => 'here')
    expect([await lost.result(), lost.attempts]).toEqual(['here', 1])
    await executor.close()
    expect(await left(executor as never)).toEqual([])
  })

  it('take over where enough connections are open', async () => {
    await using executor = make({ invocation: 'auto', streams: 1 })
    const futures = executor.map(sleep, [2500, 2500], { chunksize: 1 })
    expect(await executor.getResult(futures)).toEqual([2500, 2500])
    // Whose answer comes by the storage is not sampled while it runs.
    const seen = lastRun().flatMap((event) => (event.type === 'sample' && event.call < 2 ? [event.call] : []))
    expect(new Set(seen).size).toBe(2)
  })
})

describe('memory', () => {
  it('has classes: a call that ran out of it goes again in the next, and ends in the last', async () => {
    await using executor = make({ memoryClasses: [320, 448] }, { runtimeMemory: 100 })
    const hungry = async (_: unknown, ctx: { attempt: number }) => {
      const kept: Uint8Array[] = []
      while (ctx.attempt === 1) {
        kept.push(new Uint8Array(10_000_000).fill(1))
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      return 'fits'
    }
    const fed = executor.callAsync(hungry)
    expect([await fed.result(), fed.attempts]).toEqual(['fits', 2])
    const starving = executor.callAsync((item: unknown) => hungry(item, { attempt: 1 }))
    await expect(starving.result()).rejects.toMatchObject({ kind: 'oom', attempts: 2, where: { limitMb: 288 } })
  })
})

describe('what a job asks for and cannot have', () => {
  const refusal = async (aws: Partial<AwsLambdaOptions>, options: Partial<ExecutorOptions>) => {
    await using executor = make(aws, options)
    return await executor
      .callAsync(() => 1)
      .result()
      .catch((error: unknown) => error)
  }

  it('is said before a function is made', async () => {
    expect(await refusal({}, { timeout: 900 })).toMatchObject({
      ...{ code: 'E_CONFIG_VALUE', message: expect.stringContaining('can run 890 s') },
    })
    expect(await refusal({ endpoint: undefined } as never, {})).toMatchObject({ code: 'E_LAMBDA_STORAGE' })
    expect(await refusal({ memoryClasses: [256] }, { runtimeMemory: 200 })).toMatchObject({
      ...{ code: 'E_CONFIG_VALUE', hint: expect.stringContaining('the classes are 256') },
    })
  })

  it.each([
    [{ role: undefined }, 'role'],
    [{ functions: { '512': 'f' }, memoryClasses: [512] }, 'memoryClasses'],
    [{ functions: {} }, 'functions'],
    [{ requestTimeout: 900 }, 'requestTimeout'],
    [{ environment: { AWS_SECRET_ACCESS_KEY: 'x' } }, 'environment'],
    [{ asyncRetries: 3 }, 'asyncRetries'],
    [{ deadLetter: 'queue' }, 'deadLetter'],
  ])('%j names the key', (aws, key) => {
    expect(() => make(aws as never)).toThrow(
      expect.objectContaining({ code: 'E_CONFIG_VALUE', message: expect.stringContaining(`aws_lambda.${key}`) }),
    )
  })

  it('a key that is not known is told the nearest', () => {
    expect(() => make({ memoryClass: [1] } as never)).toThrow(
      expect.objectContaining({ code: 'E_CONFIG_UNKNOWN_KEY', hint: "Did you mean 'memoryClasses'?" }),
    )
  })
})

describe('secrets', () => {
  it('of the configuration are in no log, and credentials in no function', async () => {
    await using executor = make({ environment: { MY_TOKEN: SECRET } })
    const seen = await executor.callAsync(() => [process.env.MY_TOKEN, process.env.AWS_SECRET_ACCESS_KEY]).result()
    expect(seen).toEqual([SECRET, undefined])
    await executor.close()
    expect(JSON.stringify(lastRun()[0])).toContain('MY_TOKEN')
    for (const file of readdirSync(home, { recursive: true, encoding: 'utf8' })) {
      const path = join(home, file)
      if (!file.startsWith('runs/')) continue
      const events = readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line.includes('run.created'))
      expect(events.join('\n')).not.toContain(SECRET)
      expect(events.join('\n')).not.toContain(`${lambda.credentials.secretAccessKey}"`)
    }
  })
})
