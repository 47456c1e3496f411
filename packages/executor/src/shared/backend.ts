/**
 * What shared state asks of the place that holds it. All waiting is by `signal`: an abort ends the wait, and what had already
 * been given is still answered, so that nothing taken is lost on the way. Values are bytes; their meaning is the handles'.
 */

export interface Grant {
  /** Names this holding of the lock or semaphore. */
  holder: string
  /** Rises with every grant: whoever keeps the highest it has seen can refuse a holder that was declared dead. */
  fence: number
}

export interface SharedBackend {
  /** Adds or sets, and answers the value. */
  counter(name: string, change: { add?: number; set?: number }): Promise<number>
  /** `version` 0 is a key without a value. */
  mapGet(name: string, at: { key: string }): Promise<{ value?: Uint8Array; version: number }>
  /** Sets, or deletes without `value`; with `version` only if the key still has it. Answers whether something was done. */
  mapSet(name: string, change: { key: string; value?: Uint8Array; version?: number }): Promise<boolean>
  /** In the order in which the keys came. */
  mapEntries(name: string, of: Record<string, never>): Promise<[string, Uint8Array][]>
  mapClear(name: string, of: Record<string, never>): Promise<void>
  /** Waits while the queue holds `maxSize` values. */
  queuePut(name: string, item: { value: Uint8Array; maxSize?: number }, signal?: AbortSignal): Promise<void>
  queueGet(name: string, of: Record<string, never>, signal?: AbortSignal): Promise<Uint8Array>
  queueSize(name: string, of: Record<string, never>): Promise<number>
  /** In the order of asking. What a dead holder has is free again. */
  acquire(name: string, of: { permits: number }, signal?: AbortSignal): Promise<Grant>
  /** False when the holding had ended before. */
  release(name: string, of: { holder: string }): Promise<boolean>
  /** Sets or clears, and answers whether it is set. */
  event(name: string, change: { set?: boolean }): Promise<boolean>
  eventWait(name: string, of: Record<string, never>, signal?: AbortSignal): Promise<void>
  /** Answers the position of arrival, from 0, once `parties` have come. Who stops waiting has not come. */
  barrier(name: string, of: { parties: number }, signal?: AbortSignal): Promise<number>
  close(): Promise<void>
}

export type SharedOp = Exclude<keyof SharedBackend, 'close'>

/** Every operation, for what passes them on. */
export const OPS = [
  ...[
    'counter',
    'mapGet',
    'mapSet',
    'mapEntries',
    'mapClear',
    'queuePut',
    'queueGet',
    'queueSize',
    'acquire',
    'release',
  ],
  ...['event', 'eventWait', 'barrier'],
] as SharedOp[]

/** How a wait that was given up ends, between a backend and the handle that gave the signal. */
export class WaitEnded extends Error {}
