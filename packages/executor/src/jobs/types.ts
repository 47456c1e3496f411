/** What goes into the job manager and what comes out. */
import type { FailureKind } from '../errors.js'
import type { HedgePolicy } from './stragglers.js'

export interface CallRef {
  index: number
  attempt: number
}

/** How the last attempt of a call ended. */
export interface LastFailure {
  kind: FailureKind
  attempt: number
  /** Memory it had, MB. */
  runtimeMemory: number | undefined
}

/** What a job wants. Its functions must be pure. */
export interface JobPolicy {
  /** Failed attempts after which a call has failed, and the kinds that are tried again before that. */
  attempts: number
  on: readonly FailureKind[]
  /** True when an attempt that failed so with this memory is the last, whatever `on` says. */
  hopeless?(kind: FailureKind, memory: number | undefined): boolean
  /** How long to wait before a retry, ms; `failed` counts the call's failed attempts. Default: not at all. */
  backoff?(failed: number, kind: FailureKind): number
  /** Calls of a batch. */
  chunk: number | 'auto'
  /** Failed calls after which the others are cancelled. Default: never. */
  tolerate?: number
  /** Memory of an attempt, MB. Calls of a batch have the same. Default: undefined for all. */
  memory?(index: number, last: LastFailure | undefined): number | undefined
  hedge?: HedgePolicy | undefined
  /** What an attempt with this memory costs at worst, US dollars. Default: nothing. */
  worst?(memory: number | undefined): number
}

type Of = { job: number } & CallRef

export type JobEvent =
  /** `blocked`: each call waits for its `input`. */
  | { type: 'submit'; job: number; total: number; policy: JobPolicy; blocked?: boolean }
  /** The function is where workers find it: calls may go out. */
  | { type: 'ready'; job: number }
  /** The input of a blocked call is there. */
  | { type: 'input'; job: number; index: number }
  /** A blocked call will never have an input. */
  | { type: 'reject'; job: number; index: number; kind: FailureKind }
  /** The call's result is known from before: it need not be made. */
  | { type: 'known'; job: number; index: number }
  | ({ type: 'started' } & Of)
  /** `ms`: how long the worker was busy with the call. `cost`: US dollars. */
  | ({ type: 'done'; ms: number; cost?: number } & Of)
  | ({ type: 'failed'; kind: FailureKind; cost?: number } & Of)
  /** The backend gives the call back unbegun; this costs no attempt. */
  | ({ type: 'returned' } & Of)
  /** The platform refused the call for now; this costs no attempt. */
  | ({ type: 'throttled'; retryAfter?: number } & Of)
  /** A batch is over, its place is free. Its calls must have been reported before. */
  | { type: 'batchEnded'; job: number; refused?: boolean }
  /** Without `indices` the whole job. */
  | { type: 'cancel'; job: number; indices?: readonly number[] }
  /** Time has passed. */
  | { type: 'tick' }

export type JobAction =
  /** `copy`: the call's first attempt still runs. */
  | { type: 'invoke'; job: number; calls: CallRef[]; memory: number | undefined; copy: boolean }
  | ({ type: 'commit' } & Of)
  /** The attempt failed and another follows. */
  | ({ type: 'retry'; kind: FailureKind } & Of)
  /** The attempt failed, but another attempt of the call is under way. */
  | ({ type: 'drop'; kind: FailureKind } & Of)
  /** The call failed for good. */
  | ({ type: 'fail'; kind: FailureKind } & Of)
  /** Stop this attempt on the backend: nobody waits for it any more. */
  | ({ type: 'abort' } & Of)
  | { type: 'finish'; job: number; done: number; failed: number }
