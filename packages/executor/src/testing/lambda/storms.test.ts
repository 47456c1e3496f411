/** The backend `aws_lambda` while the platform misbehaves: every call has its result, once, and no attempt is blamed for nothing. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FunctionExecutor } from '@mayfly/executor'
import { type Apart, type LambdaFaults, startApart } from '@mayfly/executor/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const CALLS = 6
const home = mkdtempSync(join(tmpdir(), 'mayfly-storms-'))
let lambda: Apart<'lambda'>
let s3: Apart<'s3'>

beforeAll(async () => {
  ;[lambda, s3] = await Promise.all([
    startApart('lambda', { asyncThrottleMs: 50, asyncRetryMs: 100 }),
    startApart('s3', { buckets: ['mayfly'] }),
  ])
  process.env.AWS_ACCESS_KEY_ID = lambda.credentials.accessKeyId
  process.env.AWS_SECRET_ACCESS_KEY = lambda.credentials.secretAccessKey
  process.env.STORM_ID = s3.credentials.accessKeyId
  process.env.STORM_SECRET = s3.credentials.secretAccessKey
})
afterAll(async () => {
  await Promise.all([lambda.close(), s3.close()])
  rmSync(home, { recursive: true, force: true })
})

function executor(invocation: 'stream' | 'event') {
  const { STORM_ID, STORM_SECRET } = process.env as Record<string, string>
  const role = 'arn:aws:iam::000000000000:role/mayfly'
  const { region, endpoint } = lambda
  return new FunctionExecutor({
    ...{ home, workers: 4, backend: 'aws_lambda' as const },
    aws_lambda: {
      region,
      endpoint,
      role,
      invocation,
      environment: { STORM_ID: STORM_ID!, STORM_SECRET: STORM_SECRET! },
    },
    storage: {
      ...{ backend: 'aws_s3' as const, endpoint: s3.endpoint, bucket: 'mayfly' },
      ...{ accessKeyId: '{{env.STORM_ID}}', secretAccessKey: '{{env.STORM_SECRET}}' },
    },
  })
}

/** A few calls under these faults, which must all have the right results. */
async function under(invocation: 'stream' | 'event', faults: Partial<LambdaFaults>, ms = 0) {
  await using fexec = executor(invocation)
  // Deployed, and its environments cold or warm as the test before has left them.
  await fexec.getResult(fexec.map((n: number) => n, [0]))
  await lambda.setFaults(faults)
  const work = async (n: number, wait: number) => {
    await new Promise((resolve) => setTimeout(resolve, wait))
    return n * n
  }
  const futures = fexec.map(
    work,
    Array.from({ length: CALLS }, (_, i) => i),
    { extraArgs: [ms], chunksize: 1 },
  )
  const results = await fexec.getResult(futures)
  await lambda.setFaults({ throttle: 0, unavailable: 0, cut: 0, duplicate: 0, drop: 0, freeze: 0, clockSkew: 0 })
  expect(results).toEqual(Array.from({ length: CALLS }, (_, i) => i * i))
  return [...futures]
}

describe.each(['stream', 'event'] as const)('by %s', (invocation) => {
  it('a storm of throttles and 503 costs no attempt', async () => {
    for (const { attempts } of await under(invocation, { throttle: 4, unavailable: 2 })) expect(attempts).toBe(1)
  })

  it('lost answers: the work is done, the connection is cut', async () => {
    await under(invocation, { cut: 2 })
  })

  it('environments that stand still in the middle, for less than their lease', async () => {
    await under(invocation, { freeze: 2, freezeAfterMs: 50, freezeMs: 2500 }, 300)
  })

  it('everything at once', async () => {
    await under(
      invocation,
      { throttle: 4, unavailable: 2, cut: 1, duplicate: 3, freeze: 1, freezeAfterMs: 20, freezeMs: 1200 },
      50,
    )
  })

  it('clocks of environments that are an hour ahead: times are those of the caller', async () => {
    await using fexec = executor(invocation)
    await lambda.setFaults({ clockSkew: 3_600_000 })
    // A size that nobody has used before: all its environments are new.
    const runtimeMemory = invocation === 'stream' ? 333 : 444
    const before = Date.now()
    const futures = fexec.map(() => Date.now(), [1, 2], { runtimeMemory, chunksize: 1 })
    const told = await fexec.getResult(futures)
    await lambda.setFaults({ clockSkew: 0 })
    for (const time of told) expect(time - before).toBeGreaterThan(3_500_000)
    for (const { stats } of futures) {
      for (const stamp of [stats.started, stats.ended]) {
        expect(stamp).toBeGreaterThanOrEqual(before - 1)
        expect(stamp).toBeLessThanOrEqual(Date.now() + 1)
      }
    }
  })
})
