/**
 * Appends events to `runs/<runId>.ndjson`. Lines are gathered for up to 40 ms and written together, off the main thread: a
 * slow disk must not slow the calls. Every write has its place in the file, so that a write under way can be repeated
 * synchronously when the process is about to exit.
 */
import { closeSync, mkdirSync, openSync, write, writeSync } from 'node:fs'
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
  /** Bytes on their way to the file, and where they go. */
  #underway: { bytes: Buffer; at: number } | undefined
  /** Where the next ones go. */
  #position = 0
  #closing = false
  readonly #failed: (error: unknown) => void

  /** @param failed called once if the log cannot be written; calls go on without it. */
  constructor(path: string, failed: (error: unknown) => void) {
    this.path = path
    this.#failed = failed
    try {
      mkdirSync(dirname(path), { recursive: true })
      this.#fd = openSync(path, 'wx')
    } catch (error) {
      failed(error)
    }
  }

  append(event: RunEvent): void {
    if (this.#fd === undefined || this.#closing) return
    const line = `${JSON.stringify({ seq: ++this.#seq, ...event })}\n`
    this.#size += this.#lines.push(line) && line.length
    if (this.#size > FLUSH_CHARS) this.#start()
    else this.#timer ??= setTimeout(() => this.#start(), FLUSH_MS)
  }

  /** Puts everything into the file before it returns. */
  flush(): void {
    if (this.#fd === undefined) return
    try {
      // Whether the write under way has come through is not known; the same bytes at the same place do no harm.
      if (this.#underway) writeAll(this.#fd, this.#underway)
      writeAll(this.#fd, this.#take())
    } catch (error) {
      this.#giveUp(error)
    }
  }

  /** Flushes and closes; later events are ignored. */
  close(): void {
    this.flush()
    this.#closing = true
    this.#closeWhenQuiet()
  }

  #take(): { bytes: Buffer; at: number } {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const bytes = Buffer.from(this.#lines.join(''))
    this.#lines = []
    this.#size = 0
    const at = this.#position
    this.#position += bytes.byteLength
    return { bytes, at }
  }

  #start(): void {
    this.#timer = undefined
    if (this.#fd === undefined || this.#underway || this.#lines.length === 0) return
    this.#underway = this.#take()
    this.#continue(this.#underway.bytes, 0, this.#underway.at)
  }

  #continue(bytes: Buffer, from: number, position: number): void {
    write(this.#fd!, bytes, from, bytes.byteLength - from, position + from, (error, written) => {
      if (!error && from + written < bytes.byteLength && !this.#closing) {
        this.#continue(bytes, from + written, position)
        return
      }
      this.#underway = undefined
      if (error && !this.#closing) this.#giveUp(error)
      this.#closeWhenQuiet()
      this.#start()
    })
  }

  #closeWhenQuiet(): void {
    if (!this.#closing || this.#underway || this.#fd === undefined) return
    closeSync(this.#fd)
    this.#fd = undefined
  }

  #giveUp(error: unknown): void {
    if (this.#closing) return
    this.#closing = true
    this.#lines = []
    this.#closeWhenQuiet()
    this.#failed(error)
  }
}

function writeAll(fd: number, { bytes, at }: { bytes: Buffer; at: number }): void {
  for (let done = 0; done < bytes.byteLength; ) done += writeSync(fd, bytes, done, bytes.byteLength - done, at + done)
}
