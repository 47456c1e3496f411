/**
 * An execution environment that is a process of the operating system, with all it starts itself. A timeout, an exit or a second
 * failed start ends it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { descendantsIn, descendantsOf, processTable } from '../../processes/index.js'
import { Limits } from './limits.js'
import type { LambdaRules } from './rules.js'
import { RuntimeApi } from './runtime-api.js'
import {
  type FunctionError,
  NOTHING,
  newLogStream,
  type OnChunk,
  type Outcome,
  type Sandbox,
  type SandboxSpec,
  TAIL,
  timedOut,
} from './sandbox.js'

const BOOTSTRAP = fileURLToPath(new URL('./bootstrap.js', import.meta.url))
const SKEWED_CLOCK = new URL('./skewed-clock.js', import.meta.url).href

export class Environment implements Sandbox {
  readonly logStream = newLogStream()
  readonly spec: SandboxSpec
  dead = false
  log = ''
  readonly #rules: LambdaRules
  /** Program that asks the Runtime API for work, with its arguments. */
  readonly #runtime: readonly string[]
  readonly #api: RuntimeApi
  readonly #limits: Limits | undefined
  #address = ''
  #child: ChildProcess | undefined
  #end: ((outcome: Outcome) => void) | undefined
  #id = ''
  /** Told when the runtime asks for work, or that it will not. */
  #asked: (failed?: FunctionError) => void = () => {}
  #idle: () => void = () => {}
  #removed: Promise<void> | undefined
  /** Why it stands still: there is no work, or no CPU left for it. */
  #frozen = false
  #held = false

  constructor(spec: SandboxSpec, rules: LambdaRules, runtime: readonly string[] = [BOOTSTRAP]) {
    this.spec = spec
    this.#rules = rules
    this.#runtime = runtime
    this.#api = new RuntimeApi(
      () => {
        this.#asked()
        this.#idle()
      },
      (error) => this.#failed(error),
    )
    if (rules.memory || rules.cpu || rules.tmp) {
      const hold = (held: boolean) => {
        this.#held = held
        this.#halt()
      }
      this.#limits = new Limits(spec, rules, { kill: () => this.#killTree(), hold })
    }
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  async start(): Promise<number> {
    const begun = performance.now()
    this.#address = await this.#api.listen()
    const failed = await new Promise<FunctionError | undefined>((resolve) => {
      const late = { errorType: 'Sandbox.Timedout', errorMessage: 'The initialization took too long' }
      const timer = setTimeout(() => resolve(late), this.#rules.initMs)
      this.#asked = (error) => {
        clearTimeout(timer)
        resolve(error)
      }
      this.#spawn()
    })
    if (failed) this.#discard()
    return performance.now() - begun
  }

  invoke(id: string, payload: Buffer, chunk: OnChunk): Promise<Outcome> {
    const { timeout, region, functionName } = this.spec
    this.log = ''
    this.#id = id
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#die(timedOut(id, timeout)), timeout * 1000)
      this.#end = (outcome) => {
        clearTimeout(timer)
        this.#end = undefined
        resolve(outcome)
      }
      if (this.dead)
        return void this.#die({ errorType: 'Runtime.ExitError', errorMessage: `RequestId: ${id} Error: it exited` })
      // Who did not start in its time starts again on the call's.
      if (!this.#child) this.#spawn()
      // The deadline stands before the runtime sees the work, or its first call would have no time left.
      const deadline = Date.now() + this.spec.clockSkew + timeout * 1000
      const arn = `arn:aws:lambda:${region}:000000000000:function:${functionName}`
      this.#api.give({ id, payload, deadline, arn, chunk, end: (outcome) => this.#end?.(outcome) })
    })
  }

  async ready(): Promise<void> {
    if (this.dead || this.#api.waiting) return
    await new Promise<void>((resolve) => {
      this.#idle = resolve
    })
  }

  freeze(frozen: boolean): void {
    this.#frozen = frozen
    this.#halt()
  }

  peak(): number {
    return this.#limits?.peak() ?? 0
  }

  async kill(): Promise<void> {
    this.#die({ errorType: 'Runtime.ExitError', errorMessage: 'The environment was stopped' })
    await this.#removed
  }

  #spawn(): void {
    const { functionName, folder, handler, memory, region, env, clockSkew } = this.spec
    const command = [process.execPath, ...this.#runtime, handler]
    const [program, ...args] = this.#limits?.wrap(command) ?? command
    const skewed = { NODE_OPTIONS: `--import ${SKEWED_CLOCK}`, DOUBLE_CLOCK_SKEW: String(clockSkew) }
    // Nothing of the double's own environment goes in but the paths that programs and temporary files are found by.
    const child = spawn(program!, args, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...{ PATH: process.env.PATH, TMPDIR: this.#limits?.tmp ?? process.env.TMPDIR, LANG: 'en_US.UTF-8', TZ: ':UTC' },
        ...(clockSkew === 0 ? {} : skewed),
        ...env,
        AWS_LAMBDA_RUNTIME_API: this.#address,
        AWS_LAMBDA_FUNCTION_NAME: functionName,
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory),
        AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${functionName}`,
        AWS_LAMBDA_LOG_STREAM_NAME: this.logStream,
        AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
        AWS_REGION: region,
        AWS_DEFAULT_REGION: region,
        LAMBDA_TASK_ROOT: folder,
        _HANDLER: handler,
      },
    })
    this.#child = child
    this.#limits?.follow(child.pid)
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.log = (this.log + text).slice(-TAIL)
      })
    }
    child.on('error', () => this.#exited(child, 'the runtime could not be started'))
    child.on('exit', (code, name) => {
      this.#exited(child, name ? `signal: ${SIGNALS[name] ?? name}` : `exit status ${code}`)
    })
  }

  #exited(child: ChildProcess, how: string): void {
    if (child !== this.#child) return
    const oom = this.#limits?.outOfMemory() ?? false
    const errorType = oom ? 'Runtime.OutOfMemory' : 'Runtime.ExitError'
    this.#failed({ errorType, errorMessage: `RequestId: ${this.#id} Error: Runtime exited with error: ${how}` })
  }

  /** Before the first invocation that is a start to be tried again; afterwards it is the end. */
  #failed(error: FunctionError): void {
    if (this.#end) this.#die(error)
    else if (this.#id === '') this.#asked(error)
    else this.#die(error)
  }

  #discard(): void {
    this.#killTree()
    this.#child = undefined
    this.#api.forget()
  }

  #die(error: FunctionError): void {
    this.#end?.({ body: NOTHING, error })
    if (this.dead) return
    this.dead = true
    this.#killTree()
    this.#api.close()
    this.#removed = this.#limits?.remove()
    this.#asked(error)
    this.#idle()
  }

  #halt(): void {
    for (const pid of this.#tree(descendantsOf)) signal(pid, this.#frozen || this.#held ? 'SIGSTOP' : 'SIGCONT')
  }

  #killTree(): void {
    const below = (pid: number) => descendantsIn(processTable(), pid).map((row) => row.pid)
    for (const pid of this.#tree(below)) signal(pid, 'SIGKILL')
  }

  /** The process and all below it; also those that made themselves leaders of groups. */
  #tree(below: (pid: number) => number[]): number[] {
    const pid = this.#child?.pid
    if (pid === undefined || this.#child!.exitCode !== null || this.#child!.signalCode !== null) return []
    return [pid, ...below(pid)]
  }
}

const SIGNALS: Record<string, string> = {
  SIGKILL: 'killed',
  SIGSEGV: 'segmentation fault',
  SIGABRT: 'aborted',
  SIGTERM: 'terminated',
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended meanwhile.
  }
}
