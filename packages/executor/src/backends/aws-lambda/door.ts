/**
 * What a function does with a request: its batch goes to a backend, whose events are the answer: lines of the streamed response,
 * or, where nobody listens, an object at the end and another that is renewed meanwhile. Apart from the platform's own entry
 * (`handler.ts`), because the double runs a thousand of them in one process.
 */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { RequestTally } from '../../cost/requests.js'
import type { Storage } from '../../storage/storage.js'
import { OpenStorages } from '../../storage-link.js'
import { now } from '../../worker/clock.js'
import type { AttemptEvent, Backend, Beat, Deployment } from '../backend.js'
import { type Answer, StoredAnswer, StreamedAnswer } from './answer.js'
import { decode, type Request, revive, type Task } from './wire.js'

const BEAT_MS = 1000
/** After so many beats a long call looks less often whether somebody still waits for it: each look is a request. */
const SHORT = 30
const LONG_EVERY = 3
const DEPLOYMENTS_KEPT = 16
/** What is left of the function's time when the batch is ended, ms. */
const END_MS = 5000

/** The part of Lambda's context that is used; without it a function has all the time there is. */
export interface DoorContext {
  getRemainingTimeInMillis?(): number
}

/**
 * The handler of one environment, known to the caller as `worker`.
 *
 * @param init how long the environment took to start, ms: it is billed with the first call
 * @param storages shared by the doors of one process
 */
export function lambdaDoor(
  backend: Pick<Backend, 'invoke' | 'cancel'>,
  worker: string,
  init = 0,
  storages = new OpenStorages(),
) {
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

  const read = async (event: Request): Promise<Task> => {
    if (!('spilled' in event)) return revive(event) as Task
    const storage = storages.open(event.storage)
    return decode(Buffer.from(await storage.getObject(event.bucket, event.spilled)).toString()) as Task
  }

  return async (event: Request, out: Writable, context?: DoorContext): Promise<void> => {
    let since = now() - (cold ? init : 0)
    const tally = new RequestTally()
    const task = await read(event)
    if ('spilled' in event) tally.add('get')
    const deployment = known(task.deployment)
    const storage = storages.open(deployment.storage)
    const answer: Answer =
      task.answer === undefined
        ? new StreamedAnswer(out)
        : new StoredAnswer(storage, deployment.bucket, task.answer, tally)
    const waited = looksFor(storage, deployment.bucket, task.open, tally)
    const stopped = task.answer === undefined ? [] : await waited()
    if (!stopped) return end(out)
    const batch = task.batch.filter(({ id }) => !stopped.includes(id))
    // The batch itself is still waited for, if only to be over.
    for (const { id } of task.batch) if (stopped.includes(id)) answer.say({ type: 'returned', id, at: now() })
    const stop = new AbortController()
    let late = false
    const remaining = context?.getRemainingTimeInMillis?.()
    const deadline =
      remaining === undefined
        ? undefined
        : setTimeout(
            () => {
              late = true
              stop.abort()
            },
            Math.max(0, remaining - END_MS),
          )
    let beats = 0
    const beat = setInterval(() => {
      answer.beat()
      if (++beats > SHORT && beats % LONG_EVERY > 0) return
      void waited().then((unwanted) => {
        if (unwanted === undefined) return stop.abort()
        for (const id of unwanted) backend.cancel(id)
        answer.renew()
      })
    }, BEAT_MS)
    let requests = 1
    try {
      for await (const one of batch.length > 0 ? backend.invoke(deployment, batch, stop.signal) : []) {
        let told: AttemptEvent | Beat = one
        if (one.type === 'setup') {
          told = { ...one, worker, cold }
          // Code, captured data and its blobs.
          if (cold) tally.add('get', 2 + deployment.code.blobKeys.length)
          cold = false
        } else if (one.type === 'done' || one.type === 'failed') {
          const ended = late && one.type === 'failed' && one.kind === 'cancelled' ? outOfTime(one) : one
          if (one.type === 'done' && 'key' in one.result) tally.add('put')
          told = { ...ended, billed: { ms: now() - since, requests, storage: tally.take() } }
          since = now()
          requests = 0
        }
        answer.say(told)
      }
    } finally {
      clearInterval(beat)
      clearTimeout(deadline)
    }
    await answer.end(async () => (await waited()) !== undefined)
    await end(out)
  }
}

async function end(out: Writable): Promise<void> {
  out.end()
  if (!out.writableFinished) await once(out, 'finish')
}

/**
 * Looks for ids of attempts nobody waits for; undefined when nobody waits for any. While the storage does not answer, all go on.
 * S3 denies what is not there to who may not list: once the object was read, that means that it is gone.
 */
function looksFor(
  storage: Storage,
  bucket: string,
  key: string,
  tally: RequestTally,
): () => Promise<number[] | undefined> {
  let seen = false
  return async () => {
    tally.add('get')
    try {
      const text = Buffer.from(await storage.getObject(bucket, key)).toString()
      seen = true
      return text === '' ? [] : text.split(',').map(Number)
    } catch (error) {
      const { code, where } = error as { code?: string; where?: { s3?: string } }
      return code === 'E_STORAGE_NOT_FOUND' || (seen && where?.s3 === 'AccessDenied') ? undefined : []
    }
  }
}

/** The function's own end has come, not the user's wish. */
function outOfTime(event: AttemptEvent & { type: 'failed' }): AttemptEvent & { type: 'failed' } {
  const message = event.error.message.replace('was cancelled', 'did not end before the time of its function was over')
  const hint = 'A function runs 900 s at most: give each call less to do, or raise aws_lambda.functionTimeout.'
  return { ...event, kind: 'timeout', error: { name: 'TimeoutError', code: 'E_CALL_TIMEOUT', message, hint } }
}
