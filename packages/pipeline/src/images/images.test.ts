import fc from 'fast-check'
import { decode } from 'fast-png'
import { describe, expect, it } from 'vitest'
import { imagePercentile, toColorPng, toGreyPng, viridis } from './index.js'

describe('toGreyPng', () => {
  it('scales to 16 bits over the whole box and shows where spectra were taken', () => {
    const png = decode(
      toGreyPng({
        width: 3,
        height: 2,
        values: Float32Array.of(0, 1, 2, 3, 4, 0),
        mask: Uint8Array.of(1, 1, 1, 1, 1, 0),
      }),
    )
    expect([png.width, png.height, png.depth, png.channels]).toEqual([3, 2, 16, 2])
    expect([...png.data].filter((_, i) => i % 2 === 0)).toEqual([0, 16383, 32767, 49151, 65535, 0])
    expect([...png.data].filter((_, i) => i % 2 === 1)).toEqual([65535, 65535, 65535, 65535, 65535, 0])
  })

  it('is the same from touched pixels', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 12, maxLength: 12 }), (dense) => {
        const pixels = Uint32Array.from([...dense.keys()].filter((p) => dense[p] > 0))
        const values = Float64Array.from(pixels, (p) => dense[p])
        const whole = toGreyPng({ width: 4, height: 3, values: Float64Array.from(dense) })
        expect(toGreyPng({ width: 4, height: 3, values, pixels })).toEqual(whole)
      }),
    )
  })

  it('is black where the image is flat', () => {
    const png = decode(toGreyPng({ width: 2, height: 1, values: Float32Array.of(7, 7) }))
    expect([...png.data]).toEqual([0, 65535, 0, 65535])
  })

  it('refuses values that do not fit', () => {
    expect(() => toGreyPng({ width: 2, height: 2, values: Float32Array.of(1) })).toThrowError(
      expect.objectContaining({ code: 'E_IMAGE_SIZE' }),
    )
  })
})

describe('toColorPng', () => {
  it('clips at the percentile and enlarges', () => {
    const values = Float32Array.from({ length: 101 }, (_, i) => i)
    values[100] = 1e9
    const png = decode(toColorPng({ width: 101, height: 1, values }, { scale: 2 }))
    expect([png.width, png.height, png.channels, png.depth]).toEqual([202, 2, 4, 8])
    const at = (x: number, y: number) => [...png.data.slice((y * 202 + x) * 4, (y * 202 + x) * 4 + 4)]
    expect(at(0, 0)).toEqual([68, 1, 84, 255])
    expect(at(198, 1)).toEqual([253, 231, 37, 255])
    expect(at(201, 1)).toEqual([253, 231, 37, 255])
  })

  it('shows single pixels, and nothing where nothing was measured', () => {
    const values = new Float32Array(400)
    values[3] = 5
    const png = decode(toColorPng({ width: 20, height: 20, values, mask: new Uint8Array(400).fill(1, 0, 399) }))
    expect([...png.data.slice(12, 16)]).toEqual([253, 231, 37, 255])
    expect([...png.data.slice(1596)]).toEqual([0, 0, 0, 0])
  })
})

it('grey goes from black to white, and other maps are refused', () => {
  const image = { width: 2, height: 1, values: Float32Array.of(0, 5) }
  expect([...decode(toColorPng(image, { colorMap: 'grey' })).data]).toEqual([0, 0, 0, 255, 255, 255, 255, 255])
  expect(() => toColorPng(image, { colorMap: 'jet' as 'grey' })).toThrow(
    expect.objectContaining({ code: 'E_IMAGE_COLORS' }),
  )
})

describe('imagePercentile', () => {
  it('interpolates between sampled pixels', () => {
    const values = Float64Array.of(0, 10, 20, 30, 1000)
    expect(imagePercentile({ width: 5, height: 1, values }, 50)).toBe(20)
    expect(imagePercentile({ width: 5, height: 1, values }, 99)).toBeCloseTo(961.2, 10)
    expect(imagePercentile({ width: 5, height: 1, values, mask: Uint8Array.of(1, 1, 1, 1, 0) }, 100)).toBe(30)
    expect(imagePercentile({ width: 5, height: 1, values, mask: new Uint8Array(5) }, 99)).toBe(0)
  })
})

describe('viridis', () => {
  it('gets lighter all the way', () => {
    const lightness = (value: number) => {
      const [r, g, b] = viridis(value)
      return 0.2126 * r ** 2.2 + 0.7152 * g ** 2.2 + 0.0722 * b ** 2.2
    }
    for (let i = 1; i <= 64; i++) expect(lightness(i / 64)).toBeGreaterThan(lightness((i - 1) / 64))
    expect([...viridis(Number.NaN)]).toEqual([...viridis(0)])
    expect([...viridis(2)]).toEqual([...viridis(1)])
  })
})
