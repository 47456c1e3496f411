/** The main thread's side of the control thread: posting with back-pressure, and output streams that leave in order. */
import { StringDecoder } from 'node:string_decoder'
import type { MessagePort } from 'node:worker_threads'
import { type FromChild, MAX_SHOWN } from '../protocol.js'
import { SHARED, type ToControl } from './shared.js'

/** Cost of what may be on its way; beyond, the writer waits. Enough for speed, little for memory. */
const WINDOW = 2000
/** Characters that cost as much as a message: a full window is at most 8 MiB of text. */
const COST_UNIT = 4096
const FLUSH_MS = 2000
/** Executions whose late output is still counted to them. */
const REMEMBERED = 100

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

/**
 * Stops text that would not be shown before it fills the pipe: an interrupt must not wait behind a flood. The first write beyond
 * the limit still goes, cut, so that the runner knows of it.
 */
export class OutputLimit {
  #run = 0
  #size = 0
  readonly #earlier = new Map<number, number>()

  /** What is to be sent of a text that the execution `run` writes; empty when it has written enough. */
  admit(run: number, text: string): string {
    if (run !== this.#run) {
      this.#earlier.set(this.#run, this.#size)
      this.#size = this.#earlier.get(run) ?? 0
      this.#run = run
      if (this.#earlier.size > REMEMBERED) this.#earlier.delete(this.#earlier.keys().next().value as number)
    }
    const left = MAX_SHOWN + 1 - this.#size
    if (left <= 0) return ''
    this.#size += text.length
    return text.length > left ? text.slice(0, left) : text
  }
}

/** Sends what is written to `process.stdout` and `process.stderr` through the link; the pipes stay for native code. */
export function redirectStreams(write: (name: 'stdout' | 'stderr', text: string) => void): void {
  for (const name of ['stdout', 'stderr'] as const) {
    const decoder = new StringDecoder('utf8')
    const replacement = (chunk: string | Uint8Array, encoding?: BufferEncoding | Done, done?: Done): boolean => {
      const text =
        typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
      if (text) write(name, text)
      const callback = typeof encoding === 'function' ? encoding : done
      if (callback) process.nextTick(callback)
      return true
    }
    process[name].write = replacement as typeof process.stdout.write
  }
}
