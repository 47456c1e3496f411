/**
 * The grid on which the reference code samples an isotope pattern, without walking it. The reference adds a step of
 * σ·2.3548/25 again and again in double precision, and the centroids depend on where the accumulated points fall. Inside one
 * binade every addition rounds by the same amount, so the points are exactly z + i·q with q = (z + step) − z: the whole
 * grid is a few runs, one per (current peak, binade).
 */
import { MayflyError } from '@mayfly/executor/errors'
import { FWHM, type Resolution, sigmaAt } from './resolution.js'

/** Grid points per full width at half maximum. */
const POINTS_PER_PEAK = 25
/** Points of the reference's sliding window; its middle is the candidate for a centroid. */
export const WINDOW = 15
/** Index of the middle of the window. */
export const MIDDLE = 7

/** Distance of neighbouring grid points at a peak width of `sigma`. */
export function stepFor(sigma: number): number {
  return (sigma * FWHM) / POINTS_PER_PEAK
}

/** Runs of equally spaced points in reusable columns; only the first `size` entries count. */
export class Grid {
  /** First point of a run. */
  start = new Float64Array(64)
  /** Exact distance of the points of a run. */
  spacing = new Float64Array(64)
  /** Number of points of a run. */
  count = new Int32Array(64)
  /** σ with which the reference evaluates the points of a run. */
  sigma = new Float64Array(64)
  size = 0

  /**
   * Lays the grid over peaks at `masses[0..n)`, ascending. The current peak k moves on, and σ with it, at the first point
   * that lies beyond `width` σ of peak k and within `width` σ of peak k + 1; the grid ends beyond the last peak.
   */
  lay(masses: Float64Array, n: number, resolution: Resolution, width: number): void {
    this.size = 0
    let k = 0
    let sigma = sigmaAt(masses[0], resolution)
    let step = stepFor(sigma)
    let z = masses[0] - width * sigma + MIDDLE * step
    let binadeEnd = 1
    for (;;) {
      while (binadeEnd <= z) binadeEnd *= 2
      const second = z + step
      const q = second - z
      if (!(q > 0)) throw stepLost(masses[0], sigma)
      const regular = z > 0 && second < binadeEnd && second + step - second === q
      const beyond = masses[k] + width * sigma
      const isLast = k + 1 === n
      const within = isLast ? beyond : masses[k + 1] - width * sigma

      let next = second
      let count = 1
      if (regular) {
        count = Math.max(1, Math.ceil((Math.max(beyond, within) - z) / q) - 1)
        while (!(z + count * q > beyond && z + count * q >= within)) count++
        next = z + count * q
        if (next >= binadeEnd) {
          let steps = Math.floor((binadeEnd - z) / q)
          while (z + steps * q >= binadeEnd) steps--
          count = steps + 1
          next = z + steps * q + step
        }
      }
      this.#add(z, q, count, sigma)
      if (next > beyond && next >= within) {
        if (isLast) return
        k++
        sigma = sigmaAt(masses[k], resolution)
        step = stepFor(sigma)
      }
      z = next
    }
  }

  #add(start: number, spacing: number, count: number, sigma: number): void {
    if (this.size === this.start.length) this.#grow()
    const i = this.size++
    this.start[i] = start
    this.spacing[i] = spacing
    this.count[i] = count
    this.sigma[i] = sigma
  }

  #grow(): void {
    const { start, spacing, count, sigma } = this
    const room = start.length * 2
    this.start = new Float64Array(room)
    this.spacing = new Float64Array(room)
    this.count = new Int32Array(room)
    this.sigma = new Float64Array(room)
    this.start.set(start)
    this.spacing.set(spacing)
    this.count.set(count)
    this.sigma.set(sigma)
  }
}

function stepLost(mass: number, sigma: number): MayflyError {
  return new MayflyError('E_ISOTOPE_SETTINGS', `A peak width of ${sigma} Da at m/z ${mass} is below double precision`, {
    hint: 'Give sigma in Da, for example 0.001238, or a resolving power such as 140000.',
  })
}
