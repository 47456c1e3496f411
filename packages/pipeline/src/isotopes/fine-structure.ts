/** The isotopic fine structure of an ion: all isotopologues of at least 1e-4 of the most intense one. */
import type { ElementCounts } from '../formula/counts.js'
import {
  type CombinationLimit,
  type Compositions,
  compositions,
  FINE_THRESHOLD,
  tooManyCombinations,
} from './compositions.js'
import { ELECTRON_MASS } from './element-data.js'
import { ELEMENT_INDEX } from './elements.js'

/**
 * More isotopologues than this make an error. The 0.4.2 code has this limit; the 0.3.5 code would go on for minutes, with ions
 * such as Gd3Dy3Sm3 that no database holds.
 */
const MOST_PEAKS = 100_000

/** Elements of an ion in order of their index in `ELEMENTS`; only the first `size` entries count. */
export interface IndexedCounts {
  elements: Int32Array
  counts: Int32Array
  size: number
}

/**
 * Peaks in reusable columns; only the first `size` entries count. Entry 0 is the most intense peak, the rest in no order.
 * One instance serves any number of ions, one after the other.
 */
export class FineStructure {
  /** Charged masses: the electron's mass taken off once per charge, no division by the charge. */
  masses = new Float64Array(256)
  /** Relative to the largest. */
  intensities = new Float64Array(256)
  size = 0

  #otherMasses = new Float64Array(256)
  #otherIntensities = new Float64Array(256)

  /**
   * Computes the peaks of an ion. Partial products below the threshold can only fall further, since every element's
   * largest peak is 1: dropping them at once gives the same list as the reference's 1e-8 in between and 1e-4 at the end.
   *
   * @throws MayflyError `E_ISOTOPE_COMBINATIONS`.
   */
  compute(ion: IndexedCounts, charge: number, limit: CombinationLimit): void {
    this.masses[0] = 0
    this.intensities[0] = 1
    this.size = 1
    for (let e = 0; e < ion.size; e++) {
      this.#combine(compositions(ion.elements[e], ion.counts[e], limit))
      if (this.size > MOST_PEAKS) throw tooManyCombinations(`more than ${MOST_PEAKS} isotopologues`)
    }
    const { masses, size } = this
    const shift = charge * ELECTRON_MASS
    for (let i = 0; i < size; i++) masses[i] -= shift
  }

  #combine(element: Compositions): void {
    const fromMasses = this.masses
    const fromIntensities = this.intensities
    const size = this.size
    let toMasses = this.#otherMasses
    let toIntensities = this.#otherIntensities
    let n = 0
    for (let i = 0; i < size; i++) {
      if (n + element.masses.length > toMasses.length) {
        toMasses = widened(toMasses, n + element.masses.length)
        toIntensities = widened(toIntensities, n + element.masses.length)
      }
      n = appendProducts(fromMasses[i], fromIntensities[i], element, toMasses, toIntensities, n)
    }
    this.#otherMasses = fromMasses
    this.#otherIntensities = fromIntensities
    this.masses = toMasses
    this.intensities = toIntensities
    this.size = n
  }
}

function appendProducts(
  mass: number,
  intensity: number,
  { masses, intensities }: Compositions,
  toMasses: Float64Array,
  toIntensities: Float64Array,
  from: number,
): number {
  let n = from
  for (let j = 0; j < masses.length; j++) {
    const product = intensity * intensities[j]
    if (product < FINE_THRESHOLD) break
    toMasses[n] = mass + masses[j]
    toIntensities[n++] = product
  }
  return n
}

function widened(column: Float64Array, least: number): Float64Array<ArrayBuffer> {
  const wide = new Float64Array(least * 2)
  wide.set(column)
  return wide
}

/** Counts by symbol as counts by index, in the order in which fine structures are combined. Symbols must be known. */
export function indexCounts(counts: ElementCounts): IndexedCounts {
  const rows = [...counts]
    .filter(([, count]) => count > 0)
    .map(([symbol, count]) => [ELEMENT_INDEX.get(symbol)!, count])
    .sort((a, b) => a[0] - b[0])
  return {
    elements: Int32Array.from(rows, ([index]) => index),
    counts: Int32Array.from(rows, ([, count]) => count),
    size: rows.length,
  }
}
