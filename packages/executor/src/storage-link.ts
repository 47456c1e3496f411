/** How the executor's storage is told to workers: by the same protocol by which a captured storage travels. */
import { Storage, type StorageOptions } from './storage/storage.js'

const PACK = Symbol.for('mayfly.pack')
const UNPACK = Symbol.for('mayfly.unpack')
const travels = Storage as unknown as {
  [PACK](storage: Storage): StorageOptions
  [UNPACK](options: StorageOptions): Storage
}

export function describeStorage(storage: Storage): StorageOptions {
  return travels[PACK](storage)
}

export function openStorage(options: StorageOptions): Storage {
  return travels[UNPACK](options)
}
