/** Between one kernel, its notebook's document and its clients: who gets which message. */
import type { NotebookSettings } from '@mayfly/executor/host'
import type { JupyterMessage, Kernel } from '../kernel/index.js'
import { Client, Outgoing } from './client.js'

/** What the hub needs of a document; see `documents/file.ts`. */
export interface DocumentPort {
  readonly document: { readonly settings: NotebookSettings; request(message: JupyterMessage): void; answered(): void }
  apply(message: JupyterMessage): JupyterMessage
  /** Makes what was applied lasting; false when that is not possible at the moment. */
  commit(): boolean
  explain(ename: string, evalue: string): JupyterMessage[]
}

/** So long messages wait for a client that went away. */
const PATIENCE_MS = 10 * 60_000
/** Requests whose answers are still to come; more are answered to nobody. */
const MAX_ROUTES = 10_000
/** What browsers say when the user leaves or reloads a page. */
const GOING_AWAY = 1001
const ANONYMOUS = 'anonymous '

export class Hub {
  private readonly clients = new Map<string, Client>()
  /** Request → who asked. */
  private readonly routes = new Map<string, Client>()
  private anonymous = 0
  /** Messages on their way out, with the client they go to; undefined means all. */
  private outbox: { message: JupyterMessage; to: Client | undefined }[] = []

  /** @param documentOf the document of the kernel's notebook, if there is one at the moment */
  constructor(
    private readonly kernel: Pick<Kernel, 'send' | 'configure' | 'onMessage'>,
    private readonly documentOf: () => DocumentPort | undefined,
  ) {
    kernel.onMessage((message) => this.fromKernel(message))
  }

  /** Clients with a socket. */
  get connections(): number {
    return [...this.clients.values()].filter((client) => client.connected).length
  }

  /** The client with this session id, an old one with what waits for it, or a new one. */
  client(sessionId: string): Client {
    this.forget()
    const id = sessionId || `${ANONYMOUS}${++this.anonymous}`
    let client = this.clients.get(id)
    if (!client) this.clients.set(id, (client = new Client(id)))
    return client
  }

  /** A socket closed. Nothing waits for clients that cannot come back: pages that were left, and those without a session id. */
  left(client: Client, code: number): void {
    const gone = code === GOING_AWAY || client.sessionId.startsWith(ANONYMOUS)
    if (gone && !client.connected) this.clients.delete(client.sessionId)
  }

  /** A request of a client. */
  fromClient(client: Client, message: JupyterMessage): void {
    if (message.channel === 'iopub') return
    this.routes.set(message.header.msg_id, client)
    if (this.routes.size > MAX_ROUTES) this.routes.delete(this.routes.keys().next().value!)
    const document = this.documentOf()?.document
    if (message.header.msg_type === 'execute_request' && document) {
      document.request(message)
      // A cell runs with the settings its notebook has when it is asked for, whoever set them.
      this.kernel.configure(document.settings)
    }
    if (message.header.msg_type === 'input_reply') document?.answered()
    if (message.header.msg_type === 'shutdown_request')
      this.explain('KernelStopped', 'The kernel was asked to end while this cell ran.')
    this.kernel.send(message)
  }

  /** A message for all clients that is already stamped. */
  broadcast(message: JupyterMessage): void {
    this.post(message)
  }

  /** Tells everyone, in every running cell, why the kernel goes. */
  explain(ename: string, evalue: string): void {
    for (const message of this.documentOf()?.explain(ename, evalue) ?? []) this.broadcast(message)
  }

  /** Ends all connections. */
  close(code: number, reason: string): void {
    this.release()
    for (const client of this.clients.values()) client.close(code, reason)
    this.clients.clear()
  }

  private fromKernel(raw: JupyterMessage): void {
    const message = this.documentOf()?.apply(raw) ?? raw
    const parent = raw.parent_header.msg_id ?? ''
    const type = raw.header.msg_type
    const asked = this.routes.get(parent)
    // Replies to executions go to everyone: a page that was reloaded must learn that its cell has ended. So do questions: any page
    // may answer them.
    if (raw.channel === 'iopub' || type === 'execute_reply' || type === 'input_request') this.post(message)
    else if (asked) this.post(message, asked)
    if (type.endsWith('_reply')) this.routes.delete(parent)
  }

  // What a turn of the event loop brings leaves together, after it was made lasting: what a client saw is never lost.
  private post(message: JupyterMessage, to?: Client): void {
    if (this.outbox.length === 0) process.nextTick(() => this.release())
    this.outbox.push({ message, to })
  }

  private release(): void {
    const lasting = this.documentOf()?.commit() ?? true
    const outbox = this.outbox
    this.outbox = []
    for (const { message, to } of outbox) {
      const outgoing = new Outgoing(lasting ? message : withMark(message))
      if (to) to.send(outgoing)
      else for (const client of this.clients.values()) client.send(outgoing)
    }
  }

  private forget(): void {
    const limit = Date.now() - PATIENCE_MS
    for (const [id, client] of this.clients) if ((client.goneSince ?? limit) < limit) this.clients.delete(id)
  }
}

// Says of a stamped message that it is in memory only.
function withMark(message: JupyterMessage): JupyterMessage {
  const { mayfly } = message.metadata
  if (!mayfly) return message
  return { ...message, metadata: { ...message.metadata, mayfly: { ...mayfly, unsaved: true } } }
}
