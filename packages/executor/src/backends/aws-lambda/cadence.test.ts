/** How often answers are looked for. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Experience, fairInterval, LONGEST_MS, nextLook, SHORTEST_MS, untilLook } from './cadence.js'

const NEVER_FAIR = Number.POSITIVE_INFINITY

/** Looks until a call of `took` ms is found: how many, and how late it is found. */
function follow(took: number, span: Experience['span'], fair = NEVER_FAIR) {
  let [age, looks] = [0, 0]
  while (looks === 0 || age < took) {
    age += nextLook([age], span, fair, 0)
    looks++
  }
  return { looks, late: age - took }
}

describe('answers', () => {
  it('are found late by a tenth of what their calls take, or a moment, for few looks', () => {
    for (const took of [1, 40, 300, 1000, 5000, 9999]) {
      const { looks, late } = follow(took, undefined)
      expect(late).toBeLessThanOrEqual(Math.max(SHORTEST_MS, took / 10))
      expect(looks).toBeLessThan(50)
    }
    expect(follow(60_000, undefined).looks).toBeLessThan(90)
  })

  it('are looked for more closely where others of their kind have come, and seldom before', () => {
    const known = new Experience()
    for (let i = 0; i < 20; i++) known.add(30_000 + 10 * i)
    const { looks, late } = follow(30_100, known.span)
    expect(looks).toBeLessThan(70)
    expect(late).toBeLessThan(350)
    // Nor then because there are many; but one may be unlike all others.
    expect(untilLook(10_000, known.span, SHORTEST_MS)).toBe(1000)
    expect(untilLook(200, known.span, SHORTEST_MS)).toBe(SHORTEST_MS)
  })

  it('that take longer than any before are looked for less and less', () => {
    const known = new Experience()
    known.add(100)
    expect(untilLook(100, known.span, NEVER_FAIR)).toBe(SHORTEST_MS)
    expect(untilLook(30_000, known.span, NEVER_FAIR)).toBe(LONGEST_MS)
  })

  it('of many are looked for as often as it is worth', () => {
    const [list, second] = [0.000005, 0.0000288]
    expect(fairInterval(1, list, second)).toBeGreaterThan(LONGEST_MS)
    expect(untilLook(600_000, undefined, fairInterval(1, list, second))).toBe(LONGEST_MS)
    expect(untilLook(600_000, undefined, fairInterval(1000, list, second))).toBe(100)
    expect([fairInterval(0, list, second), fairInterval(5, list, 0)]).toEqual([LONGEST_MS, LONGEST_MS])
  })

  it('are never looked for without a pause, nor forgotten', () => {
    const ms = fc.double({ min: 0, max: 1e7, noNaN: true })
    const property = fc.property(
      fc.array(ms, { maxLength: 20 }),
      fc.array(ms, { maxLength: 100 }),
      ms,
      ms,
      (ages, had, fair, look) => {
        const known = new Experience()
        for (const one of had) known.add(one)
        const next = nextLook(ages, known.span, fair, look)
        expect(next).toBeGreaterThanOrEqual(Math.min(LONGEST_MS, Math.max(SHORTEST_MS, 4 * look)))
        expect(next).toBeLessThanOrEqual(LONGEST_MS)
      },
    )
    fc.assert(property, { numRuns: 200 })
  })
})
