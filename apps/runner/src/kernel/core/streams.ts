/** Joins stream output per (execution, stream): clients get a message every 30 ms, however many writes there were. */

export const COALESCE_MS = 30
/** Text of one execution that waits at most; beyond, it goes out at once. */
const MAX_WAITING = 256 * 1024

type StreamName = 'stdout' | 'stderr'

export class StreamJoiner {
  readonly #emit: (run: number, name: StreamName, text: string) => void
  #waiting: { run: number; name: StreamName; parts: string[]; size: number } | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(emit: (run: number, name: StreamName, text: string) => void) {
    this.#emit = emit
  }

  write(run: number, name: StreamName, text: string): void {
    const waiting = this.#waiting
    if (waiting && (waiting.run !== run || waiting.name !== name)) this.flush()
    this.#waiting ??= { run, name, parts: [], size: 0 }
    this.#waiting.parts.push(text)
    this.#waiting.size += text.length
    if (this.#waiting.size > MAX_WAITING) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), COALESCE_MS)
  }

  /** Sends what waits; called before any other message, so that order is kept. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting) this.#emit(waiting.run, waiting.name, waiting.parts.join(''))
  }
}
