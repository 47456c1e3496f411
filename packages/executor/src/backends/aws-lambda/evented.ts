/** One asynchronous invocation: sent and forgotten by the platform's caller, answered by way of the storage. */
import { randomUUID } from 'node:crypto'
import type { LambdaClient } from '@aws-sdk/client-lambda'
import { now } from '../../worker/clock.js'
import type { AttemptEvent, Beat } from '../backend.js'
import { eventsOf, LineReader } from './clock.js'
import { isServerFault } from './errors.js'
import type { AnswerPoll } from './poll.js'

/** A function that has shown itself does so every three seconds: silent for so long, it is gone, ms. */
const SILENCE_MS = 15_000
/** The service only has to take the message, ms. */
const SEND_MS = 30_000
/** The same message again where it is not known whether it was taken: two deliveries of it are harmless. */
const SENDS = 4
const SEND_AGAIN_MS = 100

export interface Evented {
  client: LambdaClient
  name: string
  /** The request for an answer with this first part of its keys. */
  payload(answer: string): Promise<Uint8Array>
  answers: AnswerPoll
  /** How long the platform may keep the message waiting, ms. */
  patience: number
  signal: AbortSignal
}

/** Events with stamps on this machine's clock; `beat`s while there is none. Ends without the ends of attempts when the function is lost. */
export async function* evented(parts: Evented): AsyncGenerator<AttemptEvent | Beat> {
  const { answers, patience, signal } = parts
  signal.throwIfAborted()
  const token = randomUUID()
  const news = answers.watch(token)
  const stop = () => news.end()
  signal.addEventListener('abort', stop)
  try {
    const payload = await parts.payload(answers.prefixOf(token))
    const sent = now()
    await send(parts, payload)
    let until = sent + patience
    for await (const one of news) {
      if (one.type === 'fault') throw one.error
      if (one.type === 'answer') {
        const reader = new LineReader(sent)
        for (const line of one.text.split('\n').slice(0, -1)) {
          const told = reader.read(line)
          if (told) yield told
        }
        return
      }
      if (one.type === 'alive') {
        until = now() + SILENCE_MS
        if (one.seen) yield* eventsOf(one.seen, sent)
      } else if (now() > until) return
      else yield { type: 'beat', at: now() }
    }
    signal.throwIfAborted()
  } finally {
    signal.removeEventListener('abort', stop)
    answers.unwatch(token)
  }
}

async function send({ client, name, signal }: Evented, payload: Uint8Array): Promise<void> {
  const { InvokeCommand } = await import('@aws-sdk/client-lambda')
  for (let sends = 1; ; sends++) {
    const request = new InvokeCommand({ FunctionName: name, Payload: payload, InvocationType: 'Event' })
    const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(SEND_MS)])
    try {
      await client.send(request, { abortSignal })
      return
    } catch (error) {
      const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
      if (signal.aborted || sends >= SENDS || (status !== undefined && !isServerFault(error))) throw error
      await new Promise((resolve) => setTimeout(resolve, SEND_AGAIN_MS * 4 ** (sends - 1) * (0.5 + Math.random())))
    }
  }
}
