/** A kernel for real Jupyter clients: the notebook's kernel behind five ZeroMQ sockets instead of the runner's WebSocket. */
import type { Header, JupyterMessage, Kernel } from '../kernel/index.js'
import { makeHeader } from '../kernel/index.js'
import type { Connection } from './connection.js'
import { KernelSockets, type RequestChannel } from './sockets.js'
import { RunStrips } from './strips.js'
import { Wire } from './wire.js'

/** Requests whose sender is remembered: more than a client ever leaves open. */
const SENDERS = 10_000

/** Why a served kernel ended: a client asked for it, the process did (`stop`), or the kernel died and the client has to start another. */
export type End = 'shutdown' | 'stopped' | 'died'

export class JupyterKernel {
  readonly #kernel: Kernel
  readonly #wire: Wire
  readonly #strips: RunStrips
  readonly #complain: (text: string) => void
  /** Routing identities by the id of the request. */
  readonly #senders = new Map<string, Buffer[]>()
  #sockets!: KernelSockets
  #ended = false
  #end!: (end: End) => void
  /** Settles once, when everything that was said has left. */
  readonly ended: Promise<End> = new Promise((resolve) => {
    this.#end = resolve
  })

  /**
   * @param home `MAYFLY_HOME`, where the logs of the executor's runs are.
   * @param complain is told of messages that are dropped.
   */
  constructor(kernel: Kernel, connection: Connection, home: string, complain: (text: string) => void) {
    this.#strips = new RunStrips(home, (message) => this.#publish(message))
    this.#kernel = kernel
    this.#wire = new Wire(connection.key)
    this.#complain = complain
  }

  /** Starts the kernel and binds the sockets at the same time; requests that come early wait. Throws what either of them throws. */
  async start(connection: Connection): Promise<void> {
    const started = this.#kernel.start()
    // Whichever fails first is told; the other must not be an unhandled rejection.
    started.catch(() => {})
    this.#sockets = await KernelSockets.bind(connection, {
      onRequest: (channel, frames) => this.#receive(channel, frames),
    })
    this.#kernel.onMessage((message) => this.#send(message))
    await started.catch((error) => {
      // Shut down before it was ready: that is an end like any other.
      if (!this.#ended) throw error
    })
  }

  interrupt(): void {
    void this.#kernel.interrupt()
  }

  /** Ends the kernel without being asked by a client. */
  stop(): Promise<End> {
    void this.#finish('stopped')
    return this.ended
  }

  #receive(channel: RequestChannel, frames: Buffer[]): void {
    const routed = this.#wire.decode(frames, channel)
    if (typeof routed === 'string') {
      this.#complain(`A message on ${channel} was dropped: ${routed}.`)
      return
    }
    const { identities, message } = routed
    if (message.header.msg_type === 'shutdown_request') {
      this.#shutdown(message, identities)
      return
    }
    if (channel !== 'stdin') this.#remember(message.header.msg_id, identities)
    this.#kernel.send(message)
  }

  /** Who restarts a Jupyter kernel starts another process: this one ends either way. */
  #shutdown(request: JupyterMessage, identities: Buffer[]): void {
    const content = { status: 'ok', restart: request.content.restart === true }
    this.#say('iopub', 'status', request.header, { execution_state: 'busy' })
    this.#say(request.channel, 'shutdown_reply', request.header, content, identities)
    this.#say('iopub', 'shutdown_reply', request.header, content)
    this.#say('iopub', 'status', request.header, { execution_state: 'idle' })
    void this.#finish('shutdown')
  }

  #send(message: JupyterMessage): void {
    if (this.#ended) return
    const { channel, header, parent_header: parent, content } = message
    if (channel === 'iopub') {
      this.#publish(this.#strips.dress(message))
      const state = parent.msg_id === undefined && header.msg_type === 'status' ? content.execution_state : undefined
      // The client's restarter starts a process with sockets of its own; a second life here would be taken for the first.
      if (state === 'restarting' || state === 'dead') void this.#finish('died')
      return
    }
    const identities = this.#senders.get(parent.msg_id ?? '')
    if (!identities) return
    this.#sockets.reply(channel, this.#wire.encode({ identities, message }))
    if (channel !== 'stdin') this.#senders.delete(parent.msg_id!)
  }

  #say(
    channel: JupyterMessage['channel'],
    type: string,
    parent: Header,
    content: Record<string, unknown>,
    identities: Buffer[] = [],
  ): void {
    const header = makeHeader(type, this.#kernel.id)
    const message: JupyterMessage = { channel, header, parent_header: parent, metadata: {}, content }
    if (channel === 'iopub') this.#publish(message)
    else this.#sockets.reply(channel, this.#wire.encode({ identities, message }))
  }

  /** The first frame is the topic that subscribers may choose by. */
  #publish(message: JupyterMessage): void {
    const topic = Buffer.from(`kernel.${this.#kernel.id}.${message.header.msg_type}`)
    this.#sockets.publish(this.#wire.encode({ identities: [topic], message }))
  }

  #remember(id: string, identities: Buffer[]): void {
    this.#senders.set(id, identities)
    if (this.#senders.size > SENDERS) this.#senders.delete(this.#senders.keys().next().value!)
  }

  async #finish(end: End): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    // The news of a death comes from within it, while the next process is being started: that one must end too.
    await Promise.resolve()
    this.#strips.close()
    await this.#kernel.shutdown()
    await this.#sockets.flush()
    this.#sockets.close()
    this.#end(end)
  }
}
