/** The Runtime API (2018-06-01) of one environment: what a runtime client asks for work and gives its answers to. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type FunctionError, NOTHING, type OnChunk, type Outcome } from './sandbox.js'

export interface Work {
  id: string
  payload: Buffer
  /** Epoch milliseconds. */
  deadline: number
  arn: string
  chunk: OnChunk
  end(outcome: Outcome): void
}

export class RuntimeApi {
  readonly #server: Server
  readonly #asked: () => void
  readonly #failed: (error: FunctionError) => void
  #work: Work | undefined
  #poll: ServerResponse | undefined

  /** `asked` is told that the runtime wants work, `failed` that it cannot start. */
  constructor(asked: () => void, failed: (error: FunctionError) => void) {
    this.#asked = asked
    this.#failed = failed
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy())
    })
    this.#server.keepAliveTimeout = 0
    this.#server.requestTimeout = 0
  }

  /** Resolves to `host:port`. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get waiting(): boolean {
    return this.#poll !== undefined
  }

  /** Gives the runtime its next work, as soon as it asks. */
  give(work: Work): void {
    this.#work = work
    this.#deliver()
  }

  /** Whoever asked is gone. */
  forget(): void {
    this.#poll = undefined
    this.#work = undefined
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  #deliver(): void {
    if (!this.#work || !this.#poll) return
    const { id, payload, deadline, arn } = this.#work
    this.#poll.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': id,
      'lambda-runtime-deadline-ms': deadline,
      'lambda-runtime-invoked-function-arn': arn,
      'lambda-runtime-trace-id': `Root=1-${Math.floor(deadline / 1000).toString(16)}-${id.replaceAll('-', '').slice(0, 24)};Sampled=0`,
    })
    this.#poll.end(payload)
    this.#poll = undefined
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url!.replace('/2018-06-01/runtime', '')
    if (request.method === 'GET' && path === '/invocation/next') {
      this.#poll = response
      response.on('close', () => {
        if (this.#poll === response) this.#poll = undefined
      })
      this.#asked()
      this.#deliver()
      return
    }
    const [, id, what] = /^\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? []
    const work = this.#work
    if (path !== '/init/error' && (id === undefined || work?.id !== id)) {
      response.writeHead(400).end(JSON.stringify({ errorType: 'InvalidRequestID', errorMessage: 'Invalid request ID' }))
      return
    }
    const streaming = request.headers['lambda-runtime-function-response-mode'] === 'streaming'
    const chunks: Buffer[] = []
    for await (const chunk of request) {
      if (streaming) await work?.chunk(chunk as Buffer)
      else chunks.push(chunk as Buffer)
    }
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}')
    const body = Buffer.concat(chunks)
    if (path === '/init/error') return void this.#failed(described(body.toString(), request))
    this.#work = undefined
    const broken = request.trailers['lambda-runtime-function-error-type']
    if (broken) {
      const details = Buffer.from(String(request.trailers['lambda-runtime-function-error-body'] ?? ''), 'base64')
      work!.end({ body: NOTHING, error: described(details.toString(), request) })
    } else if (what === 'error') work!.end({ body: NOTHING, error: described(body.toString(), request) })
    else work!.end({ body })
  }
}

/** The error document of a runtime, which may be nonsense. */
function described(text: string, { headers }: IncomingMessage): FunctionError {
  const errorType = String(headers['lambda-runtime-function-error-type'] ?? 'Runtime.Unknown')
  try {
    return { errorType, errorMessage: '', ...(JSON.parse(text) as Partial<FunctionError>) }
  } catch {
    return { errorType, errorMessage: text }
  }
}
