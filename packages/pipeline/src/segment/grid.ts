/**
 * The m/z grid of every index: a monotone, nearly logarithmic bucket number taken from the bits of a double (exponent and nine
 * bits of mantissa, so 512 buckets an octave: 1 Da wide at m/z 512 … 1024). No logarithm, no rounding, same on every machine.
 */

const MANTISSA_BITS = 9
const SHIFT = 20 - MANTISSA_BITS
/** Octaves from 2⁴ to 2¹⁷: m/z 16 to 131,072; what lies outside counts to the first or last bucket. */
const BASE = (1023 + 4) << MANTISSA_BITS

/** Number of buckets. */
export const GRID_SIZE = 13 << MANTISSA_BITS

const number = new Float64Array(1)
const words = new Uint32Array(number.buffer)

/** Bucket of an m/z; never decreases as m/z grows. */
export function gridBucket(mz: number): number {
  number[0] = mz
  const bucket = ((words[1] as number) >>> SHIFT) - BASE
  return bucket < 0 ? 0 : bucket >= GRID_SIZE ? GRID_SIZE - 1 : bucket
}

/** For m/z in ascending order: entry b is the first row of bucket b, entry `GRID_SIZE` the number of rows. */
export function gridStarts(mz: ArrayLike<number>): Uint32Array {
  const starts = new Uint32Array(GRID_SIZE + 1)
  for (let i = 0; i < mz.length; i++) {
    const after = gridBucket(mz[i] as number) + 1
    starts[after] = (starts[after] as number) + 1
  }
  for (let b = 0; b < GRID_SIZE; b++) starts[b + 1] = (starts[b + 1] as number) + (starts[b] as number)
  return starts
}

/**
 * Cuts the grid into at most `n` stretches with about the same number of peaks each; a stretch is `[from, to)` in buckets.
 * `counts` has one entry a bucket.
 */
export function cutGrid(counts: ArrayLike<number>, n: number): [from: number, to: number][] {
  let total = 0
  for (let b = 0; b < counts.length; b++) total += counts[b] as number
  const cuts: [number, number][] = []
  let from = 0
  let seen = 0
  for (let b = 0; b < counts.length; b++) {
    seen += counts[b] as number
    if (cuts.length < n - 1 && seen * n >= total * (cuts.length + 1) && b + 1 < counts.length) {
      cuts.push([from, b + 1])
      from = b + 1
    }
  }
  cuts.push([from, counts.length])
  return cuts
}

/** Peaks in an object of the data set, at least and at most: 1 and 160 MB of columns. */
const PEAKS_LEAST = 2 ** 16
const PEAKS_MOST = 2 ** 23
/** Parts of a data set of middling size. */
const PARTS = 8

/** Objects for so many peaks: eight, unless they would be tiny, or too large for a call. */
export function peakObjects(peaks: number): number {
  return Math.max(1, Math.ceil(peaks / Math.max(PEAKS_LEAST, Math.min(PEAKS_MOST, peaks / PARTS))))
}
