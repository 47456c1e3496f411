/** Numbers as pictures: their values for the page, coloured pixels for everybody else. Pure. */
import { types } from 'node:util'
import { MayflyError } from '@mayfly/executor/errors'
import { IMAGE_MIME, type ImageOutput } from '@mayfly/executor/events'
import type { Bundle } from '../../protocol.js'
import { base64 } from './bytes.js'
import { COLOR_MAPS, colorTable } from './colors.js'
import { encodePng } from './png.js'
import { toLine } from './text.js'

type Numbers = Mayfly.Numbers
/** Pixels of a picture at most. */
const MAX_PIXELS = 1 << 24
/** Pixels whose values travel at most, 5.6 MB; of a larger picture only its colours do. */
const MAX_VALUES = 1 << 20
/** CSS pixels that the longer side of a small picture is enlarged towards. */
const COMFORTABLE = 320
const MAX_SCALE = 16

/** What is to be shown of a picture, and Jupyter's metadata for it. */
export interface Picture {
  data: Bundle
  metadata: Bundle
}

/** @throws MayflyError `E_DISPLAY_IMAGE` when data and sizes do not fit. */
export function toPicture(data: unknown, options: Mayfly.ImageOptions = {}): Picture {
  checkOptions(options)
  if (types.isUint8ClampedArray(data)) return rgba(data, options)
  if (Array.isArray(data)) limit(data.length, 1)
  const { values, width, height } = isRows(data) ? flatten(data) : shape(data, options)
  return colored(values, width, height, options)
}

function rgba(pixels: Uint8ClampedArray, options: Mayfly.ImageOptions): Picture {
  const { width, height } = measure(pixels.length / 4, options, `${pixels.length} bytes of RGBA`)
  const png = base64(encodePng(pixels, width, height))
  const text = `image ${width} × ${height}`
  return { data: { 'image/png': png, 'text/plain': text }, metadata: pngMetadata(width, height, options) }
}

function colored(values: Numbers, width: number, height: number, options: Mayfly.ImageOptions): Picture {
  const { colorMap = 'viridis', unit, title, pixelSize } = options
  const floats = types.isFloat32Array(values) ? values : Float32Array.from(values)
  const found = range(floats)
  const min = options.min ?? found.min
  const max = options.max ?? found.max
  const metadata = pngMetadata(width, height, options)
  const text = `${title ? `${title}: ` : ''}image ${width} × ${height}, ${min} to ${max}${unit ? ` ${unit}` : ''}`
  const png = base64(encodePng(paint(floats, min, max, colorTable(colorMap)), width, height))
  if (floats.length > MAX_VALUES) return { data: { 'image/png': png, 'text/plain': text }, metadata }
  const output: ImageOutput = {
    width,
    height,
    min,
    max,
    colorMap,
    scale: scaleOf(width, height, options),
    data: littleEndian(floats),
    ...(unit ? { unit } : {}),
    ...(title ? { title } : {}),
    ...(pixelSize ? { pixelSize } : {}),
  }
  return { data: { [IMAGE_MIME]: output, 'image/png': png, 'text/plain': text }, metadata }
}

/** RGBA of values between `min` and `max`; NaN is transparent. */
function paint(values: Float32Array, min: number, max: number, colors: Uint8Array): Uint8Array {
  const pixels = new Uint8Array(values.length * 4)
  const last = colors.length / 3 - 1
  const span = max > min ? last / (max - min) : 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (Number.isNaN(value)) continue
    const color = Math.max(0, Math.min(last, Math.round((value - min) * span || 0))) * 3
    pixels[i * 4] = colors[color]!
    pixels[i * 4 + 1] = colors[color + 1]!
    pixels[i * 4 + 2] = colors[color + 2]!
    pixels[i * 4 + 3] = 255
  }
  return pixels
}

/** Smallest and largest finite value; 0 and 1 when there is none. */
function range(values: Float32Array): { min: number; max: number } {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (!Number.isFinite(value)) continue
    if (value < min) min = value
    if (value > max) max = value
  }
  return min <= max ? { min, max } : { min: 0, max: 1 }
}

function isRows(data: unknown): data is Numbers[] {
  return Array.isArray(data) && data.length > 0 && data.every((row) => Array.isArray(row) || types.isTypedArray(row))
}

function flatten(rows: Numbers[]): { values: Float32Array; width: number; height: number } {
  const width = rows[0]!.length
  const height = rows.length
  const odd = rows.findIndex((row) => row.length !== width)
  if (odd >= 0) throw refuse(`row ${odd} has ${rows[odd]!.length} values, row 0 has ${width}`)
  if (width === 0) throw refuse('its rows are empty')
  limit(width, height)
  const values = new Float32Array(width * height)
  rows.forEach((row, y) => {
    for (let x = 0; x < width; x++) values[y * width + x] = Number(row[x])
  })
  return { values, width, height }
}

function shape(data: unknown, options: Mayfly.ImageOptions): { values: Numbers; width: number; height: number } {
  if (types.isBigInt64Array(data) || types.isBigUint64Array(data))
    throw refuse('bigint values have no colour', 'Convert them: Float64Array.from(data, Number).')
  const numeric =
    types.isTypedArray(data) ||
    (Array.isArray(data) && data.every((value) => typeof value === 'number' || value === null))
  if (!numeric)
    throw refuse(`expects numbers: a typed array, an array of numbers or an array of rows; got ${toLine(data, 60)}`)
  const values = Array.isArray(data) ? data.map((value) => value ?? Number.NaN) : (data as Numbers)
  return { values, ...measure(values.length, options, `${values.length} values`) }
}

/** Width and height that make up `count` pixels. */
function measure(count: number, options: Mayfly.ImageOptions, what: string): { width: number; height: number } {
  const root = Math.sqrt(count)
  const width = options.width ?? (options.height ? count / options.height : root)
  const height = options.height ?? count / width
  if (count === 0) throw refuse('there are no pixels')
  if (options.width === undefined && options.height === undefined && !Number.isInteger(root))
    throw refuse(`${what} are no square`, 'Give the width: display.image(data, { width }).')
  if (width * height !== count || !Number.isInteger(width) || !Number.isInteger(height)) {
    const sides = [options.width && `width ${options.width}`, options.height && `height ${options.height}`]
    throw refuse(
      `${what} do not fit ${sides.filter(Boolean).join(' and ')}`,
      `Make width × height the number of pixels, ${count}.`,
    )
  }
  limit(width, height)
  return { width, height }
}

function limit(width: number, height: number): void {
  if (width * height <= MAX_PIXELS) return
  throw refuse(
    `${width} × ${height} pixels are more than ${MAX_PIXELS.toLocaleString('en')}`,
    'Show a part, or every nth pixel.',
  )
}

function checkOptions(options: Mayfly.ImageOptions): void {
  for (const name of ['width', 'height'] as const) {
    const value = options[name]
    if (value !== undefined && !(Number.isInteger(value) && value > 0))
      throw refuse(`${name} must be a whole number above 0, got ${toLine(value, 40)}`)
  }
  for (const name of ['min', 'max', 'scale'] as const) {
    const value = options[name]
    if (value !== undefined && !Number.isFinite(value))
      throw refuse(`${name} must be a finite number, got ${toLine(value, 40)}`)
  }
  const { colorMap } = options
  if (colorMap !== undefined && !COLOR_MAPS.includes(colorMap))
    throw refuse(`there is no colour map ${toLine(colorMap, 40)}`, `There are ${COLOR_MAPS.join(', ')}.`)
}

const refuse = (what: string, hint?: string) =>
  new MayflyError('E_DISPLAY_IMAGE', `display.image: ${what}.`, hint ? { hint } : {})

function scaleOf(width: number, height: number, { scale }: Mayfly.ImageOptions): number {
  return scale ?? Math.max(1, Math.min(MAX_SCALE, Math.floor(COMFORTABLE / Math.max(width, height))))
}

function pngMetadata(width: number, height: number, options: Mayfly.ImageOptions): Bundle {
  const scale = scaleOf(width, height, options)
  const size = { width: width * scale, height: height * scale, pixelated: scale > 1 }
  return { 'image/png': { ...size, ...(options.title ? { title: options.title } : {}) } }
}

function littleEndian(values: Float32Array): string {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] === 1) return bytes.toString('base64')
  return Buffer.from(bytes).swap32().toString('base64')
}
