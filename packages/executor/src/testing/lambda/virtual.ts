/**
 * An environment that is no process: for bursts of a thousand, whose processes no machine of tests could hold. The handler runs
 * in the double's own process, and the cold start is a timer; capacity, throttles, limits and the API are those of the others.
 */
import { Writable } from 'node:stream'
import {
  type FunctionError,
  NOTHING,
  newLogStream,
  type OnChunk,
  type Outcome,
  type Sandbox,
  type SandboxSpec,
  timedOut,
} from './sandbox.js'

export interface VirtualContext {
  awsRequestId: string
  getRemainingTimeInMillis(): number
}

/** As `bootstrap.ts` calls a handler; who writes to `out` answers with that. */
export type VirtualHandler = (event: unknown, out: Writable, context: VirtualContext) => unknown
/** Makes the handler of one environment. */
export type MakeHandler = (spec: SandboxSpec, logStream: string) => VirtualHandler

export interface VirtualOptions {
  /** URL of a module that exports `makeHandler`; what was deployed is not run. */
  module: string
  /** How long a cold start takes, ms. Default 200. */
  coldMs?: number
}

export class VirtualEnvironment implements Sandbox {
  readonly logStream = newLogStream()
  readonly spec: SandboxSpec
  readonly pid = undefined
  readonly log = ''
  dead = false
  readonly #options: VirtualOptions
  #handler: VirtualHandler | undefined
  #stop: (error: FunctionError) => void = () => {}

  constructor(spec: SandboxSpec, options: VirtualOptions) {
    this.spec = spec
    this.#options = options
  }

  async start(): Promise<number> {
    const { module, coldMs = 200 } = this.#options
    const { makeHandler } = (await import(module)) as { makeHandler: MakeHandler }
    this.#handler = makeHandler(this.spec, this.logStream)
    await new Promise((resolve) => setTimeout(resolve, coldMs))
    return coldMs
  }

  invoke(id: string, payload: Buffer, chunk: OnChunk): Promise<Outcome> {
    const out = new Writable({
      decodeStrings: true,
      write: (bytes: Buffer, _encoding, done) => {
        void Promise.resolve(chunk(bytes)).then(() => done(), done)
      },
    })
    const { timeout } = this.spec
    return new Promise((resolve) => {
      const end = (outcome: Outcome) => {
        clearTimeout(timer)
        resolve(outcome)
      }
      this.#stop = (error) => {
        this.dead = true
        end({ body: NOTHING, error })
      }
      const timer = setTimeout(() => this.#stop(timedOut(id, timeout)), timeout * 1000)
      const deadline = Date.now() + timeout * 1000
      const context = { awsRequestId: id, getRemainingTimeInMillis: () => deadline - Date.now() }
      const run = async () => this.#handler!(JSON.parse(payload.toString()), out, context)
      run().then(
        (value) => end({ body: value === undefined ? NOTHING : Buffer.from(JSON.stringify(value)) }),
        ({ name, message }: Error) => end({ body: NOTHING, error: { errorType: name, errorMessage: message } }),
      )
    })
  }

  async ready(): Promise<void> {
    // It is, as soon as it has answered.
  }

  freeze(): void {
    // It has nothing that would go on by itself.
  }

  peak(): number {
    return 0
  }

  async kill(): Promise<void> {
    this.#stop({ errorType: 'Runtime.ExitError', errorMessage: 'The environment was stopped' })
  }
}
