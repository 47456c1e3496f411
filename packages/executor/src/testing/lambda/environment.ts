/**
 * One execution environment of the double: an operating-system process behind a Runtime API of its own. It takes one
 * invocation at a time; a timeout, an exit or a failed start ends it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'

const BOOTSTRAP = fileURLToPath(new URL('./bootstrap.js', import.meta.url))
/** What Lambda keeps of the log for `LogType: Tail`, bytes. */
const TAIL = 4096

export interface EnvironmentSpec {
  name: string
  folder: string
  handler: string
  memory: number
  /** Seconds. */
  timeout: number
  region: string
  env: Record<string, string>
}

/** How an invocation ended. `chunk` has been told of the bytes of a streamed response; `body` has those of any other. */
export interface Outcome {
  body: Buffer
  /** `Unhandled` and what the platform or the function says, in the shape of an error document. */
  error?: { errorType: string; errorMessage: string; trace?: string[] }
}

interface Work {
  id: string
  payload: Buffer
  deadline: number
  chunk(bytes: Buffer): void
  end(outcome: Outcome): void
}

export class Environment {
  readonly logStream = `$LATEST/${randomUUID().replaceAll('-', '')}`
  readonly spec: EnvironmentSpec
  uses = 0
  busy = false
  dead = false
  log = ''
  readonly #server: Server
  #child: ChildProcess | undefined
  #work: Work | undefined
  #poll: ServerResponse | undefined

  constructor(spec: EnvironmentSpec) {
    this.spec = spec
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy())
    })
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const { name, folder, handler, memory, region, env } = this.spec
    // Nothing of the double's own environment goes in but the paths that programs are found by.
    this.#child = spawn(process.execPath, [BOOTSTRAP], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...{ PATH: process.env.PATH, TMPDIR: process.env.TMPDIR, LANG: 'en_US.UTF-8', TZ: ':UTC' },
        ...env,
        AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${(this.#server.address() as AddressInfo).port}`,
        AWS_LAMBDA_FUNCTION_NAME: name,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory),
        AWS_LAMBDA_LOG_STREAM_NAME: this.logStream,
        AWS_REGION: region,
        LAMBDA_TASK_ROOT: folder,
        _HANDLER: handler,
      },
    })
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.log = (this.log + text).slice(-TAIL)
      })
    }
    this.#child.on('exit', (code, signal) => {
      const id = this.#work?.id
      const how = signal ? `signal: ${signal.replace('SIG', '').toLowerCase()}` : `exit status ${code}`
      const errorMessage = `RequestId: ${id} Error: Runtime exited with error: ${how}`
      this.#fail({ errorType: 'Runtime.ExitError', errorMessage })
    })
  }

  /** Makes one invocation. Resolves however it ends; `chunk` is told of streamed bytes as they come. */
  invoke(id: string, payload: Buffer, chunk: (bytes: Buffer) => void): Promise<Outcome> {
    this.uses++
    this.log = ''
    const { timeout } = this.spec
    return new Promise((resolve) => {
      const errorMessage = `RequestId: ${id} Error: Task timed out after ${timeout.toFixed(2)} seconds`
      const timer = setTimeout(() => this.#fail({ errorType: 'Sandbox.Timedout', errorMessage }), timeout * 1000)
      const end = (outcome: Outcome) => {
        clearTimeout(timer)
        this.#work = undefined
        resolve(outcome)
      }
      // The deadline stands before the runtime sees the work, or its first call would have no time left.
      this.#work = { id, payload, deadline: Date.now() + timeout * 1000, chunk, end }
      if (this.dead)
        this.#fail({ errorType: 'Runtime.ExitError', errorMessage: `RequestId: ${id} Error: Runtime exited` })
      else this.#deliver()
    })
  }

  /** Stops the process, as Lambda freezes it between invocations, or lets it go on. */
  freeze(frozen: boolean): void {
    if (!this.dead) this.#child?.kill(frozen ? 'SIGSTOP' : 'SIGCONT')
  }

  kill(): void {
    this.#fail({ errorType: 'Runtime.ExitError', errorMessage: 'The environment was stopped' })
  }

  #fail(error: NonNullable<Outcome['error']>): void {
    this.dead = true
    this.#child?.kill('SIGKILL')
    this.#server.close()
    this.#server.closeAllConnections()
    this.#work?.end({ body: Buffer.alloc(0), error })
  }

  #deliver(): void {
    if (!this.#work || !this.#poll) return
    const { id, payload, deadline } = this.#work
    this.#poll.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': id,
      'lambda-runtime-deadline-ms': deadline,
      'lambda-runtime-invoked-function-arn': `arn:aws:lambda:${this.spec.region}:000000000000:function:${this.spec.name}`,
    })
    this.#poll.end(payload)
    this.#poll = undefined
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url!.replace('/2018-06-01/runtime', '')
    if (request.method === 'GET' && path === '/invocation/next') {
      this.#poll = response
      this.#deliver()
      return
    }
    const [, id, what] = /^\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? []
    const work = this.#work
    if (id !== undefined && work?.id !== id) {
      response.writeHead(400).end(JSON.stringify({ errorType: 'InvalidRequestID', errorMessage: 'Invalid request ID' }))
      return
    }
    const streaming = request.headers['lambda-runtime-function-response-mode'] === 'streaming'
    const chunks: Buffer[] = []
    for await (const chunk of request) {
      if (streaming) work?.chunk(chunk as Buffer)
      else chunks.push(chunk as Buffer)
    }
    response.writeHead(202).end()
    const body = Buffer.concat(chunks)
    if (path === '/init/error') this.#fail(JSON.parse(body.toString()))
    else if (what === 'error') work?.end({ body: Buffer.alloc(0), error: JSON.parse(body.toString()) })
    else work?.end({ body })
  }
}
