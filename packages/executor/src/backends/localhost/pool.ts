/**
 * Warm worker processes, shared by all executors of this process and kept between maps. Idle workers end after a minute and
 * never keep the host alive; a worker that has grown too large is not used again.
 */
import { availableParallelism } from 'node:os'
import { type WorkerOptions, WorkerProcess } from './worker.js'

const IDLE_MS = 60_000
const GROWN_BYTES = 1024 * 1024 * 1024

export class WorkerPool {
  /** Longest idle first. */
  readonly #idle: WorkerProcess[] = []
  readonly #busy = new Set<WorkerProcess>()
  #mostBusy = 2 * availableParallelism()
  readonly #idleMs: number

  /** @param idleMs how long an unused worker is kept, ms. */
  constructor(idleMs = IDLE_MS) {
    this.#idleMs = idleMs
  }

  /** A worker of this kind: the warmest idle one, else a new process. */
  acquire(kind: WorkerOptions): WorkerProcess {
    const at = this.#idle.findLastIndex((worker) => !worker.dead && isKind(worker, kind))
    const worker = at < 0 ? this.#start(kind) : this.#idle.splice(at, 1)[0]!
    worker.keepAlive(true)
    worker.uses++
    this.#busy.add(worker)
    this.#mostBusy = Math.max(this.#mostBusy, this.#busy.size)
    return worker
  }

  /** Takes a worker back. No more are kept than were ever busy at once. */
  release(worker: WorkerProcess): void {
    this.#busy.delete(worker)
    worker.listener = undefined
    if (worker.dead) return
    this.#rest(worker)
    const worn = worker.uses >= (worker.options.recycleAfter ?? Number.POSITIVE_INFINITY)
    if (worn || worker.rss > GROWN_BYTES) this.#end(worker)
    else if (this.#idle.length > this.#mostBusy) this.#end(this.#idle[0]!)
  }

  /** Has `count` workers of this kind idle or on their way. */
  prewarm(count: number, kind: WorkerOptions): void {
    const idle = this.#idle.filter((worker) => !worker.dead && isKind(worker, kind)).length
    for (let i = idle; i < count; i++) this.#rest(this.#start(kind))
  }

  #start(kind: WorkerOptions): WorkerProcess {
    const worker = new WorkerProcess(kind)
    worker.onExit(() => {
      this.#busy.delete(worker)
      this.#end(worker)
    })
    return worker
  }

  #rest(worker: WorkerProcess): void {
    this.#idle.push(worker)
    worker.keepAlive(false)
    // Starting workers still say hello: what counts is that nobody has taken this one since.
    const { uses } = worker
    setTimeout(() => {
      if (this.#idle.includes(worker) && worker.uses === uses) this.#end(worker)
    }, this.#idleMs).unref()
  }

  #end(worker: WorkerProcess): void {
    const at = this.#idle.indexOf(worker)
    if (at >= 0) this.#idle.splice(at, 1)
    worker.kill()
  }
}

function isKind({ options }: WorkerProcess, kind: WorkerOptions): boolean {
  const { runtimeMemory, cwd, recycleAfter, isolation } = options
  if (runtimeMemory !== kind.runtimeMemory || cwd !== kind.cwd || recycleAfter !== kind.recycleAfter) return false
  return isolation === kind.isolation && String(options.writable) === String(kind.writable)
}

/** The one pool of this process. */
export const workerPool = new WorkerPool()
