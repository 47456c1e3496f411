import fc from 'fast-check'
import { expect, test } from 'vitest'
import { thin, type VersionCause } from './thinning.js'

const HOUR = 3_600_000
const NOW = 500_000 * HOUR
const version = fc.record({
  at: fc.integer({ min: NOW - 40 * 24 * HOUR, max: NOW }),
  cause: fc.constantFrom<VersionCause>('autosave', 'autosave', 'checkpoint', 'conflict'),
})
const history = fc.array(version, { maxLength: 80 }).map((list) => list.sort((a, b) => a.at - b.at))

test('all of the last hour, one an hour for a day, one a day for a month, checkpoints, and always the newest', () => {
  fc.assert(
    fc.property(history, (versions) => {
      const kept = thin(versions, NOW)
      expect(kept).toEqual(versions.filter((v) => kept.includes(v)))
      expect(kept.at(-1)).toBe(versions.at(-1))
      for (const v of versions) {
        const age = NOW - v.at
        if (age < HOUR || (v.cause === 'checkpoint' && age < 30 * 24 * HOUR)) expect(kept).toContain(v)
        else if (age < 30 * 24 * HOUR) {
          const slot = age < 24 * HOUR ? HOUR : 24 * HOUR
          const near = kept.filter((k) => Math.floor(k.at / slot) === Math.floor(v.at / slot))
          expect(near.length).toBeGreaterThan(0)
        } else if (v !== versions.at(-1)) expect(kept).not.toContain(v)
      }
      expect(kept.filter(({ cause }) => cause !== 'checkpoint').length).toBeLessThanOrEqual(versions.length)
      expect(thin(kept, NOW)).toEqual(kept)
    }),
    { numRuns: 200 },
  )
})

test('two autosaves of one hour of yesterday are one', () => {
  const at = (hours: number) => ({ at: NOW - hours * HOUR, cause: 'autosave' as const })
  expect(thin([at(5), at(4.9), at(4.8), at(0)], NOW)).toEqual([at(4.8), at(0)])
})
