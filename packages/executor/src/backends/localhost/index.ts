/** Backend `localhost`: calls run in warm worker processes of this machine, one call at a time in each. */
import type { AttemptEvent, Backend, Deployment, Invocation, Price, Resources } from '../backend.js'
import { BatchRun } from './batch.js'
import { type WorkerPool, workerPool } from './pool.js'

export interface LocalhostOptions {
  /** Worker processes at a time. */
  workers: number
  /** Working folder of the functions. */
  cwd: string
  pool?: WorkerPool
}

export class LocalhostBackend implements Backend {
  readonly name = 'localhost'
  readonly concurrency: number
  readonly #cwd: string
  readonly #pool: WorkerPool
  readonly #runs = new Set<BatchRun>()

  constructor(options: LocalhostOptions) {
    this.concurrency = options.workers
    this.#cwd = options.cwd
    this.#pool = options.pool ?? workerPool
  }

  prewarm(count: number, resources: Resources): void {
    const { runtimeMemory } = resources
    this.#pool.prewarm(Math.min(count, this.concurrency - this.#runs.size), { runtimeMemory, cwd: this.#cwd })
  }

  invoke(deployment: Deployment, batch: Invocation[], signal: AbortSignal): AsyncIterable<AttemptEvent> {
    const run = new BatchRun(this.#pool, this.#cwd, deployment, batch, () => this.#runs.delete(run))
    this.#runs.add(run)
    run.start(signal)
    return run.events
  }

  cancel(id: number): void {
    for (const run of this.#runs) run.cancel(id)
  }

  price(): Price {
    return { gbSecond: 0, request: 0 }
  }

  async close(): Promise<void> {
    for (const run of this.#runs) run.abort()
  }
}
