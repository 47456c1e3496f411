/**
 * Warm worker processes, shared by all executors of this process and kept between maps. Idle workers end after a minute and
 * never keep the host alive; a worker that has grown too large is not used again.
 */
import { availableParallelism } from 'node:os'
import { now } from '../../worker/clock.js'
import { type WorkerOptions, WorkerProcess } from './worker.js'

const IDLE_MS = 60_000
const GROWN_BYTES = 1024 * 1024 * 1024
/** A busy worker sends something every 250 ms; one that is silent this long is lost. */
const LEASE_MS = 4_000
const LEASE_START_MS = 20_000
const CHECK_MS = 500

export class WorkerPool {
  /** Longest idle first. */
  readonly #idle: WorkerProcess[] = []
  readonly #busy = new Map<WorkerProcess, () => void>()
  #mostBusy = 2 * availableParallelism()
  #check: NodeJS.Timeout | undefined
  #checkedAt = 0
  readonly #idleMs: number

  /** @param idleMs how long an unused worker is kept, ms. */
  constructor(idleMs = IDLE_MS) {
    this.#idleMs = idleMs
  }

  /** A worker of this kind: the warmest idle one, else a new process. `silent` is called when it stops answering. */
  acquire(kind: WorkerOptions, silent: () => void): WorkerProcess {
    const at = this.#idle.findLastIndex((worker) => !worker.dead && isKind(worker, kind))
    const worker = at < 0 ? this.#start(kind) : this.#idle.splice(at, 1)[0]!
    worker.keepAlive(true)
    worker.uses++
    worker.seen = now()
    this.#busy.set(worker, silent)
    this.#mostBusy = Math.max(this.#mostBusy, this.#busy.size)
    this.#watch()
    return worker
  }

  /** Takes a worker back. No more are kept than were ever busy at once. */
  release(worker: WorkerProcess): void {
    this.#busy.delete(worker)
    worker.listener = undefined
    if (worker.dead) return
    this.#rest(worker)
    if (worker.rss > GROWN_BYTES) this.#end(worker)
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

  /** Looks for busy workers that have gone silent (stopped, swapped out) although their process is still there. */
  #watch(): void {
    if (this.#check) return
    this.#checkedAt = now()
    this.#check = setInterval(() => {
      const late = now() - this.#checkedAt > 3 * CHECK_MS
      this.#checkedAt = now()
      if (this.#busy.size === 0) {
        clearInterval(this.#check)
        this.#check = undefined
      }
      for (const [worker, silent] of this.#busy) {
        // A host that was itself asleep or busy has not listened: everyone gets a new lease.
        if (late) worker.seen = now()
        const lease = worker.heapLimit === undefined ? LEASE_START_MS : LEASE_MS
        if (now() - worker.seen > lease) silent()
      }
    }, CHECK_MS)
    this.#check.unref()
  }
}

function isKind({ options }: WorkerProcess, kind: WorkerOptions): boolean {
  return options.runtimeMemory === kind.runtimeMemory && options.cwd === kind.cwd
}

/** The one pool of this process. */
export const workerPool = new WorkerPool()
