/** The numerics joined up, without stages or workers: from a data set to scores, mass errors, FDR and images in three modes. */
import { decode } from 'fast-png'
import { describe, expect, it } from 'vitest'
import {
  DECOY_ADDUCTS,
  estimateLevelFdr,
  estimateServerlessFdr,
  estimateSuccessionFdr,
  serverlessDecoys,
  shuffledDecoys,
} from '../fdr/index.js'
import { haveReference, readCsv, readReference } from '../fixtures/reference.js'
import { ionFormula } from '../formula/index.js'
import { toGreyPng } from '../images/index.js'
import { geometryOf, parseImzML, readSpectra } from '../imzml/index.js'
import { type IsotopeMode, isotopePatterns } from '../isotopes/index.js'
import { IonImages, type IonMetrics, massErrors, scoreIon } from './index.js'

const FOLDER = 'e2e/processed/'

async function loadDataSet() {
  const imzml = parseImzML(readReference(`${FOLDER}ds.imzML`))
  const ibd = readReference(`${FOLDER}ds.ibd`)
  const { width, height, pixel, sampled } = geometryOf(imzml)
  const rows: [mz: number, intensity: number, pixel: number][] = []
  const read = async (start: number, end: number) => ibd.subarray(start, end)
  for await (const { index, mz, intensity } of readSpectra(imzml, [...Array(imzml.count).keys()], read)) {
    mz.forEach((at, i) => {
      if (intensity[i] > 0) rows.push([at, intensity[i], pixel[index]])
    })
  }
  rows.sort((a, b) => a[0] - b[0])
  const mz = Float64Array.from(rows, (row) => row[0])
  const firstFrom = (value: number) => {
    let low = 0
    for (let high = mz.length; low < high; ) {
      const middle = (low + high) >> 1
      if (mz[middle] < value) low = middle + 1
      else high = middle
    }
    return low
  }
  return {
    width,
    height,
    sampled,
    mz,
    intensity: Float32Array.from(rows, (row) => row[1]),
    pixel: Uint32Array.from(rows, (row) => row[2]),
    /** Peaks of 3 ppm to both sides. */
    hits(centre: number): [from: number, to: number] {
      if (centre === 0) return [0, 0]
      let to = firstFrom(centre + centre * 3e-6)
      while (to < mz.length && mz[to] <= centre + centre * 3e-6) to++
      return [firstFrom(centre - centre * 3e-6), to]
    },
  }
}

type DataSet = Awaited<ReturnType<typeof loadDataSet>>
let loading: Promise<DataSet> | undefined
const dataSet = () => (loading ??= loadDataSet())

/** Scores of all ions with MSM, by ion formula; `visit` sees each before its images are cleared. */
function annotate(
  data: DataSet,
  ions: string[],
  mode: IsotopeMode,
  visit: (ion: string, images: IonImages, errors: ReturnType<typeof massErrors>) => void = () => {},
): Map<string, IonMetrics> {
  const patterns = isotopePatterns(ions, { mode, sigma: 0.001238, instrument: 'Orbitrap' })
  const images = new IonImages(data.width * data.height)
  const found = new Map<string, IonMetrics>()
  ions.forEach((ion, i) => {
    const centres = patterns.mz.subarray(4 * i, 4 * i + 4)
    const theoretical = patterns.ints.subarray(4 * i, 4 * i + 4)
    const ranges = Array.from(centres, (centre) => data.hits(centre))
    images.clear()
    ranges.forEach(([from, to], k) => {
      images.add(k, data.pixel, data.intensity, from, to)
    })
    const metrics = scoreIon(images, theoretical, {
      width: data.width,
      height: data.height,
      sampled: data.sampled.length,
    })
    if (!metrics) return
    found.set(ion, metrics)
    const columns = { from: ranges.map(([from]) => from), to: ranges.map(([, to]) => to) }
    visit(ion, images, massErrors({ mz: data.mz, intensity: data.intensity, ...columns }, centres, theoretical))
  })
  return found
}

function expectScores(found: Map<string, IonMetrics>, rows: Record<string, string>[], tolerance: number) {
  const expected = rows.filter((row) => Number(row.msm) > 0)
  expect([...found.keys()].sort()).toEqual(expected.map((row) => row.ion_formula).sort())
  for (const row of expected) {
    const metrics = found.get(row.ion_formula)!
    expect([row.ion_formula, metrics.chaos]).toEqual([row.ion_formula, Number(row.chaos)])
    for (const name of ['spatial', 'spectral', 'msm'] as const) {
      expect(Math.abs(metrics[name] - Number(row[name])), `${row.ion_formula} ${name}`).toBeLessThan(tolerance)
    }
  }
}

/** `''` where the ion cannot exist. */
function ionOf(molecule: string, modifier: string, order: 'hill' | 'chnops'): string {
  try {
    return ionFormula(molecule, [modifier], { order })
  } catch {
    return ''
  }
}

describe.skipIf(!haveReference())('from a data set to results', () => {
  it('is as in Lithops-METASPACE, serverless', async () => {
    const data = await dataSet()
    const adducts = ['', '+H', '+Na', '+K']
    const molecules = [...new Set(readCsv('e2e/mol_db.csv').map((row) => row.sf))].sort((a, b) => (a < b ? -1 : 1))
    const ions = molecules.flatMap((m) => [...adducts, ...DECOY_ADDUCTS].map((adduct) => ionOf(m, adduct, 'hill')))
    const results = readCsv(`${FOLDER}expected_lithops_serverless.csv`)
    const pictures = new Map(
      ['C11H24+K', 'C14H17NO7S+H', 'C26H38N4O4+K'].map((name) => {
        const { mol, adduct } = results.find((row) => row.full_mol === name)!
        return [ionOf(mol, adduct, 'hill'), decode(readReference(`${FOLDER}png_lithops/${name}.png`))]
      }),
    )
    const mask = new Uint8Array(data.width * data.height)
    for (const p of data.sampled) mask[p] = 1
    const scores = annotate(data, [...new Set(ions)], 'lithops', (ion, images) => {
      const picture = pictures.get(ion)
      if (!picture) return
      expect(decode(toGreyPng({ ...data, ...images.sparse(0), mask })).data).toEqual(picture.data)
      pictures.delete(ion)
    })
    expect(pictures.size).toBe(0)
    expectScores(scores, readCsv(`${FOLDER}expected_lithops_all_ions.csv`), 1e-9)

    const decoys = serverlessDecoys(molecules.length, adducts, 20)
    const column = (adduct: (i: number) => string) =>
      Float64Array.from(molecules, (m, i) => scores.get(ionOf(m, adduct(i), 'hill'))?.msm ?? Number.NaN)
    const rankings = Array.from({ length: 20 }, (_, k) => column((i) => decoys.adducts[decoys.adductIndex(i, k)]))
    const rates = new Map(
      adducts.map((adduct) => [
        adduct,
        estimateServerlessFdr(
          column(() => adduct),
          rankings,
        ),
      ]),
    )
    for (const row of results) {
      expect([row.full_mol, rates.get(row.adduct)![molecules.indexOf(row.mol)]]).toEqual([
        row.full_mol,
        Number(row.fdr),
      ])
      const metrics = scores.get(ionOf(row.mol, row.adduct, 'hill'))!
      for (const name of ['total', 'min', 'max'] as const) {
        expect(metrics[name]).toEqual([0, 1, 2, 3].map((k) => expect.closeTo(Number(row[`${name}_iso_${k}`]), 6)))
      }
    }
  })

  it.each([
    ['metaspace-v1', 'v1', 1e-7],
    ['metaspace-v3', 'v3_msm', 2e-6],
  ] as const)('is as in %s', async (mode, name, tolerance) => {
    const data = await dataSet()
    const molecules = [...new Set(readCsv('e2e/mol_db.csv').map((row) => row.sf))]
    const late = mode === 'metaspace-v3'
    const decoys = shuffledDecoys(molecules.length, { adducts: ['+H', '+Na', '+K'], sharedByModifiers: late })
    const twenty = [...Array(20).keys()]
    const ions = molecules.flatMap((molecule, f) =>
      decoys.modifiers.flatMap((modifier, m) => [
        ionOf(molecule, modifier, 'chnops'),
        ...twenty.map((k) => ionOf(molecule, decoys.decoyModifier(f, m, k), 'chnops')),
      ]),
    )
    const results = readCsv(`${FOLDER}expected_metaspace_${name}.csv`)
    const byIon = new Map(results.map((row) => [row.ion_formula, row]))
    const scores = annotate(data, [...new Set(ions)], mode, (ion, _, errors) => {
      const row = byIon.get(ion)
      if (!row) return
      expect(errors.absolute).toBeCloseTo(Number(row.mz_err_abs), 9)
      expect(errors.relative).toBeCloseTo(Number(row.mz_err_rel), 9)
      twenty.slice(0, 4).forEach((k) => {
        expect(errors.mean[k]).toBeCloseTo(Number(row[`mz_mean_${k}`]), 9)
        expect(errors.stddev[k]).toBeCloseTo(Number(row[`mz_stddev_${k}`]), 9)
      })
    })
    expectScores(scores, readCsv(`${FOLDER}expected_metaspace_${name}_all_ions.csv`), tolerance)

    decoys.modifiers.forEach((modifier, m) => {
      const column = (of: (f: number) => string) =>
        Float64Array.from(molecules, (molecule, f) => scores.get(ionOf(molecule, of(f), 'chnops'))?.msm ?? Number.NaN)
      const targets = column(() => modifier)
      const sets = twenty.map((k) => column((f) => decoys.decoyModifier(f, m, k)))
      const fdr = late
        ? estimateSuccessionFdr(targets, Float64Array.from(sets.flatMap((set) => [...set])), 20)
        : estimateLevelFdr(targets, sets)
      for (const row of results.filter((r) => r.modifier === modifier && Number(r.msm) > 0)) {
        expect([row.ion_formula, fdr[molecules.indexOf(row.formula)]]).toEqual([row.ion_formula, Number(row.fdr)])
      }
    })
  })
})
