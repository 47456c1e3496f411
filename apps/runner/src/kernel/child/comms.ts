/** `comms` of cells: lines between cells and live parts of the page, opened from either side. */
import { randomUUID } from 'node:crypto'
import { MayflyError } from '@mayfly/executor/errors'
import type { Bundle, CommFrame } from '../protocol.js'
import { toJson } from './values/json.js'

type Listener = (message: Mayfly.CommMessage) => void

/** How comms reach the page, and where the faults of listeners go. */
export interface CommLink {
  send(frame: CommFrame): void
  fault(error: unknown): void
}

export class CommHub {
  readonly #link: CommLink
  readonly #open = new Map<string, Line>()
  readonly #targets = new Map<string, (comm: Mayfly.Comm, message: Mayfly.CommMessage) => void>()
  /** What cells see of it. */
  readonly api: Mayfly.Comms

  constructor(link: CommLink) {
    this.#link = link
    this.api = Object.freeze({
      open: (target: string, data: Record<string, unknown> = {}, options: Mayfly.CommOptions = {}) => {
        const line = this.#line(randomUUID(), String(target))
        line.say('open', data, options)
        return line.comm
      },
      register: (target: string, onOpen: (comm: Mayfly.Comm, message: Mayfly.CommMessage) => void) => {
        if (typeof onOpen !== 'function') throw new TypeError('comms.register expects a function that takes the comm')
        this.#targets.set(String(target), onOpen)
        return () => void (this.#targets.get(String(target)) === onOpen && this.#targets.delete(String(target)))
      },
      list: () => [...this.#open.values()].map(({ comm }) => comm),
    })
  }

  /** Takes a message of the page. A line to a target that nobody registered is closed at once, as Jupyter wants it. */
  take(frame: CommFrame): void {
    const message = toMessage(frame)
    if (frame.kind === 'open') {
      const target = frame.target ?? ''
      const onOpen = this.#targets.get(target)
      const line = this.#line(frame.id, target)
      if (onOpen) this.#guard(() => onOpen(line.comm, message))
      else line.comm.close({ error: `no cell has registered the comm target ${JSON.stringify(target)}` })
      return
    }
    const line = this.#open.get(frame.id)
    if (!line) return
    if (frame.kind === 'close') line.ended()
    const listeners = frame.kind === 'msg' ? line.onMessage : line.onClose
    for (const listener of [...listeners]) this.#guard(() => listener(message))
  }

  #line(id: string, target: string): Line {
    const line = new Line(
      id,
      target,
      (frame) => this.#link.send(frame),
      () => this.#open.delete(id),
    )
    this.#open.set(id, line)
    return line
  }

  #guard(act: () => unknown): void {
    try {
      const result = act()
      if (result instanceof Promise) result.catch((error) => this.#link.fault(error))
    } catch (error) {
      this.#link.fault(error)
    }
  }
}

class Line {
  readonly onMessage = new Set<Listener>()
  readonly onClose = new Set<Listener>()
  readonly comm: Mayfly.Comm
  readonly #send: (frame: CommFrame) => void
  readonly #forget: () => void
  #closed = false

  constructor(id: string, target: string, send: (frame: CommFrame) => void, forget: () => void) {
    this.#send = send
    this.#forget = forget
    const line = this
    this.comm = Object.freeze({
      id,
      target,
      get closed() {
        return line.#closed
      },
      send: (data: Record<string, unknown>, options?: Mayfly.CommOptions) => line.say('msg', data, options),
      close(data: Record<string, unknown> = {}) {
        if (line.#closed) return
        line.say('close', data)
        line.ended()
      },
      onMessage: (listener: Listener) => listen(line.onMessage, listener),
      onClose: (listener: Listener) => listen(line.onClose, listener),
    })
  }

  say(
    kind: CommFrame['kind'],
    data: Record<string, unknown>,
    { metadata = {}, buffers = [] }: Mayfly.CommOptions = {},
  ): void {
    const { id, target } = this.comm
    if (this.#closed) throw new MayflyError('E_COMM_CLOSED', `The comm ${id} to ${JSON.stringify(target)} is closed.`)
    this.#send({
      op: 'comm',
      kind,
      id,
      ...(kind === 'open' ? { target } : {}),
      data: toJson(data ?? {}) as Bundle,
      metadata: toJson(metadata) as Bundle,
      buffers: buffers.map((buffer) => toBytes(buffer).toString('base64')),
    })
  }

  ended(): void {
    this.#closed = true
    this.#forget()
  }
}

function listen(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

function toBytes(buffer: ArrayBuffer | ArrayBufferView): Buffer {
  return ArrayBuffer.isView(buffer)
    ? Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : Buffer.from(buffer)
}

function toMessage({ data, metadata, buffers }: CommFrame): Mayfly.CommMessage {
  return { data, metadata, buffers: buffers.map((text) => new Uint8Array(Buffer.from(text, 'base64'))) }
}
