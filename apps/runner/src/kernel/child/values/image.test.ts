import { inflateSync } from 'node:zlib'
import { IMAGE_MIME, type ImageOutput } from '@mayfly/executor/events'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { COLOR_MAPS, colorTable } from './colors.js'
import { toPicture } from './image.js'
import { encodePng } from './png.js'

function decode(png: Buffer): { width: number; height: number; pixels: Buffer } {
  const width = png.readUInt32BE(16)
  const height = png.readUInt32BE(20)
  const raw = inflateSync(png.subarray(png.indexOf('IDAT') + 4, png.length - 16))
  const rows = Array.from({ length: height }, (_, y) =>
    raw.subarray(y * (width * 4 + 1) + 1, (y + 1) * (width * 4 + 1)),
  )
  return { width, height, pixels: Buffer.concat(rows) }
}

const valuesOf = (output: ImageOutput) => {
  const bytes = Buffer.from(output.data, 'base64')
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(i * 4))
}

const outputOf = (data: unknown, options?: Mayfly.ImageOptions) =>
  toPicture(data, options).data[IMAGE_MIME] as ImageOutput
const pngOf = (data: unknown, options?: Mayfly.ImageOptions) =>
  decode(Buffer.from(toPicture(data, options).data['image/png'] as string, 'base64'))

test('any pixels come back from the PNG as they were', () => {
  const picture = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 })).chain(([width, height]) =>
    fc.record({
      width: fc.constant(width),
      pixels: fc.uint8Array({ minLength: width * height * 4, maxLength: width * height * 4 }),
    }),
  )
  fc.assert(
    fc.property(picture, ({ width, pixels }) => {
      const height = pixels.length / 4 / width
      expect(decode(encodePng(pixels, width, height))).toEqual({ width, height, pixels: Buffer.from(pixels) })
    }),
    { numRuns: 50 },
  )
})

test('colour maps go from dark to light in 256 steps', () => {
  for (const map of COLOR_MAPS) {
    const table = colorTable(map)
    const light = (i: number) => 0.3 * table[i * 3]! + 0.59 * table[i * 3 + 1]! + 0.11 * table[i * 3 + 2]!
    expect(table).toHaveLength(768)
    expect(light(255) - light(0)).toBeGreaterThan(130)
  }
})

describe('numbers as a picture', () => {
  test('values, range and place; NaN is transparent', () => {
    const output = outputOf(new Float64Array([0, 1, 2, Number.NaN, 4, 5]), { width: 3, unit: 'counts', title: 'Ions' })
    expect(output).toMatchObject({
      width: 3,
      height: 2,
      min: 0,
      max: 5,
      colorMap: 'viridis',
      unit: 'counts',
      title: 'Ions',
    })
    expect(valuesOf(output)).toEqual([0, 1, 2, Number.NaN, 4, 5])
    const { pixels } = pngOf(new Float64Array([0, 1, 2, Number.NaN, 4, 5]), { width: 3 })
    expect([...pixels.subarray(0, 4)]).toEqual([0x44, 0x01, 0x54, 255])
    expect(pixels[3 * 4 + 3]).toBe(0)
    expect([...pixels.subarray(20)]).toEqual([0xfd, 0xe7, 0x25, 255])
  })

  test('arrays of rows, arrays with gaps, squares, heights, typed arrays of any kind', () => {
    expect(
      outputOf([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    ).toMatchObject({ width: 3, height: 2, max: 6 })
    expect(outputOf([new Uint16Array([1, 2]), [3, 4]])).toMatchObject({ width: 2, height: 2 })
    expect(valuesOf(outputOf([1, null, 3, 4]))).toEqual([1, Number.NaN, 3, 4])
    expect(outputOf(new Uint8Array(6), { height: 2 })).toMatchObject({ width: 3, min: 0, max: 0 })
    expect(outputOf([Number.NaN, Number.NaN, Number.NaN, Number.POSITIVE_INFINITY])).toMatchObject({ min: 0, max: 1 })
    expect(outputOf([1, 2, 3, 4], { min: 2, max: 3, colorMap: 'inferno' })).toMatchObject({
      min: 2,
      max: 3,
      colorMap: 'inferno',
    })
  })

  test('of a large picture the colours travel, the values do not', () => {
    expect(Object.keys(toPicture(new Float32Array(1030 * 1030)).data)).toEqual(['image/png', 'text/plain'])
  })

  test('RGBA is a PNG and nothing else', () => {
    const pixels = new Uint8ClampedArray([255, 0, 0, 255, 0, 255, 0, 128])
    const { data, metadata } = toPicture(pixels, { width: 2 })
    expect(Object.keys(data)).toEqual(['image/png', 'text/plain'])
    expect(pngOf(pixels, { width: 2 }).pixels).toEqual(Buffer.from(pixels))
    expect(metadata['image/png']).toMatchObject({ width: 32, height: 16, pixelated: true })
  })

  test('sizes that do not fit are refused with numbers', () => {
    const cases: [unknown, Mayfly.ImageOptions, RegExp][] = [
      [new Float32Array(7), {}, /7 values are no square/],
      [new Float32Array(7), { width: 2 }, /7 values do not fit width 2/],
      [new Float32Array(6), { width: 2, height: 2 }, /6 values do not fit width 2 and height 2/],
      [[[1, 2], [3]], {}, /row 1 has 1 values, row 0 has 2/],
      [new Uint8ClampedArray(10), { width: 2 }, /10 bytes of RGBA/],
      [[], {}, /no pixels/],
      ['abc', {}, /expects numbers/],
      [new BigInt64Array(4), {}, /bigint/],
      [[1, 2, 3, 4], { width: 0 }, /width must be a whole number/],
      [[1], { colorMap: 'jet' as never }, /no colour map 'jet'/],
      [[1], { min: Number.NaN }, /min must be a finite number/],
    ]
    for (const [data, options, message] of cases) {
      expect(() => toPicture(data, options)).toThrow(
        expect.objectContaining({ code: 'E_DISPLAY_IMAGE', message: expect.stringMatching(message) }),
      )
    }
  })
})
