/** One invocation with a streamed response: its lines are the attempts' events. */
import type { IncomingMessage } from 'node:http'
import { now } from '../../worker/clock.js'
import type { AttemptEvent, Beat } from '../backend.js'
import type { LambdaCaller } from './client.js'
import { LineReader } from './clock.js'
import { FunctionError } from './errors.js'
import { type Frame, FrameReader } from './frames.js'

const NEWLINE = 10

/**
 * Tells events with stamps on this machine's clock as they come: without an iterator between, because a thousand functions tell
 * ten thousand. Rejects with what the service refuses, with `FunctionError` for a function that died, and when it is aborted.
 */
export async function streamed(
  caller: LambdaCaller,
  name: string,
  payload: Uint8Array,
  signal: AbortSignal,
  tell: (event: AttemptEvent | Beat) => void,
): Promise<void> {
  const reader = new LineReader(now())
  const body = await caller.stream(name, payload, signal)
  const lines = new Lines((line) => {
    const told = reader.read(line)
    if (told) tell(told)
  })
  await readFrames(body, ({ type, exception, payload }) => {
    if (exception) throw new Error(`Lambda has ended the answer: ${type}: ${payload}`)
    if (type === 'PayloadChunk') return lines.take(payload)
    if (type !== 'InvokeComplete') return
    const { ErrorCode, ErrorDetails = '' } = JSON.parse(payload.toString()) as Record<string, string | undefined>
    if (ErrorCode) throw new FunctionError(ErrorCode, ErrorDetails)
  })
}

/** Resolves at the end of the body; rejects when it breaks off, and with what `take` throws. */
function readFrames(body: IncomingMessage, take: (frame: Frame) => void): Promise<void> {
  const frames = new FrameReader()
  return new Promise((resolve, reject) => {
    const guarded = (work: () => void) => () => {
      try {
        work()
      } catch (error) {
        reject(error)
        body.destroy()
      }
    }
    body.on('data', (piece: Buffer) => guarded(() => frames.read(piece, take))())
    body.on(
      'end',
      guarded(() => resolve(frames.end())),
    )
    body.on('error', reject)
    body.on('close', () => reject(new Error('the connection was closed')))
  })
}

/** Gives lines, each once it is whole. */
class Lines {
  readonly #give: (line: string) => void
  #rest: Buffer[] = []

  constructor(give: (line: string) => void) {
    this.#give = give
  }

  take(bytes: Buffer): void {
    let from = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      const last = bytes.subarray(from, end)
      const line = this.#rest.length > 0 ? Buffer.concat([...this.#rest, last]) : last
      this.#rest = []
      this.#give(line.toString())
      from = end + 1
    }
    if (from < bytes.length) this.#rest.push(bytes.subarray(from))
  }
}
