/**
 * What a function does with a request: its batch goes to a backend, whose events are the lines of the streamed response. Apart
 * from the platform's own entry (`handler.ts`), because the double runs a thousand of them in one process.
 */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { openStorage } from '../../storage-link.js'
import { now } from '../../worker/clock.js'
import type { Backend, Deployment } from '../backend.js'
import { decode, encode, type Line, type Request, type Task } from './wire.js'

const BEAT_MS = 1000
const DEPLOYMENTS_KEPT = 16

/** The handler of one environment, known to the caller as `worker`. */
export function lambdaDoor(backend: Pick<Backend, 'invoke' | 'cancel'>, worker: string) {
  const deployments = new Map<string, Deployment>()
  let cold = true

  /** The same object for the same deployment: the child has been told of it. */
  const known = (text: string): Deployment => {
    const found = deployments.get(text)
    if (found) return found
    const deployment = decode(text) as Deployment
    deployments.set(text, deployment)
    if (deployments.size > DEPLOYMENTS_KEPT) deployments.delete(deployments.keys().next().value!)
    return deployment
  }

  /** Stops what the client has marked: the platform itself cannot stop an invocation. */
  const watch = async ({ cancelPrefix }: Task, { storage, bucket }: Deployment, stop: AbortController) => {
    const marks = await openStorage(storage)
      .listKeys(bucket, cancelPrefix)
      .catch(() => [])
    for (const mark of marks) {
      const which = mark.slice(cancelPrefix.length)
      if (which === 'all') stop.abort()
      else backend.cancel(Number(which))
    }
  }

  return async (event: Request, out: Writable): Promise<void> => {
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
  }
}

async function read(event: Request): Promise<Task> {
  if (!('spilled' in event)) return decode(JSON.stringify(event)) as Task
  const storage = openStorage(event.storage as Deployment['storage'])
  return decode(Buffer.from(await storage.getObject(event.bucket, event.spilled)).toString()) as Task
}
