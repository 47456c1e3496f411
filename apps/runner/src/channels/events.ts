/** What happens on the server, for clients of `/api/events/subscribe`: as Jupyter's own server tells it. */
import type { WebSocket } from 'ws'

/** An event on the socket: the id of its schema, and the fields that the schema has. */
export interface ServerEvent {
  schema_id: string
  [field: string]: unknown
}

/** https://events.jupyter.org/jupyter_server/contents_service/v1, of Jupyter's server. */
export const CONTENTS_SCHEMA = 'https://events.jupyter.org/jupyter_server/contents_service/v1'
export type ContentsAction = 'create' | 'save' | 'rename' | 'copy' | 'delete'

/** Bytes that may wait for a subscriber; a slower one is cut off and may come again. */
const MAX_WAITING = 4 << 20
const CLOSE_SLOW = 4008

type Subscriber = Pick<WebSocket, 'send' | 'close' | 'on' | 'bufferedAmount' | 'readyState'>

export class Events {
  private readonly subscribers = new Set<Subscriber>()

  add(socket: Subscriber): void {
    this.subscribers.add(socket)
    socket.on('close', () => this.subscribers.delete(socket))
  }

  emit(event: ServerEvent): void {
    const text = JSON.stringify(event)
    for (const socket of this.subscribers) {
      if (socket.bufferedAmount > MAX_WAITING) {
        this.subscribers.delete(socket)
        socket.close(CLOSE_SLOW, 'E_CLIENT_SLOW')
      } else socket.send(text)
    }
  }

  /** Something happened to a file or folder; `from` is where it was, or what it was copied from. */
  contents(action: ContentsAction, path: string, from?: string): void {
    this.emit({ schema_id: CONTENTS_SCHEMA, action, path, ...(from === undefined ? {} : { source_path: from }) })
  }
}
