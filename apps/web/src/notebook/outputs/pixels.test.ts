import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  COLOR_MAPS,
  type ColorMap,
  colorTable,
  decodeFloats,
  formatValue,
  gradientOf,
  paintValues,
  summaryOf,
  ticks,
} from './pixels'

const encode = (values: number[]) => Buffer.from(new Float32Array(values).buffer).toString('base64')

it('decodes what was encoded, and refuses a wrong length', () => {
  const values = [0, -1.5, Number.NaN, Number.POSITIVE_INFINITY]
  expect([...decodeFloats(encode(values), 4)!]).toEqual(values)
  expect(decodeFloats(encode(values), 5)).toBeUndefined()
  expect(decodeFloats('§§', 1)).toBeUndefined()
})

it('maps begin and end with their own colours and never leave them', () => {
  for (const map of Object.keys(COLOR_MAPS) as ColorMap[]) {
    const table = colorTable(map)
    expect(table).toHaveLength(1024)
    expect(Buffer.from(table.slice(0, 3)).toString('hex')).toBe(COLOR_MAPS[map].slice(0, 6))
    expect(Buffer.from(table.slice(-4, -1)).toString('hex')).toBe(COLOR_MAPS[map].slice(-6))
  }
  expect(gradientOf('grey')).toBe('linear-gradient(to top, rgb(0 0 0), rgb(255 255 255))')
})

it('paints the ends, what lies beyond them, and nothing for NaN', () => {
  const grey = (values: number[], min: number, max: number) => {
    const pixels = paintValues(new Float32Array(values), min, max, 'grey')
    return values.map((_, i) => (pixels[i * 4 + 3] === 0 ? undefined : pixels[i * 4]))
  }
  expect(grey([0, 5, 10, -99, Number.POSITIVE_INFINITY, Number.NaN], 0, 10)).toEqual([0, 128, 255, 0, 255, undefined])
  expect(grey([3, 3], 3, 3)).toEqual([0, 0])
})

describe('ticks', () => {
  it.each([
    [0, 10, [0, 5, 10]],
    [0, 1, [0, 0.5, 1]],
    [-3, 3, [-2, 0, 2]],
    [5, 5, [5]],
  ])('between %d and %d', (min, max, wanted) => expect(ticks(min, max, 4)).toEqual(wanted))

  it('are few, within the range and evenly spaced', () => {
    const number = fc.double({ min: -1e9, max: 1e9, noNaN: true })
    fc.assert(
      fc.property(number, fc.double({ min: 1e-3, max: 1e9, noNaN: true }), (min, size) => {
        const found = ticks(min, min + size)
        const slack = (Math.abs(min) + size) * 1e-9
        expect(found.length).toBeLessThanOrEqual(6)
        for (const tick of found) expect(tick >= min - slack && tick <= min + size + slack).toBe(true)
      }),
    )
  })
})

it.each([
  [0.30000000000000004, '0.3'],
  [123456.7, '123460'],
  [1_234_567, '1.235e+6'],
  [2e7, '2e+7'],
  [1e-9, '1e-9'],
  [0, '0'],
  [Number.NaN, 'no value'],
])('writes %d as %s', (value, text) => expect(formatValue(value)).toBe(text))

it('puts a picture into words', () => {
  expect(summaryOf(new Float32Array([1, 2, 6, Number.NaN]), 2, 2, 'cps')).toBe(
    '2 by 2 pixels, values from 1 cps to 6 cps, mean 3 cps; highest at column 1, row 2; 1 without a value',
  )
  expect(summaryOf(new Float32Array([Number.NaN]), 1, 1, '')).toBe('1 by 1 pixels, none with a value')
})
