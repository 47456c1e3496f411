/** The main thread's side of the control thread: posting with back-pressure, and output streams that leave in order. */
import { Console } from 'node:console'
import { nextTick } from 'node:process'
import { StringDecoder } from 'node:string_decoder'
import type { MessagePort } from 'node:worker_threads'
import type { FromChild } from '../protocol.js'
import { SHARED, type ToControl } from './shared.js'

/** Cost of what may be on its way; beyond, the writer waits. Enough for speed, little for memory. */
const WINDOW = 2000
/** Characters that cost as much as a message: a full window is at most 8 MiB of text. */
const COST_UNIT = 4096
const FLUSH_MS = 2000

export class Link {
  readonly #port: MessagePort
  readonly #shared: Int32Array
  #posted = 0

  constructor(port: MessagePort, shared: Int32Array) {
    this.#port = port
    this.#shared = shared
  }

  /** @param size About how many characters the message has, where it may be many. */
  post(frame: FromChild, size = 0): void {
    const cost = 1 + Math.floor(size / COST_UNIT)
    this.#port.postMessage({ frame, cost } satisfies ToControl)
    this.#posted += cost
    for (;;) {
      const taken = Atomics.load(this.#shared, SHARED.taken)
      // Both counters wrap at 32 bits; their difference does not.
      if (((this.#posted - taken) | 0) < WINDOW) return
      Atomics.wait(this.#shared, SHARED.taken, taken)
    }
  }

  /** Has the running cell ended from outside, because it called `process.exit`. */
  askToStop(): void {
    this.#port.postMessage('exit' satisfies ToControl)
  }

  /** Says that the process ends, and waits until everything said before is written. */
  flushAndSay(code: number): void {
    this.post({ op: 'exit', code })
    Atomics.wait(this.#shared, SHARED.flushed, 0, FLUSH_MS)
  }
}

type Done = (error?: Error | null) => void

/** Sends what is written to `process.stdout` and `process.stderr` through the link; the pipes stay for native code. */
export function redirectStreams(write: (name: 'stdout' | 'stderr', text: string) => void): void {
  for (const name of ['stdout', 'stderr'] as const) {
    const decoder = new StringDecoder('utf8')
    const replacement = (chunk: string | Uint8Array, encoding?: BufferEncoding | Done, done?: Done): boolean => {
      const text =
        typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
      if (text) write(name, text)
      const callback = typeof encoding === 'function' ? encoding : done
      if (callback) nextTick(callback)
      return true
    }
    process[name].write = replacement as typeof process.stdout.write
  }
}

/**
 * Gives `console` methods that write and nothing else. Node's own tell the inspector of every call first, which keeps sessions for a
 * debugger that is not there: two thirds of the time of a line.
 */
export function quickConsole(): void {
  const plain = new Console({ stdout: process.stdout, stderr: process.stderr, colorMode: false })
  const methods = console as unknown as Record<string, unknown>
  for (const [name, method] of Object.entries(plain)) if (typeof method === 'function') methods[name] = method
}
