/**
 * Door of the worker on Lambda. The function's process only watches: calls run in a child, exactly as on localhost, so a
 * crash, a timeout or a call out of memory is told from one another and costs no environment. It gets at the storage with the
 * rights of the function's role; nothing secret is in the request.
 */
import type { Writable } from 'node:stream'
import { LocalhostBackend } from '../localhost/index.js'
import { WorkerPool } from '../localhost/pool.js'
import { type DoorContext, lambdaDoor } from './door.js'
import type { Request } from './wire.js'

declare const awslambda: {
  streamifyResponse(run: (event: Request, out: Writable, context: DoorContext) => Promise<void>): unknown
}

/** A frozen environment does not age: its child is kept as long as the platform keeps the environment, ms. */
const KEEP_MS = 6 * 3600_000

const backend = new LocalhostBackend({ workers: 1, cwd: '/tmp', pool: new WorkerPool(KEEP_MS) })
const worker = process.env.AWS_LAMBDA_LOG_STREAM_NAME ?? `pid ${process.pid}`

export const handler = awslambda.streamifyResponse(lambdaDoor(backend, worker, performance.now()))
