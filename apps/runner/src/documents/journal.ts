/**
 * What happened to a notebook since its file was last saved, so that a killed runner loses no outputs. Append-only NDJSON files
 * `<key>.<generation>.ndjson`; each begins with the hash of the file it builds on. A save begins a new generation before the file is
 * replaced and drops the older ones after it: whenever the runner dies, one of the generations fits the file that is there.
 */
import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
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
  /** Last sequence number that the file holds, and sha256 of the file. */
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

/** sha256 as hex. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

export class Journal {
  private key: string
  private generation = 0
  private file: FileHandle | undefined
  private buffer = ''
  /** Writes and file operations follow each other in order. */
  private tail: Promise<unknown> = Promise.resolve()

  /** @param head what the journal builds on until the first `rotate` */
  constructor(
    private readonly folder: string,
    private head: Head,
  ) {
    this.key = keyOf(head.notebook)
  }

  /** What the generations on disk add to a file with this hash; the journal goes on behind them. */
  async recover(): Promise<Recovered> {
    const generations = await this.generations()
    this.generation = generations.at(-1) ?? 0
    const parts = await Promise.all(generations.map((generation) => this.read(generation)))
    const fit = parts.findLastIndex((part) => part?.head.hash === this.head.hash)
    const records = fit === -1 ? [] : parts.slice(fit).flatMap((part) => part?.records ?? [])
    const seqs = parts.flatMap((part) => (part ? [part.head.seq, part.records.at(-1)?.seq ?? 0] : []))
    const seq = Math.max(0, ...seqs)
    this.head = { ...this.head, seq }
    // A journal that fits no more (the file was changed by someone else) is left behind, not continued.
    if (fit === -1 && generations.length > 0) this.generation++
    return { seq, running: parts[fit]?.head.running ?? {}, records }
  }

  /** Adds a record; it is with the operating system a moment later, without anyone having to wait. */
  append(record: JournalRecord): void {
    const { buffers: _, ...message } = record.message
    if (this.buffer === '') setImmediate(() => void this.flush().catch(() => undefined))
    this.buffer += `${JSON.stringify({ ...record, message })}\n`
  }

  /**
   * Later records build on a file with this hash, which is about to be written. Takes effect at once: records that are appended before
   * this resolves belong to the new generation already.
   */
  async rotate(seq: number, hash: string, running: Record<string, number>): Promise<void> {
    const rest = this.buffer
    this.buffer = ''
    await this.enqueue(async () => {
      if (rest !== '') await (this.file ?? (await this.openFile())).appendFile(rest)
      await this.file?.close()
      this.file = undefined
      this.generation++
      this.head = { ...this.head, seq, hash, running }
      await this.openFile()
    })
  }

  /** The file was written: older generations are not needed any more. */
  commit(): Promise<void> {
    return this.enqueue(async () => {
      const old = (await this.generations()).filter((generation) => generation < this.generation)
      await Promise.all(old.map((generation) => rm(this.path(generation), { force: true })))
    })
  }

  /** Follows a renamed notebook. */
  async move(notebook: string): Promise<void> {
    await this.flush()
    await this.enqueue(async () => {
      const generations = await this.generations()
      const paths = generations.map((generation) => this.path(generation))
      this.key = keyOf(notebook)
      this.head = { ...this.head, notebook }
      for (const generation of await this.generations()) await rm(this.path(generation), { force: true })
      await Promise.all(generations.map((generation, i) => rename(paths[i]!, this.path(generation))))
    })
  }

  /** Deletes everything. */
  async remove(): Promise<void> {
    await this.close()
    for (const generation of await this.generations()) await rm(this.path(generation), { force: true })
  }

  /** Writes what is buffered. */
  flush(): Promise<void> {
    return this.enqueue(async () => {
      if (this.buffer === '') return
      const data = this.buffer
      this.buffer = ''
      const file = this.file ?? (await this.openFile())
      await file.appendFile(data)
    })
  }

  async close(): Promise<void> {
    await this.flush()
    await this.enqueue(async () => {
      await this.file?.close()
      this.file = undefined
    })
  }

  private async openFile(): Promise<FileHandle> {
    await mkdir(this.folder, { recursive: true })
    this.file = await open(this.path(this.generation), 'a')
    const { size } = await this.file.stat()
    // A torn last line of an earlier life must not swallow the next record.
    await this.file.appendFile(size === 0 ? `${JSON.stringify(this.head)}\n` : '\n')
    return this.file
  }

  private async read(generation: number): Promise<{ head: Head; records: JournalRecord[] } | undefined> {
    const [first, ...rest] = (await readFile(this.path(generation), 'utf8')).split('\n')
    const head = parse<Head>(first ?? '')
    if (!head) return undefined
    return { head, records: rest.map((line) => parse<JournalRecord>(line)).filter((record) => record !== undefined) }
  }

  private async generations(): Promise<number[]> {
    const names = await readdir(this.folder).catch(() => [] as string[])
    const pattern = new RegExp(`^${this.key}\\.(\\d+)\\.ndjson$`)
    return names
      .flatMap((name) => pattern.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b)
  }

  private path(generation: number): string {
    return join(this.folder, `${this.key}.${generation}.ndjson`)
  }

  private enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.tail.then(work)
    this.tail = result.catch(() => undefined)
    return result
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
