/** One asynchronous invocation: sent and forgotten by the platform's caller, answered by way of the storage. */
import { randomUUID } from 'node:crypto'
import { now } from '../../worker/clock.js'
import type { AttemptEvent, Beat } from '../backend.js'
import type { LambdaCaller } from './client.js'
import { eventsOf, LineReader } from './clock.js'
import { isServerFault } from './errors.js'
import type { AnswerPoll, News } from './poll.js'
import type { AnswerPlace } from './wire.js'

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
  /** The request for an answer that goes there. */
  payload(answer: AnswerPlace): Promise<Uint8Array>
  answers: AnswerPoll
  /** How long the platform may keep the message waiting, ms. */
  patience: number
  signs: Signs
  /** Deliveries of the message that come from now on find nothing to do. */
  settle(): void
  tell(event: AttemptEvent | Beat): void
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

/**
 * Tells events with stamps on this machine's clock, and `beat`s. Resolves without the ends of attempts when the function
 * is lost; rejects with what the service refuses, and when it is aborted.
 */
export async function evented(parts: Evented): Promise<void> {
  const { answers, signal } = parts
  signal.throwIfAborted()
  const token = randomUUID()
  const payload = await parts.payload(answers.placeOf(token))
  let resolve!: () => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<void>((...settle) => {
    ;[resolve, reject] = settle
  })
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  const waiting = new Waiting(parts, payload)
  try {
    answers.watch(token, (news) => {
      try {
        if (waiting.takes(news)) resolve()
      } catch (error) {
        reject(error)
      }
    })
    send(parts, payload).catch(reject)
    await promise
  } finally {
    answers.unwatch(token)
    signal.removeEventListener('abort', abort)
    waiting.end()
  }
}

/** A message whose answer is waited for. */
class Waiting {
  readonly #parts: Evented
  readonly #payload: Uint8Array
  readonly #sent = now()
  #begun = false
  /** After which the function is lost, ms. */
  #until: number
  /** When the message goes out again, and how long it waits then. */
  #again = this.#sent + DROPPED_MS
  #wait = DROPPED_MS

  constructor(parts: Evented, payload: Uint8Array) {
    this.#parts = parts
    this.#payload = payload
    this.#until = this.#sent + parts.patience
    parts.signs.sent++
    parts.signs.waiting++
  }

  end(): void {
    this.#parts.signs.sent--
    if (!this.#begun) this.#parts.signs.waiting--
  }

  /** True when there will be no more. */
  takes(news: News): boolean {
    const { tell } = this.#parts
    if (news.type === 'fault') throw news.error
    if (news.type === 'answer') {
      this.#begin()
      if (this.#wait > DROPPED_MS) this.#parts.settle()
      for (const event of new LineReader(this.#sent).readAll(news.text.split('\n').slice(0, -1))) tell(event)
      return true
    }
    if (news.type === 'alive') {
      this.#begin()
      this.#until = this.#parts.signs.at + SILENCE_MS
      if (news.seen) for (const event of eventsOf(news.seen, this.#sent)) tell(event)
      return false
    }
    if (news.type === 'blind') this.#until = Math.max(this.#until, now() + SILENCE_MS)
    if (this.#isOver()) return true
    this.#sendAgain()
    tell({ type: 'beat', at: now() })
    return false
  }

  #begin(): void {
    this.#parts.signs.at = now()
    if (!this.#begun) this.#parts.signs.waiting--
    this.#begun = true
  }

  #isOver(): boolean {
    const { patience, signs } = this.#parts
    if (now() <= this.#until) return false
    if (!this.#begun && now() - signs.at < patience) throw new NeverBegun()
    return true
  }

  #sendAgain(): void {
    const { signs } = this.#parts
    const few = Math.max(FEW, FEW_SHARE * signs.sent)
    if (this.#begun || now() <= this.#again || signs.waiting > few) return
    this.#wait *= 2
    this.#again = now() + this.#wait
    // Refused or not: the first may still come through.
    send(this.#parts, this.#payload).catch(() => undefined)
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
