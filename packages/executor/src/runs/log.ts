/**
 * One run log, read incrementally: only bytes that were appended since the last look are read, only lines that matter for the
 * header are parsed. Lines are numbered from 1 without gaps, so line n is the event with sequence number n.
 */
import { type FileHandle, open } from 'node:fs/promises'
import type { LoggedEvent } from '../events.js'
import { HEADER_IGNORES } from '../header.js'
import { foldRun, type RunState } from './fold.js'

const CHUNK = 1 << 20
const STRIDE = 1024
const NEWLINE = 10
const TYPE_KEY = '"type":"'

export class RunLog {
  /** Undefined until the first event was read. */
  state: RunState | undefined
  /** Complete lines read, and the byte behind the last of them. */
  lines = 0
  end = 0
  /** Byte of line i · STRIDE + 1. */
  private readonly marks: number[] = [0]
  private reading: Promise<void> | undefined

  constructor(readonly path: string) {}

  /** The run said that it ended. */
  get finished(): boolean {
    return this.state !== undefined && this.state.header.status !== 'running'
  }

  /** Reads what was appended. Calls that overlap share one reading. Rejects when the file is not there. */
  refresh(): Promise<void> {
    this.reading ??= this.read().finally(() => {
      this.reading = undefined
    })
    return this.reading
  }

  /** The byte where the line after line `after` begins, within what was read. */
  async position(after: number): Promise<number> {
    if (after >= this.lines) return this.end
    const mark = Math.floor(after / STRIDE)
    let [line, offset] = [mark * STRIDE, this.marks[mark]!]
    if (line === after) return offset
    const file = await open(this.path)
    try {
      for await (const chunk of chunks(file, offset, this.end)) {
        for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1))
          if (++line === after) return offset + at + 1
        offset += chunk.length
      }
    } finally {
      await file.close()
    }
    return this.end
  }

  private async read(): Promise<void> {
    const file = await open(this.path)
    try {
      const { size } = await file.stat()
      if (size <= this.end) return
      let rest: Buffer = Buffer.alloc(0)
      for await (const chunk of chunks(file, this.end, size)) {
        const bytes: Buffer = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
        rest = Buffer.from(bytes.subarray(this.fold(bytes)))
      }
    } finally {
      await file.close()
    }
  }

  /** Folds the complete lines of `bytes`; returns where the incomplete last one begins. */
  private fold(bytes: Buffer): number {
    let start = 0
    for (let stop = bytes.indexOf(NEWLINE); stop !== -1; stop = bytes.indexOf(NEWLINE, start)) {
      this.line(bytes.subarray(start, stop))
      this.end += stop + 1 - start
      this.lines++
      if (this.lines % STRIDE === 0) this.marks.push(this.end)
      start = stop + 1
    }
    return start
  }

  private line(bytes: Buffer): void {
    const key = bytes.indexOf(TYPE_KEY)
    if (key === -1) return
    const type = bytes.subarray(key + TYPE_KEY.length, bytes.indexOf('"', key + TYPE_KEY.length)).toString('latin1')
    if (HEADER_IGNORES.has(type)) return
    const event = parse(bytes)
    if (event) this.state = foldRun(this.state, event)
  }
}

async function* chunks(file: FileHandle, from: number, to: number): AsyncGenerator<Buffer> {
  for (let at = from; at < to; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(CHUNK, to - at)), { position: at })
    if (bytesRead === 0) return
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

// A damaged line costs its event, not the run.
function parse(bytes: Buffer): LoggedEvent | undefined {
  try {
    return JSON.parse(bytes.toString('utf8')) as LoggedEvent
  } catch {
    return undefined
  }
}
