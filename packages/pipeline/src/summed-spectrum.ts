/** A stretch of the sum of all spectra, from the segments of a data set. */
import type { CloudObject } from '@mayfly/executor'
import { GRID_SIZE, gridBucket } from './segment/grid.js'
import type { StageContext } from './stages/context.js'
import { readPeaks } from './stages/spectra.js'
import type { SummedSpectrum } from './types.js'

/**
 * Sums the peaks of segments with `from` ≤ m/z ≤ `to`; a peak within `ppm` parts per million of the one before joins it. Reads only
 * the buckets of the m/z grid that are touched.
 */
export async function sumSpectrum(
  segments: readonly CloudObject[],
  { from, to, ppm }: { from: number; to: number; ppm: number },
  ctx: StageContext,
): Promise<SummedSpectrum> {
  const parts = await Promise.all(
    segments.map((object) => readPeaks(ctx, object, gridBucket(from), Math.min(GRID_SIZE, gridBucket(to) + 1))),
  )
  const mzs: number[] = []
  const sums: number[] = []
  let last = Number.NEGATIVE_INFINITY
  // Segments lie side by side on the m/z axis and are sorted within.
  for (const { mz, intensity } of parts) {
    for (let i = 0; i < mz.length; i++) {
      const at = mz[i] as number
      const value = intensity[i] as number
      if (at < from || at > to || !(value > 0)) continue
      const n = sums.length - 1
      if (n >= 0 && at - last <= at * ppm * 1e-6) {
        const sum = (sums[n] as number) + value
        mzs[n] = (mzs[n] as number) + ((at - (mzs[n] as number)) * value) / sum
        sums[n] = sum
      } else {
        mzs.push(at)
        sums.push(value)
      }
      last = at
    }
  }
  return { mz: Float64Array.from(mzs), intensity: Float64Array.from(sums) }
}
