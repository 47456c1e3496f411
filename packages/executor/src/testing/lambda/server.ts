/**
 * A strict double of the Lambda API for the real `@aws-sdk/client-lambda`: functions are deployed as ZIP archives and run in
 * one process per environment; limits, throttles and errors are Lambda's. Never started but by tests and the bench.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { authenticate } from './auth.js'
import { ControlPlane, functionName } from './control.js'
import { Environment } from './environment.js'
import { LambdaError } from './errors.js'
import { type LambdaFaults, NO_FAULTS } from './faults.js'
import { Fleet, type Report } from './fleet.js'
import { invoke, invokeStreaming } from './invoke.js'
import { AsyncQueue, type DeadLetter } from './queue.js'
import { type LambdaRules, RULES } from './rules.js'
import { VirtualEnvironment, type VirtualOptions } from './virtual.js'

/** Largest request of any kind, bytes. */
const REQUEST = 70_167_211

export interface LambdaOptions extends Partial<LambdaRules> {
  /** Default `us-east-1`. */
  region?: string
  /** Credentials of the functions' role, which environments find in their variables, as on AWS. Default: none. */
  role?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
  /** Environments without processes; see there. */
  virtual?: VirtualOptions
  /** Arguments to Node of another runtime client than the double's own; the handler's name is added. */
  runtime?: readonly string[]
}

export interface LambdaDouble {
  endpoint: string
  region: string
  credentials: { accessKeyId: string; secretAccessKey: string }
  faults: LambdaFaults
  /** Asynchronous calls that failed for good. */
  deadLetters: readonly DeadLetter[]
  /** Invocations that have ended, oldest first; the last twenty thousand. */
  reports: readonly Report[]
  /** Environments that live. */
  environments(): { functionName: string; pid: number | undefined; busy: boolean }[]
  close(): Promise<void>
}

/** Starts a double on a free port of the loopback. */
export async function startLambda(options: LambdaOptions = {}): Promise<LambdaDouble> {
  const { region = 'us-east-1', virtual, runtime, role, ...own } = options
  const rules: LambdaRules = { ...RULES, ...own }
  const credentials = { accessKeyId: 'double', secretAccessKey: 'double' }
  const faults: LambdaFaults = { ...NO_FAULTS }
  const root = mkdtempSync(join(tmpdir(), 'mayfly-lambda-'))
  const fleet = new Fleet(rules, faults, region, (spec) =>
    virtual
      ? new VirtualEnvironment(spec, virtual)
      : new Environment({ ...spec, env: { ...spec.env, ...roleVariables(role) } }, rules, runtime),
  )
  const control = new ControlPlane(rules, fleet, region, root)
  const queue = new AsyncQueue(rules, faults, fleet, (name) => control.functions.get(name))
  const parts = { rules, faults, fleet, queue }

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url!, `http://${request.headers.host ?? 'lambda'}`)
    const body = await readAll(request)
    authenticate(request, url, body, { ...credentials, region })
    const [, stream, name] = INVOCATION.exec(url.pathname) ?? []
    if (request.method === 'POST' && name !== undefined) {
      const deployed = control.find(functionName(name))
      if (stream) return invokeStreaming(parts, deployed, response, body)
      return invoke(parts, deployed, request, response, body)
    }
    const answer = control.serve(request.method!, url, body)
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' })
    response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body))
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      const known =
        error instanceof LambdaError ? error : new LambdaError(500, 'ServiceException', String((error as Error).stack))
      if (response.headersSent || response.destroyed) return void response.destroy()
      response
        .writeHead(known.status, { 'content-type': 'application/json', 'x-amzn-errortype': known.type })
        .end(JSON.stringify({ message: known.message, Message: known.message, ...known.more }))
    })
  })
  server.requestTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4096, resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ region, credentials, faults, deadLetters: queue.deadLetters, reports: fleet.reports },
    environments: () =>
      fleet.list().map((one) => ({ functionName: one.spec.functionName, pid: one.pid, busy: fleet.isBusy(one) })),
    async close() {
      queue.close()
      await fleet.stop()
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      rmSync(root, { recursive: true, force: true })
    },
  }
}

const INVOCATION =
  /^\/(?:2015-03-31\/functions|(2021-11-15)\/functions)\/([^/]+)\/(?:invocations|response-streaming-invocations)$/

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size > REQUEST) {
      throw new LambdaError(413, 'RequestTooLargeException', `Request must be smaller than ${REQUEST} bytes`)
    }
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

function roleVariables(role: LambdaOptions['role']): Record<string, string> {
  if (!role) return {}
  const { accessKeyId, secretAccessKey, sessionToken } = role
  return {
    ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
    ...(sessionToken ? { AWS_SESSION_TOKEN: sessionToken } : {}),
  }
}
