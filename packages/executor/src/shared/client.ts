/** Shared state of another process, over its socket. One connection per process and address. */
import { connect, type Socket } from 'node:net'
import { deserialize, serialize } from 'node:v8'
import { MayflyError } from '../errors.js'
import { encodeFrame, FrameReader } from '../frames.js'
import { OPS, type SharedBackend, type SharedOp, WaitEnded } from './backend.js'
import type { SharedReply, SharedRequest } from './server.js'

interface Pending {
  resolve(value: unknown): void
  reject(error: Error): void
}

export function connectShared(address: string): SharedBackend {
  const client = new Client(address)
  const operation = (op: SharedOp) => (name: string, args: unknown, signal?: AbortSignal) =>
    client.request(op, name, args, signal)
  const operations = Object.fromEntries(OPS.map((op) => [op, operation(op)]))
  return { ...operations, close: async () => client.close() } as unknown as SharedBackend
}

class Client {
  readonly #address: string
  readonly #pending = new Map<number, Pending>()
  #socket: Socket | undefined
  #count = 0

  constructor(address: string) {
    this.#address = address
  }

  async request(op: SharedOp, name: string, args: unknown, signal?: AbortSignal): Promise<unknown> {
    const id = ++this.#count
    const socket = (this.#socket ??= this.#connect())
    // The answer to an ended wait still comes: it may have been given before the end was heard of.
    const cancel = () => socket.write(encodeFrame({ id, cancel: true } satisfies SharedRequest))
    try {
      return await new Promise((resolve, reject) => {
        this.#pending.set(id, { resolve, reject })
        socket.ref()
        socket.write(encodeFrame({ id, op, name } satisfies SharedRequest, serialize(args)))
        if (signal?.aborted) cancel()
        else signal?.addEventListener('abort', cancel)
      })
    } finally {
      signal?.removeEventListener('abort', cancel)
      this.#pending.delete(id)
      if (this.#pending.size === 0) socket.unref()
    }
  }

  close(): void {
    this.#socket?.destroy()
  }

  #connect(): Socket {
    const socket = connect(this.#address)
    const reader = new FrameReader()
    let reason = 'the connection was closed'
    socket.on('error', (error) => (reason = error.message))
    socket.on('data', (chunk) => {
      for (const { header, body } of reader.push(chunk)) this.#answer(header as SharedReply, body)
    })
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined
      for (const { reject } of this.#pending.values()) reject(gone(reason))
    })
    return socket
  }

  #answer({ id, ended, error }: SharedReply, body: Uint8Array): void {
    const pending = this.#pending.get(id)
    if (ended) pending?.reject(new WaitEnded())
    else if (error) pending?.reject(new MayflyError(error.code, error.message))
    else pending?.resolve(deserialize(body))
  }
}

function gone(reason: string): MayflyError {
  return new MayflyError('E_SHARED_GONE', `The process that keeps the shared state does not answer: ${reason}`, {
    hint: 'The state of a script or notebook ends with it; use new Shared({ url: "redis://…" }) for one that stays.',
  })
}
