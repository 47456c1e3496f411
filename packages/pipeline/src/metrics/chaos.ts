/**
 * Measure of chaos: how little an ion image falls apart into specks. Palmer et al., Nature Methods 2017, 14, 57, as computed
 * by `measure_of_chaos` of cpyImagingMSpec 0.2.4: 1 − (mean number of objects over the levels) / (number of positive pixels).
 */
import { MayflyError } from '@mayfly/executor/errors'
import { checkImage, checkPixel } from './check.js'
import { LevelPlanes, MOST_LEVELS } from './components.js'

/** Intensity levels at which objects are counted. */
export const DEFAULT_LEVELS = 30

/** What numpy's `isclose` allows around 1. */
const CLOSE_TO_ONE = 1e-8 + 1e-5

const planes = new LevelPlanes()

/**
 * Measure of chaos of a dense image.
 *
 * @param image row-major intensities, `width · height` values; pixels without a spectrum are 0.
 * @param levels 1 … 127, default 30.
 * @returns 1 for a smooth image, towards 0 for a speckled one; `NaN` when no pixel is positive.
 * @throws MayflyError E_IMAGE_SIZE, E_IMAGE_VALUE (a pixel is NaN or infinite), E_CHAOS_LEVELS.
 */
export function measureOfChaos(image: Float32Array, width: number, height: number, levels = DEFAULT_LEVELS): number {
  checkImage(image, width, height)
  checkLevels(levels)
  const extent = new Extent(width, height)
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p++) {
      checkPixel(image[p], p)
      if (image[p] > 0) extent.add(x, y, image[p])
    }
  }
  if (extent.positive === 0) return Number.NaN
  extent.open()
  const bounds = levelBounds(extent.max, levels)
  const { level } = planes
  for (let y = extent.top; y <= extent.bottom; y++) {
    let cell = planes.index(extent.left - extent.originX, y - extent.originY)
    for (let p = y * width + extent.left; p <= y * width + extent.right; p++, cell++) {
      if (image[p] > 0) level[cell] = levelOf(image[p], bounds, extent.max)
    }
  }
  return 1 - planes.countObjects(levels) / levels / extent.positive
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
  checkLevels(levels)
  const extent = new Extent(width, height)
  for (let i = 0; i < count; i++) {
    if (!(values[i] > 0)) continue
    const y = (pixels[i] / width) | 0
    extent.add(pixels[i] - y * width, y, values[i])
  }
  if (extent.positive === 0) return Number.NaN
  extent.open()
  const max = Math.fround(extent.max)
  const bounds = levelBounds(max, levels)
  const { level } = planes
  for (let i = 0; i < count; i++) {
    if (!(values[i] > 0)) continue
    const y = (pixels[i] / width) | 0
    const cell = planes.index(pixels[i] - y * width - extent.originX, y - extent.originY)
    level[cell] = levelOf(Math.fround(values[i]), bounds, max)
  }
  return 1 - planes.countObjects(levels) / levels / extent.positive
}

/** What the pipelines make of it: 0 for no object at all and for single pixels only (a measure of 1, within 1e-5). */
export function chaosScore(measure: number): number {
  return Number.isNaN(measure) || Math.abs(measure - 1) <= CLOSE_TO_ONE ? 0 : measure
}

/** The positive pixels of an image: how many, how bright, and the box they need. */
class Extent {
  positive = 0
  max = 0
  left: number
  right = -1
  top: number
  bottom = -1
  /** First column and row of the box. Dilation reaches one pixel beyond the image, erosion looks one pixel further still. */
  originX = 0
  originY = 0

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.left = width
    this.top = height
  }

  add(x: number, y: number, value: number): void {
    this.positive++
    if (value > this.max) this.max = value
    if (x < this.left) this.left = x
    if (x > this.right) this.right = x
    if (y < this.top) this.top = y
    if (y > this.bottom) this.bottom = y
  }

  /** Opens the planes for the box. */
  open(): void {
    this.originX = Math.max(0, this.left - 2)
    this.originY = Math.max(0, this.top - 2)
    const width = Math.min(this.width, this.right + 3) - this.originX
    planes.open(width, Math.min(this.height, this.bottom + 3) - this.originY)
  }
}

function checkLevels(levels: number): void {
  if (Number.isInteger(levels) && levels >= 1 && levels <= MOST_LEVELS) return
  throw new MayflyError('E_CHAOS_LEVELS', `Expected 1 to ${MOST_LEVELS} whole levels, got ${levels}`, {
    hint: 'Leave the number of levels out; 30 is what METASPACE uses.',
  })
}

/** Number of level bounds below a value; a division finds it up to the rounding of float32, which the loops settle. */
function levelOf(value: number, bounds: Float32Array, max: number): number {
  const levels = bounds.length
  let n = Math.min(levels, Math.ceil((value * levels) / max))
  while (n < levels && value > bounds[n]) n++
  while (n > 0 && value <= bounds[n - 1]) n--
  return n
}

/** Lower bounds of the levels in float32 arithmetic, as the reference's loop yields them. */
function levelBounds(max: number, levels: number): Float32Array {
  return Float32Array.from({ length: levels }, (_, i) => Math.fround(max * i) / levels)
}
