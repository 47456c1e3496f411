/** Shows a job while it runs: a live strip in a notebook, a progress line in a terminal, nothing elsewhere. */
import { RUN_MIME, type RunOutput } from './events.js'
import { kernelHost } from './host.js'
import type { JobRecord } from './job-record.js'
import { now } from './worker/clock.js'

const LINE_MS = 100
const BAR = 24

export class JobDisplay {
  readonly #job: JobRecord
  readonly #handle: { update(bundle: Record<string, unknown>): void } | undefined
  readonly #terminal: boolean
  #paintedAt = 0

  /** @param terminal whether a progress line is wanted when stderr is a terminal. */
  constructor(job: JobRecord, terminal: boolean) {
    this.#job = job
    const host = kernelHost()
    if (host?.currentCell()) this.#handle = host.display(this.#bundle())
    this.#terminal = terminal && !host && process.stderr.isTTY === true
  }

  /** A call has come to its end. */
  progress(): void {
    if (this.#terminal && now() - this.#paintedAt >= LINE_MS) this.#paint()
  }

  /** The job has ended. */
  end(): void {
    this.#handle?.update(this.#bundle())
    if (!this.#terminal) return
    this.#paint()
    process.stderr.write('\n')
  }

  #paint(): void {
    this.#paintedAt = now()
    process.stderr.write(`\r\x1b[2K${progressLine(this.#job, this.#paintedAt)}`)
  }

  #bundle(): Record<string, unknown> {
    const { run, id, name, total, done, failed, createdAt, endedAt, cost, lambdaCost } = this.#job
    const output: RunOutput = { runId: run.runId, job: id, name }
    if (endedAt !== undefined) {
      output.summary = { total, done, failed, elapsedMs: Math.round(endedAt - createdAt), cost, lambdaCost }
    }
    const calls = total === 1 ? '1 call' : `${total} calls`
    const state = endedAt === undefined ? calls : `${done} of ${calls} done, ${failed} failed`
    return { [RUN_MIME]: output, 'text/plain': `${id} ${name}: ${state} (run ${run.runId})` }
  }
}

/** `M000 estimate  ███████░░░░  120/200 · 2 failed · 1.2 s` */
export function progressLine(
  job: Pick<JobRecord, 'id' | 'name' | 'total' | 'done' | 'failed' | 'createdAt'>,
  at: number,
): string {
  const { id, name, total, done, failed, createdAt } = job
  const filled = total === 0 ? BAR : Math.floor((BAR * (done + failed)) / total)
  const bar = '█'.repeat(filled) + '░'.repeat(BAR - filled)
  const bad = failed > 0 ? ` · ${failed} failed` : ''
  return `${id} ${name.slice(0, 30)}  ${bar}  ${done + failed}/${total}${bad} · ${((at - createdAt) / 1000).toFixed(1)} s`
}
