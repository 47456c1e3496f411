/**
 * Which peaks of the data set belong to which isotope peak: one merge of two sorted lists, O(peaks + windows), instead of a
 * search for each window.
 */
import { sortedOrder } from '../segment/order.js'

/** Hits of window i are rows `[from[i], to[i])` of the data set's peaks. */
export interface HitRanges {
  from: Uint32Array
  to: Uint32Array
}

/**
 * Rows of `mz` (ascending) inside `centre ± centre·ppm·10⁻⁶`, both ends included and compared as doubles. Windows with a centre of
 * 0 (padding of patterns with fewer peaks) are empty.
 */
export function hitRanges(mz: Float64Array | Float32Array, centres: Float64Array, ppm: number): HitRanges {
  const from = new Uint32Array(centres.length)
  const to = new Uint32Array(centres.length)
  const order = sortedOrder(centres)
  let lower = 0
  for (let k = 0; k < order.length; k++) {
    const window = order[k] as number
    const centre = centres[window] as number
    if (!(centre > 0)) continue
    const half = centre * ppm * 1e-6
    const low = centre - half
    const high = centre + half
    lower = advance(mz, lower, low)
    from[window] = lower
    // Windows of neighbours overlap, so the upper end starts again from the lower one; it holds few peaks.
    let upper = lower
    while (upper < mz.length && (mz[upper] as number) <= high) upper++
    to[window] = upper
  }
  return { from, to }
}

/** First row at or after `start` whose m/z is not below `low`: gallops, so that empty stretches cost little. */
function advance(mz: Float64Array | Float32Array, start: number, low: number): number {
  const n = mz.length
  let step = 1
  let at = start
  while (at < n && (mz[at] as number) < low) {
    const next = at + step
    if (next < n && (mz[next] as number) < low) {
      at = next
      step *= 2
    } else if (step === 1) at++
    else step = 1
  }
  return at
}
