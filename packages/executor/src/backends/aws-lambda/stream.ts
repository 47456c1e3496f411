/** One invocation with a streamed response: its lines are the attempts' events. */
import type { InvokeWithResponseStreamResponseEvent, LambdaClient } from '@aws-sdk/client-lambda'
import { now } from '../../worker/clock.js'
import type { AttemptEvent, Beat } from '../backend.js'
import { LineReader } from './clock.js'
import { FunctionError } from './errors.js'

/** Events with stamps on this machine's clock. Throws what the service refuses, and `FunctionError` for a function that died. */
export async function* streamed(
  client: LambdaClient,
  name: string,
  payload: Uint8Array,
  signal: AbortSignal,
): AsyncGenerator<AttemptEvent | Beat> {
  const { InvokeWithResponseStreamCommand } = await import('@aws-sdk/client-lambda')
  const reader = new LineReader(now())
  const request = new InvokeWithResponseStreamCommand({ FunctionName: name, Payload: payload })
  const { EventStream } = await client.send(request, { abortSignal: signal })
  const source = untilAborted<InvokeWithResponseStreamResponseEvent>(EventStream!, signal)
  const decoder = new TextDecoder()
  let rest = ''
  for await (const event of source) {
    const { PayloadChunk, InvokeComplete } = event
    if (InvokeComplete?.ErrorCode) throw new FunctionError(InvokeComplete.ErrorCode, InvokeComplete.ErrorDetails ?? '')
    const lines = (rest + decoder.decode(PayloadChunk?.Payload, { stream: true })).split('\n')
    rest = lines.pop()!
    for (const line of lines) {
      const told = reader.read(line)
      if (told) yield told
    }
  }
}

/** A stream that ends with an error as soon as the signal is aborted, whatever the connection does. */
async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]()
  let abort: () => void = () => {}
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(new Error('aborted'))
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
  })
  aborted.catch(() => {})
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted])
      if (next.done) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', abort)
    void iterator.return?.()?.catch(() => {})
  }
}
