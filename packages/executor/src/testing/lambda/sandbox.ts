/** What the double knows of an execution environment, be it a process or virtual. It takes one invocation at a time. */
import { randomUUID } from 'node:crypto'

export interface SandboxSpec {
  functionName: string
  /** Where the code lies. */
  folder: string
  handler: string
  /** MB. */
  memory: number
  /** MB of the temporary folder. */
  storage: number
  /** Seconds. */
  timeout: number
  region: string
  env: Record<string, string>
  /** How far its clock is ahead, ms. */
  clockSkew: number
}

export interface FunctionError {
  errorType: string
  errorMessage: string
  /** Of Node's runtime. */
  trace?: string[]
}

/** How an invocation ended. `body` has what was not streamed. */
export interface Outcome {
  body: Buffer
  error?: FunctionError
}

/** Told of streamed bytes as they come; what comes next waits for it. */
export type OnChunk = (bytes: Buffer) => void | Promise<void>

export interface Sandbox {
  readonly spec: SandboxSpec
  readonly logStream: string
  readonly pid: number | undefined
  /** What was printed since the last invocation began, the end of it. */
  readonly log: string
  /** Takes no more invocations. */
  readonly dead: boolean
  /** Initializes; gives how long that took, ms, within the time allowed. Never rejects: who fails starts again with the call. */
  start(): Promise<number>
  /** Makes an invocation. Resolves however it ends. */
  invoke(id: string, payload: Buffer, chunk: OnChunk): Promise<Outcome>
  /** Resolves when it asks for more work, or is dead. */
  ready(): Promise<void>
  /** Stops it, or lets it go on. */
  freeze(frozen: boolean): void
  /** Most memory it ever had, bytes; 0 where that is unknown. */
  peak(): number
  /** Ends it at once; resolves when nothing is left of it. */
  kill(): Promise<void>
}

export const NOTHING = Buffer.alloc(0)

/** What Lambda keeps of the log for `LogType: Tail`, bytes. */
export const TAIL = 4096

export function newLogStream(): string {
  const [date] = new Date().toISOString().split('T')
  return `${date!.replaceAll('-', '/')}/[$LATEST]${randomUUID().replaceAll('-', '')}`
}

export function timedOut(id: string, timeout: number): FunctionError {
  const errorMessage = `RequestId: ${id} Error: Task timed out after ${timeout.toFixed(2)} seconds`
  return { errorType: 'Sandbox.Timedout', errorMessage }
}
