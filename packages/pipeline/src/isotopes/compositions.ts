/**
 * Isotopic compositions of n atoms of one element: the multinomial distribution of its isotopes, cut at a relative
 * intensity. Values come from the mode outwards by exact ratios, v(c + e_j − e_i) = v(c) · c_i / (c_j + 1) · a_j / a_i,
 * so no factorial and no overflow occurs; the sets {v ≥ t} of a multinomial are connected under such single moves
 * (Łącki et al., Anal. Chem. 2017, 89, 3272), hence the walk finds all.
 */
import { MayflyError } from '@mayfly/executor/errors'
import { ELEMENTS, type Element } from './elements.js'

/** Peaks of less than this share of the largest one are dropped from every fine structure. */
export const FINE_THRESHOLD = 1e-4

/** Peaks of one element, most intense first; `intensities[0]` is 1. Masses in unified atomic mass units. */
export interface Compositions {
  readonly masses: Float64Array
  readonly intensities: Float64Array
}

/** Which code's limits apply: `fft` = cpyMSpec 0.3.5, `tree` = cpyMSpec 0.4.2. */
export type CombinationLimit = 'fft' | 'tree'

const FFT_CELLS = 1e7
const TREE_CONFIGURATIONS = 100_000
const TREE_LOG_PROBABILITY = -20

/** What is known of (element, count): its peaks, or why there are none. */
type CacheEntry = Compositions | string
const cache: Record<CombinationLimit, CacheEntry[][]> = { fft: ELEMENTS.map(() => []), tree: ELEMENTS.map(() => []) }

/**
 * Compositions of `count` atoms (≥ 1) of the element at `index` in `ELEMENTS`, from a cache by (element, count).
 *
 * @throws MayflyError `E_ISOTOPE_COMBINATIONS` where the reference code gives up.
 */
export function compositions(index: number, count: number, limit: CombinationLimit): Compositions {
  const entry = (cache[limit][index][count] ??= compute(ELEMENTS[index], count, limit))
  if (typeof entry !== 'string') return entry
  throw tooManyCombinations(entry)
}

/** The error of an ion that is skipped for the number of its isotopologues. */
export function tooManyCombinations(message: string): MayflyError {
  return new MayflyError('E_ISOTOPE_COMBINATIONS', message, {
    hint: 'The reference code skips ions with so many isotopologues too; leave the formula out.',
  })
}

function compute(element: Element, count: number, limit: CombinationLimit): CacheEntry {
  if (limit === 'fft' && exceedsFft(element, count)) {
    return `failed to compute isotope pattern for ${element.symbol}${count}: too many isotopic combinations`
  }
  if (limit === 'tree' && exceedsTree(element, count)) {
    return 'too many isotopic combinations (over 100k), increase the threshold'
  }
  const found = levelSet(element.ratios, count, FINE_THRESHOLD, Number.POSITIVE_INFINITY)
  const masses = found.map(({ counts }) => {
    let mass = 0
    for (let j = 1; j < counts.length; j++) mass += counts[j] * element.masses[j]
    return mass + counts[0] * element.masses[0]
  })
  const order = found.map((_, i) => i).sort((a, b) => found[b].value - found[a].value)
  return {
    masses: Float64Array.from(order, (i) => masses[i]),
    intensities: Float64Array.from(order, (i) => found[i].value),
  }
}

interface Configuration {
  counts: number[]
  /** Probability relative to the mode. */
  value: number
}

/** All configurations with a value of at least `threshold`, the mode first; stops once more than `stopAbove` are found. */
function levelSet(ratios: Float64Array, atoms: number, threshold: number, stopAbove: number): Configuration[] {
  const mode = findMode(ratios, atoms)
  const keyOf = keyFor(ratios.length, atoms)
  const found: Configuration[] = [{ counts: mode, value: 1 }]
  const seen = new Set([keyOf(mode)])
  for (let next = 0; next < found.length && found.length <= stopAbove; next++) {
    const { counts, value } = found[next]
    for (let from = 0; from < ratios.length; from++) {
      if (counts[from] === 0) continue
      for (let to = 0; to < ratios.length; to++) {
        const moved = value * moveRatio(ratios, counts, from, to)
        if (to === from || moved < threshold) continue
        counts[from]--
        counts[to]++
        const key = keyOf(counts)
        if (!seen.has(key)) {
          seen.add(key)
          found.push({ counts: counts.slice(), value: moved })
        }
        counts[from]++
        counts[to]--
      }
    }
  }
  return found
}

/** A key for configurations: all counts but the first as digits of one number, or as text where that would not be exact. */
function keyFor(isotopes: number, atoms: number): (counts: number[]) => number | string {
  const radix = atoms + 1
  if (radix ** (isotopes - 1) > Number.MAX_SAFE_INTEGER) return (counts) => counts.join()
  return (counts) => {
    let key = 0
    for (let j = 1; j < counts.length; j++) key = key * radix + counts[j]
    return key
  }
}

/** The most probable configuration: expected counts, then single moves uphill (a multinomial has no other local maximum). */
function findMode(ratios: Float64Array, atoms: number): number[] {
  const total = ratios.reduce((sum, ratio) => sum + ratio, 0)
  const counts = Array.from(ratios, (ratio) => Math.floor((atoms * ratio) / total))
  counts[0] += atoms - counts.reduce((sum, count) => sum + count, 0)
  for (let climbing = true; climbing; ) {
    climbing = false
    for (let from = 0; from < counts.length; from++) {
      for (let to = 0; to < counts.length; to++) {
        while (to !== from && counts[from] > 0 && moveRatio(ratios, counts, from, to) > 1 + 1e-12) {
          counts[from]--
          counts[to]++
          climbing = true
        }
      }
    }
  }
  return counts
}

function moveRatio(ratios: Float64Array, counts: number[], from: number, to: number): number {
  return ((counts[from] / (counts[to] + 1)) * ratios[to]) / ratios[from]
}

/** The 0.3.5 code transforms an array of E^k cells, E a fast FFT size of about count + 2, k isotopes less one. */
function exceedsFft(element: Element, count: number): boolean {
  const extent = 2 * nextFastSize((count + 2) >> 1)
  return extent ** (element.masses.length - 1) > FFT_CELLS
}

/** Smallest 2^a · 3^b · 5^c that is not below `size`. */
function nextFastSize(size: number): number {
  for (let candidate = size; ; candidate++) {
    let rest = candidate
    for (const prime of [2, 3, 5]) while (rest > 1 && rest % prime === 0) rest /= prime
    if (rest <= 1) return candidate
  }
}

/** The 0.4.2 code lists configurations of log-probability ≥ −20 and refuses more than 100,000 of them. */
function exceedsTree(element: Element, count: number): boolean {
  let all = 1
  for (let j = 1; j < element.ratios.length; j++) all *= (count + j) / j
  if (all <= TREE_CONFIGURATIONS) return false
  const mode = findMode(element.ratios, count)
  const total = element.ratios.reduce((sum, ratio) => sum + ratio, 0)
  let logMode = logFactorial(count)
  mode.forEach((c, j) => {
    logMode += c * Math.log(element.ratios[j] / total) - logFactorial(c)
  })
  const listed = levelSet(element.ratios, count, Math.exp(TREE_LOG_PROBABILITY - logMode), TREE_CONFIGURATIONS)
  return listed.length > TREE_CONFIGURATIONS
}

function logFactorial(n: number): number {
  let sum = 0
  for (let i = 2; i <= n; i++) sum += Math.log(i)
  return sum
}
