/** Pictures of numbers: decoding, colours, scales. Pure but for nothing; the component only draws. */

/**
 * Anchors of the colour maps, lowest value first. Viridis, inferno, magma and plasma are by Smith and van der Walt (2015, CC0):
 * even steps in lightness, safe for colour-blind readers.
 */
export const COLOR_MAPS = {
  viridis: '440154482475414487355f8d2a788e21918c22a88444bf707ad151bddf26fde725',
  inferno: '0000041b0c414a0c6b781c6da52c60cf4446ed6925fb9b06f7d13dfcffa4',
  magma: '000004180f3d440f76721f819e2f7fcd4071f1605dfd9668feca8dfcfdbf',
  plasma: '0d088746039f7201a89c179ebd3786d8576bed7953fb9f3afdca26f0f921',
  grey: '000000ffffff',
} as const
export type ColorMap = keyof typeof COLOR_MAPS

const COLORS = 256

/** The 256 colours of a map as RGBA bytes. */
export function colorTable(map: ColorMap): Uint8ClampedArray {
  const anchors = anchorsOf(map)
  const table = new Uint8ClampedArray(COLORS * 4)
  for (let i = 0; i < COLORS; i += 1) {
    const position = (i / (COLORS - 1)) * (anchors.length - 1)
    const from = Math.min(Math.floor(position), anchors.length - 2)
    for (let channel = 0; channel < 3; channel += 1) {
      const [low, high] = [anchors[from]![channel]!, anchors[from + 1]![channel]!]
      table[i * 4 + channel] = low + (high - low) * (position - from)
    }
    table[i * 4 + 3] = 255
  }
  return table
}

/** The map as a CSS gradient, lowest value at the bottom. */
export function gradientOf(map: ColorMap): string {
  return `linear-gradient(to top, ${anchorsOf(map)
    .map((rgb) => `rgb(${rgb.join(' ')})`)
    .join(', ')})`
}

function anchorsOf(map: ColorMap): number[][] {
  return COLOR_MAPS[map].match(/.{6}/g)!.map((hex) => [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)))
}

/** The values behind base64 of little-endian Float32; undefined when there are not `count` of them. */
export function decodeFloats(base64: string, count: number): Float32Array<ArrayBuffer> | undefined {
  let text: string
  try {
    text = atob(base64)
  } catch {
    return undefined
  }
  if (text.length !== count * 4) return undefined
  const view = new DataView(new ArrayBuffer(text.length))
  for (let i = 0; i < text.length; i += 1) view.setUint8(i, text.charCodeAt(i))
  const values = new Float32Array(count)
  for (let i = 0; i < count; i += 1) values[i] = view.getFloat32(i * 4, true)
  return values
}

/** RGBA of values between `min` and `max`; what lies beyond takes the colour of the end, NaN is transparent. */
export function paintValues(
  values: Float32Array,
  min: number,
  max: number,
  map: ColorMap,
): Uint8ClampedArray<ArrayBuffer> {
  const colors = new Uint32Array(colorTable(map).buffer)
  const pixels = new Uint32Array(values.length)
  const scale = max > min ? (COLORS - 1) / (max - min) : 0
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i]!
    if (Number.isNaN(value)) continue
    pixels[i] = colors[Math.max(0, Math.min(COLORS - 1, Math.round((value - min) * scale) || 0))]!
  }
  return new Uint8ClampedArray(pixels.buffer)
}

/** Round numbers between two values, at most about `count`; the step is 1, 2 or 5 times a power of ten. */
export function ticks(min: number, max: number, count = 5): number[] {
  if (!(max > min) || !Number.isFinite(max - min)) return [min]
  const step = roundStep((max - min) / Math.max(1, count - 1))
  const found: number[] = []
  for (let k = Math.ceil(min / step - 1e-9); k * step <= max + step * 1e-9; k += 1) found.push(k * step + 0)
  return found
}

/** 1, 2 or 5 times a power of ten, the nearest one that is not smaller than `least`. */
export function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least * (1 - 1e-9))!
}

/** A value in at most `digits` significant digits, without a tail of zeros or rounding noise. */
export function formatValue(value: number, digits = 5): string {
  if (Number.isNaN(value)) return 'no value'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞'
  const size = Math.abs(value)
  if (value !== 0 && (size < 1e-4 || size >= 1e6))
    return value.toExponential(Math.min(3, digits - 1)).replace(/\.?0+e/, 'e')
  return String(Number(value.toPrecision(digits)))
}

/** The picture in words, for those who cannot see it. */
export function summaryOf(values: Float32Array, width: number, height: number, unit: string): string {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  let sum = 0
  let count = 0
  let peak = 0
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i]!
    if (!Number.isFinite(value)) continue
    if (value > high) peak = i
    low = Math.min(low, value)
    high = Math.max(high, value)
    sum += value
    count += 1
  }
  const size = `${width} by ${height} pixels`
  if (count === 0) return `${size}, none with a value`
  const written = (value: number) => `${formatValue(value)}${unit && ` ${unit}`}`
  const missing = values.length - count
  return [
    `${size}, values from ${written(low)} to ${written(high)}, mean ${written(sum / count)}`,
    `highest at column ${(peak % width) + 1}, row ${Math.floor(peak / width) + 1}`,
    ...(missing > 0 ? [`${missing} without a value`] : []),
  ].join('; ')
}
