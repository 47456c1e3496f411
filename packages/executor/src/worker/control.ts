/**
 * The control thread of a worker process. It owns the pipe to the host (file descriptor 3), so metrics, logs and orders flow
 * while the function blocks the main thread; it samples every 250 ms; it hands back calls that wait behind a slow one; and
 * when the host is gone it kills the process group, whatever the main thread is doing.
 */
import { rmSync } from 'node:fs'
import { connect, Socket } from 'node:net'
import { basename, dirname } from 'node:path'
import { type MessagePort, workerData } from 'node:worker_threads'
import { encodeFrame, FrameReader } from '../frames.js'
import { SHARED_FOLDER, SHARED_VARIABLE } from '../shared/address.js'
import {
  CLOSED,
  type ControlMessage,
  type HostMessage,
  type MainMessage,
  RX,
  TX,
  type WorkerMessage,
} from './protocol.js'
import { type Baseline, UseReader } from './sampler.js'

const SAMPLE_MS = 250
/** A call that has run this long gives its batch-mates back. */
const SLOW_MS = 60
/** What is left to do after the host has gone takes no longer, ms. */
const ORPHAN_MS = 200
const MB = 1024 * 1024
/** Memory of Node itself, which does not count against `runtimeMemory`. */
const OVERHEAD = 96 * MB

const { port, counters } = workerData as { port: MessagePort; counters: Float64Array }
const pipe = new Socket({ fd: 3, readable: true, writable: true })
const use = new UseReader()
const reader = new FrameReader()
let outgoing: { message: WorkerMessage; body?: Uint8Array }[] = []
let batch: number[] = []
let cursor = new Int32Array(new SharedArrayBuffer(4))
let begun = 0
/** Calls of the batch that are through or were given back. */
let through = 0
let limit = Number.POSITIVE_INFINITY
const limits = new Map<number, number>()
let current: ({ id: number } & Baseline) | undefined
let sampling: NodeJS.Timeout | undefined
let slow: NodeJS.Timeout | undefined

/** Gathers what comes in one turn of the loop; adjacent prints become one, so that a chatty function costs little. */
function send(message: WorkerMessage, body?: Uint8Array): void {
  const last = outgoing.at(-1)?.message
  if (message.type === 'log' && last?.type === 'log' && last.id === message.id && last.stream === message.stream) {
    last.text += message.text
    return
  }
  outgoing.push(body ? { message, body } : { message })
  if (outgoing.length === 1) setImmediate(flush)
}

function flush(): void {
  const frames = outgoing.map(({ message, body }) => encodeFrame(message, body))
  outgoing = []
  pipe.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames))
}

function die(): void {
  try {
    if (process.platform !== 'win32') process.kill(-process.pid, 'SIGKILL')
  } catch {
    // Not the leader of a group: only this process then.
  }
  process.kill(process.pid, 'SIGKILL')
}

/**
 * The host is gone. A host that was killed could not remove the folder of the state it shared: whoever finds its socket deaf
 * does it.
 */
function orphaned(): void {
  const address = process.env[SHARED_VARIABLE]
  if (!address || process.platform === 'win32') {
    die()
    return
  }
  const folder = dirname(address)
  const probe = connect(address, die)
  probe.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'ECONNREFUSED' && basename(folder).startsWith(SHARED_FOLDER)) {
      rmSync(folder, { recursive: true, force: true })
    }
    die()
  })
  setTimeout(die, ORPHAN_MS)
}

function sample(): void {
  if (current) {
    const taken = use.sample(current, counters[RX]!, counters[TX]!)
    send({ type: taken.rss > limit ? 'oom' : 'sample', id: current.id, sample: taken })
  } else send({ type: 'beat' })
}

function giveBack(): void {
  const claimed = Atomics.exchange(cursor, 0, CLOSED)
  if (claimed >= CLOSED || claimed >= batch.length) return
  const ids = batch.slice(claimed)
  through += ids.length
  send({ type: 'returned', ids })
}

function startBatch(message: HostMessage & { type: 'batch' }, body: Uint8Array): void {
  const { key, runtimeMemory, forget } = message.deployment
  if (forget !== undefined) limits.delete(forget)
  if (!message.known) limits.set(key, runtimeMemory ? runtimeMemory * MB + OVERHEAD : Number.POSITIVE_INFINITY)
  limit = limits.get(key)!
  batch = message.calls.map((call) => call.id)
  begun = through = 0
  cursor = new Int32Array(new SharedArrayBuffer(4))
  sampling ??= setInterval(sample, SAMPLE_MS)
  // The empty body is one shared constant, which must not be given away.
  const transfer = body.byteLength > 0 ? [body.buffer as ArrayBuffer] : []
  port.postMessage({ message, body, cursor } satisfies ControlMessage, transfer)
}

pipe.on('data', (chunk) => {
  for (const { header, body } of reader.push(chunk)) {
    const message = header as HostMessage
    if (message.type === 'batch') startBatch(message, body)
    else port.postMessage({ message } satisfies ControlMessage)
  }
})
pipe.once('end', orphaned)
pipe.once('error', orphaned)
pipe.once('close', orphaned)

port.on('message', (received: MainMessage) => {
  if ('begin' in received) {
    current = received.begin
    begun++
    if (begun < batch.length) slow ??= setTimeout(checkSlow, SLOW_MS, begun)
    return
  }
  const { message, body } = received
  if (message.type === 'end' || message.type === 'fail') {
    // While the function blocked the main thread, children of it were seen from here alone.
    if (current) message.sample.peakRss = Math.max(message.sample.peakRss, use.peakOf(current))
    endOfCall()
  }
  send(message, body)
})

function endOfCall(): void {
  current = undefined
  through++
  if (through < batch.length) return
  clearInterval(sampling)
  clearTimeout(slow)
  sampling = slow = undefined
}

function checkSlow(when: number): void {
  slow = undefined
  if (begun === when && current) giveBack()
  else if (begun < batch.length) slow = setTimeout(checkSlow, SLOW_MS, begun)
}
