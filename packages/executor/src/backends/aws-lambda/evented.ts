/** One asynchronous invocation: sent and forgotten by the platform's caller, answered by way of the storage. */
import { randomUUID } from 'node:crypto'
import { now } from '../../worker/clock.js'
import type { AttemptEvent, Beat } from '../backend.js'
import type { LambdaCaller } from './client.js'
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
/**
 * And when it has not begun after so long, ms, doubled each time, although nearly all others have: the platform may lose a
 * message. While many wait, it is only busy, and more messages would not help.
 */
const DROPPED_MS = 20_000
const FEW = 8
const FEW_SHARE = 0.05

export interface Evented {
  caller: LambdaCaller
  name: string
  /** The request for an answer with this first part of its keys. */
  payload(answer: string): Promise<Uint8Array>
  answers: AnswerPoll
  /** How long the platform may keep the message waiting, ms. */
  patience: number
  signs: Signs
  /** Deliveries of the message that come from now on find nothing to do. */
  settle(): void
  signal: AbortSignal
}

/** What is known of all asynchronous invocations of an executor together. */
export interface Signs {
  /** When any function has last shown itself, ms. */
  at: number
  /** Messages under way, and those of which nothing has been seen yet. */
  sent: number
  waiting: number
}

/** The platform has kept the message as long as it may, because it was busy with others. */
export class NeverBegun extends Error {}

/** Events with stamps on this machine's clock; `beat`s while there is none. Ends without the ends of attempts when the function is lost. */
export async function* evented(parts: Evented): AsyncGenerator<AttemptEvent | Beat> {
  const { answers, patience, signs, signal } = parts
  signal.throwIfAborted()
  const token = randomUUID()
  const news = answers.watch(token)
  const stop = () => news.end()
  let [begun, under] = [false, false]
  const begin = () => {
    signs.at = now()
    if (!begun) signs.waiting--
    begun = true
  }
  signal.addEventListener('abort', stop)
  try {
    const payload = await parts.payload(answers.prefixOf(token))
    const sent = now()
    signs.sent++
    signs.waiting++
    under = true
    await send(parts, payload)
    let until = sent + patience
    let [again, wait] = [sent + DROPPED_MS, DROPPED_MS]
    for await (const one of news) {
      if (one.type === 'fault') throw one.error
      if (one.type === 'answer') {
        begin()
        if (wait > DROPPED_MS) parts.settle()
        yield* new LineReader(sent).readAll(one.text.split('\n').slice(0, -1))
        return
      }
      if (one.type === 'alive') {
        begin()
        until = signs.at + SILENCE_MS
        if (one.seen) yield* eventsOf(one.seen, sent)
        continue
      }
      if (one.type === 'blind') until = Math.max(until, now() + SILENCE_MS)
      if (now() > until) {
        if (!begun && now() - signs.at < patience) throw new NeverBegun()
        return
      }
      const few = Math.max(FEW, FEW_SHARE * signs.sent)
      if (!begun && now() > again && signs.waiting <= few) {
        wait *= 2
        again = now() + wait
        // Refused or not: the first may still come through.
        await send(parts, payload).catch(() => undefined)
      }
      yield { type: 'beat', at: now() }
    }
    signal.throwIfAborted()
  } finally {
    if (under) signs.sent--
    if (under && !begun) signs.waiting--
    signal.removeEventListener('abort', stop)
    answers.unwatch(token)
  }
}

async function send({ caller, name, signal }: Evented, payload: Uint8Array): Promise<void> {
  for (let sends = 1; ; sends++) {
    try {
      await within(caller.send(name, payload))
      return
    } catch (error) {
      const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
      if (signal.aborted || sends >= SENDS || (status !== undefined && !isServerFault(error))) throw error
      await new Promise((resolve) => setTimeout(resolve, SEND_AGAIN_MS * 4 ** (sends - 1) * (0.5 + Math.random())))
    }
  }
}

/** The SDK takes a timeout of its own only at the price of preparing each request anew. */
async function within<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Lambda has not answered for ${SEND_MS / 1000} s`)), SEND_MS)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
