/** Which rows are drawn where. Pure. */
import { B, type RunModel, S, WIDTH } from '../model'
import { beginOf, endOf, isSettled, totalOf } from '../phases'
import { METRICS } from '../summary'

export const SORTS = { submit: 'Submit', duration: 'Duration', cold: 'Cold start', worker: 'Worker' } as const
export type Sort = keyof typeof SORTS

export interface RowChoice {
  sort: Sort
  /** Only calls with a failed attempt. */
  errorsOnly?: boolean
  /** Only this job (index). */
  job?: number
  /** Only calls that a worker has or had: a queue would fill the picture and tell nothing. */
  begun?: boolean
}

/** The rows in the order they are drawn, top first. Ties keep the order of submission. */
export function orderRows(model: RunModel, { sort, errorsOnly, job, begun }: RowChoice): Int32Array {
  const failed = errorsOnly ? new Set(model.failures.map((failure) => failure.call)) : undefined
  const rows = new Int32Array(model.rows)
  let count = 0
  for (let row = 0; row < model.rows; row++) {
    if (failed && !failed.has(row)) continue
    if (job !== undefined && model.job.data[row] !== job) continue
    if (begun && !hasBegun(model, row)) continue
    rows[count++] = row
  }
  const kept = rows.subarray(0, count)
  if (sort === 'submit') return kept
  const keys = new Float64Array(model.rows)
  for (const row of kept) keys[row] = keyOf(model, row, sort)
  return kept.sort((a, b) => keys[a]! - keys[b]! || a - b)
}

/** Whether a worker has, or an earlier attempt had, the call. */
function hasBegun(model: RunModel, row: number): boolean {
  if (model.attempt.data[row]! > 1) return true
  const state = model.state.data[row]!
  if (state === S.waiting) return false
  return state !== S.cancelled || model.worker.data[row]! >= 0
}

function keyOf(model: RunModel, row: number, sort: Exclude<Sort, 'submit'>): number {
  if (sort === 'worker') {
    const worker = model.worker.data[row]!
    const start = (model.bounds.data[row * WIDTH + B.setup]! || model.end) - model.start
    // Worker first, then time; a run is shorter than 10⁹ ms.
    return (worker < 0 ? model.workers.length : worker) * 1e9 + start
  }
  const value = sort === 'duration' ? totalOf(model, row, model.end) : METRICS.setup.of(model, row)
  return !Number.isNaN(value) ? -value : 0
}

/** Rows on screen: `rows[i]` is painted from `y[i]` over `heights[i]` pixels below the axis. */
export interface Picked {
  rows: Int32Array
  y: Float32Array
  heights: Float32Array
  count: number
  /** Calls these stand for: those scrolled into view. */
  represented: number
}

export interface Viewport {
  /** Height of a row in pixels, may be below 1. */
  rowHeight: number
  /** Pixels scrolled down. */
  scroll: number
  /** Pixels there are for rows. */
  height: number
  /** Least pixels for a painted row, default 1; lower rows share it. */
  band?: number
}

/**
 * Picks what to paint: every visible row while rows are at least a band high; else one for each band (a pixel), the call that
 * ended last among those that share it, so that stragglers survive zooming out. A call that goes on ends last of all.
 */
export function pickRows(model: RunModel, order: Int32Array, viewport: Viewport): Picked {
  const { rowHeight, scroll, height, band = 1 } = viewport
  const first = Math.max(0, Math.floor(scroll / rowHeight))
  const last = Math.min(order.length, Math.ceil((scroll + height) / rowHeight))
  if (rowHeight >= band) return everyRow(order, first, last, rowHeight, scroll)
  const most = Math.max(0, Math.ceil(height / band))
  const picked = allocate(most)
  let pixel = -1
  let bestEnd = 0
  for (let i = first; i < last; i++) {
    const row = order[i]!
    const y = Math.max(0, Math.floor((i * rowHeight - scroll) / band) * band)
    const end = lastMoment(model, row)
    if (y !== pixel) {
      pixel = y
      if (picked.count >= most) break
      picked.y[picked.count] = y
      picked.heights[picked.count] = Math.max(1, band - 1)
      picked.rows[picked.count++] = row
      bestEnd = end
    } else if (end > bestEnd) {
      picked.rows[picked.count - 1] = row
      bestEnd = end
    }
  }
  picked.represented = Math.max(0, last - first)
  return picked
}

function everyRow(order: Int32Array, first: number, last: number, rowHeight: number, scroll: number): Picked {
  const picked = allocate(Math.max(0, last - first))
  // Rows of some height get whole pixels, sharp edges and a gap. Lower ones stay exact: rounding would beat against them.
  const sharp = rowHeight >= 4
  const gap = rowHeight >= 6 ? 2 : sharp ? 1 : 0
  const painted = sharp ? Math.floor(rowHeight) - gap : rowHeight
  for (let i = first; i < last; i++) {
    const top = i * rowHeight - scroll
    picked.rows[picked.count] = order[i]!
    picked.y[picked.count] = sharp ? Math.round(top) : top
    picked.heights[picked.count++] = painted
  }
  picked.represented = picked.count
  return picked
}

function allocate(most: number): Picked {
  return {
    rows: new Int32Array(most),
    y: new Float32Array(most),
    heights: new Float32Array(most),
    count: 0,
    represented: 0,
  }
}

/** When a call leaves the picture: ∞ while it runs, before everything while it only waits. */
function lastMoment(model: RunModel, row: number): number {
  if (model.state.data[row] === S.running) return Number.POSITIVE_INFINITY
  const end = endOf(model, row)
  if (isSettled(model, row) && !Number.isNaN(end)) return end
  return beginOf(model, row) || Number.NEGATIVE_INFINITY
}

/** Lanes of the small picture: no higher than this, and not so many that they get lower than a line and its gap. */
const TALLEST_LANE = 18
const LOWEST_LANE = 3
/** More calls than this are not worth a rectangle each in a picture of 78 pixels. */
const MOST_IN_LANES = 5000

/**
 * One lane for each worker with its calls side by side, in the order workers first appear in `order`: how busy they were,
 * at a glance. Nothing when there are too many workers or calls for that. Lanes stand in the middle of the height.
 */
export function laneRows(model: RunModel, order: Int32Array, height: number): Picked | undefined {
  if (order.length === 0 || order.length > MOST_IN_LANES) return
  const lanes = new Map<number, number>()
  for (const row of order) {
    const worker = model.worker.data[row]!
    if (worker >= 0 && !lanes.has(worker)) lanes.set(worker, lanes.size)
  }
  const lane = Math.min(TALLEST_LANE, Math.floor(height / lanes.size))
  if (lanes.size === 0 || lane < LOWEST_LANE) return
  const top = Math.floor((height - lane * lanes.size) / 2)
  const picked = allocate(order.length)
  for (const row of order) {
    const at = lanes.get(model.worker.data[row]!)
    if (at === undefined) continue
    picked.rows[picked.count] = row
    picked.y[picked.count] = top + at * lane
    picked.heights[picked.count++] = lane - (lane >= 6 ? 2 : 1)
  }
  picked.represented = picked.count
  return picked
}

/** Row height that shows all rows at once, at most `most` pixels. */
export function fitRows(count: number, height: number, most = 16): number {
  return Math.min(most, Math.max(1e-4, height / Math.max(1, count)))
}
