import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fdrCurveSvg, spectrumSvg } from './index.js'
import { scale, ticks } from './svg.js'

it('ticks are round, inside, and about as many as asked for', () => {
  expect(ticks(0, 100, 5)).toEqual([0, 20, 40, 60, 80, 100])
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1e6, noNaN: true }),
      fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
      (min, extent) => {
        const all = ticks(min, min + extent, 5)
        expect(all.length).toBeGreaterThanOrEqual(1)
        expect(all.length).toBeLessThanOrEqual(7)
        for (const tick of all) expect(tick >= min - extent * 1e-6 && tick <= min + extent * (1 + 1e-6)).toBe(true)
      },
    ),
    { numRuns: 200 },
  )
})

it('a scale without extent is widened', () => expect(scale(3, 3, 0, 10).at(3.5)).toBe(5))

it('a spectrum holds every stick and the pattern, and no number that is none', () => {
  const svg = spectrumSvg({
    title: 'C6H12O6<+Na>',
    measured: [
      { mz: 203.0526, intensity: 5 },
      { mz: 204.0559, intensity: 0.4 },
    ],
    theory: [
      { mz: 203.05261, intensity: 100 },
      { mz: 204.056, intensity: 6.7 },
      { mz: 0, intensity: 0 },
    ],
  })
  expect(svg).toContain('C6H12O6&#60;+Na&#62;')
  expect(svg.match(/<circle class="bdot"[^>]*><title>/g)).toHaveLength(2)
  expect(svg).toContain('prefers-color-scheme:dark')
  for (const picture of [svg, spectrumSvg({ title: '', measured: [], theory: [] })])
    expect(picture).not.toMatch(/NaN|Infinity|undefined/)
})

it('an FDR curve counts what lies below each level', () => {
  const svg = fdrCurveSvg([0, 0.04, 0.1, 0.3, 0.9].map((fdr) => ({ fdr })))
  expect(svg).toContain('2 below 5 %, 2 below 10 %, 3 below 20 %, 4 below 50 %')
  for (const picture of [svg, fdrCurveSvg([])]) expect(picture).not.toMatch(/NaN|Infinity|undefined/)
})
