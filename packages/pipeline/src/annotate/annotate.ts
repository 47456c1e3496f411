/** Metrics and images of ions against sorted peaks. Pure: the stage reads the columns and writes the result. */
import { type ImageFrame, IonImages, ISOTOPES_PER_ION, massErrors, measureIon, scoreIon } from '../metrics/index.js'
import type { Peaks } from '../segment/peaks.js'
import { hitRanges } from './sweep.js'

/** Ions of targeted databases: targets are kept with their images, decoys with an MSM of 0 only count in the rates. */
export const KEPT = 1
export const COUNTED = 2

/** Ions in columns; ion i owns entries 4i … 4i + 3 of `mz` and `ints`, zero padded. */
export interface Ions {
  formula: Uint32Array
  /** `KEPT` or `COUNTED` for ions that are kept also with an MSM of 0. Default none. */
  targeted?: Uint8Array
  mz: Float64Array
  ints: Float64Array
}

export interface AnnotateOptions extends ImageFrame {
  /** Half width of a window in parts per million. Default 3. */
  ppm?: number
  /** Levels of the measure of chaos. Default 30. */
  levels?: number
  /** Images with fewer hits count as empty. Default 1. */
  minPx?: number
  /** As METASPACE: with mass errors, no minimum of an image above 0, chaos of cut images. Default false. */
  metaspace?: boolean
}

/** Scores of ions in columns; `total`, `min` and `max` have four entries an ion: the intensities of its isotope images. */
export interface ScoreColumns {
  chaos: Float64Array
  spatial: Float64Array
  spectral: Float64Array
  msm: Float64Array
  total: Float64Array
  min: Float64Array
  max: Float64Array
}

/** Mass errors of ions in columns, in Da, as `massErrors` gives them; the first four and the theory have four entries an ion. */
export interface ErrorColumns {
  mz_mean: Float64Array
  mz_stddev: Float64Array
  theo_mz: Float64Array
  theo_ints: Float64Array
  mz_err_abs: Float64Array
  mz_err_rel: Float64Array
}

/** Ions with msm > 0, and targeted ones, in columns, images sparse. Without `metaspace` the mass errors' columns are empty. */
export interface Annotated extends ScoreColumns, ErrorColumns {
  formula: Uint32Array
  /** Image k of ion i holds entries `[imageStart[4i + k], imageStart[4i + k + 1])` of `pixel` and `value`. */
  imageStart: Uint32Array
  pixel: Uint32Array
  value: Float64Array
}

/**
 * Scores every ion: hits by a merge join, images as touched pixels, and the metrics in the order of their cost, so that most ions
 * are rejected after a few additions.
 */
export function annotateIons(peaks: Peaks, ions: Ions, options: AnnotateOptions): Annotated {
  const { width, height, sampled, ppm = 3, levels, minPx = 1, metaspace = false } = options
  const frame = { width, height, sampled, cropped: metaspace }
  const hits = hitRanges(peaks.mz, ions.mz, ppm)
  // With a minimum of 1 there is nothing to take away.
  for (let k = 0; minPx > 1 && k < hits.to.length; k++) {
    if ((hits.to[k] as number) - (hits.from[k] as number) < minPx) hits.to[k] = hits.from[k] as number
  }
  const images = new IonImages(width * height)
  const rows: number[] = []
  const scores = { chaos: [] as number[], spatial: [] as number[], spectral: [] as number[], msm: [] as number[] }
  const stats = { total: [] as number[], min: [] as number[], max: [] as number[] }
  const deviations = { mz_mean: [] as number[], mz_stddev: [] as number[], abs: [] as number[], rel: [] as number[] }
  const theory = { mz: [] as number[], ints: [] as number[] }
  const sparse: { pixels: Uint32Array; values: Float64Array }[] = []
  for (let i = 0; i < ions.formula.length; i++) {
    const first = i * ISOTOPES_PER_ION
    const targeted = ions.targeted?.[i] ?? 0
    if (!targeted && !mayCount(hits.from, hits.to, first)) continue
    for (let k = 0; k < ISOTOPES_PER_ION; k++) {
      images.add(k, peaks.pixel, peaks.intensity, hits.from[first + k] as number, hits.to[first + k] as number)
    }
    const expected = ions.ints.subarray(first, first + ISOTOPES_PER_ION)
    const metrics = targeted ? measureIon(images, expected, frame, levels) : scoreIon(images, expected, frame, levels)
    if (metrics) {
      rows.push(i)
      scores.chaos.push(metrics.chaos)
      scores.spatial.push(metrics.spatial)
      scores.spectral.push(metrics.spectral)
      scores.msm.push(metrics.msm)
      stats.total.push(...metrics.total)
      stats.min.push(...(metaspace ? metrics.min.map((least) => Math.min(least, 0)) : metrics.min))
      stats.max.push(...metrics.max)
      const drawn = targeted !== COUNTED || metrics.msm > 0
      for (let k = 0; k < ISOTOPES_PER_ION; k++) sparse.push(drawn ? images.sparse(k) : NO_IMAGE)
      if (metaspace) {
        const own = <T extends Float64Array | Uint32Array>(column: T) =>
          column.subarray(first, first + ISOTOPES_PER_ION) as T
        const ranges = { from: own(hits.from), to: own(hits.to) }
        const found = massErrors({ ...peaks, ...ranges }, own(ions.mz), own(ions.ints))
        deviations.mz_mean.push(...found.mean)
        deviations.mz_stddev.push(...found.stddev)
        deviations.abs.push(found.absolute)
        deviations.rel.push(found.relative)
        theory.mz.push(...own(ions.mz))
        theory.ints.push(...own(ions.ints))
      }
    }
    images.clear()
  }
  const imageStart = new Uint32Array(sparse.length + 1)
  for (const [k, image] of sparse.entries()) imageStart[k + 1] = (imageStart[k] as number) + image.pixels.length
  const size = imageStart[sparse.length] as number
  const pixel = new Uint32Array(size)
  const value = new Float64Array(size)
  for (const [k, image] of sparse.entries()) {
    pixel.set(image.pixels, imageStart[k])
    value.set(image.values, imageStart[k])
  }
  return {
    formula: Uint32Array.from(rows, (i) => ions.formula[i] as number),
    chaos: Float64Array.from(scores.chaos),
    spatial: Float64Array.from(scores.spatial),
    spectral: Float64Array.from(scores.spectral),
    msm: Float64Array.from(scores.msm),
    total: Float64Array.from(stats.total),
    min: Float64Array.from(stats.min),
    max: Float64Array.from(stats.max),
    mz_mean: Float64Array.from(deviations.mz_mean),
    mz_stddev: Float64Array.from(deviations.mz_stddev),
    mz_err_abs: Float64Array.from(deviations.abs),
    mz_err_rel: Float64Array.from(deviations.rel),
    theo_mz: Float64Array.from(theory.mz),
    theo_ints: Float64Array.from(theory.ints),
    imageStart,
    pixel,
    value,
  }
}

const NO_IMAGE = { pixels: new Uint32Array(0), values: new Float64Array(0) }

/** The lightest isotope and one more have hits. */
function mayCount(from: Uint32Array, to: Uint32Array, first: number): boolean {
  if (from[first] === to[first]) return false
  for (let k = first + 1; k < first + ISOTOPES_PER_ION; k++) if (from[k] !== to[k]) return true
  return false
}
