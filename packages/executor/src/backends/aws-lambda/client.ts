/** The SDK's client as we want it: no retries of its own, sockets for the concurrency, and streams that are read as they come. */
import type { IncomingMessage } from 'node:http'
import type { LambdaClient } from '@aws-sdk/client-lambda'
import { quietSdk } from '../../storage/aws-s3/quiet.js'
import { type AwsLambdaOptions, LONGEST } from './config.js'
import { isBroken, isServerFault, isThrottle } from './errors.js'
import { type SignedRequest, Transport } from './transport.js'

/** What asynchronous invocations need: they are over in milliseconds. */
const EVENT_SOCKETS = 100
/** For what is asked beside invocations. */
const SPARE_SOCKETS = 16

/** @param concurrency invocations at once */
export async function makeClient(options: AwsLambdaOptions, concurrency: number): Promise<LambdaClient> {
  return (await makeCaller(options, concurrency)).client
}

/** Invokes functions. */
export interface LambdaCaller {
  client: LambdaClient
  /** Sent and forgotten. */
  send(name: string, payload: Uint8Array): Promise<void>
  /** The body of a streamed answer, as it comes: `application/vnd.amazon.eventstream`. Rejects with the SDK's errors. */
  stream(name: string, payload: Uint8Array, signal: AbortSignal): Promise<IncomingMessage>
}

/** @param concurrency invocations at once */
export async function makeCaller(options: AwsLambdaOptions, concurrency: number): Promise<LambdaCaller> {
  quietSdk()
  const { InvokeCommand, InvokeWithResponseStreamCommand, LambdaClient } = await import('@aws-sdk/client-lambda')
  const { region, endpoint, profile, functionTimeout = LONGEST, requestTimeout = functionTimeout + 30 } = options
  const kept = socketsFor(options, concurrency)
  const transport = new Transport({ sockets: kept + SPARE_SOCKETS, kept, silence: requestTimeout * 1000 })
  const client = new LambdaClient({
    ...{ region, ...(endpoint ? { endpoint } : {}), ...(profile ? { profile } : {}), maxAttempts: 1 },
    requestHandler: transport as NonNullable<ConstructorParameters<typeof LambdaClient>[0]>['requestHandler'],
    // What a request goes through is worked out once, not a thousand times. Those with options are each prepared anew.
    cacheMiddleware: true,
  })
  const streams = new WeakMap<object, { signal: AbortSignal; body?: IncomingMessage }>()
  // The SDK prepares and signs the request, and reads a refusal; a stream of events it would pass through five iterators.
  client.middlewareStack.add(
    (next) => async (args) => {
      const stream = streams.get(args.input)
      if (!stream) return next(args)
      const request = args.request as SignedRequest
      const { response } = await transport.handle(request, { abortSignal: stream.signal })
      if (response.statusCode !== 200) return next({ ...args, request: { ...request, answer: response } })
      stream.body = response.body
      return { response, output: { $metadata: {} } }
    },
    { step: 'deserialize', priority: 'high', name: 'mayflyStream' },
  )
  return {
    client,
    async send(FunctionName, Payload) {
      await client.send(new InvokeCommand({ FunctionName, Payload, InvocationType: 'Event' }))
    },
    async stream(FunctionName, Payload, signal) {
      const input = { FunctionName, Payload }
      const stream: { signal: AbortSignal; body?: IncomingMessage } = { signal }
      streams.set(input, stream)
      await client.send(new InvokeWithResponseStreamCommand(input))
      return stream.body!
    },
  }
}

function socketsFor({ invocation = 'auto', streams = STREAMS }: AwsLambdaOptions, concurrency: number): number {
  if (invocation === 'stream') return concurrency
  return Math.min(concurrency, invocation === 'event' ? EVENT_SOCKETS : streams + EVENT_SOCKETS)
}

/** Connections that `auto` keeps open at once. */
export const STREAMS = 256

const TRIES = 6
const FIRST_WAIT_MS = 200

/** A request to the control plane, which takes 15 a second from the whole account: sent again when it was too many, or the connection broke. */
export async function patiently<T>(send: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await send()
    } catch (error) {
      if (tries >= TRIES || !(isThrottle(error) || isServerFault(error) || isBroken(error))) throw error
      const wait = FIRST_WAIT_MS * 2 ** (tries - 1) * (0.5 + Math.random())
      await new Promise((resolve) => setTimeout(resolve, wait))
    }
  }
}
