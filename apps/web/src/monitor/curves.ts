/** Curves over time for the charts, at most a few hundred points however long the run. Pure. */
import { B, type RunModel, WIDTH } from './model'
import { endOf, isSettled } from './phases'
import type { TimeWindow } from './scale'
import { quantile } from './summary'

/** Concurrency in one bin of time: the highest number of calls at once. */
export interface Concurrency {
  /** Middle of each bin, ms since the epoch. */
  at: Float64Array
  /** On a worker, from setup to the result written. */
  onWorker: Float64Array
  /** Inside the user's function. */
  inFunction: Float64Array
  /** Highest value of `onWorker` anywhere. */
  peak: number
}

/** Counts how many calls were under way in each of `bins` equal stretches of the window. */
export function concurrencyOf(model: RunModel, window: TimeWindow, bins: number, now: number): Concurrency {
  const at = new Float64Array(bins)
  const width = (window.to - window.from) / bins
  for (let i = 0; i < bins; i++) at[i] = window.from + (i + 0.5) * width
  const onWorker = maxOverlap(model, B.setup, (row) => endOf(model, row), window, bins, now)
  const inFunction = maxOverlap(model, B.started, (row) => model.bounds.data[row * WIDTH + B.ended]!, window, bins, now)
  return { at, onWorker, inFunction, peak: onWorker.reduce((a, b) => Math.max(a, b), 0) }
}

/** Highest number of overlapping intervals in each bin, exact: a sweep over sorted starts and ends. */
function maxOverlap(
  model: RunModel,
  boundary: number,
  end: (row: number) => number,
  window: TimeWindow,
  bins: number,
  now: number,
): Float64Array {
  const starts = new Float64Array(model.rows)
  const ends = new Float64Array(model.rows)
  let count = 0
  for (let row = 0; row < model.rows; row++) {
    const from = model.bounds.data[row * WIDTH + boundary]!
    if (Number.isNaN(from)) continue
    const to = end(row)
    // A call that was lost has no end; it stopped counting with its last word.
    starts[count] = from
    ends[count++] = Math.max(from, !Number.isNaN(to) ? to : isSettled(model, row) ? model.last.data[row]! : now)
  }
  const sortedStarts = starts.subarray(0, count).sort()
  const sortedEnds = ends.subarray(0, count).sort()
  const highest = new Float64Array(bins)
  const width = (window.to - window.from) / bins
  let s = 0
  let e = 0
  for (let i = 0; i < bins; i++) {
    const binStart = window.from + i * width
    const binEnd = i === bins - 1 ? window.to : binStart + width
    while (s < count && sortedStarts[s]! <= binStart) s++
    while (e < count && sortedEnds[e]! <= binStart) e++
    let most = s - e
    while (s < count && sortedStarts[s]! < binEnd) {
      const start = sortedStarts[s++]!
      while (e < count && sortedEnds[e]! <= start) e++
      if (s - e > most) most = s - e
    }
    highest[i] = most
  }
  return highest
}

/** Median and p10–p90 of the calls under way, in each bin; NaN where there was none. */
export interface Band {
  low: Float64Array
  median: Float64Array
  high: Float64Array
}

export interface Resources {
  at: Float64Array
  /** CPU use of a call in percent of one core. */
  cpu: Band
  /** Resident memory of a call's worker, bytes. */
  memory: Band
  /** Bytes a second. */
  netIn: Band
  netOut: Band
}

/** Most samples that are looked at: the quantiles of 100,000 do not change for ten times as many. */
const MOST_SAMPLES = 100_000

/** Resource bands over the window. A rate is spread over the time between the two samples it was measured between. */
export function resourcesOf(model: RunModel, window: TimeWindow, bins: number): Resources {
  const at = new Float64Array(bins)
  const width = (window.to - window.from) / bins
  for (let i = 0; i < bins; i++) at[i] = window.from + (i + 0.5) * width
  const { samples } = model
  const total = samples.call.length
  const stride = Math.max(1, Math.ceil(total / MOST_SAMPLES))
  const offsets = new Int32Array(bins + 1)
  const forEachBin = (visit: (bin: number, sample: number, before: number) => void) => {
    for (let i = 0; i < total; i += stride) {
      const before = samples.prev.data[i]!
      const to = samples.at.data[i]!
      const from = before >= 0 ? samples.at.data[before]! : to
      if (to < window.from || from > window.to) continue
      const first = Math.max(0, Math.floor((from - window.from) / width))
      const last = Math.min(bins - 1, Math.floor((to - window.from) / width))
      for (let bin = first; bin <= last; bin++) visit(bin, i, before)
    }
  }
  forEachBin((bin) => offsets[bin + 1]!++)
  for (let i = 0; i < bins; i++) offsets[i + 1]! += offsets[i]!
  const size = offsets[bins]!
  const columns = [0, 1, 2, 3].map(() => new Float64Array(size))
  const filled = offsets.slice(0, bins)
  // The first sample of a call has no time before it: it tells of memory, and of rates nothing.
  const rated = new Uint8Array(size)
  forEachBin((bin, i, before) => {
    const slot = filled[bin]!++
    columns[1]![slot] = samples.rss.data[i]!
    if (before < 0) return
    const seconds = (samples.at.data[i]! - samples.at.data[before]!) / 1000
    if (!(seconds > 0)) return
    rated[slot] = 1
    columns[0]![slot] = (samples.cpuMs.data[i]! - samples.cpuMs.data[before]!) / (seconds * 10)
    columns[2]![slot] = (samples.rx.data[i]! - samples.rx.data[before]!) / seconds
    columns[3]![slot] = (samples.tx.data[i]! - samples.tx.data[before]!) / seconds
  })
  const band = (column: Float64Array, rate: boolean): Band => {
    const result = { low: nans(bins), median: nans(bins), high: nans(bins) }
    for (let bin = 0; bin < bins; bin++) {
      const from = offsets[bin]!
      const to = offsets[bin + 1]!
      let values = column.slice(from, to)
      if (rate) values = values.filter((_, k) => rated[from + k] === 1)
      if (values.length === 0) continue
      values.sort()
      result.low[bin] = quantile(values, 0.1)
      result.median[bin] = quantile(values, 0.5)
      result.high[bin] = quantile(values, 0.9)
    }
    return result
  }
  return {
    at,
    cpu: band(columns[0]!, true),
    memory: band(columns[1]!, false),
    netIn: band(columns[2]!, true),
    netOut: band(columns[3]!, true),
  }
}

const nans = (length: number) => new Float64Array(length).fill(Number.NaN)

/** One call's own curve, oldest first. Rates belong to the time since the sample before. */
export interface CallCurve {
  at: number[]
  cpu: number[]
  memory: number[]
  netIn: number[]
  netOut: number[]
}

export function curveOf(model: RunModel, row: number): CallCurve {
  const { samples } = model
  const indices: number[] = []
  for (let i = model.lastSample.data[row] ?? -1; i >= 0; i = samples.prev.data[i]!) indices.push(i)
  indices.reverse()
  const curve: CallCurve = { at: [], cpu: [], memory: [], netIn: [], netOut: [] }
  for (const i of indices) {
    const before = samples.prev.data[i]!
    const seconds = before >= 0 ? (samples.at.data[i]! - samples.at.data[before]!) / 1000 : Number.NaN
    const rate = (column: { data: Float64Array }) =>
      seconds > 0 ? (column.data[i]! - column.data[before]!) / seconds : Number.NaN
    curve.at.push(samples.at.data[i]!)
    curve.cpu.push(rate(samples.cpuMs) / 10)
    curve.memory.push(samples.rss.data[i]!)
    curve.netIn.push(rate(samples.rx))
    curve.netOut.push(rate(samples.tx))
  }
  return curve
}
