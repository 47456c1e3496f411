/** What a stage function is given, and the small helpers every stage needs. Runs inside workers: keep imports few. */
import type { CloudObject } from '@mayfly/executor'
import { type ColumnReader, type Columns, decodeColumns, encodeColumns, openColumns } from '../columns.js'

/** The part of the executor's storage that stages use. */
export interface StageStorage {
  putCloudObject(body: Uint8Array, where?: { bucket?: string; key?: string }): Promise<CloudObject>
  getCloudObject(object: CloudObject, options?: { range?: { start: number; end?: number } }): Promise<Uint8Array>
}

/** The part of the executor's call context that stages use. */
export interface StageContext {
  readonly storage: StageStorage
}

/** Writes a table under a key fixed by the caller, so that a second attempt overwrites the first. */
export function putTable(ctx: StageContext, key: string, columns: Columns): Promise<CloudObject> {
  return ctx.storage.putCloudObject(encodeColumns(columns), { key })
}

/** Reads a whole table. */
export async function getTable<T extends Columns>(ctx: StageContext, object: CloudObject): Promise<T> {
  return decodeColumns<T>(await ctx.storage.getCloudObject(object))
}

/** Opens a table for reading single columns or rows. */
export function openTable(storage: StageStorage, object: CloudObject): Promise<ColumnReader> {
  return openColumns((start, end) => readRange(storage, object, start, end))
}

/** Bytes `[start, end)` of an object. */
export async function readRange(
  storage: StageStorage,
  object: CloudObject,
  start: number,
  end: number,
): Promise<Uint8Array> {
  if (end <= start) return new Uint8Array(0)
  return storage.getCloudObject(object, { range: { start, end: end - 1 } })
}

/** Contexts for functions that run inside one call: both read from the memory of the call and from storage. */
export interface CallMemory {
  /** Writes into the memory, for what no other call reads. */
  inner: StageContext
  /** Writes into storage. */
  outer: StageContext
  /** Gives the memory of an object back. */
  forget(object: CloudObject): void
}

/** A memory for the objects that functions of one call hand to each other. */
export function withMemory({ storage }: StageContext): CallMemory {
  const held = new Map<string, Uint8Array>()
  const getCloudObject: StageStorage['getCloudObject'] = async (object, options) => {
    const bytes = object.backend === HELD ? held.get(object.key) : undefined
    if (!bytes) return storage.getCloudObject(object, options)
    const { start = 0, end = bytes.length - 1 } = options?.range ?? {}
    return bytes.subarray(start, end + 1)
  }
  const hold: StageStorage['putCloudObject'] = async (body, { key = String(held.size) } = {}) => {
    held.set(key, body)
    return { type: 'CloudObject', backend: HELD, bucket: '', key, size: body.length }
  }
  return {
    inner: { storage: { getCloudObject, putCloudObject: hold } },
    outer: { storage: { getCloudObject, putCloudObject: (body, where) => storage.putCloudObject(body, where) } },
    forget: ({ key }) => held.delete(key),
  }
}

/** In the place of a backend's name: the memory of a call. */
const HELD = 'call'
