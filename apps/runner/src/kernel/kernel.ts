/** One notebook's kernel: the message core, the child process, and the lives and deaths between them. */
import { existsSync, realpathSync } from 'node:fs'
import { MayflyError } from '@mayfly/executor/errors'
import type { NotebookSettings } from '@mayfly/executor/host'
import { z } from 'zod'
import { KernelCore } from './core/core.js'
import { killDescendants } from './descendants.js'
import { type MemoryLimits, memoryLimits } from './limits.js'
import type { JupyterMessage } from './messages.js'
import { findKernelNode, type KernelNode, nodeNotices } from './node.js'
import { KernelProcess } from './process.js'
import type { FromChild, Notice } from './protocol.js'
import type { VariableDetail, VariableList } from './variables.js'
import { majorOf, SAFE_NODE } from './versions.js'

export interface KernelOptions {
  /** Unique; the session id of what the kernel says. */
  id: string
  /** Folder the kernel works in; bare imports resolve from it first. */
  workspace: string
  /** Mayfly's own state (`MAYFLY_HOME`), handed to the executor inside the kernel. */
  home: string
  /** The notebook's path relative to the workspace; relative imports of cells start at its folder. */
  notebook?: string
  /** What the notebook says of its executors. */
  settings?: NotebookSettings
  /** Limit of the JavaScript heap in MiB, at least 64; default `MAYFLY_KERNEL_MEMORY_MB`, else by the machine. A cell is stopped at 80 % of it. */
  memoryMb?: number
  /** Resident memory in MiB, with Buffers outside the heap, at which a cell is stopped; default `MAYFLY_KERNEL_RSS_MB`, else by the machine. */
  rssMb?: number
  /** Added to the runner's environment. */
  env?: Record<string, string>
  /** The Node to run the kernel with; default as `findKernelNode` says. */
  nodePath?: string
}

export type ExecutionState = 'starting' | 'idle' | 'busy' | 'restarting' | 'dead'

/** Steps of an interrupt that is not answered. */
const KILL_CHILDREN_MS = 2000
const OFFER_RESTART_MS = 5000
const START_MS = 60_000
/** Deaths in a row, each before a kernel was ready or soon after, without a cell, after which it stays dead. */
const MAX_FALSE_STARTS = 3
const SOON_MS = 5000
/** So long the control thread may take to say what is used. */
const USAGE_MS = 1000

/** Memory in bytes. */
export interface KernelUsage {
  pid: number
  rss: number
  heapUsed: number
  heapLimit: number
  rssLimit: number
}

export class Kernel {
  readonly id: string
  readonly #options: KernelOptions
  readonly #limits: MemoryLimits
  readonly #core: KernelCore
  readonly #listeners = new Set<(message: JupyterMessage) => void>()
  #process: KernelProcess | undefined
  #life: 'starting' | 'up' | 'restarting' | 'dead' = 'dead'
  #lastActivity = new Date()
  #falseStarts = 0
  #launches = 0
  #readyAt = 0
  #hasRun = false
  #node = process.version
  #asked = 0
  readonly #usageAsked = new Map<number, (usage: { rss: number; heapUsed: number }) => void>()
  #interruptedAt = Number.NEGATIVE_INFINITY
  #escalation: NodeJS.Timeout[] = []
  #waiters: { resolve(): void; reject(error: Error): void }[] = []

  /** @throws MayflyError `E_KERNEL_OPTIONS` */
  constructor(options: KernelOptions) {
    this.id = options.id
    this.#options = checkOptions(options)
    this.#limits = memoryLimits(this.#options)
    this.#core = new KernelCore({
      id: options.id,
      send: (frame) => this.#process?.send(frame),
      emit: (message) => this.#emit(message),
      onInterrupt: () => void this.interrupt(),
      onShutdown: (restart) => void (restart ? this.restart() : this.shutdown()),
      facts: () => this.#facts(),
    })
  }

  get executionState(): ExecutionState {
    if (this.#life === 'up') return this.#core.busy ? 'busy' : 'idle'
    return this.#life
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** When a message last went either way. */
  get lastActivity(): Date {
    return this.#lastActivity
  }

  /** Starts the process; resolves when it is ready to execute. @throws MayflyError `E_KERNEL_START`, `E_KERNEL_NODE`. */
  async start(): Promise<void> {
    if (this.#life === 'up') return
    if (this.#life === 'dead') {
      this.#falseStarts = 0
      this.#spawn('starting')
    }
    await this.#ready()
  }

  /** Takes a shell, control or stdin request of a client. Before `start` and during a restart it waits its turn. */
  send(message: JupyterMessage): void {
    this.#lastActivity = new Date()
    this.#hasRun ||= message.header.msg_type === 'execute_request'
    this.#core.handle(message)
  }

  /** Takes a cell that waits its turn out of the queue; false when it does not wait. */
  cancel(cellId: string): boolean {
    return this.#core.cancel(cellId)
  }

  /** Replies and iopub messages, in order. Returns how to stop listening. */
  onMessage(listener: (message: JupyterMessage) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Stops the running cell; variables are kept. Escalates when the main thread does not answer: after 2 s the kernel's child
   * processes are killed, after 5 s the user is told that only a restart helps.
   */
  async interrupt(): Promise<void> {
    const process = this.#process
    if (!process || this.#life !== 'up') return
    this.#calm()
    this.#interruptedAt = performance.now()
    this.#core.interrupt()
    process.send({ op: 'interrupt' })
    this.#escalation = [
      setTimeout(() => process.pid !== undefined && killDescendants(process.pid), KILL_CHILDREN_MS),
      setTimeout(() => this.#core.notice(STUCK), OFFER_RESTART_MS),
    ]
  }

  /** Tells the user of the kernel itself, by the iopub message `mayfly_notice`. */
  notify(notice: Notice): void {
    this.#core.notice(notice)
  }

  /** What the kernel's process uses now, without its children; undefined when it does not say. */
  usage(): Promise<KernelUsage | undefined> {
    const process = this.#process
    const pid = process?.pid
    if (!process || pid === undefined || this.#life !== 'up') return Promise.resolve(undefined)
    const ask = ++this.#asked
    return new Promise((resolve) => {
      const settle = (used?: { rss: number; heapUsed: number }) => {
        clearTimeout(timer)
        this.#usageAsked.delete(ask)
        const { heapMb, rssMb } = this.#limits
        resolve(used && { pid, ...used, heapLimit: heapMb * 2 ** 20, rssLimit: rssMb * 2 ** 20 })
      }
      const timer = setTimeout(settle, USAGE_MS)
      this.#usageAsked.set(ask, settle)
      process.send({ op: 'usage', ask })
    })
  }

  /** Ends the process and starts another; what ran or waited is aborted. Resolves when the new one is ready. */
  async restart(): Promise<void> {
    this.#life = 'restarting'
    await this.#endProcess()
    this.#falseStarts = 0
    this.#spawn('restarting')
    await this.#ready()
  }

  /** Ends the process for good. */
  async shutdown(): Promise<void> {
    this.#life = 'dead'
    await this.#endProcess()
    this.#settle(new MayflyError('E_KERNEL_DEAD', 'The kernel was shut down.'))
  }

  /** The notebook's variables; those of before, marked `busy`, while the kernel computes. */
  variables(): Promise<VariableList> {
    return this.#core.variables()
  }

  /**
   * What is inside a variable, a page of 100 children from the given one; `path` leads into it by the keys of children.
   * @throws MayflyError `E_VARIABLE_UNKNOWN`, or `E_KERNEL_BUSY` while the kernel computes.
   */
  async variable(name: string, path: (string | number)[] = [], from = 0): Promise<VariableDetail> {
    const detail = await this.#core.variable(name, path, from)
    if (detail) return detail
    if (detail === undefined) {
      const hint = 'Ask again when the cell has ended or waits.'
      throw new MayflyError('E_KERNEL_BUSY', 'The kernel computes and cannot be asked for its variables.', { hint })
    }
    throw new MayflyError('E_VARIABLE_UNKNOWN', `There is no variable ${[name, ...path].join(' › ')}.`, {
      where: { name },
    })
  }

  /** The notebook moved: later imports are relative to its new folder. */
  rename(notebook: string): void {
    this.#options.notebook = notebook
    this.#process?.send({ op: 'rename', notebook })
  }

  /** The notebook's settings, for executors that are made from now on. */
  configure(settings: NotebookSettings): void {
    if (JSON.stringify(settings) === JSON.stringify(this.#options.settings ?? {})) return
    this.#options.settings = settings
    this.#process?.send({ op: 'configure', settings })
  }

  #spawn(life: 'starting' | 'restarting'): void {
    this.#life = life
    this.#core.status(life)
    void this.#launch(++this.#launches)
  }

  async #launch(launch: number): Promise<void> {
    const { id, workspace, home, env, nodePath } = this.#options
    const limits = this.#limits
    let node: KernelNode
    try {
      node = await findKernelNode(workspace, nodePath)
    } catch (error) {
      if (launch === this.#launches) this.#giveUp(error as Error)
      return
    }
    if (launch !== this.#launches) return
    this.#node = node.version
    const { notebook, settings = {} } = this.#options
    const options = {
      id,
      workspace,
      home,
      settings,
      limits,
      node,
      ...(env ? { env } : {}),
      ...(notebook ? { notebook } : {}),
    }
    const child: KernelProcess = new KernelProcess(options, {
      onFrame: (frame) => {
        if (this.#process === child) this.#frame(frame)
      },
      onNativeOutput: (name, text) => {
        if (this.#process === child) this.#core.nativeOutput(name, text)
      },
      onExit: (reason) => {
        if (this.#process === child) this.#died(reason)
      },
    })
    this.#process = child
  }

  #frame(frame: FromChild): void {
    if (frame.op === 'interrupted') this.#calm()
    else if (frame.op === 'usage') this.#usageAsked.get(frame.ask)?.(frame)
    else if (frame.op === 'ready') {
      this.#life = 'up'
      this.#readyAt = performance.now()
      this.#hasRun = this.#core.busy
      this.#core.childReady(frame)
      this.#settle()
    } else this.#core.frame(frame)
  }

  /** The process ended and nobody asked it to: the cell is told why, and a new one is started. */
  #died(reason: string): void {
    this.#process = undefined
    this.#calm()
    const stillborn = this.#life !== 'up' || (!this.#hasRun && performance.now() - this.#readyAt < SOON_MS)
    this.#falseStarts = stillborn ? this.#falseStarts + 1 : 0
    const evalue = `The kernel ${reason}.`
    const again = this.#falseStarts < MAX_FALSE_STARTS
    const advice = [
      again ? '  → It is started again; variables are lost, outputs are kept.' : '  → It is not started again.',
    ]
    if (this.#diedOfInterrupt()) advice.push(`  → ${majorOf(this.#node) < SAFE_NODE ? OLD_NODE : HOOKED}`)
    this.#core.childGone({ ename: 'KernelDied', evalue, traceback: [`KernelDied: ${evalue}`, ...advice] })
    if (again) {
      this.#spawn('restarting')
      return
    }
    const hint = 'Look at the environment of the runner: the workspace folder, Node, and memory.'
    this.#giveUp(
      new MayflyError('E_KERNEL_START', `The kernel ${reason}, ${MAX_FALSE_STARTS} times in a row.`, { hint }),
    )
  }

  #giveUp(error: Error): void {
    this.#life = 'dead'
    this.#core.childGone()
    this.#core.status('dead')
    this.#settle(error)
  }

  /** What `kernel_info_reply` adds for our own page. */
  #facts(): Record<string, unknown> {
    const { heapMb, rssMb } = this.#limits
    return { node: this.#node, heapLimitMb: heapMb, rssLimitMb: rssMb, notices: nodeNotices(this.#node) }
  }

  #diedOfInterrupt(): boolean {
    return performance.now() - this.#interruptedAt < INTERRUPT_AFTERMATH_MS
  }

  async #endProcess(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    this.#launches++
    this.#calm()
    this.#core.childGone()
    await child?.end()
  }

  #calm(): void {
    for (const timer of this.#escalation) clearTimeout(timer)
    this.#escalation = []
  }

  #ready(): Promise<void> {
    if (this.#life === 'up') return Promise.resolve()
    return new Promise((resolve, reject) => {
      const late = new MayflyError('E_KERNEL_START', `The kernel was not ready after ${START_MS / 1000} s.`)
      const timer = setTimeout(() => reject(late), START_MS)
      const settle = (act: () => void) => () => {
        clearTimeout(timer)
        act()
      }
      this.#waiters.push({ resolve: settle(resolve), reject: (error) => settle(() => reject(error))() })
    })
  }

  #settle(error?: Error): void {
    for (const waiter of this.#waiters.splice(0)) error ? waiter.reject(error) : waiter.resolve()
  }

  #emit(message: JupyterMessage): void {
    // What we say ourselves of an idle kernel does not make it active.
    if (message.header.msg_type !== 'mayfly_notice') this.#lastActivity = new Date()
    for (const listener of this.#listeners) listener(message)
  }
}

const INTERRUPT_AFTERMATH_MS = 1000
const OLD_NODE =
  'On Node 20 and 22 an interrupt ends a kernel whose code uses AsyncLocalStorage or async_hooks. Node 24 survives it.'
const HOOKED = 'An interrupt ends a kernel whose code has enabled a hook with async_hooks.createHook.'
const STUCK: Notice = {
  code: 'E_KERNEL_STUCK',
  message: 'The cell does not answer the interrupt: it is inside native code.',
  hint: 'Restart the kernel to stop it.',
  action: 'restart',
}

const optionsSchema = z.object({
  id: z.string().min(1),
  workspace: z.string().refine((path) => existsSync(path), 'the folder does not exist'),
  home: z.string().min(1),
  notebook: z.string().optional(),
  settings: z.record(z.string(), z.unknown()).optional(),
  memoryMb: z.int().min(64).optional(),
  rssMb: z.int().min(64).optional(),
  env: z.record(z.string(), z.string()).optional(),
  nodePath: z.string().optional(),
})

function checkOptions(options: KernelOptions): KernelOptions {
  const { error } = optionsSchema.safeParse(options)
  // Modules come with their real paths: a workspace behind a link must be known by its own.
  if (!error) return { ...options, workspace: realpathSync(options.workspace) }
  const [issue] = error.issues
  const name = issue?.path.join('.') ?? ''
  const got = JSON.stringify(options[name as keyof KernelOptions])
  throw new MayflyError('E_KERNEL_OPTIONS', `Kernel option ${name}: ${issue?.message}, got ${got}.`)
}
