/**
 * The worker of `aws_lambda` for virtual environments (`lambda/virtual.ts`): the product's own door, and behind it, instead of a
 * child process, the calls themselves in this process. They are real, but not apart: CPU and memory are told of the process as a
 * whole, and a function must not block, nor print. The module's address may say how often samples come: `?sampleMs=250`; 0 is never.
 */

import { lambdaDoor } from '../backends/aws-lambda/door.js'
import type { Request } from '../backends/aws-lambda/wire.js'
import type { AttemptEvent, Backend, Beat, DataRef, Deployment, Invocation } from '../backends/backend.js'
import { Channel } from '../channel.js'
import type { Loader } from '../closure/load.js'
import type { Storage } from '../storage/storage.js'
import { OpenStorages } from '../storage-link.js'
import { decodeValue, encodeValue } from '../values.js'
import { now } from '../worker/clock.js'
import { loadCode } from '../worker/code.js'
import { makeContext } from '../worker/context.js'
import { describeThrown } from '../worker/thrown.js'
import type { MakeHandler } from './lambda/virtual.js'

const SAMPLE_MS = Number(new URL(import.meta.url).searchParams.get('sampleMs') ?? 250)
const USE_MS = 250

export const makeHandler: MakeHandler = (_spec, logStream) => {
  const door = lambdaDoor(backend, logStream, 0, storages)
  return (event, out, context) => door(event as Request, out, context)
}

const storages = new OpenStorages()
const loaders = new Map<string, Promise<Loader>>()
const aborts = new Map<number, AbortController>()

const backend: Pick<Backend, 'invoke' | 'cancel'> = {
  async *invoke(deployment, batch, signal) {
    const { storage, bucket, code } = deployment
    const opened = storages.open(storage)
    const loading = loaders.get(code.hash) ?? loadCode(code, opened, bucket)
    loaders.set(code.hash, loading)
    for (const invocation of batch) yield* attempt(invocation, deployment, loading, opened, signal)
  },
  cancel: (id) => aborts.get(id)?.abort(),
}

async function* attempt(
  invocation: Invocation,
  { extraArgs, bucket }: Deployment,
  loading: Promise<Loader>,
  storage: Storage,
  signal: AbortSignal,
): AsyncGenerator<AttemptEvent | Beat> {
  const { id, input } = invocation
  if (signal.aborted) return yield { type: 'returned', id, at: now() }
  yield { type: 'setup', id, at: now(), worker: '', cold: false }
  const loaded = now()
  const own = new AbortController()
  aborts.set(id, own)
  const events = new Channel<AttemptEvent>()
  const sampling = SAMPLE_MS > 0 ? setInterval(() => events.push(sample(id)), SAMPLE_MS) : undefined
  const run = async () => {
    const fn = (await loading).instantiate()
    const read = async (data: DataRef) =>
      decodeValue('bytes' in data ? data.bytes.slice() : await storage.getObject(bucket, data.key))
    const item = 'parts' in input ? await Promise.all(input.parts.map(read)) : await read(input)
    const extra = extraArgs.byteLength > 0 ? (decodeValue(extraArgs.slice()) as unknown[]) : []
    const context = makeContext({
      ...{ call: invocation, storage, signal: AbortSignal.any([signal, own.signal]), deadline: undefined },
      log: (text) => events.push({ type: 'log', id, at: now(), stream: 'stdout', text }),
      progress: (report) => events.push({ type: 'progress', id, at: now(), ...report }),
      metric: (report) => events.push({ type: 'metric', id, at: now(), ...report }),
    })
    events.push({ type: 'fetched', id, at: now(), loaded, bytes: 'bytes' in input ? input.bytes.byteLength : 0 })
    events.push({ type: 'started', id, at: now() })
    const value = await (fn as (...args: unknown[]) => unknown)(item, ...extra, context)
    const ended = now()
    const bytes = encodeValue(value, `The result of call ${invocation.callId}`)
    const at = now()
    events.push({ type: 'stored', id, at, ended, bytes: bytes.byteLength })
    events.push({ type: 'done', id, at, ended, metrics: use(), result: { bytes } })
  }
  const end = run().catch((thrown: unknown) => {
    const at = now()
    const kind = own.signal.aborted || signal.aborted ? ('cancelled' as const) : ('error' as const)
    events.push({ type: 'failed', id, at, ended: at, kind, error: describeThrown(thrown) })
  })
  void end.then(() => events.end())
  try {
    yield* events
  } finally {
    clearInterval(sampling)
    aborts.delete(id)
  }
}

function sample(id: number): AttemptEvent {
  return { type: 'sample', id, at: now(), rss: looked.rss, ...use() }
}

/** What this process uses; looked at no more often than anybody could want to know. */
let looked = { at: 0, rss: 0, cpuMs: 0 }

function use() {
  if (now() - looked.at > USE_MS) {
    const { user, system } = process.cpuUsage()
    looked = { at: now(), rss: process.memoryUsage.rss(), cpuMs: (user + system) / 1000 }
  }
  return { cpuMs: looked.cpuMs, peakRss: looked.rss, rx: 0, tx: 0 }
}
