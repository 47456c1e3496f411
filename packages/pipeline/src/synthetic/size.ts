/** How large a section is for a wanted size of its files. */
import { MayflyError } from '@mayfly/executor/errors'
import { profilePoints } from './axis.js'
import { completeOptions, type SyntheticOptions } from './options.js'

/** Bytes of a peak in the ibd: m/z as a double, intensity as a float. */
export const PEAK_BYTES = 12
/** Share of the bounding box with a spectrum, about. */
export const COVERED = 0.7
/** Pixels; there is hardly a tissue in fewer. */
const LEAST_EDGE = 4
/** What real data sets of these sizes in MB are like; between them by the logarithm of the size. */
const TYPICAL = [
  { megabytes: 5, peaks: 260 },
  { megabytes: 50, peaks: 350 },
  { megabytes: 700, peaks: 2000 },
] as const

/**
 * Pixels and peaks of a square section whose ibd has about this many megabytes (10⁶ bytes); in continuous mode an axis of
 * features has three times as many points as spectra of that size have peaks.
 * @throws MayflyError E_SYNTH_SIZE below 0.2 or above 50,000.
 */
export function optionsForSize(
  megabytes: number,
  shape: Pick<SyntheticOptions, 'mode' | 'axis' | 'analyser' | 'resolvingPower' | 'mzMin' | 'mzMax'> = {},
): Required<Pick<SyntheticOptions, 'width' | 'height' | 'peaks' | 'bins'>> {
  if (!(megabytes >= 0.2 && megabytes <= 50_000)) {
    throw new MayflyError('E_SYNTH_SIZE', `Expected a size of 0.2 to 50,000 MB, got ${megabytes}`, {
      hint: 'Such as 5, 50, or 700.',
    })
  }
  const peaks = typicalPeaks(megabytes)
  const bins = shape.axis === 'profile' ? profilePoints(completeOptions(shape)) : 3 * peaks
  const bytes = shape.mode === 'continuous' ? 4 * bins : PEAK_BYTES * peaks
  const edge = Math.max(LEAST_EDGE, Math.round(Math.sqrt((megabytes * 1e6) / (bytes * COVERED))))
  return { width: edge, height: edge, peaks, bins }
}

function typicalPeaks(megabytes: number): number {
  const [first, middle, last] = TYPICAL
  const size = Math.min(last.megabytes, Math.max(first.megabytes, megabytes))
  const [from, to] = size <= middle.megabytes ? [first, middle] : [middle, last]
  const part = Math.log(size / from.megabytes) / Math.log(to.megabytes / from.megabytes)
  return Math.round(from.peaks * (to.peaks / from.peaks) ** part)
}
