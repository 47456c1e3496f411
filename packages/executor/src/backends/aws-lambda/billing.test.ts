/** What a call on Lambda costs in S3, against what the double of S3 was asked. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FunctionExecutor } from '@mayfly/executor'
import { type LambdaDouble, ROLE, type S3Double, startLambda, startS3 } from '@mayfly/executor/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const home = mkdtempSync(join(tmpdir(), 'mayfly-billing-'))
let lambda: LambdaDouble
let s3: S3Double
beforeAll(async () => {
  ;[lambda, s3] = await Promise.all([startLambda(), startS3({ buckets: ['mayfly'] })])
  process.env.AWS_ACCESS_KEY_ID = lambda.credentials.accessKeyId
  process.env.AWS_SECRET_ACCESS_KEY = lambda.credentials.secretAccessKey
  process.env.PAID_ID = s3.credentials.accessKeyId
  process.env.PAID_SECRET = s3.credentials.secretAccessKey
})
afterAll(async () => {
  await Promise.all([lambda.close(), s3.close()])
  rmSync(home, { recursive: true, force: true })
})

describe.each(['stream', 'event'] as const)('requests to S3 by %s', (invocation) => {
  it('are part of what a call costs', async () => {
    const { region, endpoint } = lambda
    const { PAID_ID, PAID_SECRET } = process.env as Record<string, string>
    const environment = { PAID_ID: PAID_ID!, PAID_SECRET: PAID_SECRET! }
    await using executor = new FunctionExecutor({
      ...{ home, backend: 'aws_lambda', workers: 2, runtimeMemory: 256 },
      aws_lambda: { region, endpoint, role: ROLE, invocation, environment },
      storage: {
        ...{ backend: 'aws_s3', endpoint: s3.endpoint, bucket: 'mayfly' },
        ...{ accessKeyId: '{{env.PAID_ID}}', secretAccessKey: '{{env.PAID_SECRET}}' },
      },
    })
    const echo = (text: string) => text
    // What is uploaded once for a function is not a call's.
    await executor.callAsync(echo, '').result()
    const before = new Map(s3.requests)
    const large = 'x'.repeat(300_000)
    expect(await executor.callAsync(echo, large).result()).toBe(large)
    const made = (operation: string) => (s3.requests.get(operation) ?? 0) - (before.get(operation) ?? 0)
    const asked = 0.000005 * (made('PutObject') + made('ListObjectsV2')) + 0.0000004 * made('GetObject')
    const { cost, lambdaCost } = executor.jobSummary().at(-1)!
    // What comes after the last word of the call, and the journal of results, is not on its bill.
    expect(cost - lambdaCost).toBeGreaterThan(0.5 * asked)
    expect(cost - lambdaCost).toBeLessThan(1.2 * asked)
  })
})
