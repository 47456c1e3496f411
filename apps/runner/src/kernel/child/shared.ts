/** What the two threads of a kernel share: slots of one Int32Array. */
import type { MessagePort } from 'node:worker_threads'
import type { FromChild, ToChild } from '../protocol.js'

export const SHARED = {
  /** Cost of the messages the pipe has taken so far. */
  taken: 0,
  /** Why the running cell is being stopped (`STOPPED_BY`). */
  stoppedBy: 1,
  /** 1 when everything is written and the process may exit. */
  flushed: 2,
  /** 1 while a cell runs. */
  busy: 3,
  /** MiB in use when memory stopped a cell. */
  usedMb: 4,
  /** 1 when an answer to `prompt` has arrived. */
  input: 5,
  /** 1 while the synchronous first part of a cell runs. */
  synchronous: 6,
  /** What `process.exit` was called with when it stopped a cell. */
  exitCode: 7,
  /** 1 while the end of a cell is being told: code of ours, which a termination must not hit. */
  settling: 8,
  size: 9,
} as const

export const STOPPED_BY = { nothing: 0, interrupt: 1, heap: 2, rss: 3, exit: 4 } as const

/** Bytes at which a cell is stopped. */
export interface MemoryGuard {
  heap: number
  rss: number
}

export interface WorkerData {
  port: MessagePort
  shared: Int32Array
  guard: MemoryGuard
}

/** What the control thread says to the main thread. Interrupts are numbered, for they are repeated until answered. */
export type ToMain = Exclude<ToChild, { op: 'interrupt' | 'usage' }> | { op: 'interrupt'; attempt: number }

/** What the main thread says to the control thread: frames for the runner with what they weigh, or that `process.exit` was called. */
export type ToControl = { frame: FromChild; cost: number } | 'exit'
