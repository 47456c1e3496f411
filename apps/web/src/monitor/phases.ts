import { PHASES } from '@mayfly/executor/events'
import { B, type RunModel, S, WIDTH } from './model'

/** A stretch of a call's time: phase index (`PHASES`), and its bounds in ms since the epoch. `open` when it still runs. */
export interface Segment {
  phase: number
  from: number
  to: number
  open: boolean
}

export const PHASE_COUNT = PHASES.length

/** When the call ended on its worker: result written, or the function's end where nothing was written. NaN before. */
export function endOf(model: RunModel, row: number): number {
  const base = row * WIDTH
  const stored = model.bounds.data[base + B.stored]!
  return !Number.isNaN(stored) ? stored : model.bounds.data[base + B.ended]!
}

/** Start of all of the call, its earlier attempts too. NaN before it was submitted. */
export function beginOf(model: RunModel, row: number): number {
  return model.first.data[row]!
}

/** Time from its first submission to its end, or to `now` while it goes on. NaN before submission. */
export function totalOf(model: RunModel, row: number, now: number): number {
  const end = endOf(model, row)
  return (isSettled(model, row) && !Number.isNaN(end) ? end : now) - beginOf(model, row)
}

/** Time the current attempt has spent on its worker. NaN before a worker has it. */
export function workedOf(model: RunModel, row: number, now: number): number {
  const from = model.bounds.data[row * WIDTH + B.setup]!
  const end = endOf(model, row)
  return (!Number.isNaN(end) ? end : now) - from
}

export const isSettled = (model: RunModel, row: number) => model.state.data[row]! >= S.done

/**
 * Cuts the current attempt into its phases. A boundary that is missing lends its time to the phase before it; the last
 * phase of a call that goes on is open and ends `now`. Collecting shows only once it has happened: a result that nobody
 * asks for is not a wait.
 */
export function segmentsOf(model: RunModel, row: number, now: number): Segment[] {
  const segments: Segment[] = []
  const base = row * WIDTH
  const bounds = model.bounds.data
  let phase = -1
  let from = Number.NaN
  for (let b = 0; b < WIDTH; b++) {
    const at = bounds[base + b]!
    if (Number.isNaN(at)) continue
    if (phase >= 0) segments.push({ phase, from, to: Math.max(at, from), open: false })
    phase = b
    from = Math.max(at, !Number.isNaN(from) ? from : at)
  }
  if (phase >= 0 && phase < B.stored && !isSettled(model, row)) {
    segments.push({ phase, from, to: Math.max(now, from), open: true })
  }
  return segments
}
