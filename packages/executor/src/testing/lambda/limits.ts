/**
 * An environment has the memory, the share of CPU and the temporary space of its function: by control groups of either version
 * where they may be made (root, as a rule); elsewhere memory and CPU are watched, and there is no limit of the space.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { descendantsIn, type ProcessRow, processTable } from '../../processes/index.js'
import { Brake } from './brake.js'
import type { LambdaRules } from './rules.js'
import type { SandboxSpec } from './sandbox.js'

const ROOT = '/sys/fs/cgroup'
const MB = 1024 * 1024
/** MB that have one CPU. */
const ONE_CPU = 1769
/** Period of the CPU's quota, µs: short, so that small shares do not stall for long. */
const PERIOD = 20_000
const WATCH_MS = 50
const REMOVAL_MS = 20
const REMOVALS = 250

export type LimitKind = 'cgroup v1' | 'cgroup v2' | 'watch'

let kind: LimitKind | undefined

/** How limits are kept on this machine; found out once. */
export function limitKind(): LimitKind {
  kind ??= detect()
  return kind
}

/** What is done to an environment where no control group does it. */
export interface Force {
  /** Ends it. */
  kill(): void
  /** Has it stand still for want of CPU, or go on. */
  hold(held: boolean): void
}

export class Limits {
  /** The environment's own temporary folder, where it has one. */
  readonly tmp: string | undefined
  readonly #rules: LambdaRules
  readonly #memory: number
  readonly #folders: string[] = []
  readonly #force: Force
  readonly #brake: Brake
  #watch: NodeJS.Timeout | undefined
  #pid: number | undefined
  #peak = 0
  #exceeded = false
  #held = false

  constructor({ memory, storage }: SandboxSpec, rules: LambdaRules, force: Force) {
    this.#rules = rules
    this.#memory = memory
    this.#force = force
    this.#brake = new Brake(memory / ONE_CPU, performance.now())
    const name = `mayfly-double-${randomBytes(6).toString('hex')}`
    const how = rules.limits ?? limitKind()
    if (how === 'cgroup v1') {
      if (rules.memory) this.#group(join(ROOT, 'memory', name), { 'memory.limit_in_bytes': memory * MB })
      const quota = { 'cpu.cfs_period_us': PERIOD, 'cpu.cfs_quota_us': quotaOf(memory) }
      if (rules.cpu) this.#group(join(ROOT, 'cpu', name), quota)
    } else if (how === 'cgroup v2') {
      const values = {
        ...(rules.memory ? { 'memory.max': memory * MB, 'memory.swap.max': 0 } : {}),
        ...(rules.cpu ? { 'cpu.max': `${quotaOf(memory)} ${PERIOD}` } : {}),
      }
      this.#group(join(ROOT, name), values)
    }
    if (rules.tmp) this.tmp = mountTmp(storage)
  }

  /** A command that runs `command` within the limits. */
  wrap(command: readonly string[]): string[] {
    if (this.#folders.length === 0) {
      if (this.#rules.memory || this.#rules.cpu) this.#watch ??= setInterval(() => this.#look(), WATCH_MS)
      return [...command]
    }
    const enter = this.#folders.map((folder) => `echo $$ > ${folder}/cgroup.procs`).join(' && ')
    return ['/bin/sh', '-c', `${enter} && exec "$@"`, 'sh', ...command]
  }

  /** Whether a process was killed for want of memory. */
  outOfMemory(): boolean {
    const events = this.#read('memory.oom_control') + this.#read('memory.events')
    return this.#exceeded || Number(/^oom_kill (\d+)$/m.exec(events)?.[1] ?? 0) > 0
  }

  /** Bytes. */
  peak(): number {
    const told = Number(this.#read('memory.max_usage_in_bytes') || this.#read('memory.peak'))
    return told > 0 ? told : this.#peak
  }

  /** Who is watched. */
  follow(pid: number | undefined): void {
    this.#pid = pid
  }

  /** Resolves when nothing is left of them; a group goes when its last process has gone. */
  async remove(): Promise<void> {
    clearInterval(this.#watch)
    // Who asks afterwards is told, too: a group takes what it knows along.
    this.#peak = this.peak()
    if (this.tmp) {
      execFileSync('umount', ['-l', this.tmp], { stdio: 'ignore' })
      rmSync(this.tmp, { recursive: true, force: true })
    }
    for (let tries = 0; tries < REMOVALS && !this.#folders.every(removed); tries++) await pause(REMOVAL_MS)
  }

  #group(folder: string, values: Record<string, number | string>): void {
    mkdirSync(folder)
    this.#folders.push(folder)
    for (const [file, value] of Object.entries(values)) {
      if (existsSync(join(folder, file))) writeFileSync(join(folder, file), String(value))
    }
  }

  #read(file: string): string {
    for (const folder of this.#folders) {
      const path = join(folder, file)
      if (existsSync(path)) return readFileSync(path, 'utf8').trim()
    }
    return ''
  }

  #look(): void {
    const table = processTable()
    const own = table.find(({ pid }) => pid === this.#pid)
    if (!own) return
    const all = [own, ...descendantsIn(table, own.pid)]
    if (this.#rules.cpu) this.#share(all)
    if (!this.#rules.memory) return
    const rss = all.reduce((sum, row) => sum + row.rss, 0)
    this.#peak = Math.max(this.#peak, rss)
    if (rss <= this.#memory * MB) return
    this.#exceeded = true
    this.#force.kill()
  }

  #share(all: readonly ProcessRow[]): void {
    const used = all.reduce((sum, { cpuMs }) => sum + cpuMs, 0)
    const held = this.#brake.holds(performance.now(), used)
    if (held !== this.#held) this.#force.hold(held)
    this.#held = held
  }
}

function quotaOf(memory: number): number {
  return Math.max(1000, Math.round((memory / ONE_CPU) * PERIOD))
}

function detect(): LimitKind {
  const probe = (folder: string) => {
    try {
      mkdirSync(folder)
      rmdirSync(folder)
      return true
    } catch {
      return false
    }
  }
  const name = `mayfly-double-${process.pid}`
  const controllers = existsSync(`${ROOT}/cgroup.controllers`) ? readFileSync(`${ROOT}/cgroup.controllers`, 'utf8') : ''
  if (/\bmemory\b/.test(controllers) && /\bcpu\b/.test(controllers)) {
    try {
      writeFileSync(`${ROOT}/cgroup.subtree_control`, '+memory +cpu')
    } catch {
      return 'watch'
    }
    return probe(`${ROOT}/${name}`) ? 'cgroup v2' : 'watch'
  }
  return probe(`${ROOT}/memory/${name}`) && probe(`${ROOT}/cpu/${name}`) ? 'cgroup v1' : 'watch'
}

function mountTmp(size: number): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-double-tmp-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}m`, 'tmpfs', folder], { stdio: 'ignore' })
    return folder
  } catch {
    rmdirSync(folder)
    return undefined
  }
}

function removed(folder: string): boolean {
  try {
    rmdirSync(folder)
    return true
  } catch {
    return !existsSync(folder)
  }
}
