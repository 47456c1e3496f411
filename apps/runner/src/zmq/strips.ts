/**
 * Runs of the executor, for clients that do not know Mayfly's run strip: the same news as a bar and a line of text, kept up to date
 * from the run's log while it runs.
 */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type LoggedEvent, RUN_MIME, type RunOutput } from '@mayfly/executor/events'
import type { JupyterMessage } from '../kernel/index.js'

const UPDATE_MS = 500

export interface Progress {
  done: number
  failed: number
  /** Unknown until the log has told. */
  total?: number
}

export class RunStrips {
  readonly #folder: string
  readonly #emit: (message: JupyterMessage) => void
  readonly #live = new Map<string, NodeJS.Timeout>()

  /**
   * @param home `MAYFLY_HOME`, where the logs are.
   * @param emit takes further updates of a strip; they look like the kernel's own.
   */
  constructor(home: string, emit: (message: JupyterMessage) => void) {
    this.#folder = join(home, 'runs')
    this.#emit = emit
  }

  /** A message as it goes out: a strip gets its HTML, and is followed until it has its summary. Others are themselves. */
  dress(message: JupyterMessage): JupyterMessage {
    const data = message.content.data as Record<string, unknown> | undefined
    const output = data?.[RUN_MIME] as RunOutput | undefined
    if (!output) return message
    const { display_id: id } = message.content.transient as { display_id?: string }
    if (id !== undefined && output.summary) this.#leave(id)
    else if (id !== undefined && message.header.msg_type === 'display_data') this.#follow(id, output, message)
    const { total, done, failed, elapsedMs } = output.summary ?? { done: 0, failed: 0 }
    const progress = { done, failed, ...(total === undefined ? {} : { total }) }
    return withHtml(message, stripHtml(output, progress, elapsedMs))
  }

  close(): void {
    for (const id of [...this.#live.keys()]) this.#leave(id)
  }

  #leave(id: string): void {
    clearInterval(this.#live.get(id))
    this.#live.delete(id)
  }

  #follow(id: string, output: RunOutput, message: JupyterMessage): void {
    const log = new JobTail(join(this.#folder, `${output.runId}.ndjson`), output.job)
    const since = Date.now()
    let before = ''
    const update = async () => {
      const progress = await log.read()
      const now = JSON.stringify(progress)
      if (now === before || !this.#live.has(id)) return
      before = now
      const header = { ...message.header, msg_id: `${message.header.msg_id}-${now}`, msg_type: 'update_display_data' }
      this.#emit(withHtml({ ...message, header }, stripHtml(output, progress, Date.now() - since)))
    }
    this.#live.set(
      id,
      setInterval(() => void update(), UPDATE_MS),
    )
  }
}

/** How far a job is, by its run's log, read on from where the last look ended. */
class JobTail {
  readonly #file: string
  readonly #job: string
  readonly #progress: Progress = { done: 0, failed: 0 }
  #first = 0
  #at = 0

  constructor(file: string, job: string) {
    this.#file = file
    this.#job = job
  }

  async read(): Promise<Progress> {
    const text = await this.#more().catch(() => '')
    const whole = text.slice(0, text.lastIndexOf('\n') + 1)
    this.#at += Buffer.byteLength(whole)
    for (const line of whole.split('\n')) if (line !== '') this.#take(JSON.parse(line) as LoggedEvent)
    return this.#progress
  }

  /** Calls are numbered through the run; a job has those from its first on. */
  #take(event: LoggedEvent): void {
    if (event.type === 'job.created' && event.job === this.#job) {
      this.#first = event.first
      this.#progress.total = event.total
    } else if (event.type === 'done' || (event.type === 'failed' && event.final)) {
      const place = event.call - this.#first
      if (place < 0 || place >= (this.#progress.total ?? 0)) return
      if (event.type === 'done') this.#progress.done++
      else this.#progress.failed++
    }
  }

  async #more(): Promise<string> {
    const file = await open(this.#file)
    try {
      const { size } = await file.stat()
      const buffer = Buffer.alloc(size - this.#at)
      await file.read(buffer, 0, buffer.length, this.#at)
      return buffer.toString('utf8')
    } finally {
      await file.close()
    }
  }
}

function withHtml(message: JupyterMessage, html: string): JupyterMessage {
  const data = { ...(message.content.data as Record<string, unknown>), 'text/html': html }
  return { ...message, content: { ...message.content, data } }
}

/** One line: job, name, bar, counts, time. No script and no style sheet: notebooks are also read where neither works. */
export function stripHtml({ job, name, runId }: RunOutput, { done, failed, total }: Progress, elapsedMs = 0): string {
  const ended = done + failed
  const bar = total === undefined ? '<progress></progress>' : `<progress value="${ended}" max="${total}"></progress>`
  const counts = total === undefined ? 'starting' : `${ended} of ${total} calls`
  const bad = failed > 0 ? ` · <b>${failed} failed</b>` : ''
  const label = `${escapeHtml(job)} <b>${escapeHtml(name)}</b>`
  return `<div title="run ${escapeHtml(runId)}">${label} ${bar} ${counts}${bad} · ${(elapsedMs / 1000).toFixed(1)} s</div>`
}

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!)
