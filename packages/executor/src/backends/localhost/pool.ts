/**
 * Warm worker processes, shared by all executors of this process and kept between maps. Idle workers end after a minute and
 * never keep the host alive; a worker that has grown too large is not used again.
 */
import { availableParallelism } from 'node:os'
import { now } from '../../worker/clock.js'
import { WorkerProcess } from './worker.js'

const IDLE_MS = 60_000
const GROWN_BYTES = 1024 * 1024 * 1024
/** A busy worker sends something every 250 ms; one that is silent this long is lost. */
const LEASE_MS = 4_000
const LEASE_START_MS = 20_000
const CHECK_MS = 500

export class WorkerPool {
  readonly #idle = new Map<string, WorkerProcess[]>()
  readonly #busy = new Map<WorkerProcess, () => void>()
  #check: NodeJS.Timeout | undefined
  #checkedAt = 0

  /** A worker with the given memory limit: a warm one if there is one, else a new process. `silent` is called when it stops answering. */
  acquire(runtimeMemory: number | undefined, cwd: string, silent: () => void): WorkerProcess {
    const idle = this.#idle.get(keyOf(runtimeMemory, cwd))
    let worker = idle?.pop()
    while (worker?.dead) worker = idle?.pop()
    worker ??= this.#start(runtimeMemory, cwd)
    worker.keepAlive(true)
    worker.seen = now()
    this.#busy.set(worker, silent)
    this.#watch()
    return worker
  }

  /** Takes a worker back. */
  release(worker: WorkerProcess): void {
    this.#busy.delete(worker)
    worker.listener = undefined
    if (worker.dead) return
    const idle = this.#idleOf(worker)
    if (worker.rss > GROWN_BYTES || idle.length >= 2 * availableParallelism()) {
      worker.keepAlive(false)
      worker.kill()
    } else this.#rest(worker, idle)
  }

  /** Has `count` workers of this kind idle or on their way. */
  prewarm(count: number, runtimeMemory: number | undefined, cwd: string): void {
    const idle = this.#idle.get(keyOf(runtimeMemory, cwd))?.filter((worker) => !worker.dead).length ?? 0
    for (let i = idle; i < count; i++) {
      const worker = this.#start(runtimeMemory, cwd)
      this.#rest(worker, this.#idleOf(worker))
    }
  }

  /** Ends every idle worker now. */
  drain(): void {
    for (const workers of this.#idle.values()) for (const worker of workers.splice(0)) worker.kill()
  }

  #start(runtimeMemory: number | undefined, cwd: string): WorkerProcess {
    const worker = new WorkerProcess({ runtimeMemory, cwd })
    worker.onExit(() => {
      this.#busy.delete(worker)
      const idle = this.#idleOf(worker)
      const at = idle.indexOf(worker)
      if (at >= 0) idle.splice(at, 1)
    })
    return worker
  }

  #idleOf({ options }: WorkerProcess): WorkerProcess[] {
    const key = keyOf(options.runtimeMemory, options.cwd)
    let idle = this.#idle.get(key)
    if (!idle) this.#idle.set(key, (idle = []))
    return idle
  }

  #rest(worker: WorkerProcess, idle: WorkerProcess[]): void {
    idle.push(worker)
    worker.keepAlive(false)
    const since = (worker.seen = now())
    setTimeout(() => {
      const at = idle.indexOf(worker)
      if (at < 0 || worker.seen !== since) return
      idle.splice(at, 1)
      worker.kill()
    }, IDLE_MS).unref()
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

function keyOf(runtimeMemory: number | undefined, cwd: string): string {
  return `${runtimeMemory ?? 'default'} ${cwd}`
}

/** The one pool of this process. */
export const workerPool = new WorkerPool()
