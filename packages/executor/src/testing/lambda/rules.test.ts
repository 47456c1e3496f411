/** Every rule of the double, set to a value that a test can reach. */
import * as sdk from '@aws-sdk/client-lambda'
import { type LambdaDouble, type LambdaOptions, limitKind, startLambda } from '@mayfly/executor/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { TestClient } from './client.js'

const HANDLER = `export const makeHandler = () => async (event, out) => {
  if (event?.parts) {
    for (let i = 0; i < event.parts; i++) await new Promise((done) => out.write('x'.repeat(500), done))
    return
  }
  if (event?.held) await globalThis.gate
  if (event?.ms) await new Promise((resolve) => setTimeout(resolve, event.ms))
  if (event?.throw) throw new Error(event.throw)
  return event?.size ? 'x'.repeat(event.size) : event
}`
const virtual = { module: `data:text/javascript,${encodeURIComponent(HANDLER)}`, coldMs: 20 }
const wrong = { name: 'InvalidParameterValueException' }
const refused = (Reason: string) => ({ name: 'TooManyRequestsException', Reason })

/** A loaded machine takes its time. */
const PATIENTLY = { timeout: 30_000 }

let lambda: LambdaDouble
let client: TestClient
/** Starts a double, in the place of the one before. */
async function start(options: LambdaOptions) {
  await stop()
  lambda = await startLambda(options)
  client = new TestClient(lambda)
}
async function stop() {
  client?.sdk.destroy()
  await lambda?.close()
}
afterEach(async () => {
  await stop()
  lambda = undefined!
})

/** Has calls with `held` wait, virtual environments being in this process, until what is given back is called. */
function shutGate(): () => void {
  let open = () => {}
  Object.assign(globalThis, {
    gate: new Promise<void>((resolve) => {
      open = resolve
    }),
  })
  return open
}
const busy = () => lambda.environments().filter((one) => one.busy).length

/** Calls these functions, none of which ends before all have begun or been refused; gives the reasons of the refusals. */
async function together(...names: string[]) {
  const open = shutGate()
  const refusals: string[] = []
  const calls = names.map((name) =>
    client.invoke(name, { held: true }).catch((error) => void refusals.push(String(error.Reason ?? error))),
  )
  await expect.poll(() => refusals.length + busy(), PATIENTLY).toBe(names.length)
  open()
  await Promise.all(calls)
  return refusals
}

describe('sizes', () => {
  it('of payloads, whole and streamed, there and back', async () => {
    await start({ virtual, syncBytes: 100, asyncBytes: 50, responseBytes: 200, streamBytes: 300 })
    await client.create('f')
    const text = (size: number) => JSON.stringify('x'.repeat(size - 2))
    const tooLarge = { name: 'RequestTooLargeException' }
    await client.invoke('f', text(100))
    await expect(client.invoke('f', text(101))).rejects.toMatchObject(tooLarge)
    await expect(client.stream('f', 'x'.repeat(99))).rejects.toMatchObject(tooLarge)
    await client.send('f', text(50))
    await expect(client.send('f', text(51))).rejects.toMatchObject(tooLarge)
    expect((await client.invoke('f', { size: 198 })).FunctionError).toBeUndefined()
    expect((await client.invoke('f', { size: 199 })).value.errorType).toBe('Function.ResponseSizeTooLarge')
    expect((await client.stream('f', { size: 298 })).complete.ErrorCode).toBeUndefined()
    expect((await client.stream('f', { size: 299 })).complete.ErrorCode).toBe('Function.ResponseSizeTooLarge')
  })

  it('of what is streamed as fast as it can; the rest takes its time, which is the function’s', async () => {
    await start({ virtual, streamFreeBytes: 1000, streamPerSecond: 1 })
    await client.create('f', { Timeout: 1 })
    const { chunks, complete } = await client.stream('f', { parts: 3 })
    expect([chunks.join('').length, complete.ErrorCode]).toEqual([1000, 'Sandbox.Timedout'])
    await start({ virtual, streamFreeBytes: 1000, streamPerSecond: 5000 })
    await client.create('f')
    expect((await client.stream('f', { parts: 5 })).chunks.join('')).toHaveLength(2500)
    expect(lambda.reports[0]!.durationMs).toBeGreaterThanOrEqual(299)
  })

  it('of code, packed and unpacked, and of the environment', async () => {
    await start({ virtual, zipBytes: 4000, unpackedBytes: 100_000 })
    await client.create('f', { files: { zeros: Buffer.alloc(90_000) } })
    await expect(client.create('g', { files: { zeros: Buffer.alloc(110_000) } })).rejects.toMatchObject(wrong)
    const noise = Buffer.from(Array.from({ length: 6000 }, () => Math.random() * 256))
    await expect(client.create('g', { files: { noise } })).rejects.toMatchObject(wrong)
    await client.create('h', { Environment: { Variables: { GOOD: 'x'.repeat(4000) } } })
    for (const [name, size] of [
      ['LARGE', 4096],
      ['AWS_REGION', 1],
      ['1st', 1],
    ] as const) {
      const Variables = { [name]: 'x'.repeat(size) }
      await expect(client.create('i', { Environment: { Variables } })).rejects.toMatchObject(wrong)
    }
  })

  it('of memory, time and temporary folder', async () => {
    await start({ virtual, timeout: 60 })
    for (const more of [
      { MemorySize: 127 },
      { MemorySize: 10_241 },
      { Timeout: 61 },
      { EphemeralStorage: { Size: 511 } },
      { EphemeralStorage: { Size: 10_241 } },
      { Runtime: 'nodejs12.x' as never },
      { Role: 'me' },
    ]) {
      await expect(client.create('f', more)).rejects.toMatchObject(wrong)
    }
    await client.create('f', { MemorySize: 10_240, Timeout: 60, EphemeralStorage: { Size: 10_240 } })
    await expect(client.create('f')).rejects.toMatchObject({ name: 'ResourceConflictException' })
  })
})

describe('rates', () => {
  it('of environments: at once in the account, of a function, and new ones per time', async () => {
    await start({ virtual, concurrency: 3, burst: 2, perSecond: 0.001 })
    for (const name of ['f', 'g']) await client.create(name, { Timeout: 60 })
    expect(await together('f', 'f', 'f')).toEqual(['FunctionInvocationRateLimitExceeded'])
    expect(await together('f', 'f', 'g', 'g')).toEqual(['ConcurrentInvocationLimitExceeded'])
    const limit = { FunctionName: 'g', ReservedConcurrentExecutions: 0 }
    await client.sdk.send(new sdk.PutFunctionConcurrencyCommand(limit))
    expect(await together('g')).toEqual(['ReservedFunctionInvocationRateLimitExceeded'])
  })

  it('of synchronous calls per environment, but not of asynchronous ones', async () => {
    // Four calls at once, and four a second.
    await start({ virtual, concurrency: 40, callsPerEnvironment: 0.1 })
    await client.create('f', { Timeout: 60 })
    await Promise.all(Array.from({ length: 40 }, () => client.send('f', {})))
    await expect.poll(() => lambda.reports.length, PATIENTLY).toBe(40)
    const reasons = await together(...Array.from({ length: 40 }, () => 'f'))
    expect(reasons.length).toBeGreaterThan(0)
    expect(new Set(reasons)).toEqual(new Set(['FunctionInvocationRateLimitExceeded']))
  })

  it('of calls that manage functions, and of GetFunction', async () => {
    await start({ virtual, controlPerSecond: 5, getFunctionPerSecond: 8 })
    await client.create('f')
    const many = (count: number, command: () => sdk.GetFunctionCommand | sdk.ListFunctionsCommand) =>
      Promise.allSettled(Array.from({ length: count }, () => client.sdk.send(command() as sdk.ListFunctionsCommand)))
    const lists = await many(60, () => new sdk.ListFunctionsCommand({}))
    expect(lists.filter(({ status }) => status === 'rejected').length).toBeGreaterThanOrEqual(2)
    expect(lists.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: refused('CallerRateLimitExceeded'),
    })
    const gets = await many(100, () => new sdk.GetFunctionCommand({ FunctionName: 'f' }))
    expect(gets.some(({ status }) => status === 'rejected')).toBe(true)
  })

  it('a function is not ready at once', async () => {
    await start({ virtual, pendingMs: 3_600_000 })
    await client.create('f', { wait: false })
    const early = { name: 'ResourceConflictException', message: expect.stringContaining('Pending') }
    await expect(client.invoke('f', {})).rejects.toMatchObject(early)
    await start({ virtual, pendingMs: 200 })
    await client.create('f')
    expect((await client.invoke('f', 1)).value).toBe(1)
  })
})

describe('asynchronous calls', () => {
  const configure = (more: Partial<sdk.PutFunctionEventInvokeConfigCommandInput>) =>
    client.sdk.send(new sdk.PutFunctionEventInvokeConfigCommand({ FunctionName: 'f', ...more }))

  it('are tried again as often as it is said, and given up to where it is said', async () => {
    await start({ virtual, asyncRetryMs: 20 })
    const queue = 'arn:aws:sqs:us-east-1:000000000000:dead'
    await client.create('f', { DeadLetterConfig: { TargetArn: queue } })
    await client.send('f', { throw: 'once more' })
    await expect.poll(() => lambda.deadLetters, PATIENTLY).toMatchObject([{ attempts: 3, target: queue }])
    expect(lambda.deadLetters[0]!.record).toMatchObject({
      ...{ version: '1.0', requestPayload: { throw: 'once more' } },
      requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
      responseContext: { functionError: 'Unhandled' },
    })
    const Destination = 'arn:aws:sqs:us-east-1:000000000000:failed'
    await configure({ MaximumRetryAttempts: 0, DestinationConfig: { OnFailure: { Destination } } })
    await client.send('f', { throw: 'never again' })
    await expect.poll(() => lambda.deadLetters[1], PATIENTLY).toMatchObject({ attempts: 1, target: Destination })
    expect(lambda.reports).toHaveLength(4)
    await expect(configure({ MaximumRetryAttempts: 3 })).rejects.toMatchObject(wrong)
    await expect(configure({ MaximumEventAgeInSeconds: 30 })).rejects.toMatchObject(wrong)
  })

  it('wait for room, ever longer, and grow too old', async () => {
    await start({ virtual, concurrency: 1, asyncThrottleMs: 10 })
    await client.create('f')
    await Promise.all([1, 2, 3].map(() => client.send('f', { ms: 50 })))
    await expect.poll(() => lambda.reports.length, PATIENTLY).toBe(3)
    await start({ virtual, concurrency: 1, asyncThrottleMs: 10, asyncAgeMs: 300 })
    await client.create('f', { Timeout: 60 })
    const open = shutGate()
    const first = client.invoke('f', { held: true })
    await expect.poll(busy, PATIENTLY).toBe(1)
    await client.send('f', { late: true })
    const tooOld = [{ condition: 'EventAgeExceeded', attempts: 0 }]
    await expect.poll(() => lambda.deadLetters, PATIENTLY).toMatchObject(tooOld)
    open()
    await first
  })

  it('come twice, or never, when it is so ordered', async () => {
    await start({ virtual })
    await client.create('f')
    Object.assign(lambda.faults, { drop: 1, duplicate: 0 })
    await client.send('f', 1)
    lambda.faults.duplicate = 1
    await client.send('f', 2)
    await expect.poll(() => lambda.reports.length, PATIENTLY).toBe(2)
    expect(new Set(lambda.reports.map(({ requestId }) => requestId)).size).toBe(1)
  })
})

describe('environments', () => {
  it('have ten seconds to start, and then the time of the first call', async () => {
    await start({ initMs: 300 })
    const code = `await new Promise((resolve) => setTimeout(resolve, 800))\nexport const handler = () => 'awake'`
    await client.create('f', { code })
    expect((await client.invoke('f', {})).value).toBe('awake')
    expect(lambda.reports[0]!.initMs).toBeGreaterThanOrEqual(299)
    expect(lambda.reports[0]!.durationMs).toBeGreaterThan(700)
    await client.create('g', { code: code.replace('800', '60000'), Timeout: 1 })
    expect((await client.invoke('g', {})).value.errorType).toBe('Sandbox.Timedout')
    await client.create('h', { code: 'throw new SyntaxError("not today")' })
    expect((await client.invoke('h', {})).value).toMatchObject({ errorType: 'SyntaxError', errorMessage: 'not today' })
    await client.create('i', { code: 'export const other = 1' })
    expect((await client.invoke('i', {})).FunctionError).toBe('Unhandled')
  })

  it('stand still between invocations', async () => {
    const code = `let ticks = 0\nsetInterval(() => ticks++, 10)\nexport const handler = () => ticks`
    await start({})
    await client.create('f', { code })
    const before = (await client.invoke('f', {})).value
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect((await client.invoke('f', {})).value - before).toBeLessThan(20)
  })

  it.each([...new Set([limitKind(), 'watch'] as const)])(
    'have the memory of their size and tell what they had, by %s',
    async (limits) => {
      await start({ memory: true, limits })
      const code = `export const handler = async ({ mb, ms }) => {
      const held = Buffer.alloc(mb * 1024 * 1024, 1)
      await new Promise((resolve) => setTimeout(resolve, ms))
      return held.length
    }`
      await client.create('f', { code, MemorySize: 256, Timeout: 60 })
      expect((await client.invoke('f', { mb: 400, ms: 60_000 })).value.errorType).toBe('Runtime.OutOfMemory')
      expect((await client.invoke('f', { mb: 100, ms: 500 })).FunctionError).toBeUndefined()
      expect(lambda.reports.map(({ maxMemory }) => maxMemory > 80)).toEqual([true, true])
    },
  )

  it('have their share of CPU where there are no control groups', async () => {
    await start({ cpu: true, limits: 'watch' })
    const code = `export const handler = ({ burn }) => {
      const [at, from] = [performance.now(), process.cpuUsage()]
      for (;;) {
        const { user, system } = process.cpuUsage(from)
        const [used, took] = [(user + system) / 1000, performance.now() - at]
        if (used >= burn) return used / took
      }
    }`
    // 256 MB have a seventh of a CPU. Who looks late lets it have more, and a busy machine gives less.
    await client.create('f', { code, MemorySize: 256, Timeout: 60 })
    expect((await client.invoke('f', { burn: 200 })).value).toBeLessThan(0.8)
  })

  it('have a temporary folder of their size', async (context) => {
    if (limitKind() === 'watch') context.skip('Only who may make control groups may mount.')
    await start({ tmp: true })
    const code = `import { openSync, writeSync } from 'node:fs'
      import { tmpdir } from 'node:os'
      const mb = Buffer.alloc(1024 * 1024)
      export const handler = () => {
        const file = openSync(tmpdir() + '/large', 'w')
        for (let written = 0; ; written++) {
          try { writeSync(file, mb) } catch (error) { return [written, error.code] }
        }
      }`
    await client.create('f', { code, Timeout: 30 })
    expect((await client.invoke('f', {})).value).toEqual([512, 'ENOSPC'])
  })

  it('have clocks that may be wrong', async () => {
    await start({})
    await client.create('f', {
      code: 'export const handler = (e, c) => [Date.now(), new Date().getTime(), c.getRemainingTimeInMillis()]',
    })
    lambda.faults.clockSkew = 3_600_000
    const [now, again, left] = (await client.invoke('f', {})).value
    for (const time of [now, again]) expect(Math.abs(time - Date.now() - 3_600_000)).toBeLessThan(60_000)
    expect(left).toBeLessThanOrEqual(10_000)
    expect(left).toBeGreaterThan(0)
  })
})

describe('callers', () => {
  it('are known by their signatures', async () => {
    await start({ virtual })
    await client.create('a-b_c')
    const { endpoint, region, credentials } = lambda
    const list = async (more: object) => {
      const other = new sdk.LambdaClient({ endpoint, region, credentials, maxAttempts: 1, ...more })
      await other.send(new sdk.ListFunctionsCommand({ MaxItems: 10, Marker: '0' })).finally(() => other.destroy())
    }
    await list({})
    const stranger = { accessKeyId: 'x', secretAccessKey: 'y' }
    await expect(list({ credentials: stranger })).rejects.toMatchObject({ name: 'UnrecognizedClientException' })
    const liar = { ...credentials, secretAccessKey: 'y' }
    await expect(list({ credentials: liar })).rejects.toMatchObject({ name: 'InvalidSignatureException' })
    await expect(list({ region: 'eu-west-1' })).rejects.toMatchObject({ name: 'InvalidSignatureException' })
    await expect(list({ systemClockOffset: 400_000 })).rejects.toMatchObject({ name: 'InvalidSignatureException' })
    expect((await fetch(`${endpoint}/2015-03-31/functions`)).status).toBe(403)
    const arn = `arn:aws:lambda:${region}:000000000000:function:a-b_c`
    expect((await client.invoke(arn, 7)).value).toBe(7)
  })
})
