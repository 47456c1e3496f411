/** How functions come into the account, seen through the real SDK. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import * as sdk from '@aws-sdk/client-lambda'
import { FunctionExecutor } from '@mayfly/executor'
import { type LambdaDouble, ROLE, startLambda } from '@mayfly/executor/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built } from '../contract-parts.js'
import type * as bundling from './bundle.js'
import type { AwsLambdaOptions } from './config.js'
import type * as deploying from './deploy.js'
import type * as failing from './errors.js'
import type * as backend from './index.js'

const { deleteFunctions, ensureFunction } = await built<typeof deploying>('backends/aws-lambda/deploy.js')
const { workerBundle } = await built<typeof bundling>('backends/aws-lambda/bundle.js')
const { AwsLambdaBackend } = await built<typeof backend>('backends/aws-lambda/index.js')

const home = mkdtempSync(join(tmpdir(), 'mayfly-deploy-'))
let lambda: LambdaDouble
let client: sdk.LambdaClient
beforeAll(async () => {
  lambda = await startLambda({ pendingMs: 30, controlPerSecond: 1000 })
  const { region, endpoint, credentials } = lambda
  process.env.AWS_ACCESS_KEY_ID = credentials.accessKeyId
  process.env.AWS_SECRET_ACCESS_KEY = credentials.secretAccessKey
  client = new sdk.LambdaClient({ region, endpoint, credentials, maxAttempts: 1 })
})
afterAll(async () => {
  client.destroy()
  await lambda.close()
  rmSync(home, { recursive: true, force: true })
})

const given = (more: Partial<AwsLambdaOptions> = {}): AwsLambdaOptions => ({
  ...{ region: lambda.region, endpoint: lambda.endpoint, role: ROLE },
  ...more,
})
const make = async (more: Partial<AwsLambdaOptions> = {}, memory = 512) =>
  (await ensureFunction(client as never, given(more), memory)).name
const configuration = (FunctionName: string) => client.send(new sdk.GetFunctionConfigurationCommand({ FunctionName }))
const names = async () =>
  (await client.send(new sdk.ListFunctionsCommand({}))).Functions!.map(({ FunctionName }) => FunctionName!)

/** Somebody else's way of deploying: with the worker, or with something that says it were one. */
async function deployed(name: string, worker: string, MemorySize = 512) {
  const { archive } = await workerBundle()
  await client.send(
    new sdk.CreateFunctionCommand({
      ...{ FunctionName: name, Runtime: 'nodejs22.x', Role: ROLE, Handler: 'backends/aws-lambda/handler.handler' },
      ...{ Code: { ZipFile: archive }, MemorySize, Timeout: 60, Environment: { Variables: { MAYFLY_WORKER: worker } } },
    }),
  )
}

describe('a function made for calls', () => {
  it('is named by everything that makes it, in 64 characters', async () => {
    const base = await make()
    expect(await make()).toBe(base)
    const others = [
      await make({ role: 'arn:aws:iam::000000000000:role/other' }),
      await make({ environment: { TOKEN: '1' } }),
      await make({ environment: { TOKEN: '2' } }),
      await make({ runtime: 'nodejs24.x' }),
      await make({ architecture: 'arm64' }),
      await make({ functionTimeout: 60 }),
      await make({ logGroup: '/mayfly/workers' }),
      await make({ deadLetter: 'arn:aws:sqs:us-east-1:000000000000:dead' }),
      await make({ asyncRetries: 2 }),
      await make({}, 1024),
      await make({ functionPrefix: 'p'.repeat(32) }, 10_240),
    ]
    expect(new Set([base, ...others]).size).toBe(others.length + 1)
    expect(Math.max(...others.map(({ length }) => length))).toBeLessThanOrEqual(64)
    expect(await make({ environment: { TOKEN: '2' } })).toBe(others[2])
  })

  it('has the log group, the worker it runs and no more of the environment than was given', async () => {
    const name = await make({ logGroup: '/mayfly/workers', environment: { AB: 'b' } })
    const { LoggingConfig, Environment, Timeout, MemorySize } = await configuration(name)
    const { hash } = await workerBundle()
    expect(Environment!.Variables).toEqual({ AB: 'b', MAYFLY_WORKER: hash })
    expect([LoggingConfig!.LogGroup, Timeout, MemorySize]).toEqual(['/mayfly/workers', 900, 512])
  })

  it('leaves retries to the executor, and what cannot be made to the dead letter', async () => {
    const Destination = 'arn:aws:sqs:us-east-1:000000000000:dead'
    const name = await make({ deadLetter: Destination, maxEventAge: 60 })
    const command = new sdk.GetFunctionEventInvokeConfigCommand({ FunctionName: name })
    expect(await client.send(command)).toMatchObject({
      ...{ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60, DestinationConfig: { OnFailure: { Destination } } },
    })
  })

  it('is made once by several who want it at the same time', async () => {
    const wanted = { functionPrefix: 'race' }
    const got = await Promise.all([1, 2, 3, 4].map(() => make(wanted)))
    expect(new Set(got).size).toBe(1)
    expect((await names()).filter((name) => name.startsWith('race-'))).toEqual([got[0]])
  })

  it('is waited out when the control plane takes no more', async () => {
    const slow = await startLambda({ controlPerSecond: 2 })
    const few = new sdk.LambdaClient({ ...lambda, endpoint: slow.endpoint, maxAttempts: 1 })
    expect((await ensureFunction(few as never, given(), 256)).memory).toBe(256)
    few.destroy()
    await slow.close()
  })

  it('is refused with the right that is missing, or the trust', async () => {
    const { refused } = await built<typeof failing>('backends/aws-lambda/errors.js')
    const error = (name: string, message: string, httpStatusCode: number) =>
      refused(Object.assign(new Error(message), { name, $metadata: { httpStatusCode } }), 'lambda:CreateFunction', 'f')
    expect(error('AccessDeniedException', 'no', 403)).toMatchObject({
      ...{ code: 'E_LAMBDA_DENIED', hint: expect.stringContaining('lambda:CreateFunction') },
    })
    expect(error('InvalidParameterValueException', 'The role … cannot be assumed by Lambda.', 400)).toMatchObject({
      ...{ code: 'E_LAMBDA', hint: expect.stringContaining('trust policy') },
    })
    expect(error('ExpiredTokenException', 'expired', 403).code).toBe('E_LAMBDA_CREDENTIALS')
    const wordy = error('InvalidSignatureException', 'does not match\nx-amz-security-token: canary', 403)
    expect(inspect(wordy, { depth: 9, showHidden: true })).not.toContain('canary')
    const nobody = new sdk.LambdaClient({
      region: 'us-east-1',
      endpoint: 'http://127.0.0.1:9',
      maxAttempts: 1,
      credentials: lambda.credentials,
    })
    await expect(ensureFunction(nobody as never, given(), 256)).rejects.toMatchObject({ code: 'E_LAMBDA_UNREACHABLE' })
  })

  it('goes with the prefix, and others stay', async () => {
    const name = await make({ functionPrefix: 'gone' })
    await deployed('gone-by-hand', 'x')
    expect(await deleteFunctions(client as never, 'gone')).toEqual([name])
    expect(await names()).toContain('gone-by-hand')
  })
})

describe('functions deployed ahead', () => {
  const call = async (aws_lambda: AwsLambdaOptions) => {
    await using executor = new FunctionExecutor({ home, backend: 'aws_lambda', workers: 1, aws_lambda } as never)
    return await executor.getResult(executor.map((x: number) => x + 1, [1, 2]))
  }
  const ahead = (name: string): AwsLambdaOptions => {
    const { role: _role, ...rest } = given({ functions: { '512': name } })
    return rest
  }

  it('are used as they are, and none is made', async () => {
    const { hash } = await workerBundle()
    await deployed('ahead-512', hash)
    const before = await names()
    expect(await call(ahead('ahead-512'))).toEqual([2, 3])
    expect(await call(ahead(`arn:aws:lambda:${lambda.region}:000000000000:function:ahead-512`))).toEqual([2, 3])
    expect(await names()).toEqual(before)
  })

  it('must run the same worker in the size they are taken for', async () => {
    const { hash } = await workerBundle()
    await deployed('ahead-old', '0123456789ab')
    await deployed('ahead-small', hash, 256)
    const told = (name: string) => call(ahead(name)).catch((error) => error.failures[0])
    expect(await told('ahead-old')).toMatchObject({
      ...{ code: 'E_LAMBDA_STALE', message: expect.stringContaining('runs the worker 0123456789ab') },
      ...{ hint: expect.stringContaining('deploy:aws') },
    })
    expect(await told('ahead-small')).toMatchObject({
      ...{ code: 'E_LAMBDA_STALE', message: expect.stringContaining('has 256 MB') },
    })
    expect(await told('ahead-none')).toMatchObject({ code: 'E_LAMBDA_FUNCTION' })
  })
})

describe('what was deployed', () => {
  it('goes with clean(), and comes again when it is needed', async () => {
    const options = { home, backend: 'aws_lambda', workers: 1, aws_lambda: given({ functionPrefix: 'clean' }) }
    await using executor = new FunctionExecutor(options as never)
    const own = async () => (await names()).filter((name) => name.startsWith('clean-'))
    expect(await executor.callAsync(() => 1).result()).toBe(1)
    expect(await own()).toHaveLength(1)
    await executor.clean({ functions: false })
    expect(await own()).toHaveLength(1)
    await executor.clean()
    expect(await own()).toEqual([])
    expect(await executor.callAsync(() => 2).result()).toBe(2)
  })

  it('may be deleted by somebody else while calls are made', async () => {
    const options = { home, backend: 'aws_lambda', workers: 1, aws_lambda: given({ functionPrefix: 'lost' }) }
    await using executor = new FunctionExecutor(options as never)
    await executor.callAsync(() => 1).result()
    await deleteFunctions(client as never, 'lost')
    const future = executor.callAsync(() => 2)
    expect([await future.result(), future.attempts]).toEqual([2, 1])
  })

  it('is deleted by its prefix with mayfly runtime', async () => {
    const name = await make({ functionPrefix: 'cli' })
    const one = new AwsLambdaBackend(1, given({ functionPrefix: 'cli' }))
    expect(await one.deleteRuntimes()).toEqual([name])
    await one.close()
  })
})
