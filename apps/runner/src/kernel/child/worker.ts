/**
 * The kernel's control thread. It holds the pipe to the runner, so that output leaves and interrupts arrive while the main thread
 * is busy with a cell, and a second inspector session on the main thread, the one thing that can stop a loop.
 */
import { Session } from 'node:inspector'
import { Socket } from 'node:net'
import { receiveMessageOnPort, workerData } from 'node:worker_threads'
import { killDescendants } from '../descendants.js'
import { encodeFrame, FrameReader } from '../frames.js'
import type { FromChild, ToChild } from '../protocol.js'
import { GarbageCollector } from './garbage.js'
import { SHARED, STOPPED_BY, type ToControl, type ToMain, type WorkerData } from './shared.js'

const CONTROL_FD = 3
/**
 * An idle main thread answers within this, also on a busy machine; one that does not is in JavaScript and has to be terminated.
 * To terminate an idle one would hit whatever callback comes next.
 */
const GRACE_MS = 50
/** Graces for the end of a cell to be told. */
const SETTLING_ROUNDS = 10
const MEMORY_POLL_MS = 25
const BATCH = 512
/** Bytes a cell adds at least before it is stopped for want of memory: one that begins with much in use may be the one that frees it. */
const HEAP_GROWTH = 4 * 2 ** 20
/** Freed memory goes back to the system late, so that more of it means less. */
const RSS_GROWTH = 64 * 2 ** 20

const { port, shared, guard } = workerData as WorkerData
const socket = new Socket({ fd: CONTROL_FD, readable: true, writable: true })
const session = new Session()
session.connectToMainThread()
const garbage = new GarbageCollector(session)

/** Without the runner the kernel is an orphan, and so are its workers and what it waits for. */
function die(): void {
  killDescendants(process.pid, { all: true })
  // `process.exit` would end this thread only.
  process.kill(process.pid, 'SIGKILL')
}
socket.on('end', die).on('close', die).on('error', die)

let answered = true
let interrupts = 0
/** The least the running cell has been seen with. */
const least = { heap: Number.POSITIVE_INFINITY, rss: Number.POSITIVE_INFINITY }
let interruptTimer: NodeJS.Timeout | undefined
/** Garbage is being collected before the heap is judged. */
let collecting = false
/** What the heap may hold before garbage is collected again. */
let mark = 0

const reader = new FrameReader<ToChild>()
socket.on('data', (chunk) => {
  for (const message of reader.push(chunk)) {
    if (message.op === 'interrupt') stopCell(STOPPED_BY.interrupt)
    else if (message.op === 'input') receiveInput(message)
    else if (message.op === 'usage') tellUsage(message.ask)
    else {
      if (message.op === 'execute') beginWatch()
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
  const surelyRunning = reason !== STOPPED_BY.interrupt || Atomics.load(shared, SHARED.synchronous) === 1
  if (surelyRunning) session.post('Runtime.terminateExecution')
  let rounds = 0
  // Asked again until answered: a termination may hit the very turn that would have answered.
  interruptTimer = setInterval(() => {
    if (answered) {
      clearInterval(interruptTimer)
      return
    }
    // Where the cell's end is being told, only its own code (a disposer, a custom inspection) can take that long.
    const settling = Atomics.load(shared, SHARED.settling) === 1
    if (!settling || ++rounds > SETTLING_ROUNDS) session.post('Runtime.terminateExecution')
    port.postMessage(message)
  }, GRACE_MS)
}

function receiveInput(message: ToMain): void {
  port.postMessage(message)
  Atomics.store(shared, SHARED.input, 1)
  Atomics.notify(shared, SHARED.input)
}

/** Asked of V8 in the middle of whatever the main thread does. */
function heapUsed(then: (bytes: number) => void): void {
  session.post('Runtime.getHeapUsage', (error, answer) => then(error ? 0 : (answer as { usedSize: number }).usedSize))
}

function tellUsage(ask: number): void {
  heapUsed((heap) => {
    const frame: FromChild = { op: 'usage', ask, rss: process.memoryUsage.rss(), heapUsed: heap }
    socket.write(encodeFrame(frame))
  })
}

/** Messages of the main thread, in order; many of one turn travel in one write. */
port.on('message', (first: ToControl) => {
  const batch = [first]
  while (batch.length < BATCH) {
    const more = receiveMessageOnPort(port)
    if (!more) break
    batch.push(more.message)
  }
  const frames: Buffer[] = []
  let exiting = false
  let cost = 0
  for (const message of batch) {
    if (message === 'exit') {
      stopCell(STOPPED_BY.exit)
      continue
    }
    if (message.frame.op === 'interrupted') answered = true
    if (message.frame.op === 'exit') exiting = true
    cost += message.cost
    frames.push(encodeFrame(message.frame))
  }
  // Counted when the pipe has taken them: that is the back-pressure a flood of output feels.
  socket.write(Buffer.concat(frames), () => {
    Atomics.add(shared, SHARED.taken, cost)
    Atomics.notify(shared, SHARED.taken)
    if (exiting) {
      session.disconnect()
      Atomics.store(shared, SHARED.flushed, 1)
      Atomics.notify(shared, SHARED.flushed)
    }
  })
})

setInterval(watchMemory, MEMORY_POLL_MS).unref()

function beginWatch(): void {
  least.heap = least.rss = Number.POSITIVE_INFINITY
  mark = 0
}

/**
 * Stops a cell before memory ends the process: variables survive the one, not the other. What lies outside the heap shows in the
 * resident memory only.
 */
function watchMemory(): void {
  if (Atomics.load(shared, SHARED.busy) === 0) return
  const rss = process.memoryUsage.rss()
  least.rss = Math.min(least.rss, rss)
  if (rss > Math.max(guard.rss, least.rss + RSS_GROWTH)) stopForMemory(STOPPED_BY.rss, rss)
  if (!collecting) heapUsed(judgeHeap)
}

/**
 * A heap over the limit may be full of garbage: where cores are few, collection falls behind a busy cell. So V8 collects, which halts
 * the cell, and only what then lives counts.
 */
function judgeHeap(heap: number): void {
  least.heap = Math.min(least.heap, heap)
  const limit = Math.max(guard.heap, least.heap + HEAP_GROWTH)
  if (collecting || heap <= Math.max(limit, mark)) return
  collecting = true
  // Both in one halt: between two the cell would fill what is left.
  garbage.collect()
  heapUsed((alive) => {
    collecting = false
    // One that lives just below the limit would be halted for every bit of garbage.
    mark = alive + guard.heap / 8
    if (alive > limit) stopForMemory(STOPPED_BY.heap, alive)
  })
}

function stopForMemory(reason: number, bytes: number): void {
  if (Atomics.load(shared, SHARED.busy) === 0) return
  if (Atomics.load(shared, SHARED.stoppedBy) !== STOPPED_BY.nothing) return
  Atomics.store(shared, SHARED.usedMb, Math.round(bytes / 2 ** 20))
  stopCell(reason)
}
