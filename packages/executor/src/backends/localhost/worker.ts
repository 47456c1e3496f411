/** The host's handle on one worker process: start, frames in and out, last words, kill. Knows nothing of calls. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encodeFrame, FrameReader } from '../../frames.js'
import { sharedAddress } from '../../shared/server.js'
import { now } from '../../worker/clock.js'
import type { HostMessage, WorkerMessage } from '../../worker/protocol.js'
import { type Isolation, sandboxed } from './isolation.js'

const ENTRY = fileURLToPath(new URL('../../worker/main.js', import.meta.url))
const STDERR_KEPT = 16 * 1024
const DEPLOYMENTS_KEPT = 16
/** After the process has ended, how long its pipes may take to deliver the rest, ms. */
const DRAIN_MS = 250

export interface WorkerListener {
  message(message: WorkerMessage, body: Uint8Array): void
  /** Text that bypassed the function's console: native code, child processes. */
  raw(stream: 'stdout' | 'stderr', text: string): void
  exit(code: number | null, signal: string | null): void
}

export interface WorkerOptions {
  runtimeMemory: number | undefined
  cwd: string
  /** Batches after which the process is replaced; undefined is never. */
  recycleAfter?: number | undefined
  /** `bwrap`: in a sandbox that may write `writable`, folders. */
  isolation?: Isolation | undefined
  writable?: readonly string[] | undefined
}

let count = 0

export class WorkerProcess {
  readonly name = `w${++count}`
  readonly options: WorkerOptions
  readonly spawnedAt = now()
  /** Set by whoever works with it; undefined while it is idle. */
  listener: WorkerListener | undefined
  heapLimit: number | undefined
  /** How often it was taken from the pool. */
  uses = 0
  /** Last resident set it reported, bytes. */
  rss = 0
  dead = false
  stderr = ''
  /** Deployments it has been told of, oldest first. */
  readonly #deployments = new Map<object, number>()
  #deploymentCount = 0
  /** The environment it was started with. */
  readonly #env: NodeJS.ProcessEnv
  readonly #child: ChildProcess
  readonly #pipe: Socket
  readonly #oomKills = oomKills()
  #onExit: (() => void)[] = []

  constructor(options: WorkerOptions) {
    this.options = options
    const flags = options.runtimeMemory ? [`--max-old-space-size=${options.runtimeMemory}`] : []
    // Where the state is that calls share; in the environment from here on.
    const shared = sharedAddress()
    const env = shareableEnvironment()
    this.#env = env
    const node = [process.execPath, ...flags, ENTRY]
    const [program, ...args] = options.isolation === 'bwrap' ? inSandbox(node, options, shared) : node
    const child = spawn(program!, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      // Its own group: Ctrl+C in the terminal is the host's to handle, and a kill takes the worker's children along.
      detached: process.platform !== 'win32',
      windowsHide: true,
      cwd: options.cwd,
      env,
    })
    this.#child = child
    this.#pipe = child.stdio[3] as Socket
    const reader = new FrameReader()
    this.#pipe.on('data', (chunk: Uint8Array) => {
      for (const { header, body } of reader.push(chunk)) this.#receive(header as WorkerMessage, body)
    })
    this.#pipe.on('error', () => {})
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]!.setEncoding('utf8').on('data', (text: string) => {
        if (name === 'stderr') this.stderr = (this.stderr + text).slice(-STDERR_KEPT)
        this.listener?.raw(name, text)
      })
    }
    this.#watchExit()
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** True when the system has killed some process for want of memory since this one was started. */
  get systemOom(): boolean {
    return oomKills() > this.#oomKills
  }

  send(message: HostMessage, body?: Uint8Array): void {
    if (!this.dead) this.#pipe.write(encodeFrame(message, body))
  }

  /** The number under which the worker knows this object; it keeps the last few, `forget` is the one to drop. */
  remember(deployment: object): { key: number; known: boolean; forget?: number } {
    const known = this.#deployments.get(deployment)
    if (known !== undefined) return { key: known, known: true }
    const key = this.#deploymentCount++
    this.#deployments.set(deployment, key)
    if (this.#deployments.size <= DEPLOYMENTS_KEPT) return { key, known: false }
    const [oldest, forget] = this.#deployments.entries().next().value!
    this.#deployments.delete(oldest)
    return { key, known: false, forget }
  }

  /** Variables of the host that were set or changed since the worker was started. */
  environmentChanges(): Record<string, string> {
    const changes: Record<string, string> = {}
    for (const [name, value] of Object.entries(shareableEnvironment())) {
      if (value !== undefined && this.#env[name] !== value) changes[name] = value
    }
    return changes
  }

  /** Kills the process and its children at once. */
  kill(): void {
    const { pid } = this.#child
    if (pid === undefined || this.dead) return
    try {
      process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL')
    } catch {
      this.#child.kill('SIGKILL')
    }
  }

  /** A busy worker keeps the host's process alive, an idle one does not. */
  keepAlive(busy: boolean): void {
    const change = busy ? 'ref' : 'unref'
    this.#child[change]()
    for (const stream of [this.#pipe, this.#child.stdout, this.#child.stderr]) (stream as Socket)[change]()
  }

  onExit(callback: () => void): void {
    this.#onExit.push(callback)
  }

  #receive(message: WorkerMessage, body: Uint8Array): void {
    if (message.type === 'hello') this.heapLimit = message.heapLimit
    else {
      if ('sample' in message) this.rss = message.sample.rss
      this.listener?.message(message, body)
    }
  }

  /** Reports the end once the pipes are drained: an answer that was already on its way still counts. */
  #watchExit(): void {
    let status: [number | null, string | null] = [null, null]
    const report = () => {
      if (this.dead) return
      this.dead = true
      this.listener?.exit(...status)
      for (const callback of this.#onExit) callback()
    }
    this.#child.on('error', (error) => {
      this.stderr += `${error.message}\n`
      report()
    })
    this.#child.on('exit', (code, signal) => {
      // A sandbox tells the signal its program died of as shells do.
      const died = this.options.isolation === 'bwrap' && code !== null && code > 128 ? signalOf(code - 128) : undefined
      status = died ? [null, died] : [code, signal]
      setTimeout(report, DRAIN_MS)
    })
    this.#child.on('close', report)
  }
}

function inSandbox(node: string[], { cwd, writable = [] }: WorkerOptions, shared: string): string[] {
  const readable = [...node.filter((word) => word.startsWith('/')), cwd]
  return sandboxed(node, { writable: [...writable, dirname(shared)], readable })
}

function signalOf(number: number): string | undefined {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0]
}

/** Everything but the secret of Mayfly's servers, which no user code may see. */
function shareableEnvironment(): NodeJS.ProcessEnv {
  const { MAYFLY_SECRET: _secret, ...env } = process.env
  return env
}

/** Processes the kernel has killed for want of memory: of this control group if it can tell, else of the machine. */
function oomKills(): number {
  for (const file of ['/sys/fs/cgroup/memory.events', '/proc/vmstat']) {
    try {
      const match = /^oom_kill (\d+)$/m.exec(readFileSync(file, 'latin1'))
      if (match) return Number(match[1])
    } catch {
      // Not this kind of system.
    }
  }
  return 0
}
