/**
 * Centroids of an isotope pattern as the reference computes them: the fine structure, convolved with a Gaussian, is sampled on
 * the grid of `grid.ts`; every local maximum of at least 1e-4 gives one centroid, the mean of up to 15 points around it.
 * Left of the maximum the points go downhill only, right of it to the end of the window: a small bias, reproduced exactly.
 *
 * What is not evaluated cannot change the four peaks that are kept: points away from all fine peaks, groups of peaks too
 * weak to be among the four, and Gaussian terms far below the smallest intensity that counts.
 */
import { tableExp } from './exp-table.js'
import type { FineStructure } from './fine-structure.js'
import { Grid, MIDDLE, stepFor, WINDOW } from './grid.js'
import { type Resolution, sigmaAt } from './resolution.js'

/** Number of centroids kept. */
export const PEAKS = 4
/** Local maxima below this (fine structure scaled to 1), and centroids below this share of the largest, are dropped. */
const THRESHOLD = 1e-4
/** Share of the smallest intensity that counts below which Gaussian terms are left out; shifts no centroid by 1e-12 of itself. */
const NEGLIGIBLE = 1e-10
/** Where a Gaussian of height 1 falls below `NEGLIGIBLE · THRESHOLD`, in σ. */
const REACH = Math.sqrt(-2 * Math.log(NEGLIGIBLE * THRESHOLD))
/** The grid point nearest to a peak is at most half a step off, where a Gaussian still has 0.9989 of its height. */
const SAMPLED_SHARE = 0.998
/** Steps evaluated outside the peaks of a group: the window around a maximum at the outermost peak, and rounding. */
const MARGIN = 9.5
/** One-Da bins of the sort; an ion's isotopologues rarely span more. */
const BINS = 32
/** Fine structures of more peaks have crowded bins. */
const LONG = 1000

/** Reusable working memory; the result is in `mz`, `intensity` and `size` until the next call of `compute`. */
export class Centroids {
  /** m/z in ascending order, 0 beyond `size`. */
  readonly mz = new Float64Array(PEAKS)
  /** Percent of the most intense centroid, 0 beyond `size`. */
  readonly intensity = new Float64Array(PEAKS)
  size = 0

  /** Grid point at which each centroid's intensity was read. */
  readonly #top = new Float64Array(PEAKS)
  readonly #grid = new Grid()
  #masses = new Float64Array(256)
  #heights = new Float64Array(256)
  /** Groups of fine peaks whose Gaussians touch: index of the first peak, one more entry than groups. */
  #groups = new Int32Array(257)
  #z = new Float64Array(1024)
  #y = new Float64Array(1024)
  #points = 0
  readonly #bins = new Int32Array(BINS)
  /** First grid run that can still reach the next group. */
  #run = 0

  /**
   * Computes the centroids of a fine structure; `width` is the reference's cut of Gaussians in σ: 12 (0.3.5) or 6 (0.4.2).
   * `tabled`: intensities with the reference's own exponential function (0.4.2). It moves m/z by 5e-8 ppm at most, so those
   * are left exact.
   */
  compute(fine: FineStructure, resolution: Resolution, width: number, tabled: boolean): void {
    this.size = 0
    const n = fine.size
    if (n <= 1) {
      if (n === 1) this.#keep(fine.masses[0], 1, fine.masses[0])
    } else {
      this.#sort(fine)
      this.#grid.lay(this.#masses, n, resolution, width)
      this.#run = 0
      this.#evaluateGroups(n, resolution, width)
      if (tabled) for (let i = 0; i < this.size; i++) this.intensity[i] = this.#tabled(this.#top[i], n, width)
    }
    this.#finish()
  }

  /**
   * Copies the fine structure in ascending order of mass: into bins of one Da first, so that insertion has little left to do; the
   * rare long one is sorted.
   */
  #sort(fine: FineStructure): void {
    const n = fine.size
    if (n > this.#masses.length) {
      this.#masses = new Float64Array(n * 2)
      this.#heights = new Float64Array(n * 2)
      this.#groups = new Int32Array(n * 2 + 1)
    }
    const masses = this.#masses
    const heights = this.#heights
    const unsorted = fine.masses
    if (n > LONG) {
      const order = Uint32Array.from({ length: n }, (_, i) => i).sort((a, b) => unsorted[a] - unsorted[b])
      for (let i = 0; i < n; i++) {
        masses[i] = unsorted[order[i]]
        heights[i] = fine.intensities[order[i]]
      }
      return
    }
    let least = unsorted[0]
    for (let i = 1; i < n; i++) if (unsorted[i] < least) least = unsorted[i]
    const origin = least - 0.5
    const next = this.#bins.fill(0)
    for (let i = 0; i < n; i++) next[Math.min(BINS - 1, (unsorted[i] - origin) | 0)]++
    for (let bin = 0, total = 0; bin < BINS; bin++) {
      const here = next[bin]
      next[bin] = total
      total += here
    }
    for (let i = 0; i < n; i++) {
      const at = next[Math.min(BINS - 1, (unsorted[i] - origin) | 0)]++
      masses[at] = unsorted[i]
      heights[at] = fine.intensities[i]
    }
    for (let i = 1; i < n; i++) {
      const mass = masses[i]
      if (masses[i - 1] <= mass) continue
      const height = heights[i]
      let j = i
      for (; j > 0 && masses[j - 1] > mass; j--) {
        masses[j] = masses[j - 1]
        heights[j] = heights[j - 1]
      }
      masses[j] = mass
      heights[j] = height
    }
  }

  #evaluateGroups(n: number, resolution: Resolution, width: number): void {
    const masses = this.#masses
    const heights = this.#heights
    const groups = this.#groups
    // Each group has a local maximum of at least 0.998 of its highest peak, so the fourth highest group sets a floor.
    let first = 0
    let second = 0
    let third = 0
    let fourth = 0
    let count = 0
    let from = 0
    while (from < n) {
      groups[count++] = from
      const gap = (Math.min(width, REACH) + 1) * sigmaAt(masses[from], resolution)
      let highest = heights[from]
      let to = from + 1
      for (; to < n && masses[to] - masses[to - 1] <= gap; to++) if (heights[to] > highest) highest = heights[to]
      if (highest > fourth) {
        fourth = Math.min(third, highest)
        if (highest > third) {
          third = Math.min(second, highest)
          if (highest > second) {
            second = Math.min(first, highest)
            first = Math.max(first, highest)
          }
        }
      }
      from = to
    }
    groups[count] = n
    let floor = Math.max(THRESHOLD, fourth * SAMPLED_SHARE)
    const reach = Math.min(width, Math.sqrt(-2 * Math.log(NEGLIGIBLE * floor)))
    for (let g = 0; g < count; g++) {
      let sum = 0
      for (let i = groups[g]; i < groups[g + 1]; i++) sum += heights[i]
      if (sum < floor) continue
      this.#sample(groups[g], groups[g + 1], resolution, reach, floor)
      floor = this.#pickMaxima(floor)
    }
  }

  /**
   * Evaluates the grid points around the peaks `from … to − 1` into `#z` and `#y`: from a window before the first peak to one
   * behind the last, less the ends where the sum of all m Gaussians stays below `floor`. It can reach the floor only where one of
   * them has floor / m, so only within σ·√(2·ln(m·I_max/floor)) of the outermost peaks that are as high as that.
   */
  #sample(from: number, to: number, resolution: Resolution, reach: number, floor: number): void {
    const { start, spacing, count, sigma, size } = this.#grid
    const masses = this.#masses
    const heights = this.#heights
    const width = sigmaAt(masses[to - 1], resolution)
    const margin = MARGIN * stepFor(width)
    const least = floor / (to - from)
    let first = from
    let last = to - 1
    while (first < last && heights[first] < least) first++
    while (last > first && heights[last] < least) last--
    let low = masses[from] - margin
    let high = masses[to - 1] + margin
    if (first > from || last < to - 1) {
      let highest = 0
      for (let p = first; p <= last; p++) if (heights[p] > highest) highest = heights[p]
      const span = width * Math.sqrt(2 * Math.log(highest / least)) + margin
      low = Math.max(low, masses[first] - span)
      high = Math.min(high, masses[last] + span)
    }
    while (this.#run + 1 < size && start[this.#run + 1] <= low) this.#run++
    this.#points = 0
    for (let run = this.#run; run < size && start[run] <= high; run++) {
      const q = spacing[run]
      const begin = Math.max(0, Math.ceil((low - start[run]) / q))
      const end = Math.min(count[run] - 1, Math.floor((high - start[run]) / q))
      if (begin > end) continue
      this.#sampleRun(start[run] + begin * q, q, end - begin + 1, sigma[run], from, to, reach)
    }
  }

  /** Appends `n` points z0 + i·q; each Gaussian runs outwards from its middle by g ← g·r, r ← r·c, which is exact on a uniform grid. */
  #sampleRun(z0: number, q: number, n: number, sigma: number, from: number, to: number, reach: number): void {
    const offset = this.#points
    this.#points += n
    if (this.#points > this.#z.length) this.#growPoints()
    const z = this.#z
    const y = this.#y
    for (let i = 0; i < n; i++) {
      z[offset + i] = z0 + i * q
      y[offset + i] = 0
    }
    const scale = 0.5 / (sigma * sigma)
    const c = Math.exp(-2 * scale * q * q)
    const span = reach * sigma
    const last = z0 + (n - 1) * q
    for (let p = from; p < to && this.#masses[p] <= last + span; p++) {
      if (this.#masses[p] < z0 - span) continue
      const at = (this.#masses[p] - z0) / q
      const low = Math.max(0, Math.ceil(at - span / q))
      const high = Math.min(n - 1, Math.floor(at + span / q))
      if (low > high) continue
      const middle = Math.min(high, Math.max(low, Math.round(at)))
      const distance = z0 + middle * q - this.#masses[p]
      const peak = this.#heights[p] * Math.exp(-scale * distance * distance)
      const right = Math.exp(-scale * q * (2 * distance + q))
      y[offset + middle] += peak
      const upward = high - middle
      const downward = middle - low
      const both = Math.min(upward, downward)
      let i = offset + middle + 1
      let j = offset + middle - 1
      let g = peak
      let r = right
      let h = peak
      let l = c / right
      for (let step = 0; step < both; step++) {
        g *= r
        r *= c
        h *= l
        l *= c
        y[i++] += g
        y[j--] += h
      }
      for (let step = both; step < upward; step++) {
        g *= r
        r *= c
        y[i++] += g
      }
      for (let step = both; step < downward; step++) {
        h *= l
        l *= c
        y[j--] += h
      }
    }
  }

  #growPoints(): void {
    const z = new Float64Array(this.#points * 2)
    const y = new Float64Array(this.#points * 2)
    z.set(this.#z)
    y.set(this.#y)
    this.#z = z
    this.#y = y
  }

  /** Keeps the centroids of all local maxima of at least `floor`; returns the floor for the next group. */
  #pickMaxima(floor: number): number {
    const z = this.#z
    const y = this.#y
    const end = this.#points - (WINDOW - 1 - MIDDLE)
    let least = floor
    for (let middle = MIDDLE; middle < end; middle++) {
      const top = y[middle]
      if (top < least || !(y[middle - 1] < top && top >= y[middle + 1])) continue
      let i = middle
      const windowStart = middle - MIDDLE
      const windowEnd = windowStart + WINDOW - 1
      while (i > windowStart && y[i - 1] < y[i]) i--
      let sum = 0
      let weighted = 0
      for (; i <= windowEnd; i++) {
        if (i > middle && i < windowEnd && y[i + 1] > y[i]) break
        sum += y[i]
        weighted += z[i] * y[i]
      }
      this.#keep(weighted / sum, top, z[middle])
      if (this.size === PEAKS && this.intensity[PEAKS - 1] > least) least = this.intensity[PEAKS - 1]
    }
    return least
  }

  /** Inserts a centroid, most intense first; the fifth falls off. */
  #keep(mz: number, intensity: number, top: number): void {
    let at = this.size < PEAKS ? this.size++ : PEAKS
    for (; at > 0 && this.intensity[at - 1] < intensity; at--) {
      if (at === PEAKS) continue
      this.mz[at] = this.mz[at - 1]
      this.intensity[at] = this.intensity[at - 1]
      this.#top[at] = this.#top[at - 1]
    }
    if (at === PEAKS) return
    this.mz[at] = mz
    this.intensity[at] = intensity
    this.#top[at] = top
  }

  /** The sum of Gaussians at a grid point, by the reference's exponential function. */
  #tabled(z: number, n: number, width: number): number {
    const { start, sigma, size } = this.#grid
    let run = 0
    while (run + 1 < size && start[run + 1] <= z) run++
    const span = width * sigma[run]
    let sum = 0
    for (let p = 0; p < n && this.#masses[p] - z <= span; p++) {
      if (z - this.#masses[p] >= span) continue
      const distance = (this.#masses[p] - z) / sigma[run]
      sum += this.#heights[p] * tableExp(-0.5 * distance * distance)
    }
    return sum
  }

  /** Scales to percent, drops the weakest, orders by m/z and pads with zeros. */
  #finish(): void {
    const { mz, intensity } = this
    const largest = intensity[0]
    while (this.size > 0 && intensity[this.size - 1] / largest < THRESHOLD) this.size--
    for (let i = 0; i < this.size; i++) {
      const mass = mz[i]
      const percent = (intensity[i] / largest) * 100
      let j = i
      for (; j > 0 && mz[j - 1] > mass; j--) {
        mz[j] = mz[j - 1]
        intensity[j] = intensity[j - 1]
      }
      mz[j] = mass
      intensity[j] = percent
    }
    mz.fill(0, this.size)
    intensity.fill(0, this.size)
  }
}
