/** Ion images as PNG files: 16-bit grey for exchange, coloured 8-bit for the eye. */
import { MayflyError } from '@mayfly/executor/errors'
import { encode } from 'fast-png'
import { grey, viridis } from './color-maps.js'

/** An ion image over its bounding box, row-major: dense values, or only the touched pixels. */
export interface IonImage {
  /** Pixels. */
  width: number
  height: number
  /** Intensities: of every pixel, or of the pixels named in `pixels`. */
  values: Float32Array | Float64Array
  /** `y · width + x` of each value; left out for a dense image. All other pixels are 0. */
  pixels?: Uint32Array | Int32Array
  /** 1 where a spectrum was taken; default everywhere. Other pixels become transparent. */
  mask?: Uint8Array
}

/** Options of `toColorPng`. */
export interface ColorOptions {
  /** Clip at this percentile of the sampled pixels, so that hot spots do not hide the rest; default 99, 100 for none. */
  percentile?: number
  /** Default `viridis`. */
  colorMap?: 'viridis' | 'grey'
  /** Pixels of the picture per pixel of the data set, a whole number; default 1. */
  scale?: number
}

const COLOR_MAPS = { viridis, grey }

/**
 * The image as Lithops-METASPACE exports it: 16-bit grey + alpha, grey = trunc((v − min) / (max − min) · 65535) with the extremes
 * of the whole box, alpha opaque on sampled pixels. A flat image is black.
 */
export function toGreyPng(image: IonImage): Uint8Array {
  const values = densify(image)
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (value < min) min = value
    if (value > max) max = value
  }
  const range = max - min
  const data = new Uint16Array(values.length * 2)
  for (let p = 0; p < values.length; p++) {
    if (range > 0) data[2 * p] = Math.trunc(((values[p] - min) / range) * 65535)
    data[2 * p + 1] = isSampled(image, p) ? 65535 : 0
  }
  return encode({ width: image.width, height: image.height, data, depth: 16, channels: 2 })
}

/** The image in colours from 0 to the percentile of its sampled pixels, 8-bit RGBA, transparent where nothing was measured. */
export function toColorPng(image: IonImage, options: ColorOptions = {}): Uint8Array {
  const { width, height } = image
  const scale = options.scale ?? 1
  if (!(Number.isInteger(scale) && scale >= 1)) {
    throw new MayflyError('E_IMAGE_SCALE', `Expected scale to be a whole number of at least 1, got ${scale}`, {
      hint: 'A scale of 4 turns a 50 × 50 image into a picture of 200 × 200.',
    })
  }
  const values = densify(image)
  // The percentile of an image with few positive pixels is 0; its maximum shows them.
  const top = imagePercentile(image, options.percentile ?? 99) || imagePercentile(image, 100)
  const colorOf = COLOR_MAPS[options.colorMap ?? 'viridis']
  if (!colorOf) {
    throw new MayflyError('E_IMAGE_COLORS', `there is no colour map "${options.colorMap}"`, {
      hint: `There are ${Object.keys(COLOR_MAPS).join(' and ')}.`,
    })
  }
  const data = new Uint8Array(width * scale * height * scale * 4)
  for (let y = 0; y < height; y++) {
    const row = y * scale * width * scale * 4
    for (let x = 0; x < width; x++) {
      const p = y * width + x
      if (!isSampled(image, p)) continue
      const color = colorOf(top > 0 ? values[p] / top : 0)
      for (let i = 0; i < scale; i++) {
        const at = row + (x * scale + i) * 4
        data.set(color, at)
        data[at + 3] = 255
      }
    }
    const bytes = width * scale * 4
    for (let i = 1; i < scale; i++) data.copyWithin(row + i * bytes, row, row + bytes)
  }
  return encode({ width: width * scale, height: height * scale, data, depth: 8, channels: 4 })
}

/**
 * Intensity at a percentile (0 … 100) of the sampled pixels, zeros included, with linear interpolation between neighbours: what
 * numpy's `percentile` gives. 0 when nothing was sampled.
 */
export function imagePercentile(image: IonImage, percentile: number): number {
  const sampled = densify(image)
    .filter((_, p) => isSampled(image, p))
    .sort()
  if (sampled.length === 0) return 0
  const position = ((sampled.length - 1) * Math.min(100, Math.max(0, percentile))) / 100
  const below = Math.floor(position)
  const above = Math.min(below + 1, sampled.length - 1)
  return sampled[below] + (sampled[above] - sampled[below]) * (position - below)
}

function densify({ width, height, values, pixels }: IonImage): Float32Array | Float64Array {
  const size = width * height
  if (pixels === undefined ? values.length !== size : values.length !== pixels.length) {
    throw new MayflyError('E_IMAGE_SIZE', `${values.length} values do not fit ${pixels?.length ?? size} pixels`, {
      hint: 'Give one value for each pixel of the box, or one for each entry of pixels.',
    })
  }
  if (pixels === undefined) return values
  const dense = new Float64Array(size)
  for (let i = 0; i < pixels.length; i++) dense[pixels[i]] = values[i]
  return dense
}

function isSampled({ mask }: IonImage, pixel: number): boolean {
  return mask === undefined || mask[pixel] !== 0
}
