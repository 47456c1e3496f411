/**
 * What a Lambda must do, as seventeen cases with the real SDK at an endpoint given from outside. The double passes all; another
 * one, too, but for the deviations listed for it, which are asserted as such: one that is gone should leave the list.
 */
import { PutFunctionConcurrencyCommand } from '@aws-sdk/client-lambda'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LambdaEndpoint, TestClient } from './client.js'

export interface LambdaUnderTest extends LambdaEndpoint {
  /** Dead letters so far; without it that case is left out. */
  deadLetters?: () => readonly unknown[]
  /** Whether functions have no more memory and CPU than is theirs; else that case is left out. */
  limits: boolean
}

/** One CPU. */
const MemorySize = 1769

const CODE = `
let uses = 0
let kept
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
export const handler = async (event, context) => {
  uses++
  if (event.keep) kept = event.keep
  if (event.throw) throw new RangeError('out of range')
  if (event.exit) process.exit(3)
  if (event.large) return 'x'.repeat(event.large)
  if (event.sleep) await sleep(event.sleep)
  if (event.log) console.log(event.log)
  if (event.hold) return Buffer.alloc(event.hold * 1024 * 1024, 1).length
  if (event.burn) {
    const from = process.cpuUsage(), until = performance.now() + event.burn
    while (performance.now() < until);
    const { user, system } = process.cpuUsage(from)
    return (user + system) / 1000 / event.burn
  }
  return { uses, kept, pid: process.pid, left: context.getRemainingTimeInMillis() }
}
export const stream = awslambda.streamifyResponse(async (event, out) => {
  for (let i = 0; i < 3; i++) {
    out.write('part ' + i + '\\n')
    await sleep(50)
  }
  if (event.throw) throw new TypeError('midway')
  out.end()
})
`

/** Runs the cases; those named in `deviations` must fail. */
export function lambdaConformance(
  name: string,
  server: () => LambdaUnderTest,
  deviations: readonly string[] = [],
): void {
  let lambda: TestClient
  const invoke = (event: unknown, more: object = {}) => lambda.invoke('f', event, more)
  const text = (size: number) => JSON.stringify('x'.repeat(size - 2))
  const tooLarge = { name: 'RequestTooLargeException' }
  const check = (title: string, body: (leaveOut: (why: string) => never) => Promise<void>) => {
    const test = deviations.includes(title) ? it.fails : it
    test(title, (context) => body((why) => context.skip(why)))
  }

  describe(`${name} is a Lambda`, () => {
    beforeAll(async () => {
      lambda = new TestClient(server())
      await lambda.create('f', { code: CODE, MemorySize })
    })
    afterAll(() => lambda.sdk.destroy())

    check('cold and warm RequestResponse, with the deadline known from the first call', async () => {
      const first = await invoke({})
      const second = await invoke({})
      expect([first.StatusCode, first.value.uses, second.value.uses]).toEqual([200, 1, 2])
      expect(second.value.pid).toBe(first.value.pid)
      expect(first.value.left).toBeGreaterThan(5000)
      expect(first.value.left).toBeLessThanOrEqual(10_000)
    })
    check('Event is 202, and made', async () => {
      await lambda.create('one', { code: CODE, MemorySize })
      // One environment only: what the first call leaves, the second finds.
      await lambda.sdk.send(new PutFunctionConcurrencyCommand({ FunctionName: 'one', ReservedConcurrentExecutions: 1 }))
      expect((await lambda.send('one', { keep: 'this' })).StatusCode).toBe(202)
      await expect.poll(async () => (await lambda.invoke('one', {})).value.kept, { timeout: 10_000 }).toBe('this')
    })
    check('DryRun is 204, and not made', async () => {
      const { uses } = (await invoke({})).value
      expect((await invoke({}, { InvocationType: 'DryRun' })).StatusCode).toBe(204)
      expect((await invoke({})).value.uses).toBe(uses + 1)
    })
    check('LogType Tail, with the REPORT line', async () => {
      const { LogResult } = await invoke({ log: 'hello log' }, { LogType: 'Tail' })
      const log = Buffer.from(LogResult!, 'base64').toString()
      expect(log).toMatch(
        /^START RequestId: [\s\S]*REPORT RequestId: \S+\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 1769 MB\tMax Memory Used: \d+ MB/,
      )
    })
    check('what a handler throws', async () => {
      const thrown = await invoke({ throw: true })
      expect(thrown).toMatchObject({ FunctionError: 'Unhandled', value: { errorType: 'RangeError' } })
      expect(thrown.value.errorMessage).toBe('out of range')
      expect(thrown.value.trace[0]).toBe('RangeError: out of range')
    })
    check('timeout', async () => {
      await lambda.create('short', { code: CODE, MemorySize, Timeout: 1 })
      const { value } = await lambda.invoke('short', { sleep: 60_000 })
      const errorMessage = expect.stringContaining('Task timed out after 1.00 seconds')
      expect(value).toMatchObject({ errorType: 'Sandbox.Timedout', errorMessage })
      expect((await lambda.invoke('short', {})).value.uses).toBe(1)
    })
    check('process.exit in a handler', async () => {
      expect(await invoke({ exit: true })).toMatchObject({ value: { errorType: 'Runtime.ExitError' } })
      expect((await invoke({})).value.uses).toBe(1)
    })
    check('request of more than 6 MB', async () => {
      expect((await invoke(text(6_291_456))).StatusCode).toBe(200)
      await expect(invoke(text(6_291_457))).rejects.toMatchObject(tooLarge)
    })
    check('asynchronous request of more than 1 MB', async () => {
      expect((await lambda.send('f', text(1_048_576))).StatusCode).toBe(202)
      await expect(lambda.send('f', text(1_048_577))).rejects.toMatchObject(tooLarge)
    })
    check('response of more than 6 MB', async () => {
      expect((await invoke({ large: 6_291_454 })).FunctionError).toBeUndefined()
      const error = { errorType: 'Function.ResponseSizeTooLarge' }
      expect(await invoke({ large: 6_291_455 })).toMatchObject({ FunctionError: 'Unhandled', value: error })
    })
    check('malformed JSON', async () => {
      await expect(invoke('{"a":')).rejects.toMatchObject({ name: 'InvalidRequestContentException' })
    })
    check('unknown function', async () => {
      await expect(lambda.invoke('none', {})).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    })
    check('20 concurrent calls, each in an environment of its own', async () => {
      await lambda.create('many', { code: CODE, MemorySize })
      const answers = await Promise.all(Array.from({ length: 20 }, () => lambda.invoke('many', { sleep: 2000 })))
      expect(new Set(answers.map(({ value }) => value.pid)).size).toBe(20)
    })
    check('response streaming, as it is written, with an error in the middle', async () => {
      await lambda.create('s', { code: CODE, MemorySize, Handler: 'i.stream' })
      const good = await lambda.stream('s', {})
      expect(good.chunks.join('')).toBe('part 0\npart 1\npart 2\n')
      expect(good.chunks.length).toBeGreaterThan(1)
      expect(good.complete.ErrorCode).toBeUndefined()
      const { chunks, complete } = await lambda.stream('s', { throw: true })
      expect(chunks.join('')).toContain('part 2')
      expect(complete).toMatchObject({ ErrorCode: 'TypeError', ErrorDetails: expect.stringContaining('midway') })
    })
    check('reserved concurrency', async () => {
      await lambda.create('few', { code: CODE, MemorySize })
      const limit = { FunctionName: 'few', ReservedConcurrentExecutions: 1 }
      await lambda.sdk.send(new PutFunctionConcurrencyCommand(limit))
      const both = await Promise.allSettled([1, 2].map(() => lambda.invoke('few', { sleep: 500 })))
      expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(both.find(({ status }) => status === 'rejected')).toMatchObject({
        reason: { name: 'TooManyRequestsException', Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded' },
      })
    })
    check('memory is a share of CPU, and has an end', async (leaveOut) => {
      if (!server().limits) leaveOut('Limits of memory and CPU need control groups that may be written.')
      await lambda.create('small', { code: CODE, MemorySize: 256, Timeout: 60 })
      // 256 MB of the 1,769 that have one CPU; a busy machine gives less.
      const { value } = await lambda.invoke('small', { burn: 1000 })
      expect(value).toBeLessThan(0.2)
      expect((await lambda.invoke('small', { hold: 400 })).value).toMatchObject({ errorType: 'Runtime.OutOfMemory' })
      expect((await lambda.invoke('small', { hold: 50 })).value).toBe(50 * 1024 * 1024)
    })
    check('asynchronous error, two retries, dead letter', async (leaveOut) => {
      const { deadLetters } = server()
      if (!deadLetters) leaveOut('Nobody told where dead letters go.')
      await lambda.send('f', { throw: true })
      await expect
        .poll(() => deadLetters!(), { timeout: 10_000 })
        .toMatchObject([
          {
            ...{ functionName: 'f', attempts: 3, payload: '{"throw":true}', condition: 'RetriesExhausted' },
            error: { errorType: 'RangeError' },
          },
        ])
    })
  })
}
