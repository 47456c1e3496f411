/**
 * What happened to a notebook since its file was last saved, so that a killed runner loses no outputs. Append-only NDJSON files
 * `<key>.<generation>.ndjson`; each begins with the fingerprint of the notebook it builds on. A save begins a new generation before the file is
 * replaced and drops the older ones after it: whenever the runner dies, one of the generations fits the file that is there.
 *
 * Records are with the operating system before any client sees their messages: writes are synchronous, one for all messages of a turn
 * (about 10 µs; a round trip through the thread pool takes longer). Against power failure they are also synced to the disk, in groups.
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fdatasync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { JupyterMessage } from '../kernel/index.js'

export interface JournalRecord {
  seq: number
  /** Milliseconds since the epoch. */
  at: number
  message: JupyterMessage
}

interface Head {
  notebook: string
  /** Last sequence number that the file holds, and the fingerprint of what is in it. */
  seq: number
  hash: string
  /** Cells that ran at that moment → start times. */
  running: Record<string, number>
}

export interface Recovered {
  seq: number
  running: Record<string, number>
  records: JournalRecord[]
}

/** A generation as it is read. */
interface Part {
  generation: number
  head: Head
  records: JournalRecord[]
  /** Number of the last message. */
  last: number
}

/** A power failure costs the outputs of this time at most. */
const SYNC_MS = 500
/** When a write failed, the next is tried after this time. */
const RETRY_MS = 500

/** sha256 as hex. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

export class Journal {
  private key: string
  private generation = 0
  private file: number | undefined
  /** Records that are not yet written. */
  private lines: string[] = []
  /** The rest of a write that ended early. */
  private rest: Buffer = Buffer.alloc(0)
  /** The last number that went out with a message that changed nothing; it must not be given twice. */
  private passed = 0
  private retryAt = 0
  private fault: unknown
  private syncing: NodeJS.Timeout | undefined

  /** @param head what the journal builds on until the first `rotate` */
  constructor(
    private readonly folder: string,
    private head: Head,
  ) {
    this.key = keyOf(head.notebook)
  }

  /** What the generations on disk add to a file with this hash; the journal goes on behind them. */
  async recover(): Promise<Recovered> {
    const found = await Promise.all(this.generations().map((generation) => this.read(generation)))
    const parts = found.filter((part) => part.head !== undefined) as Part[]
    // A generation without a head was never begun; nothing may be added to it.
    await Promise.all(found.map(({ head, generation }) => head ?? rm(this.path(generation), { force: true })))
    const seq = Math.max(0, ...parts.flatMap(({ head, last }) => [head.seq, last]))
    this.generation = parts.at(-1)?.generation ?? 0
    this.head = { ...this.head, seq }
    const fit = parts.findLastIndex(({ head }) => head.hash === this.head.hash)
    if (fit !== -1)
      return { seq, running: parts[fit]!.head.running, records: parts.slice(fit).flatMap(({ records }) => records) }
    const newest = parts.at(-1)
    if (!newest) return { seq, running: {}, records: [] }
    // Someone else changed the file meanwhile. What came since the last save is kept all the same, as it would be had the runner lived.
    const { head, records } = newest
    const running = records.length > 0 ? head.running : {}
    this.head = { ...this.head, running }
    this.generation++
    for (const record of records) this.append(record)
    if (records.length > 0) this.write()
    return { seq, running, records }
  }

  /** Adds a record, which `write` writes. */
  append(record: JournalRecord): void {
    const { buffers: _, ...message } = record.message
    this.lines.push(`${JSON.stringify({ ...record, message })}\n`)
    this.passed = 0
  }

  /** Notes a number whose message changed nothing. */
  pass(seq: number): void {
    this.passed = seq
  }

  /** Whether something waits to be written. */
  get pending(): boolean {
    return this.lines.length > 0 || this.rest.length > 0 || this.passed > 0
  }

  /** Gives all records to the operating system. Throws its error; nothing is lost then, and a later call goes on where this one stopped. */
  write(now: number = Date.now()): void {
    if (!this.pending) return
    if (now < this.retryAt) throw this.fault
    if (this.passed > 0) this.lines.push(`{"seq":${this.passed}}\n`)
    this.passed = 0
    this.rest = Buffer.concat([this.rest, Buffer.from(this.lines.join(''))])
    this.lines = []
    try {
      this.file ??= this.openFile(this.generation)
      while (this.rest.length > 0) this.rest = this.rest.subarray(writeSync(this.file, this.rest))
      this.retryAt = 0
    } catch (error) {
      this.fault = error
      this.retryAt = now + RETRY_MS
      throw error
    }
    this.syncing ??= setTimeout(() => this.sync(), SYNC_MS).unref()
  }

  /**
   * Later records build on a file with this hash, which is about to be written. Throws the operating system's error and stays as it
   * was when the new generation cannot be begun.
   */
  rotate(seq: number, hash: string, running: Record<string, number>): void {
    if (this.pending) this.write()
    const before = this.head
    this.head = { ...this.head, seq, hash, running }
    try {
      const next = this.openFile(this.generation + 1)
      if (this.file !== undefined) closeSync(this.file)
      this.file = next
      this.generation++
    } catch (error) {
      this.head = before
      throw error
    }
  }

  /** The file was written: older generations are not needed any more. */
  async commit(): Promise<void> {
    const current = this.generation
    const old = this.generations().filter((generation) => generation < current)
    await Promise.all(old.map((generation) => rm(this.path(generation), { force: true })))
  }

  /** Follows a renamed notebook; in one go, so that no record finds its file half on its way. */
  move(notebook: string): void {
    const generations = this.generations()
    const paths = generations.map((generation) => this.path(generation))
    this.key = keyOf(notebook)
    this.head = { ...this.head, notebook }
    for (const stranger of this.generations()) rmSync(this.path(stranger), { force: true })
    for (const [i, generation] of generations.entries()) renameSync(paths[i]!, this.path(generation))
  }

  /** Deletes everything. */
  async remove(): Promise<void> {
    this.lines = []
    this.passed = 0
    this.rest = Buffer.alloc(0)
    this.close()
    for (const generation of this.generations()) await rm(this.path(generation), { force: true })
  }

  /** Writes what it can and lets go of the file. Throws what the operating system says. */
  close(): void {
    clearTimeout(this.syncing)
    this.syncing = undefined
    try {
      if (this.pending) this.write(Number.POSITIVE_INFINITY)
    } finally {
      if (this.file !== undefined) closeSync(this.file)
      this.file = undefined
    }
  }

  private sync(): void {
    this.syncing = undefined
    // The file may be closed meanwhile: a newer generation has taken its place, and the notebook's file holds all of it.
    if (this.file !== undefined) fdatasync(this.file, () => undefined)
  }

  private openFile(generation: number): number {
    mkdirSync(this.folder, { recursive: true })
    const file = openSync(this.path(generation), 'a')
    try {
      // A torn last line of an earlier life must not swallow the next record.
      const start = fstatSync(file).size === 0 ? `${JSON.stringify(this.head)}\n` : '\n'
      let rest: Buffer = Buffer.from(start)
      while (rest.length > 0) rest = rest.subarray(writeSync(file, rest))
      return file
    } catch (error) {
      closeSync(file)
      if (generation > this.generation) rmSync(this.path(generation), { force: true })
      throw error
    }
  }

  private async read(generation: number): Promise<Partial<Part> & Pick<Part, 'generation'>> {
    const [first, ...rest] = (await readFile(this.path(generation), 'utf8')).split('\n')
    const head = parse<Head>(first ?? '')
    if (!head) return { generation }
    const lines = rest.map((line) => parse<JournalRecord>(line)).filter((record) => record !== undefined)
    return {
      generation,
      head,
      records: lines.filter(({ message }) => message !== undefined),
      last: lines.at(-1)?.seq ?? 0,
    }
  }

  private generations(): number[] {
    const names = existsSync(this.folder) ? readdirSync(this.folder) : []
    const pattern = new RegExp(`^${this.key}\\.(\\d+)\\.ndjson$`)
    return names
      .flatMap((name) => pattern.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b)
  }

  private path(generation: number): string {
    return join(this.folder, `${this.key}.${generation}.ndjson`)
  }
}

function keyOf(notebook: string): string {
  return sha256(notebook).slice(0, 32)
}

function parse<T>(line: string): T | undefined {
  if (line === '') return undefined
  try {
    return JSON.parse(line) as T
  } catch {
    return undefined
  }
}
