/** The double behaves as Lambda does, seen through the real SDK. Cases of the reference table. */
import * as sdk from '@aws-sdk/client-lambda'
import { type LambdaDouble, startLambda } from '@mayfly/executor/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { zip } from '../../backends/aws-lambda/zip.js'

const CODE = `
let uses = 0
export const handler = async (event, context) => {
  uses++
  if (event.throw) throw new RangeError('out of range')
  if (event.exit) process.exit(3)
  if (event.large) return 'x'.repeat(event.large)
  if (event.sleep) await new Promise((resolve) => setTimeout(resolve, event.sleep))
  if (event.log) console.log(event.log)
  return { uses, pid: process.pid, left: context.getRemainingTimeInMillis() }
}
export const stream = awslambda.streamifyResponse(async (event, out) => {
  for (let i = 0; i < 3; i++) {
    out.write('part ' + i + '\\n')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  if (event.throw) throw new TypeError('midway')
  out.end()
})
`
let lambda: LambdaDouble
let client: sdk.LambdaClient
const config = () => ({
  region: lambda.region,
  endpoint: lambda.endpoint,
  credentials: lambda.credentials,
  maxAttempts: 1,
})

async function create(name: string, more: Partial<sdk.CreateFunctionCommandInput> = {}) {
  await client.send(
    new sdk.CreateFunctionCommand({
      ...{ FunctionName: name, Runtime: 'nodejs22.x', Role: 'arn:aws:iam::000000000000:role/r', Handler: 'i.handler' },
      ...{ Code: { ZipFile: zip({ 'i.mjs': Buffer.from(CODE) }) }, Timeout: 10, ...more },
    }),
  )
  await sdk.waitUntilFunctionActiveV2({ client, maxWaitTime: 10, minDelay: 0.05, maxDelay: 1 }, { FunctionName: name })
}

async function invoke(event: unknown, more: Partial<sdk.InvokeCommandInput> = {}) {
  const Payload = typeof event === 'string' ? event : JSON.stringify(event)
  const answer = await client.send(new sdk.InvokeCommand({ FunctionName: 'f', Payload, ...more }))
  const text = Buffer.from(answer.Payload ?? []).toString()
  return { ...answer, value: text ? JSON.parse(text) : undefined }
}

async function streamed(event: unknown) {
  const command = new sdk.InvokeWithResponseStreamCommand({ FunctionName: 's', Payload: JSON.stringify(event) })
  const chunks: string[] = []
  for await (const { PayloadChunk, InvokeComplete } of (await client.send(command)).EventStream!) {
    if (PayloadChunk) chunks.push(Buffer.from(PayloadChunk.Payload!).toString())
    if (InvokeComplete) return { chunks, complete: InvokeComplete }
  }
  throw new Error('no end')
}

beforeAll(async () => {
  lambda = await startLambda({ asyncRetryMs: 60 })
  client = new sdk.LambdaClient(config())
  await create('f')
  await create('s', { Handler: 'i.stream' })
})
afterAll(async () => {
  client.destroy()
  await lambda.close()
})

it('starts an environment and uses it again, with the deadline known from the first call', async () => {
  const first = await invoke({})
  const second = await invoke({})
  expect([first.StatusCode, first.value.uses, second.value.uses]).toEqual([200, 1, 2])
  expect(second.value.pid).toBe(first.value.pid)
  expect(first.value.left).toBeGreaterThan(5000)
})

it('answers Event with 202 and DryRun with 204', async () => {
  expect((await invoke({}, { InvocationType: 'Event' })).StatusCode).toBe(202)
  expect((await invoke({}, { InvocationType: 'DryRun' })).StatusCode).toBe(204)
})

it('gives the end of the log with its REPORT line', async () => {
  const { LogResult } = await invoke({ log: 'hello log' }, { LogType: 'Tail' })
  const log = Buffer.from(LogResult!, 'base64').toString()
  expect(log).toMatch(/^START RequestId: [\s\S]*REPORT RequestId: \S+\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms/)
})

it('tells what a handler throws, and what a process that exits says', async () => {
  const thrown = await invoke({ throw: true })
  expect(thrown).toMatchObject({ FunctionError: 'Unhandled', value: { errorType: 'RangeError' } })
  expect(thrown.value.trace[0]).toBe('RangeError: out of range')
  expect(await invoke({ exit: true })).toMatchObject({ value: { errorType: 'Runtime.ExitError' } })
  expect((await invoke({})).value.uses).toBe(1)
})

it('kills a function at its timeout', async () => {
  await create('short', { Timeout: 1 })
  const { value } = await invoke({ sleep: 60_000 }, { FunctionName: 'short' })
  expect(value).toMatchObject({ errorType: 'Sandbox.Timedout', errorMessage: expect.stringContaining('1.00 seconds') })
  expect(lambda.environments().filter(({ functionName }) => functionName === 'short')).toEqual([])
})

it('keeps to the sizes of payloads, and refuses what is no JSON', async () => {
  const text = (size: number) => JSON.stringify('x'.repeat(size - 2))
  const tooLarge = { name: 'RequestTooLargeException' }
  expect((await invoke(text(6_291_456))).StatusCode).toBe(200)
  await expect(invoke(text(6_291_457))).rejects.toMatchObject(tooLarge)
  await expect(invoke(text(1_048_577), { InvocationType: 'Event' })).rejects.toMatchObject(tooLarge)
  expect(await invoke({ large: 6_300_000 })).toMatchObject({ value: { errorType: 'Function.ResponseSizeTooLarge' } })
  await expect(invoke('{"a":')).rejects.toMatchObject({ name: 'InvalidRequestContentException' })
  await expect(invoke({}, { FunctionName: 'none' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
})

it('runs calls that come together in processes of their own', async () => {
  const answers = await Promise.all(Array.from({ length: 4 }, () => invoke({ sleep: 1000 })))
  expect(new Set(answers.map(({ value }) => value.pid)).size).toBe(4)
})

it('streams a response as it is written, with an error in the middle', async () => {
  const good = await streamed({})
  expect(good.chunks).toEqual(['part 0\n', 'part 1\n', 'part 2\n'])
  expect(good.complete.ErrorCode).toBeUndefined()
  expect((await streamed({ throw: true })).complete).toMatchObject({ ErrorCode: 'TypeError', ErrorDetails: 'midway' })
})

it('refuses calls beyond the reserved concurrency, and says why', async () => {
  await create('few')
  const limit = { FunctionName: 'few', ReservedConcurrentExecutions: 1 }
  await client.send(new sdk.PutFunctionConcurrencyCommand(limit))
  const both = await Promise.allSettled([1, 2].map(() => invoke({ sleep: 500 }, { FunctionName: 'few' })))
  expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  expect(both.find(({ status }) => status === 'rejected')).toMatchObject({
    reason: { name: 'TooManyRequestsException', Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded' },
  })
})

it('tries a failing asynchronous call three times, and keeps it as a dead letter', async () => {
  await invoke({ throw: true }, { InvocationType: 'Event' })
  await expect
    .poll(() => lambda.deadLetters, { timeout: 10_000 })
    .toMatchObject([{ functionName: 'f', attempts: 3, payload: '{"throw":true}', error: { errorType: 'RangeError' } }])
})

it('knows who asks', async () => {
  const stranger = new sdk.LambdaClient({ ...config(), credentials: { accessKeyId: 'x', secretAccessKey: 'y' } })
  await expect(stranger.send(new sdk.ListFunctionsCommand({}))).rejects.toMatchObject({
    name: 'UnrecognizedClientException',
  })
  stranger.destroy()
})
