/** The runs of a workspace: headers, tails and cancelling. The logs themselves are written by executors alone. */
import { open, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MayflyError } from '../errors.js'
import type { RunHeader } from '../events.js'
import { isAlive } from '../processes/index.js'
import { HeaderCache } from './cache.js'
import { RunLog } from './log.js'

const SUFFIX = '.ndjson'
const RUN_ID = /^[\w-]{1,100}$/
const POLL_MS = 100
const ALIVE_MS = 1000
const CHUNK = 1 << 18

export class RunStore {
  private readonly logs = new Map<string, RunLog>()

  private readonly cache: HeaderCache

  /**
   * @param folder `MAYFLY_HOME/runs`; need not exist yet
   * @param cacheFile where headers of ended runs are kept
   */
  constructor(
    private readonly folder: string,
    cacheFile: string,
  ) {
    this.cache = new HeaderCache(cacheFile)
  }

  /** All headers, newest first. */
  async list(): Promise<RunHeader[]> {
    const names = await readdir(this.folder).catch(() => [] as string[])
    const ids = names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length))
    const present = new Set(ids)
    for (const id of this.logs.keys()) if (!present.has(id)) this.logs.delete(id)
    await this.cache.keep(ids)
    const headers = await Promise.all(ids.filter((id) => RUN_ID.test(id)).map((id) => this.find(id)))
    return headers.filter((header) => header !== undefined).sort((a, b) => b.createdAt - a.createdAt)
  }

  /** One header. Throws `E_NOT_FOUND`. */
  async get(runId: string): Promise<RunHeader> {
    const header = RUN_ID.test(runId) ? await this.find(runId) : undefined
    if (header) return header
    throw new MayflyError('E_NOT_FOUND', `run not found: ${runId}`, {
      hint: '`npx mayfly job list` names the runs.',
      where: { run: runId },
    })
  }

  /** Asks the executor to cancel the run; one that has ended stays as it is. */
  async cancel(runId: string): Promise<void> {
    const { status } = await this.get(runId)
    if (status === 'running') await writeFile(join(this.folder, `${runId}.cancel`), '')
  }

  /**
   * The lines of the log behind line `after`, as bytes. With `follow` the stream stays open until the run has ended or its
   * process is gone; a slow reader is waited for. Throws `E_NOT_FOUND`.
   */
  async tail(runId: string, after: number, follow: boolean): Promise<ReadableStream<Uint8Array>> {
    await this.get(runId)
    const log = this.log(runId)
    await log.refresh()
    let at = await log.position(after)
    const file = await open(log.path)
    let closed = false
    let checked = Date.now()
    const over = async () => {
      if (!follow || log.finished) return true
      if (Date.now() - checked < ALIVE_MS) return false
      checked = Date.now()
      return (await this.find(runId))?.status !== 'running'
    }
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        while (!closed) {
          if (at === log.end) await log.refresh()
          if (at < log.end) {
            const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(CHUNK, log.end - at)), {
              position: at,
            })
            at += bytesRead
            controller.enqueue(buffer.subarray(0, bytesRead))
            return
          }
          if ((await over()) && at === log.end) {
            closed = true
            await file.close()
            controller.close()
            return
          }
          await new Promise((resolve) => setTimeout(resolve, POLL_MS))
        }
      },
      async cancel() {
        if (closed) return
        closed = true
        await file.close()
      },
    })
  }

  /** Writes what is kept for the next start. */
  close(): Promise<void> {
    return this.cache.flush()
  }

  private log(runId: string): RunLog {
    let log = this.logs.get(runId)
    if (!log) this.logs.set(runId, (log = new RunLog(join(this.folder, runId + SUFFIX))))
    return log
  }

  private async find(runId: string): Promise<RunHeader | undefined> {
    const log = this.log(runId)
    try {
      const { size, mtimeMs } = await stat(log.path)
      if (log.lines === 0) {
        const known = await this.cache.get(runId, size)
        if (known) return known
      }
      return await this.read(log, mtimeMs)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      this.logs.delete(runId)
      return undefined
    }
  }

  private async read(log: RunLog, mtimeMs: number): Promise<RunHeader | undefined> {
    if (!log.finished) await log.refresh()
    if (!log.state) return undefined
    const { header, pid } = log.state
    if (!log.finished && isAlive(pid, header.createdAt)) return { ...header, seq: log.lines }
    // The process may have written its last lines and ended since the log was read.
    if (!log.finished) await log.refresh()
    const lost = log.finished ? {} : { status: 'lost' as const, finishedAt: Math.round(mtimeMs) }
    const ended = { ...log.state.header, ...lost, seq: log.lines }
    await this.cache.set(header.runId, log.end, ended)
    return ended
  }
}
