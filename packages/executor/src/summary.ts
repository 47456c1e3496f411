/** The rows of `jobSummary()`. */
import type { JobRecord } from './job-record.js'
import { now } from './worker/clock.js'

/** One job. Times in seconds, memory in MB, costs in US dollars. */
export interface JobSummaryRow {
  job: string
  function: string
  invocations: number
  done: number
  failed: number
  /** From `map` to the end of the last call. */
  elapsed: number
  /** Run time of the function in good calls; `null` when there is none. */
  avgRuntime: number | null
  p50: number | null
  p90: number | null
  p95: number | null
  p99: number | null
  max: number | null
  /** CPU time of all attempts together. */
  cpuSeconds: number
  /** Configured memory, or `null` without a limit; and the highest resident set seen. */
  memory: number | null
  peakMemory: number
  /** Share of the workers' time, from `map` to the end of the last call, in which they had no call, 0–1. */
  idle: number | null
  /** On this backend, and the estimate for the same calls on AWS Lambda. */
  cost: number
  lambdaCost: number
}

export interface SummaryInput {
  id: string
  name: string
  total: number
  done: number
  failed: number
  elapsedMs: number
  /** ms per call, NaN where there is none. */
  durations: Float64Array
  cpuMs: number
  runtimeMemory: number | undefined
  peakRss: number
  /** Workers there were, and how long they were busy with attempts, ms. */
  workers: number
  busyMs: number
  cost: number
  lambdaCost: number
}

/** The row of a job as it stands. @param workers batches the backend works on at once */
export function summaryOf(job: JobRecord, workers: number): JobSummaryRow {
  const { id, name, total, done, failed, durations, cpuMs, peakRss, busyMs, cost, lambdaCost, settings } = job
  const elapsedMs = (job.endedAt ?? now()) - job.createdAt
  const runtimeMemory = typeof settings.runtimeMemory === 'number' ? settings.runtimeMemory : undefined
  const counts = { id, name, total, done, failed, elapsedMs, durations }
  return summarize({
    ...counts,
    cpuMs,
    peakRss,
    runtimeMemory,
    busyMs,
    workers: Math.min(workers, total),
    cost,
    lambdaCost,
  })
}

/** Pure. */
export function summarize(job: SummaryInput): JobSummaryRow {
  const sorted = job.durations.filter((ms) => !Number.isNaN(ms)).sort()
  const seconds = (ms: number | undefined) => (ms === undefined ? null : round(ms / 1000, 4))
  const total = sorted.reduce((sum, ms) => sum + ms, 0)
  return {
    job: job.id,
    function: job.name,
    invocations: job.total,
    done: job.done,
    failed: job.failed,
    elapsed: round(job.elapsedMs / 1000, 3),
    avgRuntime: seconds(sorted.length === 0 ? undefined : total / sorted.length),
    p50: seconds(quantile(sorted, 0.5)),
    p90: seconds(quantile(sorted, 0.9)),
    p95: seconds(quantile(sorted, 0.95)),
    p99: seconds(quantile(sorted, 0.99)),
    max: seconds(sorted.at(-1)),
    cpuSeconds: round(job.cpuMs / 1000, 3),
    memory: job.runtimeMemory ?? null,
    peakMemory: Math.round(job.peakRss / 1024 / 1024),
    idle: idleShare(job),
    cost: Number(job.cost.toPrecision(4)),
    lambdaCost: Number(job.lambdaCost.toPrecision(4)),
  }
}

/** Quantile with linear interpolation between the two nearest ranks; undefined for no values. */
export function quantile(sorted: ArrayLike<number>, q: number): number | undefined {
  if (sorted.length === 0) return undefined
  const at = (sorted.length - 1) * q
  const low = Math.floor(at)
  const high = Math.min(low + 1, sorted.length - 1)
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (at - low)
}

function idleShare({ workers, busyMs, elapsedMs }: SummaryInput): number | null {
  if (workers === 0 || elapsedMs <= 0) return null
  return round(Math.min(1, Math.max(0, 1 - busyMs / (workers * elapsedMs))), 4)
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
