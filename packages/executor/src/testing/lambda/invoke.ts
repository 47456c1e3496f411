/** The calls that invoke a function: whole answers, streamed answers, and those nobody waits for. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { LambdaError, throttled } from './errors.js'
import { eventMessage } from './event-stream.js'
import { happens, type LambdaFaults } from './faults.js'
import type { Fleet } from './fleet.js'
import type { Deployed } from './functions.js'
import type { AsyncQueue } from './queue.js'
import { type LambdaRules, Pace } from './rules.js'
import { type FunctionError, TAIL } from './sandbox.js'

export interface InvokeParts {
  rules: LambdaRules
  faults: LambdaFaults
  fleet: Fleet
  queue: AsyncQueue
}

export async function invoke(
  { rules, faults, fleet, queue }: InvokeParts,
  deployed: Deployed,
  { headers }: IncomingMessage,
  response: ServerResponse,
  payload: Buffer,
): Promise<void> {
  const type = headers['x-amz-invocation-type'] ?? 'RequestResponse'
  checkPayload(payload, String(type), type === 'Event' ? rules.asyncBytes : rules.syncBytes)
  const id = randomUUID()
  response.setHeader('x-amzn-requestid', id)
  response.setHeader('x-amz-executed-version', '$LATEST')
  if (type === 'DryRun') return void response.writeHead(204).end()
  refuse(faults)
  if (type === 'Event') {
    queue.accept(deployed.configuration.FunctionName, id, payload)
    if (happens(faults, 'cut')) return void response.destroy()
    return void response.writeHead(202).end()
  }
  const taken = fleet.take(deployed, true)
  const cut = happens(faults, 'cut')
  const streamed: Buffer[] = []
  const answer = await fleet.run(taken, id, payload, (bytes) => void streamed.push(bytes))
  if (cut) return void response.destroy()
  if (headers['x-amz-log-type'] === 'Tail') {
    response.setHeader('x-amz-log-result', Buffer.from(answer.log).subarray(-TAIL).toString('base64'))
  }
  const body = Buffer.concat([...streamed, answer.body])
  const error = answer.error ?? tooLarge(body.length, rules.responseBytes)
  if (error) response.setHeader('x-amz-function-error', 'Unhandled')
  response.writeHead(200, { 'content-type': 'application/json' }).end(error ? JSON.stringify(error) : body)
}

export async function invokeStreaming(
  { rules, faults, fleet }: InvokeParts,
  deployed: Deployed,
  response: ServerResponse,
  payload: Buffer,
): Promise<void> {
  checkPayload(payload, 'RequestResponse', rules.syncBytes)
  refuse(faults)
  const taken = fleet.take(deployed, true)
  const cut = happens(faults, 'cut')
  const id = randomUUID()
  response.writeHead(200, {
    'content-type': 'application/vnd.amazon.eventstream',
    'x-amzn-requestid': id,
    'x-amz-executed-version': '$LATEST',
  })
  response.flushHeaders()
  // Whoever goes away does not stop the function: neither does he in the cloud.
  response.on('error', () => {})
  let sent = 0
  const pace = new Pace(rules.streamFreeBytes, rules.streamPerSecond)
  const send = async (bytes: Buffer) => {
    if (cut || response.destroyed) return
    const wait = pace.wait(bytes.length)
    if (wait > 0) await pause(wait, undefined, { ref: false })
    if (response.destroyed || response.writableEnded) return
    if (!response.write(eventMessage('PayloadChunk', 'application/octet-stream', bytes))) await room(response)
  }
  const answer = await fleet.run(taken, id, payload, async (bytes) => {
    sent += bytes.length
    if (sent <= rules.streamBytes) await send(bytes)
  })
  if (cut) return void response.destroy()
  const error = answer.error ?? tooLarge(sent + answer.body.length, rules.streamBytes)
  if (!error && answer.body.length > 0) await send(answer.body)
  const complete = error ? { ErrorCode: error.errorType, ErrorDetails: error.errorMessage } : {}
  response.end(eventMessage('InvokeComplete', 'application/json', Buffer.from(JSON.stringify(complete))))
}

/** Resolves when there is room for more, or nobody reads it. */
function room(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
  })
}

function refuse(faults: LambdaFaults): void {
  if (happens(faults, 'throttle')) throw throttled('ConcurrentInvocationLimitExceeded')
  if (happens(faults, 'unavailable')) throw new LambdaError(503, 'ServiceException', 'Service Unavailable')
}

function checkPayload(payload: Buffer, type: string, most: number): void {
  if (payload.length > most) {
    const message = `${payload.length} byte payload is too large for the ${type} invocation type (limit ${most} bytes)`
    throw new LambdaError(413, 'RequestTooLargeException', message, { Type: 'User' })
  }
  if (payload.length === 0) return
  try {
    JSON.parse(payload.toString())
  } catch (error) {
    const message = `Could not parse request body into json: ${(error as Error).message}`
    throw new LambdaError(400, 'InvalidRequestContentException', message, { Type: 'User' })
  }
}

function tooLarge(size: number, most: number): FunctionError | undefined {
  if (size <= most) return undefined
  const errorMessage = `Response payload size (${size} bytes) exceeded maximum allowed payload size (${most} bytes).`
  return { errorType: 'Function.ResponseSizeTooLarge', errorMessage }
}
