/** What goes to a function and comes back: JSON, one document there and one line per event back, with bytes as base64. */
import type { AttemptEvent, Beat, Invocation } from '../backend.js'

/** The event a function is invoked with; or where that event lies, when it is too large for a request. */
export type Request = Task | { spilled: string; storage: unknown; bucket: string }

export interface Task {
  /** The deployment in `encode`'s form: as text, so that a warm worker knows it again without reading it. */
  deployment: string
  batch: Invocation[]
  /** Objects whose keys begin with this name attempts to stop, by id, or `all`. */
  cancelPrefix: string
}

/** Lines of the answer. The first tells the worker's clock. */
export type Line = AttemptEvent | Beat | { type: 'clock'; at: number }

/** JSON with typed arrays of bytes. */
export function encode(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key, item) {
    const raw = this[key]
    return raw instanceof Uint8Array
      ? { base64: Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString('base64') }
      : item
  })
}

export function decode(text: string): unknown {
  return JSON.parse(text, (_, item) =>
    typeof item?.base64 === 'string' && Object.keys(item).length === 1
      ? new Uint8Array(Buffer.from(item.base64, 'base64'))
      : item,
  )
}
