/**
 * One client of a kernel, known by its session id, over all the sockets it has one after the other. While it has none, messages wait
 * for it; a slow one is not sent more than it takes. Pongs tell what arrived: what was under way when a socket broke is sent again, so
 * that nothing is lost; what arrived just before may then come twice, with the same stamp.
 */
import type { WebSocket } from 'ws'
import type { JupyterMessage } from '../kernel/index.js'
import { encodeMessage, type Protocol } from './codec.js'

/** A message for any number of clients, encoded at most once per protocol. */
export class Outgoing {
  private readonly encoded = new Map<Protocol, string | Uint8Array>()

  constructor(readonly message: JupyterMessage) {}

  frame(protocol: Protocol): string | Uint8Array {
    let frame = this.encoded.get(protocol)
    if (frame === undefined) this.encoded.set(protocol, (frame = encodeMessage(this.message, protocol)))
    return frame
  }
}

export interface ClientLimits {
  /** Bytes that may lie in a socket before sending pauses. */
  socketBytes: number
  /** Bytes that may wait for a client; with more it is cut off and has to load the document again. */
  queueBytes: number
}

export const CLIENT_LIMITS: ClientLimits = { socketBytes: 4 << 20, queueBytes: 64 << 20 }

/** Close code for a client that was cut off because too much waited for it. */
export const CLOSE_SLOW = 4008

type Socket = Pick<WebSocket, 'send' | 'ping' | 'on' | 'close' | 'terminate' | 'bufferedAmount' | 'readyState'>

const OPEN = 1
const ABNORMAL = 1006

export class Client {
  /** When the last socket went, in milliseconds since the epoch; undefined while there is one. */
  goneSince: number | undefined = Date.now()
  private socket: Socket | undefined
  private protocol: Protocol = ''
  private waiting: Outgoing[] = []
  private waitingBytes = 0
  /** Sent, but not known to have arrived. */
  private unconfirmed: Outgoing[] = []
  private sent = 0
  private confirmed = 0
  private pinging: NodeJS.Immediate | undefined
  /** Too much waited: nothing is kept until the client comes again, and knows. */
  private cutOff: 'no' | 'untold' | 'told' = 'no'

  constructor(
    readonly sessionId: string,
    private readonly limits: ClientLimits = CLIENT_LIMITS,
  ) {}

  get connected(): boolean {
    return this.socket !== undefined
  }

  /** Makes `socket` the client's socket, in place of an older one, and sends it what waits. */
  attach(socket: Socket, protocol: Protocol): void {
    const old = this.socket
    if (old) {
      this.detach(ABNORMAL)
      old.terminate()
    }
    this.socket = socket
    this.protocol = protocol
    this.goneSince = undefined
    const missed = this.cutOff === 'untold'
    this.cutOff = 'no'
    socket.on('pong', (data: Buffer) => this.socket === socket && this.confirm(Number(data.toString())))
    socket.on('close', (code: number) => this.socket === socket && this.detach(code))
    // What came while it was away is gone: it must load the document, which it does when it is told in the usual way.
    if (missed) socket.close(CLOSE_SLOW, 'E_CLIENT_SLOW')
    else this.drain()
  }

  send(outgoing: Outgoing): void {
    if (this.cutOff !== 'no') return
    this.waiting.push(outgoing)
    this.waitingBytes += outgoing.frame(this.protocol).length
    this.drain()
    if (this.waitingBytes > this.limits.queueBytes) {
      this.cutOff = this.socket ? 'told' : 'untold'
      this.waiting = []
      this.waitingBytes = 0
      this.unconfirmed = []
      this.socket?.close(CLOSE_SLOW, 'E_CLIENT_SLOW')
    }
  }

  /** Ends the connection for good. */
  close(code: number, reason: string): void {
    this.socket?.close(code, reason)
  }

  private drain(): void {
    const socket = this.socket
    if (socket?.readyState !== OPEN) return
    let count = 0
    while (count < this.waiting.length && socket.bufferedAmount < this.limits.socketBytes) {
      const outgoing = this.waiting[count++]!
      const frame = outgoing.frame(this.protocol)
      this.waitingBytes -= frame.length
      this.unconfirmed.push(outgoing)
      this.sent++
      // The callback comes when the frame has left: the moment to look whether there is room again.
      socket.send(frame, () => this.waiting.length > 0 && this.socket === socket && this.drain())
    }
    if (count === 0) return
    this.waiting = this.waiting.slice(count)
    this.pinging ??= setImmediate(() => this.ping())
  }

  // The pong confirms all that was sent before; what is sent in one turn of the event loop shares one ping.
  private ping(): void {
    this.pinging = undefined
    if (this.socket?.readyState === OPEN) this.socket.ping(String(this.sent))
  }

  private confirm(count: number): void {
    if (!(count > this.confirmed && count <= this.sent)) return
    this.unconfirmed = this.unconfirmed.slice(count - this.confirmed)
    this.confirmed = count
  }

  private detach(code: number): void {
    this.socket = undefined
    this.goneSince = Date.now()
    // A client that said goodbye has seen what it wanted; one whose connection broke has not.
    const again = code === ABNORMAL ? this.unconfirmed.filter((outgoing) => !isRestarting(outgoing.message)) : []
    for (const outgoing of again) this.waitingBytes += outgoing.frame(this.protocol).length
    this.waiting = [...again, ...this.waiting]
    this.unconfirmed = []
    this.sent = this.confirmed = 0
  }
}

// Jupyter clients answer this message by connecting anew: sent again, it would make them do so for ever.
function isRestarting({ header, content }: JupyterMessage): boolean {
  return header.msg_type === 'status' && content.execution_state === 'restarting'
}
