/**
 * What the executor asks of a place where calls run, and nothing more: every backend passes the same contract suite
 * (`contract.ts`). The reply of an invocation *is* its live event stream. Code, inputs and results are known by their keys in
 * the executor's storage, so that workers may be anywhere the storage can be reached from.
 *
 * The executor owns the policy: how many attempts a call has, when they go out, and which of several answers counts. A
 * backend makes the attempts it is given, tells what becomes of them, and never tries anything again by itself. What it
 * tells may come twice or late (`done` after `failed`, one attempt delivered twice): the executor takes the first end.
 */
import type { StorageRequests } from '../cost/requests.js'
import type { StorageOptions } from '../storage/storage.js'
import type { AttemptMetrics, ErrorValue, FailureKind } from '../types.js'

/** The code of a job where workers find it: keys in the deployment's bucket. Objects are content-addressed, so warm
 * workers load each once. */
export interface CodeRef {
  /** Hash of function and captured data together: the name under which a worker keeps the loaded function. */
  hash: string
  /** Key of the ES module. */
  codeKey: string
  /** Keys of the captured data, and of its large blobs in order. */
  dataKey: string
  blobKeys: string[]
}

export interface Resources {
  /** MB; undefined is no limit. */
  runtimeMemory?: number
  /** Seconds per attempt; undefined is no limit. */
  timeout?: number
  env: Record<string, string>
}

/** A job as the backend knows it: code and resources, the same for all calls of one invocation. */
export interface Deployment {
  code: CodeRef
  resources: Resources
  /** Serialized array of the arguments between the item and the context; empty for none. */
  extraArgs: Uint8Array
  /** From which a worker makes the executor's storage (`mayfly.unpack`). Holds no secret: what a worker needs to get in is the backend's business. */
  storage: StorageOptions
  bucket: string
  /**
   * A result too large for the reply is published as `<resultPrefix>/<index>` with a conditional put. First writer wins;
   * whoever finds the object there reports it as its own result. That makes retries, copies and double deliveries safe.
   */
  resultPrefix: string
}

/** Bytes in the message, or the key of an object in the deployment's bucket. */
export type DataRef = { bytes: Uint8Array } | { key: string; size: number }

/** One attempt to be made. */
export interface Invocation {
  /** Unique in the executor; events carry it. */
  id: number
  index: number
  attempt: number
  callId: string
  /** The item; or `parts`: the item is an array, and these are its elements. */
  input: DataRef | { parts: DataRef[] }
}

export type ResultRef = DataRef

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
  | (Of & { type: 'metric'; name: string; value: number; unit?: string })
  | (Of & { type: 'stored'; ended: number; bytes: number })
  | (Of & { type: 'done'; ended: number; metrics: AttemptMetrics; result: ResultRef; billed?: Billed })
  | (Of & {
      type: 'failed'
      ended: number
      kind: FailureKind
      error: ErrorValue
      metrics?: AttemptMetrics
      billed?: Billed
    })
  /** Not begun and handed back: no attempt is spent. */
  | (Of & { type: 'returned' })
  /**
   * Refused for now, because too much is under way: no attempt is spent, and the executor sends less for a while.
   * `retryAfter` is what the platform says, ms.
   */
  | (Of & { type: 'throttled'; retryAfter?: number })

/** What a platform charges for one attempt, where that is not the time from the loaded function to its end, and a request. */
export interface Billed {
  /** Time, ms, with what the attempt has caused besides: the start of the environment, loading. */
  ms: number
  /** A batch is one request. */
  requests: number
  /** Requests to the storage that were made for it, where they cost something. */
  storage?: StorageRequests
}

/** A sign of life of the whole batch, where no other event renews its lease. */
export interface Beat {
  type: 'beat'
  at: number
}

export interface Price {
  /** US dollars per GB-second of a worker and per call. */
  gbSecond: number
  request: number
  /** MB that are charged where they are not those of `Resources`: the size of the function. */
  memory?: number
  /** What the requests to the storage cost at most for a call of so many seconds, US dollars, where it is not its user who makes them. */
  storage?(seconds: number): number
}

/** What a backend can take; the executor stays within it. */
export interface BackendLimits {
  /** Batches at once. */
  concurrency: number
  /** Batches begun per second in the long run, and at once. Without it there is no such limit. */
  rate?: { perSecond: number; burst: number }
  /** Inputs of an invocation up to this many bytes travel in the message, larger ones as objects. */
  inlineInput: number
  /** Results up to this many bytes travel in the reply. */
  inlineResult: number
  /** Most memory a worker can have, MB, and longest attempt, seconds; undefined is no limit. */
  memory?: number
  timeout?: number
  /**
   * A batch that says nothing for so long is lost, ms: before its first event, which includes a cold start, and afterwards.
   * A running attempt must give a sign of life (`sample` or `beat`) several times in that time.
   */
  lease: { start: number; running: number }
}

export interface Backend {
  readonly name: string
  readonly limits: BackendLimits
  /** Starts workers ahead of the first call; optional in effect, never an error. */
  prewarm(count: number, resources: Resources): void
  /**
   * Makes ready what calls with this code and these resources need (a function, an image). Called before the first
   * `invoke` of each deployment; idempotent by content: a second time costs nothing. Rejecting fails the job with that error.
   */
  prepare(deployment: Deployment): Promise<void>
  /**
   * Makes the attempts of `batch` one after the other on one worker. Every attempt ends with exactly one `done`, `failed`,
   * `returned` or `throttled`; one that the stream does not end counts as lost. Aborting the signal ends the batch at once:
   * begun attempts fail as `cancelled`, the others are returned.
   */
  invoke(deployment: Deployment, batch: Invocation[], signal: AbortSignal): AsyncIterable<AttemptEvent | Beat>
  /**
   * Stops one attempt, which then fails as `cancelled`; unknown ids are ignored. Where the platform cannot, the attempt
   * is forgotten, and so reported.
   */
  cancel(id: number): void
  price(resources: Resources): Price
  /**
   * Limit for a call that ran out of memory with this one, MB; `runtimeMemory` undefined is a call without a limit of its own.
   * Undefined when there is no more to be had. Without the method it is twice as much, up to `limits.memory`. A backend that
   * has it has classes of memory: calls that ran out of it are tried again unless the user said otherwise.
   */
  larger?(runtimeMemory: number | undefined): number | undefined
  /** Removes what was deployed for this executor's calls. */
  clean?(): Promise<void>
  /** Kills what is running for this executor. Idempotent. */
  close(): Promise<void>
}
