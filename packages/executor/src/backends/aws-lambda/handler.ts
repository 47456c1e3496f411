/**
 * Door of the worker on Lambda. The function's process only watches: calls run in a child, exactly as on localhost, so a
 * crash, a timeout or a call out of memory is told from one another and costs no environment. Its events are the lines of
 * the streamed response. It gets at the storage with the rights of the function's role; nothing secret is in the request.
 */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { openStorage } from '../../storage-link.js'
import { now } from '../../worker/clock.js'
import type { Deployment } from '../backend.js'
import { LocalhostBackend } from '../localhost/index.js'
import { WorkerPool } from '../localhost/pool.js'
import { decode, encode, type Line, type Request, type Task } from './wire.js'

declare const awslambda: {
  streamifyResponse(run: (event: Request, out: Writable) => Promise<void>): unknown
}

/** A frozen environment does not age: its child is kept as long as the platform keeps the environment, ms. */
const KEEP_MS = 6 * 3600_000
const BEAT_MS = 1000
const DEPLOYMENTS_KEPT = 16

const backend = new LocalhostBackend({ workers: 1, cwd: '/tmp', pool: new WorkerPool(KEEP_MS) })
const deployments = new Map<string, Deployment>()
const worker = process.env.AWS_LAMBDA_LOG_STREAM_NAME ?? `pid ${process.pid}`
let cold = true

export const handler = awslambda.streamifyResponse(async (event, out) => {
  const say = (line: Line) => out.write(`${encode(line)}\n`)
  say({ type: 'clock', at: now() })
  const task = await read(event)
  const deployment = known(task.deployment)
  const stop = new AbortController()
  const beat = setInterval(() => {
    say({ type: 'beat', at: now() })
    void watch(task, deployment, stop)
  }, BEAT_MS)
  try {
    for await (const one of backend.invoke(deployment, task.batch, stop.signal)) {
      say(one.type === 'setup' ? { ...one, worker, cold } : one)
      if (one.type === 'setup') cold = false
    }
  } finally {
    clearInterval(beat)
  }
  out.end()
  await once(out, 'finish')
})

async function read(event: Request): Promise<Task> {
  if (!('spilled' in event)) return decode(JSON.stringify(event)) as Task
  const storage = openStorage(event.storage as Deployment['storage'])
  return decode(Buffer.from(await storage.getObject(event.bucket, event.spilled)).toString()) as Task
}

/** The same object for the same deployment: the child has been told of it. */
function known(text: string): Deployment {
  const found = deployments.get(text)
  if (found) return found
  const deployment = decode(text) as Deployment
  deployments.set(text, deployment)
  if (deployments.size > DEPLOYMENTS_KEPT) deployments.delete(deployments.keys().next().value!)
  return deployment
}

/** Stops what the client has marked: the platform itself cannot stop an invocation. */
async function watch({ cancelPrefix }: Task, { storage, bucket }: Deployment, stop: AbortController): Promise<void> {
  const marks = await openStorage(storage)
    .listKeys(bucket, cancelPrefix)
    .catch(() => [])
  for (const mark of marks) {
    const which = mark.slice(cancelPrefix.length)
    if (which === 'all') stop.abort()
    else backend.cancel(Number(which))
  }
}
