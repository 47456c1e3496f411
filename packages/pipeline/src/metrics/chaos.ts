/**
 * Measure of chaos: how little an ion image falls apart into specks. Palmer et al., Nature Methods 2017, 14, 57, as computed
 * by `measure_of_chaos` of cpyImagingMSpec 0.2.4: 1 − (mean number of objects over the levels) / (number of positive pixels).
 */
import { MayflyError } from '@mayfly/executor/errors'
import { LevelPlanes } from './components.js'

/** Intensity levels at which objects are counted. */
export const DEFAULT_LEVELS = 30

/** What numpy's `isclose` allows around 1. */
const CLOSE_TO_ONE = 1e-8 + 1e-5

const planes = new LevelPlanes()

/**
 * Measure of chaos of a dense image.
 *
 * @param image row-major intensities, `width · height` values; pixels without a spectrum are 0.
 * @param levels 1 … 254, default 30.
 * @returns 1 for a smooth image, towards 0 for a speckled one; `NaN` when no pixel is positive.
 */
export function measureOfChaos(image: Float32Array, width: number, height: number, levels = DEFAULT_LEVELS): number {
  if (image.length !== width * height) {
    throw new MayflyError('E_IMAGE_SIZE', `Expected ${width} × ${height} pixels, got ${image.length}`, {
      hint: 'Pass the image row by row, with 0 for pixels without a spectrum.',
    })
  }
  return chaosOf(image, undefined, image.length, width, height, levels)
}

/**
 * The same for an image given by its pixels: `pixels[i] = y · width + x` has intensity `values[i]`, all others are 0.
 * Intensities are rounded to float32 first. Only the first `count` entries are read; no pixel may occur twice.
 */
export function measureOfChaosSparse(
  pixels: Uint32Array | Int32Array,
  values: Float32Array | Float64Array,
  count: number,
  width: number,
  height: number,
  levels = DEFAULT_LEVELS,
): number {
  return chaosOf(values, pixels, count, width, height, levels)
}

/** What the pipelines make of it: 0 for no object at all and for single pixels only (a measure of 1, within 1e-5). */
export function chaosScore(measure: number): number {
  return Number.isNaN(measure) || Math.abs(measure - 1) <= CLOSE_TO_ONE ? 0 : measure
}

function chaosOf(
  values: Float32Array | Float64Array,
  pixels: Uint32Array | Int32Array | undefined,
  count: number,
  width: number,
  height: number,
  levels: number,
): number {
  if (!(Number.isInteger(levels) && levels >= 1 && levels <= 254)) {
    throw new MayflyError('E_CHAOS_LEVELS', `Expected 1 to 254 whole levels, got ${levels}`, {
      hint: 'Leave the number of levels out; 30 is what METASPACE uses.',
    })
  }
  let max = 0
  let positive = 0
  let left = width
  let right = -1
  let top = height
  let bottom = -1
  for (let i = 0; i < count; i++) {
    const value = values[i]
    if (!(value > 0)) continue
    positive++
    if (value > max) max = value
    const p = pixels === undefined ? i : pixels[i]
    const y = (p / width) | 0
    const x = p - y * width
    if (x < left) left = x
    if (x > right) right = x
    if (y < top) top = y
    if (y > bottom) bottom = y
  }
  if (positive === 0) return Number.NaN

  // Dilation reaches one pixel further than the image, erosion looks one pixel further still.
  left = Math.max(0, left - 2)
  top = Math.max(0, top - 2)
  planes.open(Math.min(width - 1, right + 2) - left + 1, Math.min(height - 1, bottom + 2) - top + 1)
  const bounds = levelBounds(Math.fround(max), levels)
  const guess = levels / max
  const { level } = planes
  for (let i = 0; i < count; i++) {
    if (!(values[i] > 0)) continue
    const value = Math.fround(values[i])
    const p = pixels === undefined ? i : pixels[i]
    const y = (p / width) | 0
    let n = Math.min(levels, Math.ceil(value * guess))
    while (n < levels && value > bounds[n]) n++
    while (n > 0 && value <= bounds[n - 1]) n--
    level[planes.index(p - y * width - left, y - top)] = n
  }
  return 1 - planes.countObjects(levels) / levels / positive
}

/** Lower bounds of the levels in float32 arithmetic, as the reference's loop yields them. */
function levelBounds(max: number, levels: number): Float32Array {
  return Float32Array.from({ length: levels }, (_, i) => Math.fround(max * i) / levels)
}
