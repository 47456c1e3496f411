/** Jupyter's message envelope, as it travels between the core and whatever transport carries it. */
import { randomUUID } from 'node:crypto'

export type Channel = 'shell' | 'control' | 'stdin' | 'iopub'

export interface Header {
  msg_id: string
  msg_type: string
  session: string
  username: string
  date: string
  version: string
}

/** One message. `parent_header` is the header of the request it answers, or empty. */
export interface JupyterMessage {
  channel: Channel
  header: Header
  parent_header: Partial<Header>
  metadata: Record<string, unknown>
  content: Record<string, unknown>
  buffers?: Uint8Array[]
}

/** The protocol version this kernel speaks. */
export const PROTOCOL_VERSION = '5.4'

let counter = 0
const prefix = randomUUID().slice(0, 18)

/** A fresh header; ids are a random prefix per process and a counter, which is unique and costs nothing. */
export function makeHeader(msgType: string, session: string): Header {
  return {
    msg_id: `${prefix}-${(++counter).toString(36)}`,
    msg_type: msgType,
    session,
    username: 'kernel',
    date: new Date().toISOString(),
    version: PROTOCOL_VERSION,
  }
}
