/**
 * What the executor asks of a place where calls run, and nothing more: every backend passes the same contract suite
 * (`contract.ts`). The reply of an invocation *is* its live event stream.
 */
import type { AttemptMetrics, ErrorValue, FailureKind } from '../types.js'

/** The code of a job where workers find it; the files are content-addressed, so warm workers load each once. */
export interface CodeRef {
  /** Hash of function and captured data together: the name under which a worker keeps the loaded function. */
  hash: string
  /** Absolute path of the ES module. */
  codeFile: string
  /** Absolute path of the captured data, and of its large blobs in order. */
  dataFile: string
  blobFiles: string[]
}

export interface Resources {
  /** MB; undefined is no limit. */
  runtimeMemory?: number
  /** Seconds per attempt; undefined is no limit. */
  timeout?: number
  env: Record<string, string>
}

/** A job as the backend knows it: code and resources, the same for all its calls. */
export interface Deployment {
  code: CodeRef
  resources: Resources
  /** Serialized array of the arguments between the item and the context. */
  extraArgs: Uint8Array
  /** `<bucket>` and key prefix for results too large for the reply. */
  bucket: string
  resultPrefix: string
  home: string
}

/** One attempt to be made. */
export interface Invocation {
  /** Unique in the executor; events carry it. */
  id: number
  index: number
  attempt: number
  callId: string
  input: { bytes: Uint8Array } | { file: string; size: number }
}

export type ResultRef = { bytes: Uint8Array } | { key: string; size: number }

interface Of {
  id: number
  /** Milliseconds since the epoch on the host's clock. */
  at: number
}

/** What a backend reports of an attempt, in this order; see `events.ts` for the meaning of each. */
export type AttemptEvent =
  | (Of & { type: 'setup'; worker: string; pid?: number; cold: boolean })
  | (Of & { type: 'fetched'; loaded: number; bytes: number })
  | (Of & { type: 'started' })
  | (Of & { type: 'sample'; rss: number } & AttemptMetrics)
  | (Of & { type: 'log'; stream: 'stdout' | 'stderr'; text: string })
  | (Of & { type: 'progress'; done: number; total?: number; note?: string })
  | (Of & { type: 'stored'; ended: number; bytes: number })
  | (Of & { type: 'done'; ended: number; metrics: AttemptMetrics; result: ResultRef })
  | (Of & { type: 'failed'; ended: number; kind: FailureKind; error: ErrorValue; metrics?: AttemptMetrics })
  /** Not begun and handed back: no attempt is spent. */
  | (Of & { type: 'returned' })

export interface Price {
  /** US dollars per GB-second of a worker and per call. */
  gbSecond: number
  request: number
}

export interface Backend {
  readonly name: string
  /** Batches it works on at once. */
  readonly concurrency: number
  /** Starts workers ahead of the first call; optional in effect, never an error. */
  prewarm(count: number, resources: Resources): void
  /**
   * Makes the attempts of `batch` one after the other on one worker. Every attempt ends with exactly one `done`, `failed`
   * or `returned`. Aborting the signal ends the batch: begun attempts fail as `cancelled`, the others are returned.
   */
  invoke(deployment: Deployment, batch: Invocation[], signal: AbortSignal): AsyncIterable<AttemptEvent>
  /** Stops one begun attempt, which then fails as `cancelled`; unknown ids are ignored. */
  cancel(id: number): void
  price(resources: Resources): Price
  /** Kills what is running for this executor. Idempotent. */
  close(): Promise<void>
}
