import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { checkIbd, parseImzML } from '../imzml/index.js'
import { coreFormulas } from '../moldb/compile.js'
import { readCsv } from '../validation/csv.js'
import { generateDataset } from './generate.js'
import { exp, log, sin } from './maths.js'
import { normalQuantile, Random } from './random.js'
import { drawTissue, REGIONS } from './tissue.js'
import { writeDataset } from './write.js'

const folder = mkdtempSync(join(tmpdir(), 'mayfly-synthetic-'))
afterAll(() => rmSync(folder, { recursive: true }))

const formulas = coreFormulas().filter((_, i) => i % 20 === 0)
const small = { width: 16, height: 14, formulas, compounds: 20, ghosts: 30, peaks: 120 }

describe('own functions', () => {
  it('agree with those of Math', () => {
    const same = (low: number, high: number, error: (x: number) => number) => {
      const numbers = fc.double({ min: low, max: high, noNaN: true })
      fc.assert(
        fc.property(numbers, (x) => {
          expect(Math.abs(error(x))).toBeLessThan(1e-12)
        }),
      )
    }
    same(-700, 700, (x) => exp(x) / Math.exp(x) - 1)
    same(1e-300, 1e300, (x) => log(x) - Math.log(x))
    same(-1000, 1000, (x) => sin(x) - Math.sin(x))
    expect([exp(-1000), exp(1000), exp(0), log(1)]).toEqual([0, Number.POSITIVE_INFINITY, 1, 0])
  })

  it('give normal quantiles', () => {
    for (const [p, z] of [
      [0.5, 0],
      [0.975, 1.959963984540054],
      [0.999, 3.090232306167813],
      [1e-6, -4.753424308822899],
    ] as const)
      expect(normalQuantile(p)).toBeCloseTo(z, 7)
  })
})

describe('random numbers', () => {
  it('depend on every key and on nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 4 }), (keys) => {
        const draw = (...k: number[]) => {
          const random = new Random(...k)
          return Array.from({ length: 5 }, () => random.uniform())
        }
        expect(draw(...keys)).toEqual(draw(...keys))
        expect(draw(...keys)).not.toEqual(draw(...keys, 1))
        for (const x of draw(...keys)) expect(x > 0 && x < 1).toBe(true)
      }),
    )
  })

  it('have the moments they should', () => {
    const random = new Random(5)
    const n = 50_000
    const normals = Array.from({ length: n }, () => random.normal())
    const mean = normals.reduce((a, b) => a + b, 0) / n
    expect(Math.abs(mean)).toBeLessThan(0.02)
    expect(Math.abs(normals.reduce((a, b) => a + (b - mean) ** 2, 0) / n - 1)).toBeLessThan(0.03)
    const counts = Array.from({ length: n }, () => random.poisson(4))
    expect(Math.abs(counts.reduce((a, b) => a + b, 0) / n - 4)).toBeLessThan(0.05)
  })
})

describe('the section', () => {
  it.each([20260101, 1, 2, 3])('has a tissue with parts, off the border (seed %d)', (seed) => {
    const tissue = drawTissue(50, 50, seed)
    const covered = new Array<number>(REGIONS.length).fill(0)
    const values = new Float64Array(REGIONS.length)
    let sampled = 0
    for (let y = 0; y < 50; y++)
      for (let x = 0; x < 50; x++) {
        if (!tissue.isSampled(x, y)) continue
        sampled++
        tissue.concentrations(x, y, values)
        for (const [r, value] of values.entries()) if (value > 0.2) covered[r]!++
      }
    expect(sampled).toBeGreaterThan(1200)
    expect(sampled).toBeLessThan(2200)
    for (const [r, name] of REGIONS.entries()) expect(covered[r], name).toBeGreaterThan(name === 'hot' ? 0 : 15)
  })

  it('is the same for a seed, and another for another', () => {
    const peaks = (seed: number) => [...generateDataset({ ...small, seed }).spectra()].map(({ mz }) => mz)
    expect(peaks(1)).toEqual(peaks(1))
    expect(peaks(1)).not.toEqual(peaks(2))
  })

  it('is the same in any order of its pixels', () => {
    const dataset = generateDataset(small)
    const all = [...dataset.spectra()]
    const seen = dataset.seen.slice()
    dataset.seen.fill(0)
    const parts = [160, 40, 0].map((from, i) => [...dataset.spectra(from, [224, 160, 40][i])])
    expect(parts.reverse().flat()).toEqual(all)
    expect(dataset.seen).toEqual(seen)
  })

  it('has anions in negative mode', () => {
    const dataset = generateDataset({ ...small, polarity: '-' })
    const peaks = [...dataset.spectra()].reduce((sum, { mz }) => sum + mz.length, 0)
    expect(peaks).toBeGreaterThan(1000)
    const compounds = dataset.truth().filter(({ kind }) => kind === 'compound')
    expect(new Set(compounds.map(({ adduct }) => adduct))).toEqual(new Set(['-H', '+Cl']))
  })

  it('has about the wanted number of peaks', () => {
    for (const peaks of [200, 600]) {
      const spectra = [...generateDataset({ ...small, peaks }).spectra()]
      const mean = spectra.reduce((sum, { mz }) => sum + mz.length, 0) / spectra.length
      expect(mean / peaks).toBeGreaterThan(0.85)
      expect(mean / peaks).toBeLessThan(1.15)
    }
  })

  it.each(['Orbitrap', 'FTICR', 'TOF'] as const)('has no two peaks nearer than the %s resolves', (analyser) => {
    const width = { Orbitrap: (m: number) => m ** 1.5 / (140_000 * Math.sqrt(200)) }[analyser as 'Orbitrap']
    const { spectra } = generateDataset({ ...small, analyser })
    let near = 0
    let all = 0
    for (const { mz, intensity } of spectra()) {
      expect(mz.length).toBe(intensity.length)
      for (let i = 1; i < mz.length; i++) {
        const distance = (mz[i] as number) - (mz[i - 1] as number)
        expect(distance).toBeGreaterThanOrEqual(0)
        all++
        if (width && distance < 0.7 * width(mz[i] as number)) near++
      }
    }
    // Only side lobes may come so near.
    expect(near / all).toBeLessThan(0.02)
  })

  it('saturates where told', () => {
    const strongest = (saturation?: number) =>
      Math.max(
        ...[...generateDataset({ ...small, ...(saturation ? { saturation } : {}) }).spectra()].map(({ intensity }) =>
          Math.max(0, ...Array.from(intensity)),
        ),
      )
    expect(strongest()).toBeGreaterThan(1e5)
    expect(strongest(5e4)).toBe(5e4)
  })

  it('knows its truth: what was put in, and what is searched for in the same signal', () => {
    const dataset = generateDataset(small)
    const spectra = [...dataset.spectra()]
    const truth = dataset.truth()
    expect(truth.some(({ annotatable }) => annotatable)).toBe(true)
    const putIn = new Set(truth.filter(({ amplitude }) => amplitude > 0).map(({ ion_formula }) => ion_formula))
    for (const { formula, kind, pixels, annotatable, ion_formula, regions, amplitude } of truth) {
      expect(pixels).toBeLessThanOrEqual(spectra.length)
      expect(annotatable).toBe(pixels >= 10)
      if (kind === 'compound') expect(formulas).toContain(formula)
      if (amplitude > 0) continue
      expect(putIn).toContain(regions)
      expect(putIn.has(ion_formula)).toBe(kind === 'same')
    }
  })

  it.each([
    { width: 0 },
    { seed: 1.5 },
    { compounds: 0 },
    { mzMin: 500, mzMax: 510 },
    { resolvingPower: 1 },
    { saturation: 0 },
    { formulas: [] },
    { mode: 'continuous', axis: 'wide' },
    { axis: 'profile' },
    { analyser: 'Quadrupole' },
    { mode: 'continuous', axis: 'profile', bins: 100 },
  ])('refuses %o', (wrong) => {
    expect(() => generateDataset({ ...small, ...(wrong as object) })).toThrow(
      expect.objectContaining({ code: 'E_SYNTH_OPTION' }),
    )
  })
})

describe('a continuous data set', () => {
  it('has one axis of features, with zeros', () => {
    const spectra = [...generateDataset({ ...small, mode: 'continuous', bins: 80 }).spectra()]
    const axis = spectra[0]!.mz as Float64Array
    expect(axis.length).toBeGreaterThan(60)
    expect(axis.length).toBeLessThanOrEqual(80)
    for (let i = 1; i < axis.length; i++) expect(axis[i]! > axis[i - 1]!).toBe(true)
    for (const { mz } of spectra) expect(mz).toBe(axis)
  })

  it('or of points along the shape of peaks', () => {
    const options = {
      ...small,
      width: 8,
      height: 8,
      mode: 'continuous',
      axis: 'profile',
      analyser: 'TOF',
      mzMax: 300,
    } as const
    const spectra = [...generateDataset(options).spectra()]
    const { mz, intensity } = spectra[20]!
    // A constant number of points for each width: constant relative distance on a TOF.
    const ratio = (mz[1] as number) / (mz[0] as number)
    for (let i = 2; i < mz.length; i += 997) expect((mz[i] as number) / (mz[i - 1] as number)).toBeCloseTo(ratio, 9)
    const centroids = [...generateDataset({ ...options, mode: 'processed', axis: 'centroid' }).spectra()][20]!
    const highest = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => Math.max(a, b))
    expect(highest(intensity) / highest(centroids.intensity)).toBeCloseTo(1, 0)
  })
})

describe('files', () => {
  const digest = (file: string) => createHash('sha1').update(readFileSync(file)).digest('hex')

  it.each(['processed', 'continuous'] as const)('%s: imzML, ibd and truth that fit together', async (mode) => {
    const written = await writeDataset(folder, { ...small, mode, bins: 80, name: mode })
    const imzml = parseImzML(readFileSync(written.imzml), written.imzml)
    expect(imzml).toMatchObject({
      mode,
      sharedAxis: mode === 'continuous',
      count: written.spectra,
      polarity: 'positive',
    })
    checkIbd(imzml, statSync(written.ibd).size, readFileSync(written.ibd).subarray(0, 16))
    expect(imzml.checksum).toEqual({ algorithm: 'sha1', hex: digest(written.ibd) })
    expect(statSync(written.ibd).size).toBe(written.bytes)
    const truth = readCsv(readFileSync(written.truth, 'utf8'), 'truth')
    expect(Object.keys(truth[0]!)).toEqual(
      'formula,adduct,ion_formula,kind,regions,amplitude,mz,charge,pixels,annotatable'.split(','),
    )
  })

  it('are these bytes, everywhere', async () => {
    const digests: Record<string, string> = {}
    for (const mode of ['processed', 'continuous'] as const) {
      const { ibd, imzml, truth } = await writeDataset(folder, { ...small, mode, bins: 80, name: `bytes-${mode}` })
      digests[mode] = [ibd, imzml, truth].map((file) => digest(file).slice(0, 8)).join(' ')
    }
    expect(digests).toEqual({
      processed: '04e8cf43 a99e47ae 7dabfe19',
      continuous: '618c7023 893947cf 7dabfe19',
    })
  })

  it('leave nothing behind when cancelled, and keep what was there', async () => {
    const place = mkdtempSync(join(folder, 'cancel-'))
    writeFileSync(join(place, 'section.imzML'), 'mine')
    writeFileSync(join(place, '.section.ibd.999999999.part'), 'of a process that is gone')
    const controller = new AbortController()
    const going = writeDataset(place, {
      ...{ ...small, width: 300, height: 300, workers: 1 },
      signal: controller.signal,
      onProgress: ({ done, total, elapsed, remaining, bytes }) => {
        expect(readdirSync(place).length).toBe(4)
        expect(done).toBeLessThan(total)
        expect(Math.min(elapsed, remaining, bytes)).toBeGreaterThan(0)
        controller.abort()
      },
    })
    await expect(going).rejects.toMatchObject({ code: 'E_CANCELLED' })
    expect(readdirSync(place)).toEqual(['section.imzML'])
    expect(readFileSync(join(place, 'section.imzML'), 'utf8')).toBe('mine')
    expect(existsSync(join(place, 'section-truth.csv'))).toBe(false)
  })
})
