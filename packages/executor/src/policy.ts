/** From a job's settings to what the job manager must know: seconds become ms, prices become worst cases. */
import type { Backend } from './backends/backend.js'
import { gbSeconds } from './cost/cost.js'
import type { FailureKind } from './errors.js'
import type { JobPolicy, LastFailure } from './jobs/types.js'
import type { ResolvedSettings, RetryKind } from './options.js'

const BACKOFF_MAX_S = 60
/** Worst case of an attempt that has no timeout at all: Lambda's longest. */
const LONGEST_S = 900

/** @param initial memory each call begins with, MB; none for all calls the same. */
export function policyOf(
  settings: ResolvedSettings,
  backend: Backend,
  job: { total: number; chunk: number | 'auto'; items: readonly unknown[]; initial: readonly number[] | undefined },
): JobPolicy {
  const { attempts, hedge, onFailure } = settings
  const on = settings.retrySet || !backend.larger ? settings.on : [...settings.on, 'oom' as const]
  const tolerate = tolerated(onFailure, job.total)
  return {
    ...{ attempts, on, chunk: job.chunk },
    backoff: (failed, kind) => 1000 * wait(settings.backoff, failed, kind),
    ...(Number.isFinite(tolerate) ? { tolerate } : {}),
    memory: (index, last) => memoryOf(settings, backend, job.initial?.[index], job.items[index], last),
    ...(hedge ? { hedge: { after: hedge.after, factor: hedge.factor, minMs: hedge.min * 1000, max: hedge.max } } : {}),
    // Where there is no more memory to be had, another attempt ends as this one did.
    hopeless: (kind, memory) => kind === 'oom' && backend.larger !== undefined && backend.larger(memory) === undefined,
    worst: (memory) => worstCase(settings, backend, memory),
  }
}

/** How many calls of a job may fail. */
export function tolerated(onFailure: ResolvedSettings['onFailure'], total: number): number {
  if (onFailure === 'collect') return Number.POSITIVE_INFINITY
  if (onFailure === 'failFast') return 0
  return onFailure.tolerate < 1 ? Math.floor(onFailure.tolerate * total) : Math.floor(onFailure.tolerate)
}

function wait(backoff: ResolvedSettings['backoff'], failed: number, kind: FailureKind): number {
  if (typeof backoff === 'number') return Math.min(BACKOFF_MAX_S, backoff * 2 ** (failed - 1))
  const seconds = Number(backoff(failed, kind as RetryKind))
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 0
}

function memoryOf(
  { runtimeMemory }: ResolvedSettings,
  backend: Backend,
  initial: number | undefined,
  item: unknown,
  last: LastFailure | undefined,
): number | undefined {
  if (typeof runtimeMemory !== 'function' && last?.kind !== 'oom') return last?.runtimeMemory ?? runtimeMemory
  if (!last) return initial
  const had = last.runtimeMemory
  if (typeof runtimeMemory !== 'function') {
    if (backend.larger) return backend.larger(had) ?? had
    return had && Math.min(2 * had, backend.limits.memory ?? 2 * had)
  }
  try {
    const wanted = Math.round(Number((runtimeMemory as (item: unknown, last: LastFailure) => number)(item, last)))
    return wanted >= 32 ? wanted : had
  } catch {
    // The item was good for the first attempt's memory; that one is still the best guess.
    return had
  }
}

function worstCase({ timeout }: ResolvedSettings, backend: Backend, memory: number | undefined): number {
  const resources = memory === undefined ? { env: {} } : { env: {}, runtimeMemory: memory }
  const { gbSecond, request, memory: charged = memory, storage } = backend.price(resources)
  const seconds = timeout ?? backend.limits.timeout ?? LONGEST_S
  const requests = request + (storage?.(seconds) ?? 0)
  return gbSecond * gbSeconds({ durationMs: seconds * 1000, runtimeMemory: charged }) + requests
}
