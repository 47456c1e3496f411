import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scoreImages } from '../metrics/index.js'
import { annotateIons, COUNTED, KEPT } from './annotate.js'
import { hitRanges } from './sweep.js'

const sorted = (values: number[]) => Float64Array.from(values).sort()
const near = fc.double({ min: 100, max: 100.02, noNaN: true })
const anyMz = fc.oneof(near, fc.double({ min: 50, max: 2000, noNaN: true }))

describe('hitRanges', () => {
  it('finds what a search of every window finds', () => {
    fc.assert(
      fc.property(
        fc.array(anyMz, { maxLength: 200 }),
        fc.array(fc.oneof(anyMz, fc.constant(0)), { maxLength: 60 }),
        fc.constantFrom(3, 50),
        (data, centres, ppm) => {
          const mz = sorted(data)
          const { from, to } = hitRanges(mz, Float64Array.from(centres), ppm)
          centres.forEach((centre, i) => {
            const half = centre * ppm * 1e-6
            const expected = [...mz.keys()].filter(
              (k) => centre > 0 && mz[k]! >= centre - half && mz[k]! <= centre + half,
            )
            expect(Array.from({ length: to[i]! - from[i]! }, (_, k) => from[i]! + k)).toEqual(expected)
          })
        },
      ),
    )
  })

  it('takes both ends of the window', () => {
    const half = 500 * 3 * 1e-6
    const mz = Float64Array.of(500 - 2 * half, 500 - half, 500, 500 + half, 500 + 2 * half)
    expect(hitRanges(mz, Float64Array.of(500), 3)).toEqual({ from: Uint32Array.of(1), to: Uint32Array.of(4) })
  })
})

describe('annotateIons', () => {
  const width = 6
  const height = 5
  const point = fc.record({
    k: fc.nat(3),
    pixel: fc.nat(width * height - 1),
    intensity: fc.integer({ min: 1, max: 100 }),
  })

  it('scores as the dense images do', () => {
    const mz = [200, 201.003, 202.006, 203.01]
    const ints = [100, 40, 10, 2]
    fc.assert(
      fc.property(fc.array(point, { minLength: 5, maxLength: 120 }), (points) => {
        points.sort((a, b) => a.k - b.k)
        const peaks = {
          mz: Float64Array.from(points, ({ k }) => mz[k]!),
          intensity: Float64Array.from(points, ({ intensity }) => intensity),
          pixel: Uint32Array.from(points, ({ pixel }) => pixel),
        }
        const ions = { formula: Uint32Array.of(7), mz: Float64Array.from(mz), ints: Float64Array.from(ints) }
        const found = annotateIons(peaks, ions, { width, height, sampled: width * height })
        const images = mz.map((_, k) => {
          const own = points.filter((p) => p.k === k)
          if (own.length === 0) return null
          const image = new Float64Array(width * height)
          for (const { pixel, intensity } of own) image[pixel] = image[pixel]! + intensity
          return image
        })
        const several = images[0] !== null && images.slice(1).some((image) => image !== null)
        const expected = several ? scoreImages(images, ints, width, height) : null
        expect(found.formula.length).toBe(expected ? 1 : 0)
        if (!expected) return
        expect(found.msm[0]).toBeCloseTo(expected.msm, 12)
        for (const [k, image] of images.entries()) {
          const dense = new Float64Array(width * height)
          for (let at = found.imageStart[k]!; at < found.imageStart[k + 1]!; at++)
            dense[found.pixel[at]!] = found.value[at]!
          expect(dense).toEqual(image ?? new Float64Array(width * height))
          expect(found.total[k]).toBeCloseTo(
            dense.reduce((a, b) => a + b, 0),
            9,
          )
          expect(found.max[k]).toBe(Math.max(...dense))
          expect(found.min[k]).toBe(Math.min(...dense))
        }
      }),
    )
  })

  it('takes the least intensity as METASPACE does, and keeps no images of decoys that score nothing', () => {
    const peaks = { mz: Float64Array.of(200, 200), intensity: Float64Array.of(5, 7), pixel: Uint32Array.of(0, 1) }
    const one = (targeted: number, metaspace: boolean) =>
      annotateIons(
        peaks,
        {
          ...{ formula: Uint32Array.of(1), targeted: Uint8Array.of(targeted) },
          ...{ mz: Float64Array.of(200, 201, 202, 203), ints: Float64Array.of(100, 40, 10, 2) },
        },
        { width: 2, height: 1, sampled: 2, metaspace },
      )
    expect(one(KEPT, false)).toMatchObject({ min: Float64Array.of(5, 0, 0, 0), value: Float64Array.of(5, 7) })
    expect(one(KEPT, true)).toMatchObject({ min: Float64Array.of(0, 0, 0, 0), value: Float64Array.of(5, 7) })
    // Its chaos is 0.5 though its spatial correlation is 0.
    expect(one(COUNTED, true)).toMatchObject({
      ...{ chaos: Float64Array.of(0.5), spatial: Float64Array.of(0), msm: Float64Array.of(0) },
      value: new Float64Array(0),
    })
    expect(one(0, true).formula).toHaveLength(0)
  })
})
