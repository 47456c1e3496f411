/** All environments of the double: which one takes an invocation, whether there may be one more, what became of it. */
import { setTimeout as pause } from 'node:timers/promises'
import { conflict, throttled } from './errors.js'
import { happens, type LambdaFaults } from './faults.js'
import type { Deployed } from './functions.js'
import { type LambdaRules, TokenBucket } from './rules.js'
import type { OnChunk, Outcome, Sandbox, SandboxSpec } from './sandbox.js'

/** What Lambda writes into the log at the end of an invocation, and bills. */
export interface Report {
  functionName: string
  requestId: string
  logStream: string
  cold: boolean
  /** ms. */
  initMs: number
  durationMs: number
  /** Since August 2025 the initialization is billed, too. */
  billedMs: number
  /** MB. */
  memory: number
  maxMemory: number
  error?: string
}

export interface Taken {
  sandbox: Sandbox
  cold: boolean
}

interface Pool {
  all: Set<Sandbox>
  idle: Sandbox[]
  busy: number
  starts: TokenBucket
  calls: TokenBucket
  /** For which `calls` was made. */
  most: number
}

const REPORTS = 20_000
const PROMPT_MS = 500
const MB = 1024 * 1024

export class Fleet {
  readonly reports: Report[] = []
  readonly #rules: LambdaRules
  readonly #faults: LambdaFaults
  readonly #make: (spec: SandboxSpec) => Sandbox
  readonly #region: string
  readonly #pools = new Map<string, Pool>()
  #active = 0

  constructor(rules: LambdaRules, faults: LambdaFaults, region: string, make: (spec: SandboxSpec) => Sandbox) {
    this.#rules = rules
    this.#faults = faults
    this.#region = region
    this.#make = make
  }

  /** An environment for one invocation. Throws what Lambda refuses with. */
  take(deployed: Deployed, synchronous: boolean): Taken {
    const { configuration, reserved } = deployed
    const { FunctionName: name, State } = configuration
    if (State !== 'Active') throw conflict(`The function is currently in the following state: ${State}`)
    const most = reserved ?? this.#rules.concurrency
    const pool = this.#pool(name, most)
    const own = reserved === undefined ? '' : 'Reserved'
    if (synchronous && !pool.calls.take()) throw throttled(`${own}FunctionInvocationRateLimitExceeded`)
    if (reserved !== undefined && pool.busy >= reserved) {
      throw throttled('ReservedFunctionConcurrentInvocationLimitExceeded')
    }
    if (this.#active >= this.#rules.concurrency) throw throttled('ConcurrentInvocationLimitExceeded')
    let sandbox = pool.idle.pop()
    const cold = sandbox === undefined
    if (!sandbox) {
      if (!pool.starts.take()) throw throttled('FunctionInvocationRateLimitExceeded')
      sandbox = this.#make(this.#spec(deployed))
      pool.all.add(sandbox)
    }
    pool.busy++
    this.#active++
    return { sandbox, cold }
  }

  /** Makes the invocation, and has the environment ready for the next. */
  async run({ sandbox, cold }: Taken, id: string, payload: Buffer, chunk: OnChunk = () => {}) {
    const begun = performance.now()
    let initMs = 0
    if (cold) initMs = await sandbox.start()
    else if (this.#rules.freeze) sandbox.freeze(false)
    if (happens(this.#faults, 'freeze')) this.#standStill(sandbox)
    const outcome: Outcome = await sandbox.invoke(id, payload, chunk)
    const took = performance.now() - begun - initMs
    const { functionName, memory } = sandbox.spec
    const report: Report = {
      ...{ functionName, requestId: id, logStream: sandbox.logStream, cold, initMs, durationMs: took },
      ...{ billedMs: Math.ceil(took + initMs), memory, maxMemory: Math.ceil(sandbox.peak() / MB) },
      ...(outcome.error ? { error: outcome.error.errorType } : {}),
    }
    this.reports.push(report)
    if (this.reports.length > REPORTS) this.reports.shift()
    const log = `START RequestId: ${id} Version: $LATEST\n${sandbox.log}END RequestId: ${id}\n${reportLine(report)}\n`
    // As a rule it asks for more at once: who calls again as soon as he has this answer finds it warm.
    await Promise.race([this.#giveBack(sandbox), pause(PROMPT_MS, undefined, { ref: false })])
    return { ...outcome, log }
  }

  list(): Sandbox[] {
    return [...this.#pools.values()].flatMap(({ all }) => [...all])
  }

  isBusy(sandbox: Sandbox): boolean {
    return !this.#pools.get(sandbox.spec.functionName)?.idle.includes(sandbox)
  }

  /** Ends the environments of a function that are idle, or of all functions whatever they do. */
  async stop(name?: string): Promise<void> {
    const ends: Promise<void>[] = []
    for (const [functionName, pool] of this.#pools) {
      if (name !== undefined && functionName !== name) continue
      for (const sandbox of name === undefined ? pool.all : pool.idle) {
        ends.push(sandbox.kill())
        pool.all.delete(sandbox)
      }
      pool.idle = []
    }
    await Promise.all(ends)
  }

  /** It is free when it asks for work again, and is stopped until there is some. */
  async #giveBack(sandbox: Sandbox): Promise<void> {
    await sandbox.ready()
    const pool = this.#pools.get(sandbox.spec.functionName)!
    pool.busy--
    this.#active--
    if (sandbox.dead || !pool.all.has(sandbox)) pool.all.delete(sandbox)
    else {
      if (this.#rules.freeze) sandbox.freeze(true)
      pool.idle.push(sandbox)
    }
  }

  #standStill(sandbox: Sandbox): void {
    setTimeout(() => {
      if (!sandbox.dead) sandbox.freeze(true)
      setTimeout(() => sandbox.freeze(false), this.#faults.freezeMs)
    }, this.#faults.freezeAfterMs)
  }

  #pool(name: string, most: number): Pool {
    const { burst, perSecond, callsPerEnvironment } = this.#rules
    let pool = this.#pools.get(name)
    if (!pool) {
      pool = {
        all: new Set(),
        idle: [],
        busy: 0,
        starts: new TokenBucket(burst, perSecond),
        calls: undefined!,
        most: -1,
      }
      this.#pools.set(name, pool)
    }
    if (pool.most !== most) {
      pool.most = most
      pool.calls = new TokenBucket(most * callsPerEnvironment, most * callsPerEnvironment)
    }
    return pool
  }

  #spec({ configuration, folder }: Deployed): SandboxSpec {
    const { FunctionName, Handler, MemorySize, EphemeralStorage, Timeout, Environment } = configuration
    return {
      ...{ functionName: FunctionName, folder, handler: Handler, memory: MemorySize, storage: EphemeralStorage.Size },
      ...{ timeout: Timeout, region: this.#region, env: Environment.Variables, clockSkew: this.#faults.clockSkew },
    }
  }
}

function reportLine({ requestId, cold, initMs, durationMs, billedMs, memory, maxMemory }: Report): string {
  return [
    `REPORT RequestId: ${requestId}`,
    `Duration: ${durationMs.toFixed(2)} ms`,
    `Billed Duration: ${billedMs} ms`,
    `Memory Size: ${memory} MB`,
    `Max Memory Used: ${maxMemory} MB`,
    ...(cold ? [`Init Duration: ${initMs.toFixed(2)} ms`] : []),
  ].join('\t')
}
