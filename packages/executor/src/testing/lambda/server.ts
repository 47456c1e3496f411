/**
 * A strict double of the Lambda API for the real `@aws-sdk/client-lambda`: functions are deployed as ZIP archives and run in
 * one process per environment; limits, throttles and errors are Lambda's. Never started but by tests and the bench.
 */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Environment, type Outcome } from './environment.js'
import { LambdaError } from './errors.js'
import { eventMessage } from './event-stream.js'
import { type CreateRequest, createFunction, type Deployed } from './functions.js'

/** Largest payloads, bytes: synchronous, asynchronous, response. */
const SYNC = 6_291_456
const ASYNC = 1_048_576
/** Of requests that create functions, bytes. */
const REQUEST = 70_167_211
/** All code of an account, bytes. */
const CODE_STORAGE = 80_530_636_800

export interface LambdaOptions {
  region?: string
  /** Environments at once in the account. Default 1000. */
  concurrency?: number
  /** New environments of a function: at once, and per second afterwards. Default 1000 and 100. */
  burst?: number
  perSecond?: number
  /** Wait before the first retry of an asynchronous call, ms; the second waits twice as long. Default 60,000. */
  asyncRetryMs?: number
  /** Stops environments between invocations, as Lambda does. Default false. */
  freeze?: boolean
}

/** Mistakes to make; each invocation that makes one counts down. */
export interface LambdaFaults {
  /** Invocations refused with 429. */
  throttle: number
  /** Invocations that are made and whose connection is cut before the answer. */
  cut: number
}

export interface LambdaDouble {
  endpoint: string
  region: string
  credentials: { accessKeyId: string; secretAccessKey: string }
  faults: LambdaFaults
  /** Asynchronous calls that failed for good, with the payload and the last error. */
  deadLetters: { functionName: string; attempts: number; payload: string; error: Outcome['error'] }[]
  /** Processes that live, by function. */
  environments(): { functionName: string; pid: number | undefined; busy: boolean }[]
  close(): Promise<void>
}

/** Starts a double on a free port of the loopback. */
export async function startLambda(options: LambdaOptions = {}): Promise<LambdaDouble> {
  const { region = 'us-east-1', concurrency = 1000, burst = 1000, perSecond = 100 } = options
  const { asyncRetryMs = 60_000, freeze = false } = options
  const root = mkdtempSync(join(tmpdir(), 'mayfly-lambda-'))
  const functions = new Map<string, Deployed>()
  const environments = new Set<Environment>()
  const buckets = new Map<string, { tokens: number; at: number }>()
  const faults: LambdaFaults = { throttle: 0, cut: 0 }
  const deadLetters: LambdaDouble['deadLetters'] = []
  const timers = new Set<NodeJS.Timeout>()
  let active = 0

  const find = (name: string): Deployed => {
    const found = functions.get(decodeURIComponent(name))
    if (found) return found
    const arn = `arn:aws:lambda:${region}:000000000000:function:${name}`
    throw new LambdaError(404, 'ResourceNotFoundException', `Function not found: ${arn}`, { Type: 'User' })
  }

  const throttled = (reason: string): never => {
    throw new LambdaError(429, 'TooManyRequestsException', 'Rate Exceeded.', { Reason: reason, Type: 'User' })
  }

  /** Takes an environment for one invocation, or refuses. */
  const take = (deployed: Deployed): { environment: Environment; cold: boolean } => {
    const { configuration, reserved } = deployed
    if (configuration.State !== 'Active') {
      throw new LambdaError(
        409,
        'ResourceConflictException',
        'The function is currently in the following state: Pending',
      )
    }
    const name = configuration.FunctionName
    const own = [...environments].filter((one) => !one.dead && one.spec.name === name)
    if (faults.throttle > 0) {
      faults.throttle--
      throttled('ConcurrentInvocationLimitExceeded')
    }
    if (reserved !== undefined && own.filter(({ busy }) => busy).length >= reserved) {
      throttled('ReservedFunctionConcurrentInvocationLimitExceeded')
    }
    if (active >= concurrency) throttled('ConcurrentInvocationLimitExceeded')
    let environment = own.find(({ busy }) => !busy)
    const cold = !environment
    if (!environment) {
      const now = Date.now()
      const bucket = buckets.get(name) ?? { tokens: burst, at: now }
      bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond)
      bucket.at = now
      buckets.set(name, bucket)
      if (bucket.tokens < 1) throttled('FunctionInvocationRateLimitExceeded')
      bucket.tokens--
      const { Handler: handler, MemorySize: memory, Timeout: timeout, Environment: variables } = configuration
      const spec = { name, folder: deployed.folder, handler, memory, timeout, region, env: variables.Variables }
      environment = new Environment(spec)
      environments.add(environment)
    }
    environment.busy = true
    active++
    return { environment, cold }
  }

  const run = async (
    { environment, cold }: { environment: Environment; cold: boolean },
    id: string,
    payload: Buffer,
    chunk: (bytes: Buffer) => void = () => {},
  ): Promise<Outcome & { log: string }> => {
    const begun = performance.now()
    if (cold) await environment.start()
    else if (freeze) environment.freeze(false)
    const outcome = await environment.invoke(id, payload, chunk)
    if (freeze && !environment.dead) environment.freeze(true)
    environment.busy = false
    active--
    if (environment.dead) environments.delete(environment)
    const ms = performance.now() - begun
    const { memory } = environment.spec
    const report = `REPORT RequestId: ${id}\tDuration: ${ms.toFixed(2)} ms\tBilled Duration: ${Math.ceil(ms)} ms\tMemory Size: ${memory} MB`
    return {
      ...outcome,
      log: `START RequestId: ${id} Version: $LATEST\n${environment.log}END RequestId: ${id}\n${report}\n`,
    }
  }

  /** An asynchronous call: at most three tries, then the dead-letter list. */
  const runLater = (name: string, id: string, payload: Buffer, attempt = 1): void => {
    const again = (wait: number, next: number) => {
      const timer = setTimeout(() => {
        timers.delete(timer)
        runLater(name, id, payload, next)
      }, wait)
      timers.add(timer)
    }
    const deployed = functions.get(name)
    if (!deployed) return
    let taken: ReturnType<typeof take>
    try {
      taken = take(deployed)
    } catch {
      again(asyncRetryMs / 60, attempt)
      return
    }
    void run(taken, id, payload).then(({ error }) => {
      if (!error) return
      if (attempt < 3) again(asyncRetryMs * attempt, attempt + 1)
      else deadLetters.push({ functionName: name, attempts: attempt, payload: payload.toString(), error })
    })
  }

  const invoke = async (name: string, request: IncomingMessage, response: ServerResponse, payload: Buffer) => {
    const deployed = find(name)
    const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse'
    const most = type === 'Event' ? ASYNC : SYNC
    if (payload.length > most) {
      const message = `${payload.length} byte payload is too large for the ${type} invocation type (limit ${most} bytes)`
      throw new LambdaError(413, 'RequestTooLargeException', message)
    }
    checkJson(payload)
    const id = randomUUID()
    response.setHeader('x-amzn-requestid', id)
    response.setHeader('x-amz-executed-version', '$LATEST')
    if (type === 'DryRun') return void response.writeHead(204).end()
    if (type === 'Event') {
      runLater(deployed.configuration.FunctionName, id, payload)
      return void response.writeHead(202).end()
    }
    const answer = await run(take(deployed), id, payload)
    if (faults.cut > 0) {
      faults.cut--
      return void response.destroy()
    }
    if (request.headers['x-amz-log-type'] === 'Tail') {
      response.setHeader('x-amz-log-result', Buffer.from(answer.log).subarray(-4096).toString('base64'))
    }
    const tooLarge = answer.body.length > SYNC && {
      errorType: 'Function.ResponseSizeTooLarge',
      errorMessage: `Response payload size (${answer.body.length} bytes) exceeded maximum allowed payload size (${SYNC} bytes).`,
    }
    const error = tooLarge || answer.error
    if (error) response.setHeader('x-amz-function-error', 'Unhandled')
    response.writeHead(200, { 'content-type': 'application/json' }).end(error ? JSON.stringify(error) : answer.body)
  }

  const invokeStreaming = async (name: string, response: ServerResponse, payload: Buffer) => {
    const deployed = find(name)
    if (payload.length > SYNC) throw new LambdaError(413, 'RequestTooLargeException', 'The payload is too large')
    checkJson(payload)
    const taken = take(deployed)
    const id = randomUUID()
    response.writeHead(200, {
      'content-type': 'application/vnd.amazon.eventstream',
      'x-amzn-requestid': id,
      'x-amz-executed-version': '$LATEST',
    })
    response.flushHeaders()
    // Whoever goes away does not stop the function: neither does he in the cloud.
    response.on('error', () => {})
    const answer = await run(taken, id, payload, (bytes) =>
      response.write(eventMessage('PayloadChunk', 'application/octet-stream', bytes)),
    )
    if (faults.cut > 0) {
      faults.cut--
      return void response.destroy()
    }
    if (answer.body.length > 0) response.write(eventMessage('PayloadChunk', 'application/octet-stream', answer.body))
    const { error } = answer
    const complete = error ? { ErrorCode: error.errorType, ErrorDetails: error.errorMessage } : {}
    response.end(eventMessage('InvokeComplete', 'application/json', Buffer.from(JSON.stringify(complete))))
  }

  const stopEnvironments = (name: string) => {
    for (const one of environments) {
      if (one.spec.name !== name || one.busy) continue
      one.kill()
      environments.delete(one)
    }
  }

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!/^AWS4-HMAC-SHA256 Credential=double\//.test(request.headers.authorization ?? '')) {
      throw new LambdaError(
        403,
        'UnrecognizedClientException',
        'The security token included in the request is invalid.',
      )
    }
    const url = new URL(request.url!, 'http://lambda')
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of request) {
      size += (chunk as Buffer).length
      if (size > REQUEST)
        throw new LambdaError(413, 'RequestTooLargeException', 'Request must be smaller than 70167211 bytes')
      chunks.push(chunk as Buffer)
    }
    const body = Buffer.concat(chunks)
    const json = (status: number, value: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    }
    if (`${request.method} ${url.pathname}` === 'GET /2016-08-19/account-settings') {
      const reserved = [...functions.values()].reduce((sum, one) => sum + (one.reserved ?? 0), 0)
      const CodeSize = [...functions.values()].reduce((sum, { configuration }) => sum + configuration.CodeSize, 0)
      return json(200, {
        AccountLimit: {
          ...{ ConcurrentExecutions: concurrency, UnreservedConcurrentExecutions: concurrency - reserved },
          ...{ TotalCodeSize: CODE_STORAGE, CodeSizeUnzipped: 262_144_000, CodeSizeZipped: 52_428_800 },
        },
        AccountUsage: { FunctionCount: functions.size, TotalCodeSize: CodeSize },
      })
    }
    const [, version, kind, rawName, what] = /^\/([\d-]+)\/(functions|tags)\/?([^/]*)\/?(.*)$/.exec(url.pathname) ?? []
    const name = decodeURIComponent(rawName ?? '').replace(/^arn:.*:function:/, '')
    const route = `${request.method} ${kind ?? ''}${name ? '/name' : ''}${what ? `/${what}` : ''}`
    if (route === 'POST functions/name/invocations') return invoke(name, request, response, body)
    if (route === 'POST functions/name/response-streaming-invocations') return invokeStreaming(name, response, body)
    if (route === 'POST functions') {
      const wanted = JSON.parse(body.toString()) as CreateRequest
      if (functions.has(wanted.FunctionName ?? '')) {
        throw new LambdaError(409, 'ResourceConflictException', `Function already exist: ${wanted.FunctionName}`)
      }
      const made = createFunction(wanted, root, region)
      functions.set(made.configuration.FunctionName, made)
      return json(201, made.configuration)
    }
    if (route === 'GET functions') {
      const names = [...functions.keys()].sort()
      const from = Number(url.searchParams.get('Marker') ?? 0)
      const to = from + Math.min(50, Number(url.searchParams.get('MaxItems') ?? 50))
      const Functions = names.slice(from, to).map((one) => functions.get(one)!.configuration)
      return json(200, { Functions, ...(to < names.length ? { NextMarker: String(to) } : {}) })
    }
    if (route === 'GET functions/name') {
      const { configuration, tags } = find(name)
      return json(200, { Configuration: configuration, Tags: tags })
    }
    if (route === 'GET functions/name/configuration') return json(200, find(name).configuration)
    if (route === 'DELETE functions/name') {
      find(name)
      functions.delete(name)
      stopEnvironments(name)
      return void response.writeHead(204).end()
    }
    if (route === 'PUT functions/name/concurrency') {
      const wanted = JSON.parse(body.toString()) as { ReservedConcurrentExecutions: number }
      find(name).reserved = wanted.ReservedConcurrentExecutions
      return json(200, wanted)
    }
    if (route === 'GET tags/name') return json(200, { Tags: find(name).tags })
    throw new LambdaError(501, 'ServiceException', `The double has no ${request.method} ${url.pathname} (${version})`)
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      const known =
        error instanceof LambdaError ? error : new LambdaError(500, 'ServiceException', String((error as Error).stack))
      if (response.headersSent) return void response.destroy()
      response
        .writeHead(known.status, { 'content-type': 'application/json', 'x-amzn-errortype': known.type })
        .end(JSON.stringify({ message: known.message, Message: known.message, ...known.more }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region,
    credentials: { accessKeyId: 'double', secretAccessKey: 'double' },
    faults,
    deadLetters,
    environments: () => [...environments].map(({ spec, pid, busy }) => ({ functionName: spec.name, pid, busy })),
    async close() {
      for (const timer of timers) clearTimeout(timer)
      for (const environment of environments) environment.kill()
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      rmSync(root, { recursive: true, force: true })
    },
  }
}

function checkJson(payload: Buffer): void {
  if (payload.length === 0) return
  try {
    JSON.parse(payload.toString())
  } catch (error) {
    const message = `Could not parse request body into json: ${(error as Error).message}`
    throw new LambdaError(400, 'InvalidRequestContentException', message, { Type: 'User' })
  }
}
