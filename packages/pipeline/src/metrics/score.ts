/** The metabolite-signal match (MSM) of one ion: chaos · spatial · spectral, computed in the order of their cost. */
import { chaosScore, DEFAULT_LEVELS, measureOfChaos, measureOfChaosSparse } from './chaos.js'
import {
  correlationOf,
  type DenseImage,
  patternMatch,
  spatialCorrelation,
  spectralCorrelation,
  weightedCorrelation,
} from './correlation.js'
import { croppedAsMetaspace } from './cropped.js'
import { type IonImages, ISOTOPES_PER_ION } from './ion-images.js'

/** Geometry of a data set. */
export interface ImageFrame {
  /** Bounding box in pixels. */
  width: number
  height: number
  /** Pixels with at least one spectrum, the n of all correlations. */
  sampled: number
  /** Measures chaos as METASPACE does, on a cut image. Default false. */
  cropped?: boolean
}

/** Scores of one ion, each 0 … 1; `msm` is their product. */
export interface IonScores {
  chaos: number
  spatial: number
  spectral: number
  msm: number
}

/** Scores with the intensity statistics of the four images over the whole box; null images count as all 0. */
export interface IonMetrics extends IonScores {
  total: number[]
  min: number[]
  max: number[]
}

/**
 * Scores of dense images, row-major. `null` when spectral, spatial or chaos is 0 (in this order; the rest is not computed),
 * since ions without MSM are discarded.
 *
 * @param mask 1 where a spectrum was taken; default everywhere.
 */
export function scoreImages(
  images: readonly DenseImage[],
  theoretical: ArrayLike<number>,
  width: number,
  height: number,
  mask?: Uint8Array,
  levels = DEFAULT_LEVELS,
): IonScores | null {
  const first = images[0]
  if (!first) return null
  const spectral = spectralCorrelation(images, theoretical)
  if (!(spectral > 0)) return null
  const spatial = spatialCorrelation(images, theoretical, mask)
  if (!(spatial > 0)) return null
  const plane = first instanceof Float32Array ? first : Float32Array.from(first)
  return product(chaosScore(measureOfChaos(plane, width, height, levels)), spatial, spectral)
}

/**
 * Metrics of the ion accumulated in `images`, or `null` when it scores 0 or has too few images (image 0 and one more
 * are asked for). Sums run over touched pixels only; nothing is proportional to the size of the box.
 *
 * @param theoretical intensities of the four isotopes in any unit.
 */
export function scoreIon(
  images: IonImages,
  theoretical: ArrayLike<number>,
  frame: ImageFrame,
  levels = DEFAULT_LEVELS,
): IonMetrics | null {
  const { counts } = images
  if (counts[0] === 0 || counts[1] + counts[2] + counts[3] === 0) return null
  const scores = scoresOf(images, theoretical, frame, levels, false)
  return scores.msm > 0 ? { ...scores, ...statistics(images) } : null
}

/** As `scoreIon` for ions that are kept whatever they score: a score of 0 keeps no other from being computed, null images are allowed. */
export function measureIon(
  images: IonImages,
  theoretical: ArrayLike<number>,
  frame: ImageFrame,
  levels = DEFAULT_LEVELS,
): IonMetrics {
  return { ...scoresOf(images, theoretical, frame, levels, true), ...statistics(images) }
}

/** Scores in the order of their cost; unless `all` are wanted, those behind the first that is not positive stay 0. */
function scoresOf(
  images: IonImages,
  theoretical: ArrayLike<number>,
  frame: ImageFrame,
  levels: number,
  all: boolean,
): IonScores {
  const { counts, pixels } = images
  const scores = { chaos: 0, spatial: 0, spectral: 0, msm: 0 }
  if (counts[0] === 0) return scores
  scores.spectral = patternMatch(sumsUnderFirst(images), theoretical)
  if (!all && !(scores.spectral > 0)) return scores
  scores.spatial = sparseSpatial(images, theoretical, frame.sampled)
  if (!all && !(scores.spatial > 0)) return scores
  const whole = { pixels: pixels[0], width: frame.width, height: frame.height }
  const first = frame.cropped ? croppedAsMetaspace(whole, counts[0]) : whole
  scores.chaos = chaosScore(
    measureOfChaosSparse(first.pixels, gather(images), counts[0], first.width, first.height, levels),
  )
  scores.msm = scores.chaos * scores.spatial * scores.spectral
  return scores
}

function product(chaos: number, spatial: number, spectral: number): IonScores | null {
  const msm = chaos * spatial * spectral
  return msm > 0 ? { chaos, spatial, spectral, msm } : null
}

const sums = new Float64Array(ISOTOPES_PER_ION)

function sumsUnderFirst({ values, pixels, counts }: IonImages): Float64Array {
  const [first, second, third, fourth] = values
  const touched = pixels[0]
  sums.fill(0)
  for (let i = 0; i < counts[0]; i++) {
    const p = touched[i]
    const value = first[p]
    if (!(value > 0)) continue
    sums[0] += value
    sums[1] += second[p]
    sums[2] += third[p]
    sums[3] += fourth[p]
  }
  return sums
}

const correlations = new Float64Array(ISOTOPES_PER_ION)

/**
 * Pearson's r over `n` sampled pixels from touched pixels alone, deviations from the mean rather than sums of squares, so that
 * nothing cancels: the untouched pixels all deviate by minus the mean.
 */
function sparseSpatial(images: IonImages, theoretical: ArrayLike<number>, n: number): number {
  const { values, pixels, counts } = images
  const first = values[0]
  let positive = 0
  let sum = 0
  for (let i = 0; i < counts[0]; i++) {
    const value = first[pixels[0][i]]
    if (value > 0) positive++
    sum += value
  }
  if (positive < 2) return 0
  const mean = sum / n
  const squares = squaredDeviations(first, pixels[0], counts[0], mean, n)
  for (let k = 1; k < ISOTOPES_PER_ION; k++) {
    correlations[k] = 0
    const count = counts[k]
    if (count === 0) continue
    const other = values[k]
    const touched = pixels[k]
    let otherSum = 0
    for (let i = 0; i < count; i++) otherSum += other[touched[i]]
    const otherMean = otherSum / n
    let products = 0
    let deviations = 0
    for (let i = 0; i < count; i++) {
      const p = touched[i]
      const deviation = first[p] - mean
      products += deviation * (other[p] - otherMean)
      deviations += deviation
    }
    // Untouched pixels add (x − x̄)·(−ȳ) each, and all deviations of x together are 0.
    if (count < n) products += otherMean * deviations
    const otherSquares = squaredDeviations(other, touched, count, otherMean, n)
    correlations[k] = correlationOf(products, squares, otherSquares, mean, otherMean, n)
  }
  return weightedCorrelation(correlations, theoretical)
}

function squaredDeviations(values: Float64Array, pixels: Uint32Array, count: number, mean: number, n: number): number {
  let sum = (n - count) * mean * mean
  for (let i = 0; i < count; i++) {
    const deviation = values[pixels[i]] - mean
    sum += deviation * deviation
  }
  return sum
}

let gathered = new Float64Array(0)

function gather({ values, pixels, counts }: IonImages): Float64Array {
  const count = counts[0]
  if (count > gathered.length) gathered = new Float64Array(count * 2)
  for (let i = 0; i < count; i++) gathered[i] = values[0][pixels[0][i]]
  return gathered
}

function statistics({ values, pixels, counts, pixelCount }: IonImages): Pick<IonMetrics, 'total' | 'min' | 'max'> {
  const total = [0, 0, 0, 0]
  const min = [0, 0, 0, 0]
  const max = [0, 0, 0, 0]
  for (let k = 0; k < ISOTOPES_PER_ION; k++) {
    const count = counts[k]
    if (count === 0) continue
    const everywhere = count === pixelCount
    let least = everywhere ? Number.POSITIVE_INFINITY : 0
    let most = everywhere ? Number.NEGATIVE_INFINITY : 0
    for (let i = 0; i < count; i++) {
      const value = values[k][pixels[k][i]]
      total[k] += value
      if (value < least) least = value
      if (value > most) most = value
    }
    min[k] = least
    max[k] = most
  }
  return { total, min, max }
}
