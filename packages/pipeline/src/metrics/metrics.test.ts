import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { haveReference, readJson } from '../fixtures/reference.js'
import {
  chaosScore,
  IonImages,
  massErrors,
  measureOfChaos,
  measureOfChaosSparse,
  scoreImages,
  scoreIon,
  spatialCorrelation,
  spectralCorrelation,
} from './index.js'

const reference = haveReference()

/** The example of the specification: a 2 × 2 block of 9 and one of 3 in a 5 × 6 image. */
const BLOCKS = Float32Array.from([
  ...[0, 0, 0, 0, 0, 0],
  ...[0, 9, 9, 0, 0, 0],
  ...[0, 9, 9, 0, 3, 3],
  ...[0, 0, 0, 0, 3, 3],
  ...[0, 0, 0, 0, 0, 0],
])

/** Measure of chaos word by word: thresholds, dilation, erosion and a flood fill for every level. */
function literalChaos(image: Float32Array, width: number, height: number, levels: number): number {
  const inside = (x: number, y: number) => x >= 0 && y >= 0 && x < width && y < height
  const max = image.reduce((most, value) => Math.max(most, value), 0)
  const positive = image.filter((value) => value > 0).length
  let objects = 0
  for (let i = 0; i < levels; i++) {
    const bound = Math.fround(Math.fround(max * i) / levels)
    const over = (x: number, y: number) => inside(x, y) && image[y * width + x] > bound
    const dilated = (x: number, y: number) =>
      over(x, y) || over(x - 1, y) || over(x + 1, y) || over(x, y - 1) || over(x, y + 1)
    const kept = new Set<number>()
    for (let p = 0; p < image.length; p++) {
      const x = p % width
      const y = (p - x) / width
      const around = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => [x + dx, y + dy]))
      if (around.every(([nx, ny]) => !inside(nx, ny) || dilated(nx, ny))) kept.add(p)
    }
    for (const start of kept) {
      objects++
      const stack = [start]
      kept.delete(start)
      for (let p = stack.pop(); p !== undefined; p = stack.pop()) {
        const x = p % width
        const neighbours = [p - width, p + width, ...(x > 0 ? [p - 1] : []), ...(x + 1 < width ? [p + 1] : [])]
        for (const q of neighbours) if (kept.delete(q)) stack.push(q)
      }
    }
  }
  return positive === 0 ? Number.NaN : 1 - objects / levels / positive
}

/** Images with holes, plateaus, noise and values that lie on level bounds. */
const image = fc.tuple(fc.integer({ min: 1, max: 14 }), fc.integer({ min: 1, max: 14 })).chain(([width, height]) =>
  fc
    .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 30 }), fc.float({ min: 0, max: 50, noNaN: true })), {
      minLength: width * height,
      maxLength: width * height,
    })
    .map((values) => ({ width, height, values: Float32Array.from(values) })),
)

function touchedOf(values: ArrayLike<number>) {
  const pixels = Uint32Array.from(Array.from(values, (value, p) => (value === 0 ? -1 : p)).filter((p) => p >= 0))
  return { pixels, values: Float32Array.from(pixels, (p) => values[p]) }
}

describe('measureOfChaos', () => {
  it('is that of the example', () => {
    expect(measureOfChaos(BLOCKS, 6, 5)).toBe(1 - 10 / 30 / 8)
  })

  it('is NaN for nothing, 0 for one pixel, 1 for specks', () => {
    expect(measureOfChaos(new Float32Array(12), 4, 3)).toBeNaN()
    expect(measureOfChaos(Float32Array.of(5), 1, 1)).toBe(0)
    expect(measureOfChaos(Float32Array.of(0, 0, 0, 0, 5, 0, 0, 0, 0), 3, 3)).toBe(1)
    expect([Number.NaN, 1, 0.999995, 0.9].map(chaosScore)).toEqual([0, 0, 0, 0.9])
  })

  it('equals the literal computation, dense and sparse', () => {
    fc.assert(
      fc.property(image, fc.constantFrom(1, 10, 30, 127), ({ width, height, values }, levels) => {
        const expected = literalChaos(values, width, height, levels)
        expect(measureOfChaos(values, width, height, levels)).toEqual(expected)
        const { pixels, values: touched } = touchedOf(values)
        expect(measureOfChaosSparse(pixels, touched, pixels.length, width, height, levels)).toEqual(expected)
      }),
      { numRuns: 200 },
    )
  })

  it('refuses wrong sizes and levels', () => {
    expect(() => measureOfChaos(BLOCKS, 5, 5)).toThrowError(expect.objectContaining({ code: 'E_IMAGE_SIZE' }))
    expect(() => measureOfChaos(BLOCKS, 6, 5, 0)).toThrowError(expect.objectContaining({ code: 'E_CHAOS_LEVELS' }))
  })
})

describe('correlations', () => {
  const images = [
    Float64Array.of(4, 2, 0, 0),
    Float64Array.of(2, 1, 0, 1),
    Float64Array.of(0, 0.5, 0, 0),
    Float64Array.of(0, 0, 0, 0),
  ]
  const theoretical = [100, 50, 10, 0]

  it('are those of the example', () => {
    expect(spectralCorrelation(images, theoretical)).toBeCloseTo(0.9959047700761161, 14)
    expect(spatialCorrelation(images, theoretical)).toBeCloseTo(0.7396819971779843, 14)
  })

  it('are 0 where they are not defined', () => {
    expect(spectralCorrelation([new Float64Array(4), null, null, null], theoretical)).toBe(0)
    expect(spatialCorrelation([Float64Array.of(1, 0, 0, 0), images[1], null, null], theoretical)).toBe(0)
    expect(spatialCorrelation([images[0], null, null, null], [100, 0, 0, 0])).toBe(0)
    expect(spatialCorrelation([null, images[1], null, null], theoretical)).toBe(0)
  })

  it('refuse images that do not belong together', () => {
    const image = Float32Array.of(1, 2, 3, 4)
    for (const run of [
      () => spectralCorrelation([image, image], [1]),
      () => spectralCorrelation([image, Float32Array.of(1)], [1, 2]),
      () => spatialCorrelation([null, image, Float32Array.of(1)], [1, 2, 3]),
      () => spatialCorrelation([image, null], [1, 2], Uint8Array.of(1)),
    ])
      expect(run).toThrowError(expect.objectContaining({ code: 'E_IMAGE_SIZE' }))
    expect(spectralCorrelation([], [])).toBe(0)
  })

  it('leave pixels outside the mask out', () => {
    const mask = Uint8Array.of(1, 1, 1, 0)
    const inside = images.map((plane) => plane.slice(0, 3))
    expect(spatialCorrelation(images, theoretical, mask)).toBe(spatialCorrelation(inside, theoretical))
  })
})

describe('scoreIon', () => {
  it('equals the dense scores, and forgets the ion before', () => {
    const box = { width: 6, height: 5, sampled: 30 }
    const images = new IonImages(30)
    const plane = fc.array(fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 1000 })), {
      minLength: 30,
      maxLength: 30,
    })
    fc.assert(
      fc.property(fc.tuple(plane, plane, plane, plane), (planes) => {
        images.clear()
        planes.forEach((values, k) => {
          const { pixels, values: hits } = touchedOf(values)
          // Two hits a pixel, in two calls: intensities add up.
          images.add(k, pixels, hits, 0, pixels.length)
          images.add(k, pixels, hits, 0, pixels.length)
        })
        const dense = planes.map((values) => Float64Array.from(values, (value) => 2 * value))
        const theoretical = [100, 40, 20, 5]
        const expected = scoreImages(dense, theoretical, 6, 5)
        const found = scoreIon(images, theoretical, box)
        expect(found === null).toBe(expected === null)
        if (!found || !expected) return
        for (const name of ['chaos', 'spatial', 'spectral', 'msm'] as const) {
          expect(found[name]).toBeCloseTo(expected[name], 12)
        }
        expect(found.msm).toBe(found.chaos * found.spatial * found.spectral)
        dense.forEach((values, k) => {
          expect(found.total[k]).toBe(values.reduce((sum, value) => sum + value, 0))
          expect(found.min[k]).toBe(Math.min(...values))
          expect(found.max[k]).toBe(Math.max(...values))
          expect([...images.sparse(k).values]).toEqual([...values.filter((value) => value > 0)])
        })
      }),
    )
  })

  it('asks for the first image and one more', () => {
    const images = new IonImages(4)
    const hits = { pixels: Uint32Array.of(0, 1), values: Float32Array.of(3, 4) }
    images.add(1, hits.pixels, hits.values, 0, 2)
    expect(scoreIon(images, [100, 50, 0, 0], { width: 2, height: 2, sampled: 4 })).toBeNull()
    images.clear()
    images.add(0, hits.pixels, hits.values, 0, 2)
    expect(scoreIon(images, [100, 50, 0, 0], { width: 2, height: 2, sampled: 4 })).toBeNull()
  })

  it('finds no correlation in flat images, whatever their rounding', () => {
    const images = new IonImages(30)
    const pixels = Uint32Array.from({ length: 30 }, (_, p) => p)
    const flat = new Float64Array(30).fill(0.1)
    for (let k = 0; k < 4; k++) images.add(k, pixels, flat, 0, 30)
    expect(scoreIon(images, [100, 50, 20, 10], { width: 6, height: 5, sampled: 30 })).toBeNull()
    expect(spatialCorrelation([flat, flat, flat, flat], [100, 50, 20, 10])).toBe(0)
  })
})

describe.skipIf(!reference)('reference images', () => {
  const cases = reference ? readJson('metrics_images.json').cases : []
  const number = (value: number | 'nan') => (value === 'nan' ? Number.NaN : value)

  it('has the same metrics', () => {
    expect(cases.length).toBeGreaterThan(40)
    for (const { name, width, height, images, mask, theor_ints: theoretical, ref } of cases) {
      const planes = images.map(({ idx, val }: { idx: number[]; val: number[] }) => {
        const plane = new Float32Array(width * height)
        idx.forEach((p, i) => {
          plane[p] = val[i]
        })
        return plane
      })
      expect([name, measureOfChaos(planes[0], width, height)]).toEqual([name, number(ref.chaos_cpp_30)])
      expect([name, measureOfChaos(planes[0], width, height, 10)]).toEqual([name, number(ref.chaos_cpp_10)])
      expect(chaosScore(measureOfChaos(planes[0], width, height))).toBe(ref.prod_chaos)
      const wide = planes.map((plane: Float32Array) => Float64Array.from(plane))
      const spectral = spectralCorrelation(wide, theoretical)
      expect(Math.abs(spectral - (number(ref.spectral_f64) || 0)), name).toBeLessThan(1e-9)
      const spatial = spatialCorrelation(wide, theoretical, mask === null ? undefined : Uint8Array.from(mask))
      expect(Math.abs(spatial - ref.spatial_v1), name).toBeLessThan(1e-9)
    }
  })
})

describe('massErrors', () => {
  it('are weighted means of what was hit', () => {
    // Isotope 0 is hit at 100.5 and, three times as strongly, at 101; isotope 1 at 102; the others not at all.
    const hits = {
      mz: Float64Array.of(100.5, 101, 102),
      intensity: Float32Array.of(1, 3, 7),
      from: [0, 2, 3, 3],
      to: [2, 3, 3, 3],
    }
    const found = massErrors(hits, [100.75, 101.5, 103, 0], [100, 60, 20, 0])
    expect([...found.mean]).toEqual([100.875, 102, 103, 0])
    expect([...found.stddev]).toEqual([Math.sqrt(0.25 * 0.375 ** 2 + 0.75 * 0.125 ** 2), 0, 0, 0])
    expect(found.absolute).toBe(0.125)
    expect(found.relative).toBeCloseTo((60 * (0.5 - 0.125) + 20 * (0 - 0.125)) / 80, 14)
  })

  it('are 0 without hits', () => {
    const none = { mz: new Float64Array(0), intensity: new Float64Array(0), from: [0, 0, 0, 0], to: [0, 0, 0, 0] }
    expect(massErrors(none, [100, 0, 0, 0], [100, 0, 0, 0])).toMatchObject({ absolute: 0, relative: 0 })
  })
})
