/**
 * Results kept by key: what has been computed once, by whatever executor with this storage, is not computed again. The key of
 * a result covers the function, its captured values, the extra arguments and the user's own key, so a changed function never
 * meets results of the old one.
 */
import { createHash } from 'node:crypto'
import type { DataRef } from './backends/backend.js'
import type { CallRecord } from './call-record.js'
import type { JobRecord } from './job-record.js'
import type { Storage } from './storage/storage.js'

/** Results up to this size are read at once, larger ones when they are wanted. */
const READ_BYTES = 64 * 1024
/** Keys looked up at a time. */
const AT_ONCE = 32

export class ResultCache {
  readonly #storage: Storage
  readonly #key: (index: number) => string

  constructor(storage: Storage, key: string | ((item: never) => string), items: readonly unknown[]) {
    this.#storage = storage
    this.#key = typeof key === 'function' ? (index) => String(key(items[index] as never)) : (index) => `${key}/${index}`
  }

  /** Reports the calls whose results are known, and keeps those of the others as they come. */
  async attach(
    job: JobRecord,
    code: string,
    extraArgs: Uint8Array,
    known: (call: CallRecord, result: DataRef) => void,
  ): Promise<void> {
    const base = createHash('sha256').update(code).update(extraArgs).digest('hex')
    const calls = [...job.calls]
    let next = 0
    const look = async () => {
      for (let at = next++; at < calls.length; at = next++) {
        const call = calls[at]!
        const hash = createHash('sha256')
          .update(`${base}\0${this.#key(call.index)}`)
          .digest('hex')
        const key = `cache/${hash.slice(0, 2)}/${hash}`
        const found = await this.#find(key)
        if (found) known(call, found)
        else call.onOver(() => this.#keep(call, key))
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, look))
  }

  async #find(key: string): Promise<DataRef | undefined> {
    const { bucket } = this.#storage
    try {
      const { size } = await this.#storage.headObject(bucket, key)
      return size > READ_BYTES ? { key, size } : { bytes: await this.#storage.getObject(bucket, key) }
    } catch {
      return undefined
    }
  }

  #keep(call: CallRecord, key: string): void {
    if (call.error) return
    const release = call.retain()
    const keep = async () => {
      const bytes = await call.job.read(await call.data())
      await this.#storage.putObject(this.#storage.bucket, key, bytes, { ifNoneMatch: '*' })
    }
    call.job.background.add(keep().finally(release))
  }
}
