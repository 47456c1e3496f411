/**
 * The kernel's control thread. It holds the pipe to the runner, so that output leaves and interrupts arrive while the main thread
 * is busy with a cell, and a second inspector session on the main thread, the one thing that can stop a loop.
 */
import { Session } from 'node:inspector'
import { Socket } from 'node:net'
import { receiveMessageOnPort, workerData } from 'node:worker_threads'
import { encodeFrame, FrameReader } from '../frames.js'
import type { FromChild, ToChild } from '../protocol.js'
import { SHARED, STOPPED_BY, type ToMain, type WorkerData } from './shared.js'

const CONTROL_FD = 3
/**
 * An idle main thread answers within this, also on a busy machine; one that does not is in JavaScript and has to be terminated.
 * To terminate an idle one would hit whatever callback comes next.
 */
const GRACE_MS = 50
const MEMORY_POLL_MS = 25
const BATCH = 512
/** Bytes a cell adds at least before it is stopped for want of memory. */
const GROWTH = 4 * 2 ** 20

const { port, shared, memoryLimit } = workerData as WorkerData
const socket = new Socket({ fd: CONTROL_FD, readable: true, writable: true })
const session = new Session()
session.connectToMainThread()

/** Without the runner the kernel is an orphan; `process.exit` would end this thread only. */
const die = () => process.kill(process.pid, 'SIGKILL')
socket.on('end', die).on('close', die).on('error', die)

let answered = true
let interrupts = 0
let usedAtStart = Number.POSITIVE_INFINITY
let interruptTimer: NodeJS.Timeout | undefined

const reader = new FrameReader<ToChild>()
socket.on('data', (chunk) => {
  for (const message of reader.push(chunk)) {
    if (message.op === 'interrupt') stopCell(STOPPED_BY.interrupt)
    else if (message.op === 'input') receiveInput(message.value)
    else {
      if (message.op === 'execute') usedAtStart = Number.POSITIVE_INFINITY
      port.postMessage(message)
    }
  }
})

function stopCell(reason: number): void {
  answered = false
  clearInterval(interruptTimer)
  Atomics.store(shared, SHARED.stoppedBy, reason)
  const message: ToMain = { op: 'interrupt', attempt: ++interrupts }
  port.postMessage(message)
  // In the synchronous part of a cell, or while the heap grows, there is nothing to wait for.
  const surelyRunning = reason === STOPPED_BY.memory || Atomics.load(shared, SHARED.synchronous) === 1
  if (surelyRunning) session.post('Runtime.terminateExecution')
  // Asked again until answered: a termination may hit the very turn that would have answered.
  interruptTimer = setInterval(() => {
    if (answered) {
      clearInterval(interruptTimer)
      return
    }
    session.post('Runtime.terminateExecution')
    port.postMessage(message)
  }, GRACE_MS)
}

function receiveInput(value: string | null): void {
  port.postMessage({ op: 'input', value })
  Atomics.store(shared, SHARED.input, 1)
  Atomics.notify(shared, SHARED.input)
}

/** Messages of the main thread, in order; many of one turn travel in one write. */
port.on('message', (first: FromChild) => {
  const batch = [first]
  while (batch.length < BATCH) {
    const more = receiveMessageOnPort(port)
    if (!more) break
    batch.push(more.message)
  }
  const frames: Buffer[] = []
  let exiting = false
  for (const message of batch) {
    if (message.op === 'interrupted') answered = true
    if (message.op === 'exit') exiting = true
    frames.push(encodeFrame(message))
  }
  // Counted when the pipe has taken them: that is the back-pressure a flood of output feels.
  socket.write(Buffer.concat(frames), () => {
    Atomics.add(shared, SHARED.taken, batch.length)
    Atomics.notify(shared, SHARED.taken)
    if (exiting) {
      session.disconnect()
      Atomics.store(shared, SHARED.flushed, 1)
      Atomics.notify(shared, SHARED.flushed)
    }
  })
})

if (memoryLimit > 0) setInterval(watchMemory, MEMORY_POLL_MS).unref()

/**
 * Stops a cell before the heap's limit stops the process: variables survive the one, not the other. V8 lets the heap grow to at most
 * halfway between what lives and the limit, so a heap at 80 % of it holds at least 60 % that no collection would free.
 */
function watchMemory(): void {
  if (Atomics.load(shared, SHARED.busy) === 0) return
  session.post('Runtime.getHeapUsage', (error, answer) => {
    const used = error ? 0 : (answer as { usedSize: number }).usedSize
    usedAtStart = Math.min(usedAtStart, used)
    // A cell that began with a full heap may be the one that empties it.
    if (used < Math.max(memoryLimit, usedAtStart + GROWTH) || Atomics.load(shared, SHARED.busy) === 0) return
    if (Atomics.load(shared, SHARED.stoppedBy) !== STOPPED_BY.nothing) return
    Atomics.store(shared, SHARED.usedMb, Math.round(used / 2 ** 20))
    stopCell(STOPPED_BY.memory)
  })
}
