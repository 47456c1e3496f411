/** Joins stream output per (execution, stream): clients get a message every 30 ms, however many writes there were. */
import { MAX_SHOWN } from '../protocol.js'

export const COALESCE_MS = 30
/** Text of one execution that waits at most; beyond, it goes out at once. */
const MAX_WAITING = 256 * 1024

type StreamName = 'stdout' | 'stderr'

export class StreamJoiner {
  readonly #emit: (run: number, name: StreamName, text: string) => void
  #waiting: { run: number; name: StreamName; parts: string[]; size: number } | undefined
  #timer: NodeJS.Timeout | undefined
  readonly #shown = new Map<number, number>()

  constructor(emit: (run: number, name: StreamName, text: string) => void) {
    this.#emit = emit
  }

  /** Takes text; beyond `MAX_SHOWN` of one execution it is dropped, after a word to the user. */
  write(run: number, name: StreamName, text: string): void {
    const before = this.#shown.get(run) ?? 0
    if (before > MAX_SHOWN) return
    this.#shown.set(run, before + text.length)
    if (before + text.length <= MAX_SHOWN) {
      this.#join(run, name, text)
      return
    }
    this.#join(run, name, text.slice(0, MAX_SHOWN - before))
    this.#join(run, 'stderr', `\n${TOO_MUCH}\n`)
  }

  /** The execution is too long ago to be remembered. */
  forget(run: number): void {
    this.#shown.delete(run)
  }

  #join(run: number, name: StreamName, text: string): void {
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

const TOO_MUCH = `Output beyond ${MAX_SHOWN / 2 ** 20} MiB of text is not shown. Write it to a file instead.`
