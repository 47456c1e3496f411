import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Brake } from './brake.js'

it('gives the share to who wants more, and all that is wanted to who wants less', () => {
  const shares = fc.double({ min: 0.07, max: 3, noNaN: true })
  const looks = fc.array(fc.integer({ min: 20, max: 90 }), { minLength: 200, maxLength: 300 })
  fc.assert(
    fc.property(shares, fc.constantFrom(0.05, 1, 2), looks, (share, wanted, intervals) => {
      const brake = new Brake(share, 0)
      let [at, used, held] = [0, 0, false]
      for (const ms of intervals) {
        at += ms
        used += held ? 0 : wanted * ms
        held = brake.holds(at, used)
      }
      // He may be caught at the end of his turn, or before it, having saved a little.
      const slack = wanted < 0.9 * share ? 1e-6 : 90 * wanted + 190 * share
      expect(Math.abs(used - Math.min(wanted, share) * at)).toBeLessThanOrEqual(slack)
    }),
    { numRuns: 100 },
  )
})

it('keeps little of a time that was idle, and does not charge what others used who have ended', () => {
  const brake = new Brake(0.5, 0)
  const looks = [10_000, 10_100, 10_200, 10_300, 10_400].map((at, i) => brake.holds(at, [0, 200, 200, 200, 20][i]!))
  expect(looks).toEqual([false, true, true, false, false])
})
