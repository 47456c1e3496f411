/** Headers of ended runs, kept for the next process: without them its first list would read every log again. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { RunHeader } from '../events.js'

/** Many runs that end one after another are written together. */
const WRITE_MS = 2000

const count = z.number()
const header = z.object({
  runId: z.string(),
  name: z.string(),
  status: z.enum(['done', 'failed', 'cancelled', 'lost']),
  backend: z.string(),
  notebook: z.string().optional(),
  cellId: z.string().optional(),
  createdAt: count,
  finishedAt: count.optional(),
  jobs: count,
  calls: count,
  done: count,
  failed: count,
  cost: count,
  lambdaCost: count,
  seq: count,
})
const file = z.record(z.string(), z.object({ size: count, header }))

export class HeaderCache {
  private entries: Map<string, { size: number; header: RunHeader }> | undefined
  private timer: NodeJS.Timeout | undefined

  constructor(private readonly path: string) {}

  /** The header of a log that still has the size it had then. A file that is damaged counts as empty. */
  async get(runId: string, size: number): Promise<RunHeader | undefined> {
    const entry = (await this.load()).get(runId)
    return entry?.size === size ? entry.header : undefined
  }

  async set(runId: string, size: number, header: RunHeader): Promise<void> {
    const entries = await this.load()
    if (entries.get(runId)?.size === size) return
    entries.set(runId, { size, header })
    this.timer ??= setTimeout(() => void this.flush().catch(() => undefined), WRITE_MS).unref()
  }

  /** Forgets runs whose logs are gone. */
  async keep(runIds: readonly string[]): Promise<void> {
    const known = new Set(runIds)
    const entries = await this.load()
    for (const runId of entries.keys()) if (!known.has(runId)) entries.delete(runId)
  }

  /** Writes what is not yet in the file. */
  async flush(): Promise<void> {
    if (!this.timer) return
    clearTimeout(this.timer)
    this.timer = undefined
    const temporary = `${this.path}.${process.pid}.tmp`
    await mkdir(dirname(this.path), { recursive: true })
    await writeFile(temporary, JSON.stringify(Object.fromEntries(await this.load())))
    await rename(temporary, this.path)
  }

  private async load(): Promise<Map<string, { size: number; header: RunHeader }>> {
    if (this.entries) return this.entries
    const text = await readFile(this.path, 'utf8').catch(() => '{}')
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {}
    const parsed = file.safeParse(value)
    this.entries ??= new Map(
      Object.entries(parsed.success ? (parsed.data as Record<string, { size: number; header: RunHeader }>) : {}),
    )
    return this.entries
  }
}
