import type { Storage } from './storage/storage.js'

/** The last argument of every function an executor runs. */
export interface CallContext {
  /** Position of the item in its map, from 0. */
  readonly index: number
  /** Which try of the call this is, from 1. */
  readonly attempt: number
  /** For example `M001-00012`. */
  readonly callId: string
  /** The executor's storage. */
  readonly storage: Storage
  /** Aborted when the call is cancelled or its time is up; the worker is killed shortly after. */
  readonly signal: AbortSignal
  /** When the attempt's time is up, milliseconds since the epoch; undefined without a timeout. */
  readonly deadline: number | undefined
  /** Writes a line to the call's log, formatted like `console.log`. */
  log(...values: unknown[]): void
  /** Says how far the call is; shown on the timeline. */
  progress(done: number, total?: number, note?: string): void
}
