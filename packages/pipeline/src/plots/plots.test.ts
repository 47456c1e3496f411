import fc from 'fast-check'
import { expect, it } from 'vitest'
import { bestAnnotations } from '../best-annotations.js'
import { computeIsotopePattern } from '../isotopes/index.js'
import type { Search } from '../search.js'
import type { Annotation } from '../types.js'
import { annotationTitle, fdrCurveSvg, ionPicture, ionSpectrum, spectrumSvg, timelineLinks } from './index.js'
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

const annotation = (full_mol: string, formula_i: number, msm: number, fdr = 0.05) =>
  ({ full_mol, formula_i, msm, fdr, ion_formula: 'C6H12NaO6' }) as Annotation

it('the best annotations come once for each ion, and are told as in the reference', () => {
  const all = [annotation('B+H', 2, 0.5), annotation('A+Na', 1, 0.9841), annotation('A-H2O+H', 1, 0.9841)]
  expect(bestAnnotations(all).map(({ full_mol }) => full_mol)).toEqual(['A+Na', 'B+H'])
  expect(bestAnnotations(all, 1)).toHaveLength(1)
  expect(bestAnnotations([])).toEqual([])
  expect(annotationTitle(all[1] as Annotation)).toBe('A+Na - MSM 0.984 FDR 5%')
})

it('an ion picture clips hot pixels, and shows nothing where nothing was measured', () => {
  const image = { formula_i: 1, full_mol: 'A+H', isotope: 0, width: 20, height: 10 }
  const values = Float64Array.from({ length: 200 }, (_, i) => (i === 7 ? 1e6 : i % 10))
  const mask = new Uint8Array(200).fill(1, 0, 199)
  const { values: drawn, options } = ionPicture({ ...image, values, mask }, 'title')
  expect(options).toEqual({ width: 20, min: 0, max: 9, unit: 'intensity', title: 'title', scale: 11 })
  expect([drawn[5], drawn[7], drawn[199]]).toEqual([5, 1e6, Number.NaN])
  const single = Float64Array.from({ length: 200 }, (_, i) => (i === 3 ? 4 : 0))
  expect(ionPicture({ ...image, values: single, mask }, '').options.max).toBe(4)
  expect(ionPicture({ ...image, values: new Float64Array(200), mask }, '').options.max).toBe(1)
})

it('the spectrum of an ion is read around the pattern it was searched with', async () => {
  const settings = { mode: 'metaspace-v3', sigma: 0.001238, charge: 1, instrument: 'FTICR' } as const
  const asked: number[] = []
  const source = {
    search: settings as unknown as Search,
    getSpectrum: async (from: number, to: number) => {
      asked.push(from, to)
      return { mz: Float64Array.of(203.0526), intensity: Float64Array.of(7) }
    },
  }
  const plot = await ionSpectrum(source, annotation('C6H12O6+Na', 1, 1))
  const { mz } = computeIsotopePattern('C6H12NaO6', settings)
  const wanted = [...mz].filter((at) => at > 0)
  expect(plot.theory.map((peak) => peak.mz)).toEqual(wanted)
  expect(plot.measured).toEqual([{ mz: 203.0526, intensity: 7 }])
  expect(asked).toEqual([Math.min(...wanted) - 0.5, Math.max(...wanted) + 0.5])
})

it('every step with a run has its link, those of one run a common one', () => {
  const row = { Actions: 1, Memory: 1, AvgRuntime: 1, Cost: 0, CloudObjects: 0, Cached: false }
  const rows = [
    { Function: 'a', Run: 'r/1' },
    { Function: 'b', Run: 'r/1' },
    { Function: 'c', Run: 'r2' },
    { Function: 'd' },
  ].map((more) => ({ ...row, Where: 'functions' as const, Resumed: 0, ...more }))
  expect(timelineLinks(rows)).toBe('Timelines: [a, b](/runs/r%2F1) · [c](/runs/r2)')
  expect(timelineLinks([])).toBe('')
})
