/** The m/z axis that all spectra of a continuous data set share. */
import { MayflyError } from '@mayfly/executor/errors'
import { resolutionOf } from './analyser.js'
import { exp } from './maths.js'
import type { SectionOptions } from './options.js'
import type { Spectrometer } from './spectrometer.js'

export interface Axis {
  mz: Float64Array
  /** The spectrum measured last, on the axis. */
  intensities(spectrometer: Spectrometer): Float32Array
}

const PROBES = 1500
/** Points for a width at half height below which a profile loses the shape of its peaks. */
const POINTS_PER_WIDTH = 3
const MOST_POINTS = 2e6
const SIGMAS_PER_WIDTH = 2.3548200450309493

export function drawAxis(spectrometer: Spectrometer, options: SectionOptions): Axis {
  return options.axis === 'profile' ? profileAxis(options) : featureAxis(spectrometer, options)
}

/** As vendors export it: the features seen most often in a sample of the pixels, at their mean m/z; zeros where nothing is. */
function featureAxis(spectrometer: Spectrometer, options: SectionOptions): Axis {
  const resolution = resolutionOf(options.analyser, options.resolvingPower)
  const elements = new Map<number, { count: number; mass: number; weight: number }>()
  for (const pixel of spectrometer.probes(PROBES)) {
    spectrometer.measure(pixel)
    for (let i = 0; i < spectrometer.size; i++) {
      const mz = spectrometer.mz[i]
      const place = Math.floor(resolution.scale(mz))
      const element = elements.get(place) ?? { count: 0, mass: 0, weight: 0 }
      element.count++
      element.mass += mz * spectrometer.intensity[i]
      element.weight += spectrometer.intensity[i]
      elements.set(place, element)
    }
  }
  const kept = [...elements].sort((a, b) => b[1].count - a[1].count || a[0] - b[0]).slice(0, options.bins)
  kept.sort((a, b) => a[0] - b[0])
  // A feature on the border of two elements is in both: they become one again.
  const points: { mass: number; weight: number }[] = []
  for (const [, element] of kept) {
    const last = points.at(-1)
    const mz = element.mass / element.weight
    if (last && mz - last.mass / last.weight < 0.6 * resolution.width(mz)) {
      last.mass += element.mass
      last.weight += element.weight
    } else points.push({ mass: element.mass, weight: element.weight })
  }
  const axis = Float64Array.from(points, ({ mass, weight }) => mass / weight)
  return {
    mz: axis,
    intensities({ mz, intensity, size }) {
      const out = new Float32Array(axis.length)
      let at = 0
      for (let i = 0; i < size; i++) {
        while (at + 1 < axis.length && axis[at + 1] - mz[i] < mz[i] - axis[at]) at++
        if (Math.abs(axis[at] - mz[i]) < 0.6 * resolution.width(mz[i])) out[at] += intensity[i]
      }
      return out
    },
  }
}

/** Points of a profile axis when nothing else is asked for: the fewest that show the shape of peaks. */
export function profilePoints(
  options: Pick<SectionOptions, 'analyser' | 'resolvingPower' | 'mzMin' | 'mzMax'>,
): number {
  const { scale } = resolutionOf(options.analyser, options.resolvingPower)
  return Math.ceil(POINTS_PER_WIDTH * (scale(options.mzMax) - scale(options.mzMin)))
}

/** The same number of points for every width at half height, Gaussian peaks of the detected heights. */
function profileAxis(options: SectionOptions): Axis {
  const { mzMin, mzMax, bins, resolvingPower } = options
  const resolution = resolutionOf(options.analyser, resolvingPower)
  const start = resolution.scale(mzMin)
  const span = resolution.scale(mzMax) - start
  const least = profilePoints(options)
  const points = bins === 0 ? least : bins
  if (points < least || points > MOST_POINTS) {
    throw new MayflyError('E_SYNTH_OPTION', `A profile axis of ${points} points cannot show peaks of this width`, {
      hint: `It takes ${least} to ${MOST_POINTS} points here; a lower resolving power or a smaller m/z range takes fewer.`,
    })
  }
  const density = points / span
  return {
    mz: Float64Array.from({ length: points }, (_, k) => resolution.mzAt(start + k / density)),
    intensities({ mz, intensity, size }) {
      const out = new Float32Array(points)
      for (let i = 0; i < size; i++) {
        const centre = (resolution.scale(mz[i]) - start) * density
        // On the scale of widths the standard deviation is 1 / 2.35 everywhere.
        const reach = (4 * density) / SIGMAS_PER_WIDTH
        const last = Math.min(points - 1, Math.floor(centre + reach))
        for (let k = Math.max(0, Math.ceil(centre - reach)); k <= last; k++) {
          const z = ((k - centre) / density) * SIGMAS_PER_WIDTH
          out[k] += intensity[i] * exp(-0.5 * z * z)
        }
      }
      return out
    },
  }
}
