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

/** Storages that were opened by their descriptions, each once: a client has connections that the next job should find. */
export class OpenStorages {
  readonly #open = new Map<string, Storage>()

  open(options: StorageOptions): Storage {
    const key = JSON.stringify(options)
    let storage = this.#open.get(key)
    if (!storage) {
      storage = travels[UNPACK](options)
      this.#open.set(key, storage)
    }
    return storage
  }

  async close(): Promise<void> {
    const all = [...this.#open.values()]
    this.#open.clear()
    await Promise.allSettled(all.map((storage) => storage.close()))
  }
}
