/** What goes to a function and comes back: JSON, one document there and one line per event back, with bytes as base64. */
import type { StorageOptions } from '../../storage/storage.js'
import type { AttemptEvent, Beat, Deployment, Invocation } from '../backend.js'

/** The event a function is invoked with; or where that event lies, when it is too large for a request. */
export type Request = Task | { spilled: string; storage: StorageOptions; bucket: string }

export interface Task {
  /** The deployment in `encode`'s form: as text, so that a warm worker knows it again without reading it. */
  deployment: string
  batch: Invocation[]
  /** Object that is there as long as somebody waits for the job. Its text names attempts to stop, by id. */
  open: string
  /** Where the answer goes when nobody listens. */
  answer?: AnswerPlace
}

export interface AnswerPlace {
  /** Key of the object with all lines. */
  done: string
  /** First part of the keys of objects that are there while the batch runs. */
  live: string
}

/** Lines of the answer. The first tells the worker's clock. */
export type Line = AttemptEvent | Beat | { type: 'clock'; at: number }

/** What the name of an object tells of an attempt under way whose answer is still to come. */
export interface Sighting {
  id: number
  worker: string
  cold: boolean
  setup: number
  fetched: number
  loaded: number
  started: number
  bytes: number
}

const LIVE = 'live-'

/** Last part of the key of an object that is renewed while a batch runs; without a sighting nothing has begun yet. */
export function liveName(seen: Sighting | undefined): string {
  return LIVE + Buffer.from(JSON.stringify(seen ?? null)).toString('base64url')
}

/** What `liveName` has made a name of; null before the first attempt, undefined for any other name. */
export function readLiveName(name: string): Sighting | null | undefined {
  if (!name.startsWith(LIVE)) return undefined
  return JSON.parse(Buffer.from(name.slice(LIVE.length), 'base64url').toString()) as Sighting | null
}

/** JSON with typed arrays of bytes. */
export function encode(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key, item) {
    const raw = this[key]
    return raw instanceof Uint8Array
      ? { base64: Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString('base64') }
      : item
  })
}

export function decode(text: string): unknown {
  const value: unknown = JSON.parse(text)
  return text.includes('"base64"') ? revive(value) : value
}

/** What `encode` has made of bytes becomes bytes again, in place. */
export function revive(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const fields = value as Record<string, unknown>
  const names = Object.keys(fields)
  if (names.length === 1 && typeof fields.base64 === 'string')
    return new Uint8Array(Buffer.from(fields.base64, 'base64'))
  for (const name of names) if (typeof fields[name] === 'object') fields[name] = revive(fields[name])
  return value
}

/** A request as bytes. The deployment is the same for all requests of a job: `quote` makes its part of them once. */
export function encodeTask(deployment: string, { batch, open, answer }: Omit<Task, 'deployment'>): Buffer {
  const rest = encode(answer === undefined ? { batch, open } : { batch, open, answer })
  return Buffer.from(`{"deployment":${deployment},${rest.slice(1)}`)
}

export function quote(deployment: Deployment): string {
  return JSON.stringify(encode(deployment))
}
