/** How large a section is for a wanted size of its files. */
import { MayflyError } from '@mayfly/executor/errors'
import type { SyntheticOptions } from './generate.js'

/** Bytes of a peak in the ibd: m/z as a double, intensity as a float. */
const PEAK_BYTES = 12
/** Share of the bounding box with a spectrum. */
const COVERED = 0.72
/** Peaks in a spectrum of real data sets of these sizes in MB; between them by the logarithm of the size. */
const PEAKS = [
  [5, 260],
  [50, 350],
  [700, 2000],
] as const

/**
 * Pixels and peaks of a square section whose ibd has about this many megabytes (10⁶ bytes), processed mode.
 * @throws MayflyError E_SYNTH_SIZE below 0.2 or above 50,000.
 */
export function optionsForSize(megabytes: number): Required<Pick<SyntheticOptions, 'width' | 'height' | 'peaks'>> {
  if (!(megabytes >= 0.2 && megabytes <= 50_000)) {
    throw new MayflyError('E_SYNTH_SIZE', `Expected a size of 0.2 to 50,000 MB, got ${megabytes}`, {
      hint: 'Such as 5, 50, or 700.',
    })
  }
  const peaks = Math.round(peaksFor(megabytes))
  const edge = Math.max(8, Math.round(Math.sqrt((megabytes * 1e6) / (PEAK_BYTES * peaks * COVERED))))
  return { width: edge, height: edge, peaks }
}

function peaksFor(megabytes: number): number {
  const [first, middle, last] = PEAKS
  if (megabytes <= first[0]) return first[1]
  if (megabytes >= last[0]) return last[1]
  const [from, to] = megabytes <= middle[0] ? [first, middle] : [middle, last]
  return from[1] * (to[1] / from[1]) ** (Math.log(megabytes / from[0]) / Math.log(to[0] / from[0]))
}
