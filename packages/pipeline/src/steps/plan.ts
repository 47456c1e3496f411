/**
 * How inputs are divided into calls and objects, and what memory a call needs: by the size of the input alone, so that results kept
 * by one machine are found by another. Pure.
 */
import { decoyCandidates } from '../fdr/index.js'
import { isShuffled, type Search } from '../search.js'
import { FORMULA_CHUNKS, type Partition } from '../stages/ion-collector.js'

const clamp = (value: number, low: number, high: number) => Math.max(low, Math.min(high, value))
export const times = (n: number) => Array.from({ length: n }, (_, i) => i)

/** Ion formulas of so many molecules with their decoys, before duplicates are gone. */
export function candidatesOf(search: Search, molecules: number): number {
  const { adducts, decoys, prefixes } = search
  const each = isShuffled(search) ? adducts.length * (1 + decoys) : adducts.length + decoyCandidates(adducts).length
  return molecules * prefixes.length * each
}

/** Candidates that a group or a call that generates them holds, at most, about: a map of JavaScript takes 2²⁴ formulas. */
const GROUP_MOST = 4_000_000
const GENERATED_MOST = 8_000_000

/** Groups of ion formulas for so many candidates: 2, 4 … 32, and more only for groups that would be too large. */
export function formulaGroups(candidates: number): number {
  const most = Math.max(5, Math.ceil(Math.log2(candidates / GROUP_MOST)))
  return 2 ** clamp(Math.ceil(Math.log2(candidates / 50_000)), 1, most)
}

/** Groups of chunks by hash; of more groups than chunks, each chunk is several groups by range. */
export function hashPartition(groups: number, sample: readonly string[]): Partition {
  const { bounds } = rangePartition(Math.max(1, groups / FORMULA_CHUNKS), sample)
  const cells = FORMULA_CHUNKS * (bounds.length + 1)
  return { by: 'hash', bounds, groups: times(groups + 1).map((g) => (cells / groups) * g) }
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

/** Parts of the molecules in which each of so many calls by adduct is divided. */
export function adductParts(candidates: number, calls: number): number {
  return Math.ceil(candidates / calls / GENERATED_MOST)
}

/** Calls that generate the formulas of some of the molecules each. */
export function moleculeCalls(candidates: number): number {
  return clamp(Math.ceil(candidates / 100_000), 2, Math.max(64, Math.ceil(candidates / GENERATED_MOST)))
}

/** Slices of a group whose patterns are computed in a call each. */
export function patternSlices(used: number): number {
  return clamp(Math.ceil(used / 2_000), 1, 64)
}

/** Ions that one call sorts by m/z, at most, about. */
const SORTED_MOST = 4_000_000

/** Calls that sort so many ions, a range of m/z each. */
export function centroidCalls(ions: number): number {
  return Math.max(1, Math.ceil(ions / SORTED_MOST))
}

/** Of the ions of a segment so many are found at most, as a rule, and their images are held until the segment is done. */
const FOUND = 0.05
const IMAGE_ENTRIES = 1e7

/** Ions in a segment of centroids, about: fewer where their images are large. */
export function segmentIons(ions: number, pixels: number): number {
  const most = clamp(IMAGE_ENTRIES / (4 * FOUND * Math.max(1, pixels)), 100, 10_000)
  return clamp(ions / 64, Math.min(500, most), most)
}

/** Entries of the images that a segment of so many ions holds, as a rule. */
export function imageEntries(ions: number, pixels: number): number {
  return ions * 4 * FOUND * pixels
}

/** Pixels of the images that a call holds at a time, and of those it encodes in all: a second or two. */
const PIXELS_AT_ONCE = 2e6
const PIXELS_ENCODED = 4e6

/** Images that a call encodes at a time: several, since it waits for storage in between. */
export function picturesAtOnce(pixels: number): number {
  return clamp(Math.floor(PIXELS_AT_ONCE / Math.max(1, pixels)), 1, 8)
}

/** Images that a call encodes, at most. */
export function picturesPerCall(pixels: number): number {
  return clamp(Math.floor(PIXELS_ENCODED / Math.max(1, pixels)), 4, 64)
}

/** Peaks in the m/z range of a segment of centroids, at most, unless a single ion reaches over more. */
export const WINDOW_PEAKS = 2 ** 22

/** Candidates that one part of `formulasAtOnce` generates. */
const AT_ONCE = 2_000_000

/** Parts in which one call generates all formulas. */
export function wholeParts(candidates: number): number {
  return Math.max(1, Math.ceil(candidates / AT_ONCE))
}
