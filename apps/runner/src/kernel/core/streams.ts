/**
 * Joins what cells say: clients get it every 30 ms, however often a cell speaks. Writes to one stream become one message, of the
 * updates of a display the last counts, and what a cell clears before anyone saw it is never sent. Order is kept.
 */

export const COALESCE_MS = 30
/** Text that waits at most; beyond, it goes out at once. */
const MAX_WAITING = 256 * 1024
/** Characters an execution may show of what comes through the process's own pipes, past the kernel's own limits. */
const MAX_NATIVE = 2 ** 20

type StreamName = 'stdout' | 'stderr'
type Content = Record<string, unknown>
type DisplayType = 'display_data' | 'update_display_data'

interface Clear {
  type: 'clear_output'
  run: number
  content: { wait: boolean }
}

type Waiting =
  | { type: 'stream'; run: number; name: StreamName; parts: string[] }
  | { type: DisplayType; run: number; id: string | undefined; content: Content }
  | Clear

export class OutputJoiner {
  readonly #emit: (run: number, type: string, content: Content) => void
  #waiting: Waiting[] = []
  #size = 0
  #timer: NodeJS.Timeout | undefined
  readonly #native = new Map<number, number>()

  constructor(emit: (run: number, type: string, content: Content) => void) {
    this.#emit = emit
  }

  write(run: number, name: StreamName, text: string): void {
    // Updates stand elsewhere: text on both sides of them belongs together.
    const last = this.#waiting.findLast(({ type }) => type !== 'update_display_data')
    if (last?.type === 'stream' && last.run === run && last.name === name) last.parts.push(text)
    else this.#waiting.push({ type: 'stream', run, name, parts: [text] })
    this.#size += text.length
    if (this.#size > MAX_WAITING) this.flush()
    else this.#wait()
  }

  /** Text of native code and child processes; beyond `MAX_NATIVE` of one execution it is dropped, after a word to the user. */
  writeNative(run: number, name: StreamName, text: string): void {
    const before = this.#native.get(run) ?? 0
    if (before > MAX_NATIVE) return
    this.#native.set(run, before + text.length)
    const left = MAX_NATIVE - before
    this.write(run, name, text.slice(0, left))
    if (text.length > left) this.write(run, 'stderr', `\n${TOO_MUCH}\n`)
  }

  display(run: number, type: DisplayType, id: string | undefined, content: Content): void {
    if (type === 'update_display_data' && id !== undefined) {
      const before = this.#waiting.find((entry) => 'id' in entry && entry.id === id && entry.type === type)
      if (before) Object.assign(before, { content })
      else this.#waiting.push({ type, run, id, content })
    } else this.#waiting.push({ type, run, id, content })
    this.#wait()
  }

  /** What the execution shows between two clears is seen by nobody, when neither has gone out. */
  clear(run: number, wait: boolean): void {
    const earlier = this.#waiting.find((entry): entry is Clear => entry.type === 'clear_output' && entry.run === run)
    // What was there before stays until the next output comes, if the clear waits.
    if (!wait || earlier) {
      this.#waiting = this.#waiting.filter((entry) => entry.run !== run || entry.type === 'update_display_data')
    }
    const waits = wait && earlier?.content.wait !== false
    this.#waiting.push({ type: 'clear_output', run, content: { wait: waits } })
    this.#wait()
  }

  /** The execution is too long ago to be remembered. */
  forget(run: number): void {
    this.#native.delete(run)
  }

  /** Sends what waits; called before any other message, so that order is kept. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const waiting = this.#waiting
    this.#waiting = []
    this.#size = 0
    for (const entry of waiting) {
      if (entry.type === 'stream') {
        const { run, type, name, parts } = entry
        this.#emit(run, type, { name, text: parts.join('') })
      } else this.#emit(entry.run, entry.type, { ...entry.content })
    }
  }

  #wait(): void {
    this.#timer ??= setTimeout(() => this.flush(), COALESCE_MS)
  }
}

const TOO_MUCH = `Output of native code and child processes beyond ${MAX_NATIVE / 2 ** 20} MiB is not shown. Write it to a file instead.`
