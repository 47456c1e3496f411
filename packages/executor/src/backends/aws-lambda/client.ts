/** The SDK's client as we want it: no retries of its own, and sockets for the concurrency. */
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { LambdaClient } from '@aws-sdk/client-lambda'
import { quietSdk } from '../../storage/aws-s3/quiet.js'
import { type AwsLambdaOptions, LONGEST } from './config.js'
import { isBroken, isServerFault, isThrottle } from './errors.js'

/** What asynchronous invocations need: they are over in milliseconds. */
const EVENT_SOCKETS = 100
/** For what is asked beside invocations. */
const SPARE_SOCKETS = 16

/** @param concurrency invocations at once */
export async function makeClient(options: AwsLambdaOptions, concurrency: number): Promise<LambdaClient> {
  quietSdk()
  const { LambdaClient } = await import('@aws-sdk/client-lambda')
  const { region, endpoint, profile, functionTimeout = LONGEST, requestTimeout = functionTimeout + 30 } = options
  const most = socketsFor(options, concurrency)
  const sockets = { keepAlive: true, maxSockets: most + SPARE_SOCKETS, maxFreeSockets: most }
  return new LambdaClient({
    ...{ region, ...(endpoint ? { endpoint } : {}), ...(profile ? { profile } : {}), maxAttempts: 1 },
    // What asynchronous requests go through is worked out once, not a thousand times; those with options are each prepared anew.
    cacheMiddleware: true,
    requestHandler: {
      ...{ httpAgent: new HttpAgent(sockets), httpsAgent: new HttpsAgent(sockets), connectionTimeout: 30_000 },
      ...{ requestTimeout: requestTimeout * 1000, throwOnRequestTimeout: true },
      // Waiting for a socket is what most of many asynchronous invocations do.
      socketAcquisitionWarningTimeout: 600_000,
    },
  })
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
