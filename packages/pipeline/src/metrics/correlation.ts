/** How well the isotope images of an ion agree: with theory in intensity (spectral) and with each other in space (spatial). */

import { badImage, isNumbers } from './check.js'

/** A dense image, row-major; `null` when no peak of the data set fell into the window of this isotope. */
export type DenseImage = Float32Array | Float64Array | null

/**
 * Spectral correlation ("pattern match"): 1 − mean_k |t_k/‖t‖ − s_k/‖s‖| with s_k the intensity of image k summed over the
 * pixels where image 0 is positive. Exactly 1 and NaN become 0, as in the reference.
 *
 * @param images isotope images by ascending m/z.
 * @param theoretical intensities of the same isotopes in any unit, 0 where the ion has fewer peaks.
 * @throws MayflyError E_IMAGE_SIZE.
 */
export function spectralCorrelation(images: readonly DenseImage[], theoretical: ArrayLike<number>): number {
  checkImages(images, theoretical)
  const first = images[0]
  const sums = images.map((image) => {
    let sum = 0
    if (first && image) for (let p = 0; p < first.length; p++) if (first[p] > 0) sum += image[p]
    return sum
  })
  return patternMatch(sums, theoretical)
}

/** One intensity an image, all images (and the mask) of one size. */
function checkImages(images: readonly DenseImage[], theoretical: ArrayLike<number>, mask?: ArrayLike<unknown>): void {
  const fault = (what: string) =>
    badImage(what, 'Pass images row by row, null for those without hits, and one theoretical intensity for each.')
  if (!Array.isArray(images)) throw fault('Expected a list of images')
  if (!isNumbers(theoretical)) throw fault('Expected a list of theoretical intensities')
  if (mask !== undefined && !isNumbers(mask)) throw fault('Expected the mask as a list of 0 and 1')
  if (images.length !== theoretical.length) {
    throw fault(`Expected as many images as theoretical intensities, got ${images.length} and ${theoretical.length}`)
  }
  const size = mask?.length ?? images.find((image) => image !== null)?.length
  for (const [k, image] of images.entries()) {
    if (image !== null && !isNumbers(image)) throw fault(`Image ${k} is neither an image nor null`)
    if (image && image.length !== size) throw fault(`Image ${k} has ${image.length} pixels, expected ${size}`)
  }
}

/** The score of `spectralCorrelation` from its sums. */
export function patternMatch(sums: ArrayLike<number>, theoretical: ArrayLike<number>): number {
  let sumSquares = 0
  let theoreticalSquares = 0
  for (let k = 0; k < sums.length; k++) {
    sumSquares += sums[k] * sums[k]
    theoreticalSquares += theoretical[k] * theoretical[k]
  }
  const sumNorm = Math.sqrt(sumSquares)
  const theoreticalNorm = Math.sqrt(theoreticalSquares)
  let difference = 0
  for (let k = 0; k < sums.length; k++) difference += Math.abs(theoretical[k] / theoreticalNorm - sums[k] / sumNorm)
  const score = 1 - difference / sums.length
  return score === 1 || Number.isNaN(score) ? 0 : score
}

/**
 * Spatial correlation: Pearson's r of image 0 with each other image over the sampled pixels, weighted with the theoretical
 * intensities of the latter and clipped to 0 … 1. Undefined correlations count as 0; so does everything when image 0
 * has fewer than two positive pixels.
 *
 * @param mask 1 where a spectrum was taken; default everywhere. Pixels outside are left out, not counted as 0.
 * @throws MayflyError E_IMAGE_SIZE.
 */
export function spatialCorrelation(
  images: readonly DenseImage[],
  theoretical: ArrayLike<number>,
  mask?: ArrayLike<number | boolean>,
): number {
  checkImages(images, theoretical, mask)
  const first = images[0]
  if (!first) return 0
  const sampled = new Uint32Array(first.length)
  let n = 0
  let positive = 0
  for (let p = 0; p < first.length; p++) {
    if (mask && !mask[p]) continue
    sampled[n++] = p
    if (first[p] > 0) positive++
  }
  if (positive < 2) return 0
  const pixels = sampled.subarray(0, n)
  const correlations = images.map((image, k) => (k === 0 || !image ? 0 : pearson(first, image, pixels)))
  return weightedCorrelation(correlations, theoretical)
}

/** Σ t_k r_k / Σ t_k over k ≥ 1, clipped to 0 … 1; 0 when the weights or the result are undefined. */
export function weightedCorrelation(correlations: ArrayLike<number>, theoretical: ArrayLike<number>): number {
  let sum = 0
  let weights = 0
  for (let k = 1; k < correlations.length; k++) {
    if (Number.isFinite(correlations[k])) sum += theoretical[k] * correlations[k]
    weights += theoretical[k]
  }
  const score = sum / weights
  return score > 0 ? Math.min(score, 1) : 0
}

function pearson(a: Float32Array | Float64Array, b: Float32Array | Float64Array, pixels: Uint32Array): number {
  let sumA = 0
  let sumB = 0
  for (const p of pixels) {
    sumA += a[p]
    sumB += b[p]
  }
  const meanA = sumA / pixels.length
  const meanB = sumB / pixels.length
  let squaresA = 0
  let squaresB = 0
  let products = 0
  for (const p of pixels) {
    const fromA = a[p] - meanA
    const fromB = b[p] - meanB
    squaresA += fromA * fromA
    squaresB += fromB * fromB
    products += fromA * fromB
  }
  return correlationOf(products, squaresA, squaresB, meanA, meanB, pixels.length)
}

/** Deviations of a flat image are rounding errors; this share of its mean is far above them and far below float32 data. */
const FLAT = 1e-14

/** Pearson's r from sums of products and squares of deviations over `n` pixels; NaN when either image is flat. */
export function correlationOf(
  products: number,
  squaresA: number,
  squaresB: number,
  meanA: number,
  meanB: number,
  n: number,
): number {
  if (squaresA <= n * (FLAT * meanA) ** 2 || squaresB <= n * (FLAT * meanB) ** 2) return Number.NaN
  return products / Math.sqrt(squaresA) / Math.sqrt(squaresB)
}
