/** Messages between the host, a worker's control thread and its main thread. Types only. */
import type { ErrorValue } from '../errors.js'
import type { AttemptMetrics } from '../events.js'
import type { StorageOptions } from '../storage/storage.js'

/** Host → worker. A `batch` is followed on the wire by the inline inputs, one after the other, as the frame's body. */
export type HostMessage =
  | { type: 'batch'; deployment: WireDeployment; known: boolean; calls: WireCall[] }
  /** The attempt's time is up or nobody wants it: `ctx.signal` is aborted; the host kills the worker soon after. */
  | { type: 'abort'; id: number; reason: 'timeout' | 'cancelled' }

export interface WireDeployment {
  /** Number of the deployment within this worker; the rest is sent the first time only. */
  key: number
  /** A deployment that is not coming again. */
  forget?: number | undefined
  hash?: string
  codeKey?: string
  dataKey?: string
  blobKeys?: string[]
  storage?: StorageOptions
  bucket?: string
  resultPrefix?: string
  env?: Record<string, string>
  timeout?: number
  runtimeMemory?: number
  /** Bytes of the serialized extra arguments at the start of the body. */
  extraArgs?: number
}

export interface WireCall {
  id: number
  index: number
  attempt: number
  callId: string
  /** The item; or the elements of an item that is an array. */
  data?: WireData
  parts?: WireData[]
}

/** Serialized data: `size` bytes, next in the body unless `key` names the object that has them. */
export interface WireData {
  size: number
  key?: string
}

export interface WireSample extends AttemptMetrics {
  at: number
  rss: number
}

/** Worker → host. Times are milliseconds since the epoch on the worker's clock. */
export type WorkerMessage =
  | { type: 'hello'; at: number; pid: number; heapLimit: number }
  | { type: 'begin'; id: number; setup: number; loaded: number; fetched: number; bytes: number; sample: WireSample }
  | { type: 'sample'; id: number; sample: WireSample }
  | { type: 'log'; id: number; at: number; stream: 'stdout' | 'stderr'; text: string }
  | { type: 'progress'; id: number; at: number; done: number; total?: number; note?: string }
  | { type: 'metric'; id: number; at: number; name: string; value: number; unit?: string }
  /** The body holds the result unless `key` says where it is. */
  | {
      type: 'end'
      id: number
      ended: number
      stored: number
      at: number
      sample: WireSample
      key?: string
      size: number
    }
  | { type: 'fail'; id: number; ended: number; at: number; sample: WireSample; error: ErrorValue; fatal?: true }
  /** These calls of the batch will not be begun here. */
  | { type: 'returned'; ids: number[] }
  /** The control thread saw the resident set above the limit and asks to be killed. */
  | { type: 'oom'; id: number; sample: WireSample }
  /** Sign of life while no call is running yet, for example while a large module loads. */
  | { type: 'beat' }

/** Control thread → main thread: the host's message, and for a batch its cursor. */
export type ControlMessage =
  | { message: HostMessage & { type: 'batch' }; body: Uint8Array; cursor: Int32Array }
  | { message: HostMessage & { type: 'abort' } }

/** Main thread → control thread: messages for the host, and what starts and ends a sampling period. */
export type MainMessage =
  | { message: WorkerMessage; body?: Uint8Array }
  | { begin: { id: number; since: number; cpuUs: number; rx: number; tx: number } }

/** Slots of the shared counters (Float64Array): bytes received and sent by sockets, kept current by the main thread. */
export const RX = 0
export const TX = 1
export const COUNTERS = 2

/**
 * `cursor[0]` of a batch is its next call to begin; the control thread closes the batch by setting it to CLOSED. Each batch
 * has a cursor of its own, because the next batch may arrive while the main thread is still looking for more of the last.
 */
export const CLOSED = 1 << 30
