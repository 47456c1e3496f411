import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutGrid, GRID_SIZE, gridBucket, gridStarts } from './grid.js'
import { sortedOrder } from './order.js'
import { collectPeaks, mergePeaks, type Peaks, type PixelSpectrum } from './peaks.js'

const mz = fc.oneof(
  fc.double({ min: 1, max: 5000, noNaN: true }),
  fc.integer({ min: 100, max: 110 }),
  fc.double({ min: 500, max: 500.001, noNaN: true }),
)

describe('sortedOrder', () => {
  it('is the stable order of any keys, crowded or not', () => {
    fc.assert(
      fc.property(fc.array(mz, { maxLength: 400 }), (values) => {
        const keys = Float64Array.from(values)
        const expected = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]! || a - b)
        expect([...sortedOrder(keys)]).toEqual(expected)
      }),
    )
  })

  it('is the stable order of many keys: spread, in clusters, in few values, of wide range, in single precision', () => {
    const shapes: ((i: number) => number)[] = [
      (i) => 100 + ((i * 7919) % 9973) / 7,
      (i) => 100 * (1 + (i % 9)) + ((i * 7919) % 9973) * 1e-8,
      (i) => 500 + (i % 3),
      (i) => 10 ** (-3 + ((i * 7919) % 9973) / 1000),
    ]
    for (const shape of shapes) {
      for (const make of [Float64Array, Float32Array]) {
        const keys = new make(Array.from({ length: 9000 }, (_, i) => shape(i)))
        const expected = [...keys.keys()].sort((a, b) => keys[a]! - keys[b]! || a - b)
        expect(sortedOrder(keys)).toEqual(Uint32Array.from(expected))
      }
    }
  })

  it('sorts a bucket that holds nearly everything', () => {
    const keys = Float64Array.from({ length: 3000 }, (_, i) => (i === 0 ? 1e5 : 500 + ((i * 7919) % 3000) * 1e-7))
    const sorted = [...sortedOrder(keys)].map((i) => keys[i])
    expect(sorted).toEqual([...keys].sort((a, b) => a - b))
  })
})

describe('the m/z grid', () => {
  it('never decreases, and its starts find every row', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.001, max: 1e5, noNaN: true }), { maxLength: 200 }), (values) => {
        const sorted = Float64Array.from(values).sort()
        const starts = gridStarts(sorted)
        expect(starts[GRID_SIZE]).toBe(sorted.length)
        sorted.forEach((value, i) => {
          const b = gridBucket(value)
          expect(starts[b]! <= i && i < starts[b + 1]!).toBe(true)
        })
      }),
    )
  })

  it('is cut into stretches that cover it once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(20), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 12 }),
        (counts, n) => {
          const cuts = cutGrid(counts, n)
          expect(cuts.length).toBeLessThanOrEqual(n)
          expect(cuts[0]![0]).toBe(0)
          expect(cuts.at(-1)![1]).toBe(counts.length)
          for (let i = 1; i < cuts.length; i++) expect(cuts[i]![0]).toBe(cuts[i - 1]![1])
        },
      ),
    )
  })
})

const rows = (peaks: Peaks) => Array.from(peaks.mz, (m, i) => [m, peaks.pixel[i], peaks.intensity[i]])

describe('collectPeaks', () => {
  it('keeps every good peak once, in order, and counts the rest', () => {
    const spectra: PixelSpectrum[] = [
      { pixel: 4, mz: Float64Array.of(300, 100, Number.NaN, 200), intensity: Float32Array.of(1, 2, 3, 0) },
      { pixel: 2, mz: Float64Array.of(100, 1e35, 150, -5), intensity: Float32Array.of(5, 6, Number.NaN, 7) },
      { pixel: 9, mz: new Float64Array(0), intensity: new Float32Array(0) },
    ]
    const { peaks, dropped } = collectPeaks(spectra)
    expect(rows(peaks)).toEqual([
      [100, 4, 2],
      [100, 2, 5],
      [300, 4, 1],
    ])
    expect(dropped).toEqual({ badMz: 3, badIntensity: 1 })
  })

  it('gives the same for a shared axis as for axes of their own', () => {
    const values = fc.double({ min: -5, max: 100, noNaN: true })
    const drawn = fc
      .tuple(fc.array(mz, { minLength: 1, maxLength: 20 }), fc.integer({ min: 2, max: 6 }))
      .chain(([axis, n]) =>
        fc.tuple(
          fc.constant(axis),
          fc.array(fc.array(fc.oneof(fc.constant(0), values), { minLength: axis.length, maxLength: axis.length }), {
            minLength: n,
            maxLength: n,
          }),
        ),
      )
    fc.assert(
      fc.property(drawn, ([axis, intensities]) => {
        const shared = Float64Array.from(axis)
        const as = (mzOf: () => Float64Array) =>
          intensities.map((values, pixel) => ({ pixel, mz: mzOf(), intensity: Float64Array.from(values) }))
        const together = collectPeaks(as(() => shared))
        const apart = collectPeaks(as(() => shared.slice()))
        const order = (peaks: Peaks) => rows(peaks).sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]! || a[2]! - b[2]!)
        expect(order(together.peaks)).toEqual(order(apart.peaks))
        expect(Float64Array.from(together.peaks.mz).sort()).toEqual(Float64Array.from(together.peaks.mz))
      }),
    )
  })

  it('merges chunks', () => {
    const part = (m: number[], pixel: number): Peaks => ({
      mz: Float64Array.from(m),
      intensity: Float64Array.from(m, () => 1),
      pixel: Uint32Array.from(m, () => pixel),
    })
    expect(rows(mergePeaks([part([1, 5], 0), part([2, 5, 9], 1)]))).toEqual([
      [1, 0, 1],
      [2, 1, 1],
      [5, 0, 1],
      [5, 1, 1],
      [9, 1, 1],
    ])
    expect(mergePeaks([]).mz.length).toBe(0)
  })
})
