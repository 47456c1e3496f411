/** What a run amounts to, computed from its model. Pure. */
import type { ErrorValue } from '@mayfly/executor/errors'
import prices from '@mayfly/executor/prices.json'
import { B, type RunModel, S, WIDTH } from './model'
import { beginOf, isSettled, totalOf, workedOf } from './phases'

/** What a table of quantiles can be about, with how to read it off a row. NaN where the row has no such value yet. */
export const METRICS = {
  duration: { title: 'Duration', unit: 'time', of: workedOf },
  run: { title: 'Run', unit: 'time', of: (m: RunModel, r: number) => between(m, r, B.started, B.ended) },
  wait: { title: 'Waiting', unit: 'time', of: (m: RunModel, r: number) => between(m, r, B.submitted, B.setup) },
  setup: {
    title: 'Cold start & setup',
    unit: 'time',
    of: (m: RunModel, r: number) => between(m, r, B.setup, B.loaded),
  },
  cpu: { title: 'CPU time', unit: 'time', of: (m: RunModel, r: number) => m.cpuMs.data[r]! },
  memory: { title: 'Peak memory', unit: 'bytes', of: (m: RunModel, r: number) => m.peakRss.data[r]! },
  input: { title: 'Input', unit: 'bytes', of: (m: RunModel, r: number) => m.bytesIn.data[r]! },
  output: { title: 'Result', unit: 'bytes', of: (m: RunModel, r: number) => m.bytesOut.data[r]! },
} as const satisfies Record<
  string,
  { title: string; unit: 'time' | 'bytes'; of: (model: RunModel, row: number, now: number) => number }
>
export type Metric = keyof typeof METRICS

/** Time between two boundaries of a row, ms; NaN while either is unknown. */
export function between(model: RunModel, row: number, from: number, to: number): number {
  return model.bounds.data[row * WIDTH + to]! - model.bounds.data[row * WIDTH + from]!
}

/** Quantile `p` of ascending values by linear interpolation (Hyndman & Fan 1996, type 7). NaN of nothing. */
export function quantile(sorted: ArrayLike<number>, p: number): number {
  if (sorted.length === 0) return Number.NaN
  const at = (sorted.length - 1) * p
  const low = Math.floor(at)
  const a = sorted[low]!
  return a + (at - low) * ((sorted[low + 1] ?? a) - a)
}

export const QUANTILES = [0, 0.25, 0.5, 0.75, 0.95, 1] as const

/** Values of a metric over the rows [from, to), ascending, without the unknown ones. */
export function valuesOf(model: RunModel, metric: Metric, from = 0, to = model.rows, settledOnly = true): Float64Array {
  const { of } = METRICS[metric]
  const values = new Float64Array(to - from)
  let count = 0
  for (let row = from; row < to; row++) {
    if (settledOnly && !isSettled(model, row)) continue
    const value = of(model, row, model.end)
    if (!Number.isNaN(value)) values[count++] = value
  }
  return values.subarray(0, count).sort()
}

/** What AWS Lambda takes, US dollars: x86, first tier, us-east-1. */
export const LAMBDA_PRICE = prices.aws_lambda
/** Memory of a worker when the settings name none, MB: one whole vCPU on Lambda. And the least there is. */
const DEFAULT_MEMORY = prices.aws_lambda.vcpuMemoryMb
const LEAST_MEMORY = 128

export interface Cost {
  /** On the run's own backend: what ended attempts cost, and what those under way have cost so far where its price is known. */
  own: number
  /** GB-seconds × price + attempts × price on Lambda; an estimate. */
  lambda: number
  /** Memory × time of all attempts. */
  gbSeconds: number
}

/**
 * Cost so far, billed as the executor bills it: each attempt from the loaded function to its end, rounded up to a
 * millisecond. The executor's own figures replace the estimate when the run has ended.
 */
export function costOf(model: RunModel, now: number, job?: number): Cost {
  const memory = Math.max(LEAST_MEMORY, memoryLimit(model) ?? DEFAULT_MEMORY)
  let ms = 0
  let requests = 0
  let paid = 0
  let openMs = 0
  let open = 0
  const [from, to] = rowsOf(model, job)
  const bill = (loaded: number, ended: number) => {
    if (Number.isNaN(loaded)) return
    ms += Math.ceil(Math.max(0, (Number.isNaN(ended) ? now : ended) - loaded))
    requests++
  }
  for (let row = from; row < to; row++) {
    const [loaded, ended] = [model.bounds.data[row * WIDTH + B.loaded]!, model.bounds.data[row * WIDTH + B.ended]!]
    bill(loaded, ended)
    paid += model.paid.data[row]!
    if (model.state.data[row] !== S.running || Number.isNaN(loaded) || !Number.isNaN(ended)) continue
    openMs += Math.max(0, now - loaded)
    open++
  }
  for (const failure of model.failures) {
    const earlier = failure.attempt !== model.attempt.data[failure.call]
    if (earlier && failure.call >= from && failure.call < to) bill(failure.loaded, failure.to)
  }
  const gbSeconds = (ms / 1000) * (memory / 1024)
  const priceOf = (gbSeconds: number, requests: number) =>
    gbSeconds * LAMBDA_PRICE.gbSecond + requests * LAMBDA_PRICE.request
  const { finished } = model
  if (finished && job === undefined) return { own: finished.cost, lambda: finished.lambdaCost, gbSeconds }
  const underWay = isLambda(model) ? priceOf((openMs / 1000) * (memory / 1024), open) : 0
  return { own: paid + underWay, lambda: priceOf(gbSeconds, requests), gbSeconds }
}

/** Whether the run pays Lambda's prices itself: what the same would cost there is then no news. */
export function isLambda(model: RunModel): boolean {
  return model.created?.backend === 'aws_lambda'
}

/** What the run may cost, US dollars, where its settings say. */
export function budgetOf(model: RunModel): number | undefined {
  const budget = model.created?.settings.budget as { usd?: unknown } | undefined
  return typeof budget?.usd === 'number' ? budget.usd : undefined
}

/** The calls that were not made for want of money, and what the executor said of the first. */
export function stoppedByBudget(model: RunModel): { calls: number; error: ErrorValue } | undefined {
  const stopped = model.failures.filter(({ kind }) => kind === 'budget')
  return stopped[0] && { calls: stopped.length, error: stopped[0].error }
}

/** Memory of a worker in MB, when the settings say. */
export function memoryLimit(model: RunModel): number | undefined {
  const limit = model.created?.settings.runtimeMemory
  return typeof limit === 'number' && limit > 0 ? limit : undefined
}

/** The rows of a job as [from, to), or all. */
export function rowsOf(model: RunModel, job?: number): [number, number] {
  const one = job === undefined ? undefined : model.jobs[job]
  return one ? [one.first, one.first + one.total] : [0, model.rows]
}

/** A line of the stage table; times ms, sizes bytes, shares of 1. */
export interface Stage {
  index: number
  job: string
  name: string
  calls: number
  done: number
  failed: number
  running: number
  retried: number
  coldShare: number
  quantiles: number[]
  /** CPU time over time in the function. */
  cpuUse: number
  peakMemory: number
  bytesIn: number
  bytesOut: number
  gbSeconds: number
  lambdaCost: number
  /** Time on workers outside the function, over all time on workers. */
  idleShare: number
}

/** The table of stages, of the last `most` jobs. */
export function stagesOf(model: RunModel, metric: Metric, now: number, most = Number.POSITIVE_INFINITY): Stage[] {
  const skipped = Math.max(0, model.jobs.length - most)
  return model.jobs.slice(skipped).map((job, i) => {
    const index = skipped + i
    const [from, to] = rowsOf(model, index)
    const counts = [0, 0, 0, 0, 0]
    let retried = 0
    let cold = 0
    let met = 0
    let cpu = 0
    let ran = 0
    let worked = 0
    let peakMemory = Number.NaN
    let bytesIn = 0
    let bytesOut = 0
    for (let row = from; row < to; row++) {
      counts[model.state.data[row]!]!++
      if (model.attempt.data[row]! > 1) retried++
      if (model.worker.data[row]! >= 0) {
        met++
        cold += model.cold.data[row]!
      }
      const run = METRICS.run.of(model, row)
      if (!Number.isNaN(run)) {
        ran += run
        cpu += model.cpuMs.data[row]! || 0
        worked += workedOf(model, row, now) || 0
      }
      const memory = model.peakRss.data[row]!
      if (!Number.isNaN(memory) && !(memory <= peakMemory)) peakMemory = memory
      bytesIn += model.bytesIn.data[row]! || 0
      bytesOut += model.bytesOut.data[row]! || 0
    }
    const values = valuesOf(model, metric, from, to)
    const { gbSeconds, lambda } = costOf(model, now, index)
    return {
      index,
      job: job.job,
      name: job.name,
      calls: job.total,
      done: counts[S.done]!,
      failed: counts[S.failed]! + counts[S.cancelled]!,
      running: counts[S.running]!,
      retried,
      coldShare: cold / met,
      quantiles: QUANTILES.map((p) => quantile(values, p)),
      cpuUse: cpu / ran,
      peakMemory,
      bytesIn,
      bytesOut,
      gbSeconds,
      lambdaCost: lambda,
      idleShare: worked > 0 ? 1 - ran / worked : Number.NaN,
    }
  })
}

/** Time that is left, ms, as a range; nothing before a tenth is done. From the pace of the calls so far. */
export function remainingOf(model: RunModel, now: number, job?: number): [number, number] | undefined {
  const [from, to] = rowsOf(model, job)
  let settled = 0
  let start = Number.POSITIVE_INFINITY
  for (let row = from; row < to; row++) {
    if (isSettled(model, row)) settled++
    const begin = beginOf(model, row)
    if (begin < start) start = begin
  }
  const total = to - from
  if (settled === total || settled < Math.max(2, total / 10) || !(now > start)) return
  const pace = (now - start) / settled
  // The pace of n random durations is known to about 1/√n of itself.
  const doubt = 1 / Math.sqrt(settled)
  const left = pace * (total - settled)
  return [left * (1 - doubt * 0.7), left * (1 + doubt)]
}

/** Counts of a job's rows, by state index. */
export function countsOf(model: RunModel, job?: number): number[] {
  if (job === undefined) return [...model.counts]
  const [from, to] = rowsOf(model, job)
  const counts = [0, 0, 0, 0, 0]
  for (let row = from; row < to; row++) counts[model.state.data[row]!]!++
  return counts
}

/** First submission and last end of a job's rows; NaN when it has none. */
export function spanOf(model: RunModel, job: number | undefined, now: number): { from: number; to: number } {
  const [first, last] = rowsOf(model, job)
  let from = Number.NaN
  let to = Number.NaN
  for (let row = first; row < last; row++) {
    const begin = beginOf(model, row)
    if (!Number.isNaN(begin) && !(begin >= from)) from = begin
    const end = begin + totalOf(model, row, now)
    if (!Number.isNaN(end) && !(end <= to)) to = end
  }
  return { from, to }
}
