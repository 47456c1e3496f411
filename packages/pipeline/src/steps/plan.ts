/**
 * How inputs are divided into calls and objects, and what memory a call needs: by the size of the input alone, so that results kept
 * by one machine are found by another. Pure. Memory in MB is what a call holds at its peak, measured at 5, 50 and 700 MB.
 */
import { FORMULA_CHUNKS, type Partition } from '../stages/ion-collector.js'

const clamp = (value: number, low: number, high: number) => Math.max(low, Math.min(high, value))
export const times = (n: number) => Array.from({ length: n }, (_, i) => i)

/** Groups of ion formulas for so many candidates: 2, 4 … 32. */
export function formulaGroups(candidates: number): number {
  return 2 ** clamp(Math.ceil(Math.log2(candidates / 50_000)), 1, 5)
}

/** Chunks by hash that go into each group. */
export function hashPartition(groups: number): Partition {
  return { by: 'hash', groups: times(groups + 1).map((g) => (FORMULA_CHUNKS / groups) * g) }
}

/** Ranges of formulas with about as many ions each, judged by a sample of the molecules. */
export function rangePartition(groups: number, sample: readonly string[]): Partition {
  const sorted = [...sample].sort()
  const bounds = times(groups - 1).map((g) => sorted[Math.floor((sorted.length * (g + 1)) / groups)] as string)
  return { by: 'range', bounds }
}

/** Calls that generate the formulas of some of `adducts` adducts each. */
export function adductCalls(candidates: number, adducts: number): number {
  return clamp(Math.ceil(candidates / 20_000), 4, adducts)
}

/** Calls that generate the formulas of some of the molecules each. */
export function moleculeCalls(candidates: number): number {
  return clamp(Math.ceil(candidates / 100_000), 2, 64)
}

/** Slices of a group whose patterns are computed in a call each. */
export function patternSlices(used: number): number {
  return clamp(Math.ceil(used / 2_000), 1, 64)
}

/** Ions in a segment of centroids, about. */
export function segmentIons(ions: number): number {
  return clamp(ions / 64, 500, 10_000)
}
