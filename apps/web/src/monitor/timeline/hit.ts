/** What is under the pointer. Pure arithmetic on what was painted. */
import type { RunModel } from '../model'
import { type Segment, segmentsOf } from '../phases'
import { type TimeScale, toTime, toX } from '../scale'
import type { Picked } from './rows'

export interface Hit {
  row: number
  /** The phase under the pointer; nothing when the pointer is beside the call's bar. */
  segment?: Segment
}

/** Half the width in pixels within which a segment counts as hit: bars are often thinner than a pointer. */
const REACH = 3

/** Index into `picked` of the row at height `y` (pixels below the axis), −1 when there is none. */
export function indexAt(picked: Picked, y: number): number {
  let low = 0
  let high = picked.count - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (picked.y[middle]! <= y) low = middle
    else high = middle - 1
  }
  if (picked.count === 0 || y < picked.y[low]!) return -1
  // The gap below a row belongs to it.
  const bottom = low + 1 < picked.count ? picked.y[low + 1]! : picked.y[low]! + picked.heights[low]! + 2
  return y < bottom ? low : -1
}

export function hitTest(
  model: RunModel,
  picked: Picked,
  scale: TimeScale,
  now: number,
  x: number,
  y: number,
): Hit | undefined {
  const index = indexAt(picked, y)
  if (index < 0) return
  const row = picked.rows[index]!
  const time = toTime(scale, x)
  const segments = segmentsOf(model, row, now)
  const inside = segments.find(({ from, to }) => time >= from && time < to)
  if (inside) return { row, segment: inside }
  const near = segments.find(({ from, to }) => x >= toX(scale, from) - REACH && x <= toX(scale, to) + REACH)
  return near ? { row, segment: near } : { row }
}
