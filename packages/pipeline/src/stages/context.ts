/** What a stage function is given, and the small helpers every stage needs. Runs inside workers: keep imports few. */
import type { CloudObject } from '@mayfly/executor'
import { type ColumnReader, type Columns, decodeColumns, encodeColumns, openColumns } from '../columns.js'

/** The part of the executor's storage that stages use. */
export interface StageStorage {
  putCloudObject(body: Uint8Array, where?: { key?: string }): Promise<CloudObject>
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
