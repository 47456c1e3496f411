/**
 * What an executor says while it runs: the events of the run log, the one source of the timeline, the summary, the cost
 * and the plots. Types and pure values only, nothing from Node: the browser imports this file.
 *
 * A **run** is one log file: all the jobs one executor starts within one cell execution (or one script). A **job** is one
 * `callAsync` or `map` (Lithops' `A000`, `M001`). A **call** is one element of a job; it has a run-wide number `call`, dense
 * from 0, which is the row of the timeline. An **attempt** is one try of a call on a worker, from 1.
 *
 * Times (`at`, `loaded`, `ended`) are milliseconds since the epoch on the host's clock; workers' stamps are aligned by the
 * executor before they are logged. Sizes are bytes, CPU is milliseconds of CPU time.
 */
import type { ErrorValue, FailureKind } from './errors.js'

/** Boundaries of a call in their fixed order; phase i lies between boundary i and i + 1. */
export const BOUNDARIES = [
  'submitted',
  'invoked',
  'setup',
  'loaded',
  'started',
  'ended',
  'stored',
  'collected',
] as const
export type Boundary = (typeof BOUNDARIES)[number]

/** The phases between the boundaries, in order, with the sentence a reader is shown. */
export const PHASES = [
  { id: 'host', title: 'Host', help: 'Waiting in the executor for a free place on the backend.' },
  { id: 'invoke', title: 'Invoke', help: 'On its way to a worker: handed to the backend, not yet picked up.' },
  { id: 'setup', title: 'Cold start & setup', help: 'The worker starts up and loads the function.' },
  { id: 'fetch', title: 'Fetch input', help: 'The worker reads the input of this call.' },
  { id: 'run', title: 'Run', help: 'Your function is running.' },
  { id: 'store', title: 'Write result', help: 'The worker writes the result to storage.' },
  { id: 'collect', title: 'Collect', help: 'The result is on its way back to the caller.' },
] as const
export type PhaseId = (typeof PHASES)[number]['id']

/** Resources of one attempt, counted from its start. */
export interface AttemptMetrics {
  /** User + system CPU time, ms. */
  cpuMs: number
  /** Peak resident set, bytes. */
  peakRss: number
  /** Bytes received and sent on sockets. */
  rx: number
  tx: number
}

export type RunStatus = 'running' | 'done' | 'failed' | 'cancelled' | 'lost'

interface At {
  at: number
}
interface OfCall extends At {
  call: number
  attempt: number
}

export interface RunCreated extends At {
  type: 'run.created'
  /** Sortable and unique: time in base 36, then random. Safe as a file name. */
  runId: string
  /** Shown as the title: the function or the notebook's cell. */
  name: string
  backend: string
  storage: string
  /** Set when the run was started by a cell. `notebook` is relative to the workspace. */
  notebook?: string
  cellId?: string
  executionCount?: number
  host: { pid: number; cpus: number; memory: number; node: string; platform: string }
  /** Executor settings in force, without secrets. */
  settings: Record<string, unknown>
}

export interface JobCreated extends At {
  type: 'job.created'
  /** `A000` for callAsync, `M001` for map: kind letter, then the job's number in the run. */
  job: string
  /** Name of the function, or `anonymous`. */
  name: string
  /** Run-wide number of the first call, and how many calls; counted before the first is submitted. */
  first: number
  total: number
}

/** All calls of the job have come to their end. `failed` counts calls, not attempts. */
export interface JobFinished extends At {
  type: 'job.finished'
  job: string
  done: number
  failed: number
}

export type CallEvent =
  /** Handed to the dispatcher. Only attempt 1 is submitted by the user; later ones by a retry. */
  | (OfCall & { type: 'submitted' })
  /** Handed to the backend. */
  | (OfCall & { type: 'invoked' })
  /** Picked up by a worker. `cold` when the worker was started for it. */
  | (OfCall & { type: 'setup'; worker: string; pid?: number; cold: boolean })
  /** Code and input are at hand; `loaded` is when the code was, which ends the setup phase. */
  | (OfCall & { type: 'fetched'; loaded: number; bytes: number })
  /** The function was entered. */
  | (OfCall & { type: 'started' })
  /** Every 250 ms, first at the start and last at the end; metrics are cumulative, `rss` is momentary. */
  | (OfCall & { type: 'sample'; rss: number } & AttemptMetrics)
  | (OfCall & { type: 'log'; stream: 'stdout' | 'stderr'; text: string })
  | (OfCall & { type: 'progress'; done: number; total?: number; note?: string })
  /** A figure the function reports, with `ctx.metric`. */
  | (OfCall & { type: 'metric'; name: string; value: number; unit?: string })
  /** The result was published; `ended` is when the function returned. */
  | (OfCall & { type: 'stored'; ended: number; bytes: number })
  /**
   * `cached`: the result was known from an earlier run, nothing was called. `cost`: what the attempt has cost on this backend, US
   * dollars; missing where calls are free.
   */
  | (OfCall & { type: 'done'; ended: number; metrics: AttemptMetrics; cached?: true; cost?: number })
  /** The attempt came to a bad end; `final` when no other attempt follows. */
  | (OfCall & {
      type: 'failed'
      ended: number
      kind: FailureKind
      error: ErrorValue
      final: boolean
      metrics?: AttemptMetrics
      cost?: number
    })
  /** The result is in the caller's hands. */
  | (OfCall & { type: 'collected' })

export interface RunFinished extends At {
  type: 'run.finished'
  status: Exclude<RunStatus, 'running'>
  /** Estimated cost in US dollars on this backend; 0 for localhost. */
  cost: number
  /** What the same GB-seconds would have cost on AWS Lambda, estimate. */
  lambdaCost: number
}

export type RunEvent = RunCreated | JobCreated | JobFinished | CallEvent | RunFinished

/** A line of the run log: an event and its sequence number, from 1 without gaps. */
export type LoggedEvent = RunEvent & { seq: number }

/** One row of the list of runs, derived from a log without reading the samples. */
export interface RunHeader {
  runId: string
  name: string
  status: RunStatus
  backend: string
  notebook?: string
  cellId?: string
  createdAt: number
  finishedAt?: number
  jobs: number
  calls: number
  done: number
  failed: number
  cost: number
  lambdaCost: number
  /** Last sequence number seen. */
  seq: number
}

/** Output of a cell that stands for one job of a run; rendered as the live strip. */
export const RUN_MIME = 'application/vnd.mayfly.run+json'
export interface RunOutput {
  runId: string
  job: string
  name: string
  /** Filled in when the job has ended, so that a saved notebook shows it without the log. */
  summary?: { total: number; done: number; failed: number; elapsedMs: number; cost: number; lambdaCost: number }
}

/**
 * Output of a cell that holds a table: its columns, each with the values of the first `shown` of `rows` rows. Numbers that JSON lacks
 * are texts (`NaN`, `Infinity`, the digits of a large bigint), dates ISO texts, missing values null; `json` is mixed or nested.
 */
export const TABLE_MIME = 'application/vnd.mayfly.table+json'
export interface TableOutput {
  columns: { name: string; type: 'number' | 'string' | 'boolean' | 'date' | 'json'; unit?: string }[]
  data: unknown[][]
  rows: number
  shown: number
  /** There are more rows than `rows`: nobody counted them. */
  more?: boolean
  /** Columns left out. */
  hiddenColumns?: number
  title?: string
}

/** Output of a cell that holds a picture of numbers, row by row from the top left. */
export const IMAGE_MIME = 'application/vnd.mayfly.image+json'
export interface ImageOutput {
  width: number
  height: number
  /** Values of the lowest and the highest colour. */
  min: number
  max: number
  colorMap: 'viridis' | 'inferno' | 'magma' | 'plasma' | 'grey'
  /** CSS pixels for one pixel of data. */
  scale: number
  /** Base64 of little-endian Float32 values; NaN is transparent. */
  data: string
  unit?: string
  title?: string
  pixelSize?: { size: number; unit: string }
}

/** Output of a cell that holds a progress bar. Times in ms; `total` is missing while it is unknown. */
export const PROGRESS_MIME = 'application/vnd.mayfly.progress+json'
export interface ProgressOutput {
  label: string
  done: number
  total?: number
  /** `done` is a share of 100 and no count. */
  unit?: '%'
  /** Epoch ms. */
  startedAt: number
  elapsedMs: number
  remainingMs?: number
  state: 'running' | 'done' | 'failed' | 'cancelled'
}
