/** What runs the calls of the pipeline. */
import type { Storage } from '@mayfly/executor'

/** The part of `FunctionExecutor` the pipeline needs. */
export interface StageExecutor {
  readonly storage: Storage
  /** Calls that run at a time, as a rule. Default: the number of CPUs. */
  readonly workers?: number
  /** Calls `fn(item, ctx)` for each item; futures in the order of the items. */
  map(
    fn: (...args: never[]) => unknown,
    items: Iterable<unknown>,
    options?: {
      runtimeMemory?: number
      name?: string
      signal?: AbortSignal
      retry?: { attempts: number; on: RetryKind[] }
    },
  ): Iterable<StageFuture>
}

/** Failures of a call that may pass. */
export type RetryKind = 'lost' | 'oom' | 'timeout'

/** A call: its result, and when it ran in ms. */
export interface StageFuture {
  result(): Promise<unknown>
  /** Run that the call belongs to, where the executor keeps runs. */
  readonly runId?: string
  readonly stats: { readonly started?: number | undefined; readonly ended?: number | undefined }
}

export interface RunnerOptions {
  /** Runs the calls of parallel stages, and all others where there is no `vmExecutor`. */
  executor: StageExecutor
  /** Runs the stateful stages of the hybrid implementation. */
  vmExecutor?: StageExecutor | undefined
  /** MB for a call that needs no more. */
  memory: number
  log: (line: string) => void
  warn: (line: string) => void
  /** Cancels what runs, and all that is started later. */
  signal?: AbortSignal | undefined
}
