/** Builds the last argument of a user function. */
import { format } from 'node:util'
import type { CallContext } from '../context.js'
import type { Storage } from '../storage/storage.js'
import { spawnFor } from './spawn.js'

/** Reports of progress that follow each other faster than this are left out, except the last (`done` = `total`). */
const PROGRESS_MS = 50

export interface ContextParts {
  call: { index: number; attempt: number; callId: string }
  storage: Storage
  signal: AbortSignal
  deadline: number | undefined
  log(text: string): void
  progress(report: { done: number; total?: number; note?: string }): void
  metric(report: { name: string; value: number; unit?: string }): void
}

export function makeContext(parts: ContextParts): CallContext {
  let reported = 0
  return {
    index: parts.call.index,
    attempt: parts.call.attempt,
    callId: parts.call.callId,
    storage: parts.storage,
    signal: parts.signal,
    deadline: parts.deadline,
    log: (...values) => parts.log(`${format(...values)}\n`),
    progress: (done, total, note) => {
      const at = performance.now()
      if (at - reported < PROGRESS_MS && done !== total) return
      reported = at
      parts.progress({ done, ...(total === undefined ? {} : { total }), ...(note === undefined ? {} : { note }) })
    },
    metric: (name, value, unit) =>
      parts.metric({ name: String(name), value: Number(value), ...(unit === undefined ? {} : { unit }) }),
    put: (body) => parts.storage.putCloudObject(body),
    spawn: spawnFor(parts.storage, parts.call.callId),
  }
}
