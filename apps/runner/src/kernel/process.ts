/** The kernel's operating-system process: how it is started, spoken to, ended, and why it died. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { NotebookSettings } from '@mayfly/executor/host'
import { encodeFrame, FrameReader } from './frames.js'
import { type MemoryLimits, machineMb } from './limits.js'
import type { KernelNode } from './node.js'
import type { ChildConfig, FromChild, ToChild } from './protocol.js'

export interface ProcessOptions {
  id: string
  workspace: string
  home: string
  notebook?: string
  settings: NotebookSettings
  limits: MemoryLimits
  env?: Record<string, string>
  node: KernelNode
}

export interface ProcessEvents {
  onFrame(frame: FromChild): void
  /** Output of native code and of grandchildren, which bypasses the streams of JavaScript. */
  onNativeOutput(name: 'stdout' | 'stderr', text: string): void
  /** Once, with the reason in words. */
  onExit(reason: string): void
}

const ENTRY = fileURLToPath(new URL('./child/main.js', import.meta.url))
/** Share of the heap limit at which a cell is stopped. */
const HEAP_SHARE = 0.8
const TERM_GRACE_MS = 500
const TAIL = 4000
/** Never handed to user code. */
const SECRETS = ['MAYFLY_SECRET']

export class KernelProcess {
  readonly #child: ChildProcess
  readonly #pipe: Duplex
  readonly #limits: MemoryLimits
  readonly #systemKills = systemKills()
  #stderrTail = ''
  #exitCode: number | undefined
  #dead = false
  readonly #exited: Promise<void>

  constructor(options: ProcessOptions, events: ProcessEvents) {
    this.#limits = options.limits
    this.#child = spawn(options.node.path, [...nodeFlags(options), ENTRY], {
      cwd: options.workspace,
      env: childEnvironment(options),
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      // A group of its own: Ctrl+C in the runner's terminal is the runner's to handle, and no worker outlives its kernel.
      detached: true,
    })
    this.#pipe = this.#child.stdio[3] as Duplex
    this.#pipe.on('error', () => {})
    // A kernel that let go of its pipe can neither be heard nor stopped.
    this.#pipe.on('close', () => setTimeout(() => this.#dead || this.#child.kill('SIGKILL'), TERM_GRACE_MS))
    const reader = new FrameReader<FromChild>()
    this.#pipe.on('data', (chunk: Buffer) => {
      for (const frame of reader.push(chunk)) {
        if (frame.op === 'exit') this.#exitCode = frame.code
        else events.onFrame(frame)
      }
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => events.onNativeOutput('stdout', text))
    const stderr = new LastWords((text) => events.onNativeOutput('stderr', text))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderrTail = (this.#stderrTail + text).slice(-TAIL)
      stderr.write(text)
    })
    this.#exited = new Promise((resolve) => {
      const end = (reason: string) => {
        if (this.#dead) return
        this.#dead = true
        stderr.end()
        this.#killGroup()
        resolve()
        events.onExit(reason)
      }
      this.#child.on('error', (error) => end(`could not be started: ${error.message}`))
      // 'close' comes after the pipes are drained: what was said before the end is heard first.
      this.#child.on('close', (code, signal) => end(this.#explain(code, signal)))
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  send(frame: ToChild): void {
    if (!this.#dead && this.#pipe.writable) this.#pipe.write(encodeFrame(frame))
  }

  /** Ends the process: asks first, insists soon after. Resolves when it is gone. */
  async end(): Promise<void> {
    if (!this.#dead) {
      this.#child.kill('SIGTERM')
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), TERM_GRACE_MS)
      await this.#exited
      clearTimeout(timer)
    }
  }

  #killGroup(): void {
    if (this.#child.pid === undefined) return
    try {
      process.kill(-this.#child.pid, 'SIGKILL')
    } catch {
      // Nobody was left in the group.
    }
  }

  #explain(code: number | null, signal: NodeJS.Signals | null): string {
    if (/heap out of memory|Reached heap limit|Allocation failed/.test(this.#stderrTail)) {
      return `ran out of memory (limit of the JavaScript heap: ${this.#limits.heapMb} MiB)`
    }
    if (this.#exitCode !== undefined) return `ended with exit code ${this.#exitCode}, as its code wanted`
    if (signal === 'SIGABRT' || code === 134) return 'was aborted (process.abort() or a fatal error in native code)'
    if (signal === 'SIGSEGV' || signal === 'SIGBUS' || code === 139)
      return `crashed in native code (${signal ?? 'SIGSEGV'})`
    if (signal === 'SIGKILL') {
      if (systemKills() > this.#systemKills)
        return `was killed by the system, which had no memory left (of ${machineMb()} MiB in all)`
      return 'was killed from outside (SIGKILL), often by the system for want of memory'
    }
    return signal ? `was ended by ${signal}` : `ended with exit code ${code}`
  }
}

/** Processes the system has killed for want of memory since it started, where it tells (Linux). */
function systemKills(): number {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

/** What V8 and Node say at a fatal error: the reason of death, which is told in better words, not output of a cell. */
const FATAL =
  /\n?[^\n]*(?:<--- Last few GCs|FATAL ERROR:|^#\n# Fatal error|^ *# {2}\S+\[\d+\]: |----- Native stack trace|^\s*1: 0x[0-9a-f]+ )[\s\S]*/m
const HOLD_MS = 60

/** Native stderr, held back for a moment so that the last words of a dying process can be taken out whole. */
class LastWords {
  readonly #emit: (text: string) => void
  #held = ''
  #dying = false
  #timer: NodeJS.Timeout | undefined

  constructor(emit: (text: string) => void) {
    this.#emit = emit
  }

  write(text: string): void {
    this.#held += text
    this.#timer ??= setTimeout(() => this.end(), HOLD_MS)
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const dying = FATAL.test(this.#held)
    const text = this.#held.replace(FATAL, '').replace(/^Waiting for the debugger to disconnect\.\.\.\n/gm, '')
    this.#held = ''
    if (text.trim() !== '' && !this.#dying) this.#emit(text)
    this.#dying ||= dying
  }
}

function nodeFlags({ node, limits }: ProcessOptions): string[] {
  return [...node.flags, `--max-old-space-size=${limits.heapMb}`]
}

function childEnvironment(options: ProcessOptions): NodeJS.ProcessEnv {
  const { heapMb, rssMb } = options.limits
  const config: ChildConfig = {
    kernelId: options.id,
    workspace: options.workspace,
    home: options.home,
    ...(options.notebook ? { notebook: options.notebook } : {}),
    settings: options.settings,
    heapLimitMb: Math.round(heapMb * HEAP_SHARE),
    heapMb,
    rssMb,
  }
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    MAYFLY_WORKSPACE: options.workspace,
    MAYFLY_HOME: options.home,
    ...options.env,
    MAYFLY_KERNEL: JSON.stringify(config),
  }
  for (const name of SECRETS) delete env[name]
  return env
}
