import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { checkIbd, parseImzML } from '../imzml/index.js'
import { coreFormulas } from '../moldb/compile.js'
import { generateDataset } from './generate.js'
import { Random } from './random.js'
import { drawTissue } from './tissue.js'
import { writeDataset } from './write.js'

const folder = mkdtempSync(join(tmpdir(), 'mayfly-synthetic-'))
afterAll(() => rmSync(folder, { recursive: true }))

const formulas = coreFormulas().filter((_, i) => i % 20 === 0)
const small = { width: 16, height: 14, formulas, compounds: 20, ghosts: 30, peaks: 120 }

describe('random numbers', () => {
  it('depend on every key and on nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 4 }), (keys) => {
        const draw = (...k: number[]) =>
          Array.from(
            { length: 5 },
            function (this: Random) {
              return this.uniform()
            },
            new Random(...k),
          )
        expect(draw(...keys)).toEqual(draw(...keys))
        expect(draw(...keys)).not.toEqual(draw(...keys, 1))
        for (const x of draw(...keys)) expect(x >= 0 && x < 1).toBe(true)
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
  it('has a tissue with parts, off the border', () => {
    const { sampled, patterns } = drawTissue(50, 50, 20260101)
    expect(sampled.length).toBeGreaterThan(1200)
    expect(sampled.length).toBeLessThan(2500)
    for (const [name, pattern] of Object.entries(patterns)) {
      const covered = [...sampled].filter((p) => pattern[p]! > 0.2).length
      expect(covered, name).toBeGreaterThan(15)
    }
  })

  it('is the same for a seed, and another for another', () => {
    const peaks = (seed: number) => [...generateDataset({ ...small, seed }).spectra()].map(({ mz }) => mz)
    expect(peaks(1)).toEqual(peaks(1))
    expect(peaks(1)).not.toEqual(peaks(2))
  })

  it('has anions in negative mode', () => {
    const dataset = generateDataset({ ...small, polarity: '-' })
    const peaks = [...dataset.spectra()].reduce((sum, { mz }) => sum + mz.length, 0)
    expect(peaks).toBeGreaterThan(1000)
    expect(new Set(dataset.truth().map(({ adduct }) => adduct))).toEqual(new Set(['-H', '+Cl']))
  })

  it('can be drawn twice from one data set, and then knows the truth', () => {
    const dataset = generateDataset(small)
    const first = [...dataset.spectra()]
    expect([...dataset.spectra()]).toEqual(first)
    const truth = dataset.truth()
    expect(truth.some(({ annotatable }) => annotatable)).toBe(true)
    for (const { formula, pixels } of truth) {
      expect(formulas).toContain(formula)
      expect(pixels).toBeLessThanOrEqual(first.length)
    }
  })
})

describe('files', () => {
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
    expect(statSync(written.ibd).size).toBe(written.bytes)
    expect(readFileSync(written.truth, 'utf8').split('\n')[0]).toBe(
      'formula,adduct,ion_formula,pattern,amplitude,mz,pixels,annotatable',
    )
  })
})
