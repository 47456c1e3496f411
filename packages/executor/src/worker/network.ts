/**
 * Counts the bytes of this process's sockets. Every TCP, TLS or HTTP connection, `fetch` included, goes through
 * `net.Socket.prototype.connect` (the `net.client.socket` channel misses TLS) or is announced on `net.server.socket`;
 * the socket itself knows its bytes, so data paths stay untouched.
 * TLS connections count what is inside them, a few per mille less than what is on the wire. Sockets inside worker threads and child processes of the
 * function are not seen.
 */
import diagnostics from 'node:diagnostics_channel'
import { Socket } from 'node:net'

export class NetworkCounter {
  readonly #live = new Set<Socket>()
  #rx = 0
  #tx = 0

  /** Starts counting for the rest of the process's life. */
  install(): void {
    const connect = Socket.prototype.connect
    const add = (socket: Socket) => this.#add(socket)
    Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
      add(this)
      return (connect as (...args: unknown[]) => Socket).apply(this, args)
    } as typeof connect
    diagnostics.subscribe('net.server.socket', (message) => add((message as { socket: Socket }).socket))
  }

  /** Bytes received and sent since `install`. */
  totals(): { rx: number; tx: number } {
    let rx = this.#rx
    let tx = this.#tx
    for (const socket of this.#live) {
      rx += socket.bytesRead
      tx += socket.bytesWritten
    }
    return { rx, tx }
  }

  #add(socket: Socket): void {
    if (this.#live.has(socket)) return
    this.#live.add(socket)
    socket.once('close', () => {
      this.#live.delete(socket)
      this.#rx += socket.bytesRead
      this.#tx += socket.bytesWritten
    })
  }
}
