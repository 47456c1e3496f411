/** How much there is of everything: sums over the parts that steps return. Pure. */
import type { CentroidSegments } from '../stages/annotation.js'
import type { FormulaGroup, PeaksChunk } from '../stages/formulas.js'
import type { PeaksObject } from '../stages/spectra.js'

/** `1 object`, `2,000 objects`. */
export const count = (n: number, what: string) => `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`

/** Ion formulas in all groups. */
export function ionsIn(groups: readonly FormulaGroup[]): number {
  return groups.reduce((sum, { sizes }) => sum + sizes.reduce((inner, size) => inner + size, 0), 0)
}

/** Ions with a pattern, and their centroids. */
export function totals(chunks: readonly PeaksChunk[]): { ions: number; centroids: number } {
  return chunks.reduce((sum, chunk) => ({ ions: sum.ions + chunk.ions, centroids: sum.centroids + chunk.centroids }), {
    ions: 0,
    centroids: 0,
  })
}

/** Ions in range, their centroids, and the segments they are cut into. */
export function centroidTotals(parts: readonly CentroidSegments[]): {
  ions: number
  centroids: number
  segments: number
} {
  const sum = (of: (part: CentroidSegments) => number) => parts.reduce((total, part) => total + of(part), 0)
  return {
    ions: sum(({ ions }) => ions),
    centroids: sum(({ centroids }) => centroids),
    segments: sum(({ segments }) => segments.length),
  }
}

/** Peaks in all parts. */
export function peaksIn(parts: readonly PeaksObject[]): number {
  return parts.reduce((sum, { peaks }) => sum + peaks, 0)
}

/** Lowest and highest m/z of the data set. */
export function mzRange(segments: readonly PeaksObject[]): { mzMin: number; mzMax: number } {
  const filled = segments.filter(({ peaks }) => peaks > 0)
  return { mzMin: Math.min(...filled.map(({ mzMin }) => mzMin)), mzMax: Math.max(...filled.map(({ mzMax }) => mzMax)) }
}
