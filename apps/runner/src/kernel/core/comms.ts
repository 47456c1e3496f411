/** Comms as messages: requests of clients to frames for the child, frames of the child to iopub, and which are open. */
import type { JupyterMessage } from '../messages.js'
import type { Bundle, CommFrame } from '../protocol.js'

type Content = Record<string, unknown>

export class CommRelay {
  readonly #open = new Map<string, string>()

  /** The child is gone, and its ends of the lines with it. */
  clear(): void {
    this.#open.clear()
  }

  /** Content of a `comm_info_reply`: open comms, of one target when it is named. */
  info(target: unknown): Content {
    const chosen = [...this.#open].filter(([, name]) => typeof target !== 'string' || target === '' || name === target)
    return { status: 'ok', comms: Object.fromEntries(chosen.map(([id, name]) => [id, { target_name: name }])) }
  }

  /** A client's message as a frame; undefined for one that is malformed, or about a line that is not open. */
  fromClient({ header, content, metadata, buffers = [] }: JupyterMessage): CommFrame | undefined {
    const kind = header.msg_type.slice('comm_'.length) as CommFrame['kind']
    const { comm_id: id, target_name: target, data } = content
    if (typeof id !== 'string') return undefined
    if (kind === 'open') this.#open.set(id, String(target ?? ''))
    else if (!this.#open.has(id)) return undefined
    if (kind === 'close') this.#open.delete(id)
    return {
      op: 'comm',
      kind,
      id,
      ...(kind === 'open' ? { target: String(target ?? '') } : {}),
      data: (data ?? {}) as Bundle,
      metadata,
      buffers: buffers.map((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')),
    }
  }

  /** A frame of the child as an iopub message. */
  fromChild({ kind, id, target, data, buffers }: CommFrame): { type: string; content: Content; buffers: Uint8Array[] } {
    if (kind === 'open') this.#open.set(id, target ?? '')
    if (kind === 'close') this.#open.delete(id)
    const content = {
      comm_id: id,
      data,
      ...(kind === 'open' ? { target_name: target ?? '', target_module: null } : {}),
    }
    return { type: `comm_${kind}`, content, buffers: buffers.map((text) => Buffer.from(text, 'base64')) }
  }
}
