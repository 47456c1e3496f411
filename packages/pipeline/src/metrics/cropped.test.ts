import fc from 'fast-check'
import { expect, it } from 'vitest'
import { cutAsMetaspace } from '../fixtures/brute/annotate.js'
import { dense } from '../fixtures/brute/dataset.js'
import { chaosScore, IonImages, measureIon, measureOfChaos } from './index.js'

/** Chaos of an ion whose first image is `image`. */
function chaos(image: ArrayLike<number>, width: number, height: number, cropped: boolean): number {
  const images = new IonImages(width * height)
  const pixels = Uint32Array.from(image, (_, p) => p).filter((p) => image[p]! > 0)
  images.add(
    0,
    pixels,
    Float64Array.from(pixels, (p) => image[p]!),
    0,
    pixels.length,
  )
  return measureIon(images, [100, 10, 1, 0], { width, height, sampled: width * height, cropped }).chaos
}

it('closes the gap before the last line, as METASPACE does', () => {
  const column = [31, 0, 186, 31, 2975, 0, 0, 0, 1497]
  expect(chaos(column, 1, 9, false)).toBe(0.6933333333333334)
  expect(chaos(column, 1, 9, true)).toBe(0.8)
  expect(chaos(column, 9, 1, true)).toBe(0.8)
  // What stands alone on two lines vanishes, and not on one.
  expect([chaos([0, 0, 0, 1, 0, 2], 3, 2, false), chaos([0, 0, 0, 1, 0, 2], 3, 2, true)]).toEqual([0, 0.5])
})

it('is the chaos of the image cut word by word', () => {
  const side = fc.integer({ min: 1, max: 14 })
  const image = fc.tuple(side, side).chain(([width, height]) =>
    fc.record({
      width: fc.constant(width),
      height: fc.constant(height),
      points: fc.array(fc.tuple(fc.nat(width * height - 1), fc.integer({ min: 1, max: 40 })), { maxLength: 9 }),
      corner: fc.boolean(),
    }),
  )
  fc.assert(
    fc.property(image, ({ width, height, points, corner }) => {
      const values = new Float32Array(width * height)
      for (const [p, value] of points) values[p] = value
      if (corner) values[values.length - 1] = 7
      const cut = cutAsMetaspace(dense(values, width))
      const flat = Float32Array.from(cut.flatMap((row) => [...row]))
      expect(chaos(values, width, height, true)).toBe(chaosScore(measureOfChaos(flat, cut[0]?.length ?? 0, cut.length)))
    }),
    { numRuns: 500 },
  )
})
