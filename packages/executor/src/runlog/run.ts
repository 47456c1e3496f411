/**
 * One run: the log of all the jobs an executor starts within one execution of a cell, or within one script.
 *
 * When it ends: its jobs have all ended, and then, in a notebook, the cell has ended or gone on to another execution; in a
 * script, no job has come for 3 s; or the executor was closed, or the process exits. A later job starts a new run.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import { lambdaCost } from '../cost/cost.js'
import { toErrorValue } from '../errors.js'
import type { RunEvent, RunFinished } from '../events.js'
import { kernelHost } from '../host.js'
import { now } from '../worker/clock.js'
import { leaveRun, watchRun } from './leaving.js'
import { RunLogWriter } from './writer.js'

/** How often the cancel file is looked for, and, once all jobs have ended, whether the run is over. */
const CANCEL_MS = 300
const END_MS = 50
const SCRIPT_IDLE_MS = 3_000

export type Cell = { notebook?: string; cellId?: string; executionCount: number }

export interface RunOptions {
  home: string
  name: string
  backend: string
  storage: string
  settings: Record<string, unknown>
  /** The cancel file has appeared, or the user has interrupted the cell. */
  onCancel(): void
  onFinished(): void
}

export class Run {
  readonly runId = `${Date.now().toString(36)}-${randomBytes(5).toString('hex')}`
  readonly cell: Cell | undefined = kernelHost()?.currentCell()
  readonly #options: RunOptions
  readonly #log: RunLogWriter
  readonly #cancelFile: string
  readonly #cancelTimer: NodeJS.Timeout
  #endTimer: NodeJS.Timeout | undefined
  readonly #offInterrupt: (() => void) | undefined
  #jobs = 0
  #openJobs = 0
  #calls = 0
  #idleSince = 0
  #gbSeconds = 0
  #requests = 0
  #cost = 0
  #failed = 0
  #cancelled = false
  #finished = false

  constructor(options: RunOptions) {
    this.#options = options
    const { home, name, backend, storage, settings } = options
    this.#log = new RunLogWriter(join(home, 'runs', `${this.runId}.ndjson`), warn)
    this.#cancelFile = join(home, 'runs', `${this.runId}.cancel`)
    const host = {
      ...{ pid: process.pid, cpus: availableParallelism(), memory: totalmem() },
      ...{ node: process.versions.node, platform: `${process.platform} ${process.arch}` },
    }
    const { runId, cell } = this
    this.append({ type: 'run.created', at: now(), runId, name, backend, storage, ...cell, host, settings })
    // A reader must find the run as soon as the cell shows it.
    this.#log.flush()
    this.#cancelTimer = setInterval(() => this.#lookForCancel(), CANCEL_MS).unref()
    this.#offInterrupt = kernelHost()?.onInterrupt(() => this.#interrupted())
    watchRun(this)
  }

  get open(): boolean {
    return !this.#finished
  }

  /** True when a job started now belongs to this run. */
  get takesJobs(): boolean {
    return this.open && !this.#cancelled && this.#inOwnCell()
  }

  append(event: RunEvent): void {
    if (!this.#finished) this.#log.append(event)
  }

  /** Counts a job in; returns its number in the run and the run-wide number of its first call. */
  addJob(total: number): { number: number; first: number } {
    const added = { number: this.#jobs++, first: this.#calls }
    this.#calls += total
    this.#openJobs++
    return added
  }

  jobEnded(failed: number): void {
    this.#openJobs--
    this.#failed += failed
    this.#idleSince = now()
    this.#log.flush()
    this.#endTimer ??= setInterval(() => this.#lookForEnd(), END_MS).unref()
  }

  /** Puts everything that was said into the log. */
  flush(): void {
    this.#log.flush()
  }

  /** Adds an attempt to the bill. */
  bill({ gbSeconds, requests, cost }: { gbSeconds: number; requests: number; cost: number }): void {
    this.#gbSeconds += gbSeconds
    this.#requests += requests
    this.#cost += cost
  }

  /** Marks the run as cancelled; the executor cancels the calls. */
  cancel(): void {
    this.#cancelled = true
  }

  /** Writes `run.finished`; `force` also while jobs are open, because the process or the executor ends. */
  finish(force = false): void {
    if (this.#finished || (this.#openJobs > 0 && !force)) return
    this.append({
      type: 'run.finished',
      at: now(),
      status: this.#status(),
      cost: this.#cost,
      lambdaCost: lambdaCost(this.#gbSeconds, this.#requests),
    })
    this.#finished = true
    this.#log.close()
    clearInterval(this.#cancelTimer)
    clearInterval(this.#endTimer)
    this.#offInterrupt?.()
    leaveRun(this)
    if (existsSync(this.#cancelFile)) rmSync(this.#cancelFile)
    this.#options.onFinished()
  }

  #status(): RunFinished['status'] {
    if (this.#cancelled || this.#openJobs > 0) return 'cancelled'
    return this.#failed > 0 ? 'failed' : 'done'
  }

  #lookForCancel(): void {
    if (this.#cancelled || !existsSync(this.#cancelFile)) return
    this.#cancelled = true
    this.#options.onCancel()
  }

  #lookForEnd(): void {
    if (this.#openJobs > 0) return
    const over = this.cell ? !this.#inOwnCell() : now() - this.#idleSince > SCRIPT_IDLE_MS
    if (over || this.#cancelled) this.finish()
  }

  #inOwnCell(): boolean {
    return kernelHost()?.currentCell()?.executionCount === this.cell?.executionCount
  }

  #interrupted(): void {
    const running = kernelHost()?.currentCell()
    if (this.#openJobs === 0 || (running && running.executionCount !== this.cell?.executionCount)) return
    this.#cancelled = true
    this.#options.onCancel()
  }
}

function warn(error: unknown): void {
  const value = { ...toErrorValue(error), code: 'E_RUN_LOG', hint: 'Calls go on; this run is not shown live.' }
  const host = kernelHost()
  if (host) host.warn(value)
  else process.stderr.write(`The run log cannot be written: ${value.message}\n`)
}
