/**
 * The rights that the stack gives suffice for everything an executor does, and each is used. The doubles have no policies: what
 * they are asked is noted, and held against the stack's statements as IAM would.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { type ExecutorOptions, FunctionExecutor, type Storage } from '@mayfly/executor'
import { doctorAws } from '@mayfly/executor/doctor'
import { startLambda, startS3 } from '@mayfly/executor/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeApp } from './app.js'
import { lambdaNeeds, type Need, type Recorder, s3Needs, startRecorder } from './recorder.js'
import { section } from './section.js'
import { settings } from './settings.js'
import type { Worker } from './stack.js'
import { writeWorker } from './worker.js'

const folder = mkdtempSync(join(tmpdir(), 'mayfly-rights-'))
const chosen = settings({ region: 'us-east-1', memory: [512, 1769] })
const BUCKET = 'the-bucket'
let worker: Worker
let lambda: Awaited<ReturnType<typeof startLambda>>
let s3: Awaited<ReturnType<typeof startS3>>
let [lambdaSeen, s3Seen]: Recorder[] = []

beforeAll(async () => {
  worker = await writeWorker(folder)
  const keys = { accessKeyId: 'double', secretAccessKey: 'double' }
  lambda = await startLambda({ role: keys })
  s3 = await startS3({ buckets: [BUCKET], credentials: keys })
  lambdaSeen = await startRecorder(lambda.endpoint, lambdaNeeds)
  s3Seen = await startRecorder(s3.endpoint, s3Needs)
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey })
  const client = new LambdaClient({ region: 'us-east-1', endpoint: lambda.endpoint })
  for (const MemorySize of chosen.memory) {
    await client.send(
      new CreateFunctionCommand({
        ...{ FunctionName: `mayfly-${MemorySize}`, MemorySize, Timeout: 900, Runtime: 'nodejs22.x' },
        ...{ Handler: worker.handler, Role: 'arn:aws:iam::000000000000:role/mayfly' },
        Code: { ZipFile: readFileSync(worker.file) },
        Environment: { Variables: { MAYFLY_WORKER: worker.hash } },
      }),
    )
  }
  client.destroy()
})
afterAll(async () => {
  await Promise.all([lambdaSeen, s3Seen].map((one) => one?.close()))
  await Promise.all([lambda.close(), s3.close()])
  rmSync(folder, { recursive: true, force: true })
})

function options(invocation: 'stream' | 'event'): ExecutorOptions {
  const { aws_lambda, aws_s3 } = section(chosen, { Bucket: BUCKET })
  return {
    ...{ backend: 'aws_lambda', home: folder, workers: 2, progress: false },
    aws_lambda: { ...aws_lambda, endpoint: lambdaSeen!.endpoint, invocation },
    storage: { backend: 'aws_s3', ...aws_s3, endpoint: s3Seen!.endpoint },
  }
}

/** Everything that has its own way to the storage. */
async function everything(invocation: 'stream' | 'event'): Promise<void> {
  await using executor = new FunctionExecutor(options(invocation))
  const { storage } = executor
  const own = async (text: string, ctx: { storage: Storage }) => {
    await ctx.storage.putCloudObject(text.slice(0, 10))
    const missing = await ctx.storage
      .getObject(ctx.storage.bucket, 'files/none')
      .catch((error: { code: string }) => error.code)
    return [text, missing]
  }
  const results = await executor.getResult(
    executor.map(own, ['x'.repeat(1_500_000)], { idempotencyKey: `once ${invocation}` }),
  )
  expect(results[0]?.[1]).toBe('E_STORAGE_NOT_FOUND')
  // More than a request carries: it goes by way of the storage.
  const many = Array.from({ length: 100 }, (_, i) => `${i}`.padEnd(60_000, '.'))
  await executor.getResult(executor.map((text: string) => text.length, many, { chunksize: 100 }))
  await storage.putObject(BUCKET, 'files/large', new Uint8Array(12_000_000))
  await storage.copyObject({ bucket: BUCKET, key: 'files/large' }, { bucket: BUCKET, key: 'files/copy' })
  const upload = await storage.createMultipart(BUCKET, 'files/parts')
  await upload.upload(1, new Uint8Array(10))
  await upload.abort()
  const slow = executor.callAsync(() => new Promise((resolve) => setTimeout(resolve, 60_000)))
  await expect.poll(() => slow.state, { timeout: 60_000 }).toBe('running')
  executor.cancel(slow)
  await executor.settled(slow)
  await storage.deleteObject(BUCKET, 'files/large')
  await executor.clean()
}

interface Statement {
  Action: string | string[]
  Resource: unknown
  Condition?: { StringLikeIfExists?: { 's3:prefix': string[] } }
}

const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value])

/** Of the policy for callers, which has the rights of functions to objects, too. */
function callerStatements(): Statement[] {
  const { stack } = makeApp(chosen, worker)
  return stack.resolve(stack.caller.document).Statement
}

/** A resource of the template with what CloudFormation puts in. */
function resolved(resource: unknown): string {
  const value = resource as { 'Fn::Join'?: [string, unknown[]]; 'Fn::GetAtt'?: string[]; Ref?: string } | string
  if (typeof value === 'string') return value
  if (value['Fn::Join']) return value['Fn::Join'][1].map(resolved).join('')
  if (value.Ref) return value.Ref === 'AWS::Partition' ? 'aws' : '000000000000'
  return value['Fn::GetAtt']?.[0]?.startsWith('Data') ? `arn:aws:s3:::${BUCKET}` : 'another'
}

function like(pattern: string, text: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 's').test(text)
}

function allows({ Action, Resource, Condition }: Statement, { action, resource, prefix }: Need): boolean {
  const prefixes = Condition?.StringLikeIfExists?.['s3:prefix']
  return (
    list(Action).includes(action) &&
    list(Resource).some((one) => like(resolved(one), resource)) &&
    (prefixes === undefined || prefix === undefined || prefixes.some((one) => like(one, prefix)))
  )
}

it('are those that calls, storage and the doctor need, no fewer and no more', async () => {
  for (const invocation of ['stream', 'event'] as const) await everything(invocation)
  for await (const { says, state } of doctorAws(options('stream'))) expect(state, says).toBe('good')
  const caller = callerStatements()
  const needs = [...lambdaSeen!.needs, ...s3Seen!.needs]
  expect(needs.length).toBeGreaterThan(100)
  const refused = needs.filter((need) => !caller.some((statement) => allows(statement, need)))
  expect(refused).toEqual([])
  // What would not be missed is not given.
  const granted = caller.flatMap(({ Action }) => list(Action))
  expect(new Set(needs.map(({ action }) => action))).toEqual(new Set(granted))
})

it('that docs/aws.md shows suffice for functions that are made when they are needed', async () => {
  const page = readFileSync(new URL('../../../docs/aws.md', import.meta.url), 'utf8')
  const shown = /^```json\n(\{\n {2}"Version"[\s\S]*?)^```$/m.exec(page)![1]!
  const here = { 'eu-central-1': 'us-east-1', '123456789012': '000000000000', 'my-bucket': BUCKET }
  const policy = Object.entries(here).reduce((text, [there, ours]) => text.replaceAll(there, ours), shown)
  const statements: Statement[] = JSON.parse(policy).Statement
  const { aws_lambda, ...rest } = options('event')
  const { functions: _, ...section } = aws_lambda!
  const role = 'arn:aws:iam::000000000000:role/mayfly-worker'
  const before = [lambdaSeen!, s3Seen!].map(({ needs }) => needs.length)
  await using executor = new FunctionExecutor({ ...rest, aws_lambda: { ...section, role, memoryClasses: [512] } })
  expect(await executor.getResult(executor.callAsync((n: number) => n + 1, 1))).toBe(2)
  await executor.clean()
  const needs = [lambdaSeen!, s3Seen!].flatMap((one, i) => one.needs.slice(before[i]))
  expect(needs.map(({ action }) => action)).toEqual(expect.arrayContaining(['lambda:CreateFunction', 'iam:PassRole']))
  expect(needs.filter((need) => !statements.some((statement) => allows(statement, need)))).toEqual([])
})

it('do not reach beyond the prefixes and the functions', () => {
  const caller = callerStatements()
  const beyond: Need[] = [
    { action: 's3:GetObject', resource: `arn:aws:s3:::${BUCKET}/secret` },
    { action: 's3:GetObject', resource: 'arn:aws:s3:::another/files/a' },
    { action: 's3:ListBucket', resource: `arn:aws:s3:::${BUCKET}`, prefix: 'secret/' },
    { action: 'lambda:InvokeFunction', resource: 'arn:aws:lambda:us-east-1:000000000000:function:other' },
    { action: 'lambda:CreateFunction', resource: 'arn:aws:lambda:us-east-1:000000000000:function:mayfly-512' },
  ]
  for (const need of beyond)
    expect(
      caller.some((statement) => allows(statement, need)),
      need.resource,
    ).toBe(false)
})
