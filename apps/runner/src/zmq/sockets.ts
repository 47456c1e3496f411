/** The five ZeroMQ sockets of a kernel. The native library is loaded here and nowhere else. */
import { MayflyError } from '@mayfly/executor/errors'
import type { Publisher, Reply, Router } from 'zeromq'
import type { Connection } from './connection.js'

/** How long what was said last may take to leave after the end. */
const LINGER_MS = 1000
/** Messages that wait for a slow reader of outputs before newer ones are dropped. */
const OUTPUT_QUEUE = 100_000

/** The three sockets on which requests come. */
export type RequestChannel = 'shell' | 'control' | 'stdin'

export interface SocketEvents {
  onRequest(channel: RequestChannel, frames: Buffer[]): void
}

export class KernelSockets {
  readonly #requests: Record<RequestChannel, Outbox<Router>>
  readonly #iopub: Outbox<Publisher>
  readonly #heartbeat: Reply
  #closed = false

  private constructor(zmq: typeof import('zeromq')) {
    const common = { linger: LINGER_MS }
    // A client that comes back under its old identity takes the place of its dead connection.
    const router = () => new Outbox(new zmq.Router({ ...common, handover: true }))
    this.#requests = { shell: router(), control: router(), stdin: router() }
    this.#iopub = new Outbox(new zmq.Publisher({ ...common, sendHighWaterMark: OUTPUT_QUEUE }))
    this.#heartbeat = new zmq.Reply(common)
  }

  /**
   * Binds all sockets, then listens.
   * @throws MayflyError `E_KERNEL_ZEROMQ` without the native library, `E_KERNEL_CONNECTION` for an address that is not free.
   */
  static async bind({ addresses }: Connection, events: SocketEvents): Promise<KernelSockets> {
    const sockets = new KernelSockets(await loadZeromq())
    try {
      for (const [name, { socket }] of Object.entries(sockets.#requests)) {
        await socket.bind(addresses[name as RequestChannel])
      }
      await sockets.#iopub.socket.bind(addresses.iopub)
      await sockets.#heartbeat.bind(addresses.hb)
    } catch (cause) {
      sockets.close()
      throw new MayflyError('E_KERNEL_CONNECTION', `A socket cannot be bound: ${(cause as Error).message}.`, {
        hint: 'Another kernel uses the same connection file, or its address is not of this machine.',
        cause,
      })
    }
    for (const [channel, { socket }] of Object.entries(sockets.#requests)) {
      void sockets.#listen(socket, (frames) => events.onRequest(channel as RequestChannel, frames))
    }
    void sockets.#listen(sockets.#heartbeat, (frames) => sockets.#heartbeat.send(frames))
    return sockets
  }

  reply(channel: RequestChannel, frames: Uint8Array[]): void {
    this.#requests[channel].send(frames)
  }

  publish(frames: Uint8Array[]): void {
    this.#iopub.send(frames)
  }

  /** Hands everything that waits to the sockets. */
  async flush(): Promise<void> {
    await Promise.all([...Object.values(this.#requests), this.#iopub].map((outbox) => outbox.settled))
  }

  close(): void {
    this.#closed = true
    for (const { socket } of [...Object.values(this.#requests), this.#iopub]) socket.close()
    this.#heartbeat.close()
  }

  async #listen(socket: Router | Reply, take: (frames: Buffer[]) => unknown): Promise<void> {
    try {
      for await (const frames of socket) await take(frames)
    } catch (error) {
      if (!this.#closed) throw error
    }
  }
}

/** Sends in order: a ZeroMQ socket takes one message at a time when its peer is slow. */
class Outbox<S extends Router | Publisher> {
  readonly socket: S
  readonly #waiting: Uint8Array[][] = []
  settled: Promise<void> = Promise.resolve()
  #sending = false

  constructor(socket: S) {
    this.socket = socket
  }

  send(frames: Uint8Array[]): void {
    this.#waiting.push(frames)
    if (!this.#sending) this.settled = this.#drain()
  }

  async #drain(): Promise<void> {
    this.#sending = true
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      // A client that is gone cannot be told; the kernel goes on.
      await this.socket.send(next as Buffer[]).catch(() => {})
    }
    this.#sending = false
  }
}

async function loadZeromq(): Promise<typeof import('zeromq')> {
  try {
    return await import('zeromq')
  } catch (cause) {
    const { platform, arch } = process
    throw new MayflyError('E_KERNEL_ZEROMQ', `ZeroMQ has no usable binary for ${platform}-${arch} here.`, {
      hint: 'Run "npm ci" in the Mayfly repository on this machine; in a browser Mayfly works without ZeroMQ.',
      cause,
    })
  }
}
