/** The items of a batch, from the batch's body or from storage. */
import { isObjectPart } from '../partition/types.js'
import type { Storage } from '../storage/storage.js'
import { decodeValue } from '../values.js'
import type { WireCall, WireData } from './protocol.js'

/** Reads items of calls. Each read gives new values, so that no call sees what another has changed. */
export class BatchInputs {
  readonly #body: Uint8Array
  readonly #offsets = new Map<WireData, number>()

  /** @param from where in the body the first item begins. */
  constructor(calls: readonly WireCall[], body: Uint8Array, from: number) {
    this.#body = body
    let offset = from
    for (const call of calls) {
      for (const data of dataOf(call)) {
        if (data.key !== undefined) continue
        this.#offsets.set(data, offset)
        offset += data.size
      }
    }
  }

  /** The item of a call and its size in bytes. */
  async read(call: WireCall, storage: Storage, bucket: string): Promise<{ item: unknown; bytes: number }> {
    const values = await Promise.all(
      dataOf(call).map(async (data) => {
        const offset = this.#offsets.get(data)
        // A copy, because typed arrays in the input are views of the bytes and must not share memory with other inputs.
        if (offset !== undefined) return decodeValue(this.#body.slice(offset, offset + data.size))
        return decodeValue(await storage.getObject(bucket, data.key!))
      }),
    )
    const bytes = dataOf(call).reduce((sum, { size }) => sum + size, 0)
    const item = call.parts ? values : values[0]
    if (!isObjectPart(item)) return { item, bytes }
    // Loaded only for who needs it: most workers never do.
    const { openPart } = await import('../partition/part.js')
    return { item: openPart(item, storage), bytes }
  }
}

function dataOf(call: WireCall): readonly WireData[] {
  return call.parts ?? [call.data!]
}
