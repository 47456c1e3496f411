/** Appends events to `runs/<runId>.ndjson`. Lines are gathered for up to 40 ms and written together. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { RunEvent } from '../events.js'

const FLUSH_MS = 40
const FLUSH_CHARS = 1 << 20

export class RunLogWriter {
  readonly path: string
  #fd: number | undefined
  #seq = 0
  #lines: string[] = []
  #size = 0
  #timer: NodeJS.Timeout | undefined
  readonly #failed: (error: unknown) => void

  /** @param failed called once if the log cannot be written; calls go on without it. */
  constructor(path: string, failed: (error: unknown) => void) {
    this.path = path
    this.#failed = failed
    try {
      mkdirSync(dirname(path), { recursive: true })
      this.#fd = openSync(path, 'ax')
    } catch (error) {
      failed(error)
    }
  }

  append(event: RunEvent): void {
    if (this.#fd === undefined) return
    const line = `${JSON.stringify({ seq: ++this.#seq, ...event })}\n`
    this.#size += this.#lines.push(line) && line.length
    if (this.#size > FLUSH_CHARS) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS)
  }

  /** Writes what is waiting. Synchronous: an append to the page cache, and it also works while the process exits. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#fd === undefined || this.#lines.length === 0) return
    const bytes = Buffer.from(this.#lines.join(''))
    this.#lines = []
    this.#size = 0
    try {
      for (let at = 0; at < bytes.byteLength; ) at += writeSync(this.#fd, bytes, at)
    } catch (error) {
      this.close()
      this.#failed(error)
    }
  }

  close(): void {
    this.flush()
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }
}
