/** The backend `aws_lambda` while the platform misbehaves: every call has its result, once, and no attempt is blamed for nothing. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FunctionExecutor } from '@mayfly/executor'
import { type Doubles, type LambdaFaults, startDoubles } from '@mayfly/executor/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const CALLS = 6
const home = mkdtempSync(join(tmpdir(), 'mayfly-storms-'))
let doubles: Doubles

beforeAll(async () => {
  doubles = await startDoubles({ lambda: { asyncThrottleMs: 50, asyncRetryMs: 100 } })
})
afterAll(async () => {
  await doubles.close()
  rmSync(home, { recursive: true, force: true })
})

function executor(invocation: 'stream' | 'event') {
  const { aws_lambda, aws_s3 } = doubles.sections
  return new FunctionExecutor({
    ...{ home, workers: 4, backend: 'aws_lambda' },
    aws_lambda: { ...aws_lambda, invocation },
    storage: { backend: 'aws_s3', ...aws_s3 },
  })
}

/** A few calls under these faults, which must all have the right results. */
async function under(invocation: 'stream' | 'event', faults: Partial<LambdaFaults>, ms = 0) {
  await using fexec = executor(invocation)
  // Deployed, and its environments cold or warm as the test before has left them.
  await fexec.getResult(fexec.map((n: number) => n, [0]))
  await doubles.lambda.setFaults(faults)
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
  await doubles.lambda.setFaults({
    throttle: 0,
    unavailable: 0,
    cut: 0,
    duplicate: 0,
    drop: 0,
    freeze: 0,
    clockSkew: 0,
  })
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
    await doubles.lambda.setFaults({ clockSkew: 3_600_000 })
    // A size that nobody has used before: all its environments are new.
    const runtimeMemory = invocation === 'stream' ? 333 : 444
    const before = Date.now()
    const futures = fexec.map(() => Date.now(), [1, 2], { runtimeMemory, chunksize: 1 })
    const told = await fexec.getResult(futures)
    await doubles.lambda.setFaults({ clockSkew: 0 })
    for (const time of told) expect(time - before).toBeGreaterThan(3_500_000)
    for (const { stats } of futures) {
      for (const stamp of [stats.started, stats.ended]) {
        expect(stamp).toBeGreaterThanOrEqual(before - 1)
        expect(stamp).toBeLessThanOrEqual(Date.now() + 1)
      }
    }
  })
})
