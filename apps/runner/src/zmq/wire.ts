/** Jupyter's multipart messages: identities, delimiter, signature, four JSON parts, buffers. Pure but for the memory of signatures. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { Channel, JupyterMessage } from '../kernel/index.js'

const DELIMITER = Buffer.from('<IDS|MSG>')
/** Signatures that are remembered, so that a message recorded from the wire cannot be sent again. */
const REMEMBERED = 65_536
const EMPTY = Buffer.alloc(0)

/** A message with the routing identities of the client it came from or goes to. */
export interface Routed {
  identities: Buffer[]
  message: JupyterMessage
}

const headerSchema = z.looseObject({
  msg_id: z.string(),
  msg_type: z.string(),
  session: z.string(),
  username: z.string().default(''),
  date: z.string().default(''),
  version: z.string().default(''),
})
const recordSchema = z.record(z.string(), z.unknown())

export class Wire {
  readonly #key: string
  readonly #seen = new Set<string>()

  /** @param key '' for messages without signature. */
  constructor(key: string) {
    this.#key = key
  }

  /** Frames to send. */
  encode({ identities, message }: Routed): Uint8Array[] {
    const { header, parent_header, metadata, content, buffers = [] } = message
    const parts = [header, parent_header, metadata, content].map((part) => Buffer.from(JSON.stringify(part)))
    return [...identities, DELIMITER, this.#sign(parts), ...parts, ...buffers]
  }

  /**
   * The message in the frames that came on a channel, or in words why it is not taken: it is no Jupyter message, its signature
   * is wrong, or it was taken before.
   */
  decode(frames: readonly Buffer[], channel: Channel): Routed | string {
    const split = frames.findIndex((frame) => frame.equals(DELIMITER))
    if (split < 0 || frames.length < split + 6) return 'it has too few parts'
    const [signature, ...rest] = frames.slice(split + 1) as [Buffer, ...Buffer[]]
    const parts = rest.slice(0, 4)
    const refusal = this.#refuse(signature, parts)
    if (refusal) return refusal
    try {
      const [header, parent, metadata, content] = parts.map((part) => JSON.parse(part.toString('utf8')))
      const message: JupyterMessage = {
        channel,
        header: headerSchema.parse(header),
        parent_header: recordSchema.parse(parent),
        metadata: recordSchema.parse(metadata),
        content: recordSchema.parse(content),
        ...(rest.length > 4 ? { buffers: rest.slice(4) } : {}),
      }
      return { identities: frames.slice(0, split), message }
    } catch {
      return 'its parts are not the JSON of a message'
    }
  }

  #sign(parts: readonly Buffer[]): Buffer {
    if (this.#key === '') return EMPTY
    const hmac = createHmac('sha256', this.#key)
    for (const part of parts) hmac.update(part)
    return Buffer.from(hmac.digest('hex'))
  }

  #refuse(signature: Buffer, parts: readonly Buffer[]): string | undefined {
    if (this.#key === '') return undefined
    const right = this.#sign(parts)
    if (signature.length !== right.length || !timingSafeEqual(signature, right)) return 'its signature is wrong'
    const digest = right.toString('latin1')
    if (this.#seen.has(digest)) return 'it came before'
    this.#seen.add(digest)
    if (this.#seen.size > REMEMBERED) this.#seen.delete(this.#seen.values().next().value!)
    return undefined
  }
}
