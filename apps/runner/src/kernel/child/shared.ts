/** What the two threads of a kernel share: slots of one Int32Array. */
import type { MessagePort } from 'node:worker_threads'
import type { ToChild } from '../protocol.js'

export const SHARED = {
  /** Messages the pipe has taken so far. */
  taken: 0,
  /** Why the running cell is being stopped (`STOPPED_BY`). */
  stoppedBy: 1,
  /** 1 when everything is written and the process may exit. */
  flushed: 2,
  /** 1 while a cell runs. */
  busy: 3,
  /** Heap in MiB when memory stopped a cell. */
  usedMb: 4,
  /** 1 when an answer to `prompt` has arrived. */
  input: 5,
  /** 1 while the synchronous first part of a cell runs. */
  synchronous: 6,
  size: 7,
} as const

export const STOPPED_BY = { nothing: 0, interrupt: 1, memory: 2 } as const

export interface WorkerData {
  port: MessagePort
  shared: Int32Array
  /** Bytes of heap at which a cell is stopped; 0 for never. */
  memoryLimit: number
}

/** What the control thread says to the main thread. Interrupts are numbered, for they are repeated until answered. */
export type ToMain = Exclude<ToChild, { op: 'interrupt' }> | { op: 'interrupt'; attempt: number }
