/** Backend `localhost`: calls run in warm worker processes of this machine, one call at a time in each. */
import type {
  AttemptEvent,
  Backend,
  BackendLimits,
  Beat,
  Deployment,
  Invocation,
  Price,
  Resources,
} from '../backend.js'
import { BatchRun } from './batch.js'
import { checkIsolation, type Isolation } from './isolation.js'
import { type WorkerPool, workerPool } from './pool.js'
import type { WorkerOptions } from './worker.js'

const MB = 1024 * 1024
/** A busy worker says something every 250 ms. Starting one takes its time on a loaded machine. */
const LIMITS = { inlineInput: MB, inlineResult: 64 * 1024, lease: { start: 20_000, running: 4_000 } }

export interface LocalhostOptions {
  /** Worker processes at a time. */
  workers: number
  /** Working folder of the functions. */
  cwd: string
  /** Batches after which a process is replaced; undefined is never. */
  recycleAfter?: number | undefined
  isolation?: Isolation | undefined
  /** Folders isolated workers may write. */
  writable?: readonly string[] | undefined
  pool?: WorkerPool
}

export class LocalhostBackend implements Backend {
  readonly name = 'localhost'
  readonly limits: BackendLimits
  readonly #kind: Omit<WorkerOptions, 'runtimeMemory'>
  readonly #pool: WorkerPool
  readonly #runs = new Set<BatchRun>()

  constructor(options: LocalhostOptions) {
    this.limits = { concurrency: options.workers, ...LIMITS }
    const { cwd, recycleAfter, isolation, writable } = options
    checkIsolation(isolation)
    this.#kind = { cwd, recycleAfter, ...(isolation === 'bwrap' ? { isolation, writable } : {}) }
    this.#pool = options.pool ?? workerPool
  }

  prewarm(count: number, resources: Resources): void {
    const { runtimeMemory } = resources
    this.#pool.prewarm(Math.min(count, this.limits.concurrency - this.#runs.size), { runtimeMemory, ...this.#kind })
  }

  async prepare(): Promise<void> {
    // Code lies in files: nothing to deploy.
  }

  invoke(deployment: Deployment, batch: Invocation[], signal: AbortSignal): AsyncIterable<AttemptEvent | Beat> {
    const run = new BatchRun(this.#pool, this.#kind, deployment, batch, () => this.#runs.delete(run))
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
