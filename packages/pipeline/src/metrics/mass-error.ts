/** How far the measured m/z of an ion lies from theory: the mass error metrics of METASPACE. */
import { ISOTOPES_PER_ION } from './ion-images.js'

/** Peaks of a data set in ascending order of m/z, and which of them hit the isotopes of an ion. */
export interface IsotopeHits {
  mz: Float64Array | Float32Array
  intensity: Float64Array | Float32Array
  /** Hits of isotope k are the peaks `from[k] … to[k] − 1`. */
  from: ArrayLike<number>
  to: ArrayLike<number>
}

export interface MassErrors {
  /** Mean m/z of each isotope's hits, weighted with intensity; the theoretical m/z where there is none. */
  mean: Float64Array
  /** Standard deviation of the same, 0 where there is none. */
  stddev: Float64Array
  /** Error of the first isotope in Da. */
  absolute: number
  /** Mean error of the other isotopes beyond that of the first in Da, weighted with theoretical intensities. */
  relative: number
}

/**
 * Mass errors of one ion. m/z are rounded to float32 before averaging, as METASPACE does, which limits them to about 1e-5 Da.
 *
 * @param theoreticalMz m/z of the four isotopes, 0 for those that do not exist.
 * @param theoretical intensities of the same in any unit.
 */
export function massErrors(
  hits: IsotopeHits,
  theoreticalMz: ArrayLike<number>,
  theoretical: ArrayLike<number>,
): MassErrors {
  const mean = new Float64Array(ISOTOPES_PER_ION)
  const stddev = new Float64Array(ISOTOPES_PER_ION)
  for (let k = 0; k < ISOTOPES_PER_ION; k++) {
    mean[k] = theoreticalMz[k]
    // Deviations from the first hit, which are exact, keep the sums short: the reference uses extended precision instead.
    const origin = Math.fround(hits.mz[hits.from[k]])
    let weight = 0
    let first = 0
    for (let i = hits.from[k]; i < hits.to[k]; i++) {
      weight += hits.intensity[i]
      first += (Math.fround(hits.mz[i]) - origin) * hits.intensity[i]
    }
    if (!(weight > 0)) continue
    const shift = first / weight
    let second = 0
    for (let i = hits.from[k]; i < hits.to[k]; i++) {
      second += (Math.fround(hits.mz[i]) - origin - shift) ** 2 * hits.intensity[i]
    }
    mean[k] = origin + shift
    stddev[k] = Math.sqrt(second / weight)
  }
  const absolute = mean[0] - theoreticalMz[0]
  let errors = 0
  let weights = 0
  for (let k = 1; k < ISOTOPES_PER_ION; k++) {
    errors += theoretical[k] * (mean[k] - theoreticalMz[k] - absolute)
    weights += theoretical[k]
  }
  return { mean, stddev, absolute, relative: weights > 0 ? errors / weights : 0 }
}
