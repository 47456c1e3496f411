import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { haveReference, readCsv, readJson } from '../fixtures/reference.js'
import { tableExp } from './exp-table.js'
import fixtures from './fixtures/patterns.json' with { type: 'json' }
import {
  computeIsotopePattern,
  ELECTRON_MASS,
  fineStructure,
  ISOTOPES,
  type IsotopeMode,
  type IsotopePattern,
  type IsotopeSettings,
  isotopePattern,
  isotopePatterns,
  splitLabels,
} from './index.js'
import { resolutionFor, sigmaAt } from './resolution.js'

const reference = haveReference()

/** Worst deviations from expected values: parts per million of m/z, percent of the largest intensity. */
function deviation(pattern: IsotopePattern | null, mz: number[], ints: number[]): { ppm: number; percent: number } {
  if (!pattern) return { ppm: Number.POSITIVE_INFINITY, percent: Number.POSITIVE_INFINITY }
  const padded = (values: number[]) => [0, 1, 2, 3].map((k) => values[k] ?? 0)
  return {
    ppm: Math.max(...padded(mz).map((m, k) => (m === 0 ? pattern.mz[k] : (Math.abs(pattern.mz[k] - m) / m) * 1e6))),
    percent: Math.max(...padded(ints).map((i, k) => Math.abs(pattern.ints[k] - i))),
  }
}

/** The reference's centroiding word by word, one grid point after the other; thousands of times slower. */
function literalPattern(formula: string, settings: IsotopeSettings): IsotopePattern {
  const { masses, intensities } = fineStructure(formula, settings)
  const resolution = resolutionFor(settings, masses[0])
  const [width, exp] = settings.mode === 'metaspace-v3' ? [6, tableExp] : [12, Math.exp]
  const order = [...masses.keys()].sort((a, b) => masses[a] - masses[b])
  const m = order.map((i) => masses[i])
  const heights = order.map((i) => intensities[i])
  const n = m.length
  let k = 0
  let empty = false
  let sigma = sigmaAt(m[0], resolution)
  const envelope = (z: number): number => {
    if (z > m[k] + width * sigma) empty = true
    if (empty && k + 1 < n && z >= m[k + 1] - width * sigma) {
      empty = false
      sigma = sigmaAt(m[++k], resolution)
    }
    if (empty) return 0
    let j = k
    while (j > 0 && z - m[j - 1] < width * sigma) j--
    let sum = 0
    for (; j < n && m[j] - z <= width * sigma; j++) sum += heights[j] * exp(-0.5 * ((m[j] - z) / sigma) ** 2)
    return sum
  }
  const step = () => (sigma * 2.3548200450309493) / 25
  const z: number[] = []
  const y: number[] = []
  const begin = m[0] - width * sigma
  for (let j = 0; j < 15; j++) {
    z.push(begin + (j - 7) * step())
    y.push(envelope(z[j]))
  }
  const found: [number, number][] = n === 1 ? [[m[0], 1]] : []
  while (n > 1) {
    const next = z[14] + step()
    if (next > m[n - 1] + width * sigma) break
    z.push(next)
    y.push(envelope(next))
    z.shift()
    y.shift()
    if (!(y[6] < y[7] && y[7] >= y[8]) || y[7] < 1e-4) continue
    let q = 7
    while (q > 0 && y[q - 1] < y[q]) q--
    let [sum, weighted, most] = [0, 0, 0]
    for (let i = q; i < 15; i++) {
      if (i > 7 && i + 1 < 15 && y[i + 1] > y[i]) break
      sum += y[i]
      weighted += z[i] * y[i]
      most = Math.max(most, y[i])
    }
    found.push([weighted / sum, most])
  }
  found.sort((a, b) => b[1] - a[1])
  const kept = found
    .filter(([, height]) => height / found[0][1] >= 1e-4)
    .slice(0, 4)
    .sort((a, b) => a[0] - b[0])
  const column = (values: number[]) => Float64Array.from({ length: 4 }, (_, i) => values[i] ?? 0)
  return {
    mz: column(kept.map(([mz]) => mz)),
    ints: column(kept.map(([, height]) => (height / found[0][1]) * 100)),
  }
}

describe('isotope patterns', () => {
  it('are those of the worked example', () => {
    const early = isotopePattern('C6H13O6', { sigma: 0.001238 })
    const late = isotopePattern('C6H13O6', { sigma: 0.001238, mode: 'metaspace-v3', instrument: 'Orbitrap' })
    expect(
      deviation(
        early,
        [181.0706253136638, 182.0740226308562, 183.07501386073469, 184.07823068372895],
        [100, 6.6833010527657954, 1.25963710313305, 0.08002872623305139],
      ),
    ).toEqual({ ppm: expect.closeTo(0, 7), percent: expect.closeTo(0, 11) })
    expect(
      deviation(
        late,
        [181.07069009342536, 182.0740729030409, 183.07490401808982, 184.07826355647504],
        [100, 6.6596855039509695, 1.2464266111898352, 0.08004652372231905],
      ),
    ).toEqual({ ppm: expect.closeTo(0, 6), percent: expect.closeTo(0, 10) })
  })

  it('do not change', () => {
    for (const { formula, mz, ints, mode, instrument, ...settings } of fixtures) {
      const pattern = isotopePattern(formula, {
        ...settings,
        mode: mode as IsotopeMode,
        instrument: instrument as IsotopeSettings['instrument'],
      })
      const { ppm, percent } = deviation(pattern, mz, ints)
      expect([formula, mode, ppm < 1e-9, percent < 1e-9]).toEqual([formula, mode, true, true])
    }
  })

  it('equal the literal computation', () => {
    const element = fc.constantFrom('C', 'H', 'N', 'O', 'P', 'S', 'Cl', 'Br', 'K', 'B', 'Se', 'Fe')
    const formula = fc
      .dictionary(element, fc.integer({ min: 1, max: 12 }), { minKeys: 1, maxKeys: 5 })
      .map((counts) => Object.entries(counts).flat().join(''))
    const settings: fc.Arbitrary<IsotopeSettings> = fc.record({
      mode: fc.constantFrom('lithops', 'metaspace-v3'),
      instrument: fc.constantFrom('TOF', 'Orbitrap', 'FTICR'),
      sigma: fc.double({ min: 0.001, max: 0.02, noNaN: true }),
      charge: fc.constantFrom(1, -1),
    })
    fc.assert(
      fc.property(formula, settings, (ion, chosen) => {
        const pattern = isotopePattern(ion, chosen)
        // Ions of more isotopologues than the limit have none.
        fc.pre(pattern !== null)
        const expected = literalPattern(ion, chosen)
        const { ppm, percent } = deviation(pattern, [...expected.mz], [...expected.ints])
        expect(ppm).toBeLessThan(1e-6)
        expect(percent).toBeLessThan(1e-8)
      }),
      { numRuns: 25 },
    )
  })

  it('are the same in columns, with zeros for ions that have none', () => {
    const formulas = ['C6H13O6', 'Sn4', 'C6H12O6+Na-H', 'D2O', 'H13C6O6', 'C2Hz', 'H0', 'C3H3C3H10O6']
    const table = isotopePatterns(formulas, { sigma: 0.000693 })
    expect([...table.ok]).toEqual([1, 0, 1, 0, 1, 0, 0, 1])
    formulas.forEach((formula, i) => {
      const single = isotopePattern(formula, { sigma: 0.000693 })
      expect([...table.mz.slice(4 * i, 4 * i + 4)]).toEqual([...(single?.mz ?? [0, 0, 0, 0])])
      expect([...table.ints.slice(4 * i, 4 * i + 4)]).toEqual([...(single?.ints ?? [0, 0, 0, 0])])
    })
  })

  it('refuse settings that mean nothing', () => {
    for (const wrong of [{ mode: 'v3' }, { instrument: 'orbi' }, { sigma: -1 }, { sigma: undefined }, { charge: 0.5 }])
      expect(() => isotopePattern('C', { sigma: 0.001, ...wrong } as IsotopeSettings)).toThrowError(
        expect.objectContaining({ code: 'E_ISOTOPE_SETTINGS' }),
      )
  })

  it('take a resolving power in place of sigma', () => {
    const expected = isotopePattern('C6H13O6', { sigma: 0.001238 })!
    const found = isotopePattern('C6H13O6', { resolvingPower: 62111.17237484936 })!
    expect(deviation(found, [...expected.mz], [...expected.ints]).ppm).toBeLessThan(1e-6)
  })

  it('come in time for ions of thousands of isotopologues', () => {
    const pattern = isotopePattern('C500H800N140O150S10', { sigma: 0.001238 })!
    expect(pattern.mz[3] - pattern.mz[0]).toBeCloseTo(3, 1)
  })

  it('are moved by isotope labels in METASPACE, which Lithops-METASPACE does not know', () => {
    const settings = { mode: 'metaspace-v3', sigma: 0.001238 } as const
    const plain = isotopePattern('C3H13O6', settings)!
    const moved = plain.mz.map((mz) => (mz > 0 ? mz + 39.01006452 : 0))
    expect([...isotopePattern('C3H13O6Cx3', settings)!.mz]).toEqual([...moved])
    expect(isotopePatterns(['C3H13O6Cx3', 'Cx6'], settings).ok).toEqual(Uint8Array.of(1, 0))
    expect(isotopePattern('C3H13O6Cx3', { ...settings, charge: -2 })!.mz[0]).toBeCloseTo(
      isotopePattern('C3H13O6', { ...settings, charge: -2 })!.mz[0] + 39.01006452 / 2,
      10,
    )
    expect(isotopePattern('Cx6', settings)).toBeNull()
    expect(isotopePattern('C3H13O6Cx3', { sigma: 0.001238 })).toBeNull()
    expect(splitLabels('Sx2C3Ox1H4').rest).toBe('C3H4')
    expect(splitLabels('Sx2C3Ox1H4').mass).toBeCloseTo(85.93489361, 10)
  })

  it('stay finite when peaks are wider than the ion is heavy', () => {
    const pattern = isotopePattern('H2', { sigma: 0.5 })!
    expect(pattern.ints[0]).toBe(100)
    expect(pattern.mz[0]).toBeGreaterThan(1.9)
  })

  it.each([
    ['Sn4', 'E_ISOTOPE_COMBINATIONS', 'failed to compute isotope pattern for Sn4: too many isotopic combinations'],
    ['Gd3Dy3Sm3', 'E_ISOTOPE_COMBINATIONS', 'more than 100000 isotopologues'],
    ['C2Hz', 'E_FORMULA_ELEMENT', 'unknown element Hz at position 3'],
    ['H0', 'E_FORMULA_EMPTY', 'No remaining elements'],
  ])('say why %s has none', (formula, code, message) => {
    expect(() => computeIsotopePattern(formula, { sigma: 0.001 })).toThrowError(
      expect.objectContaining({ code, message }),
    )
  })

  it.each([
    { sigma: 0 },
    { sigma: Number.NaN },
    {},
    { resolvingPower: -1 },
    { sigma: 1e-3, charge: 0 },
    { sigma: 1e-18 },
  ])('refuse the settings %j', (settings) => {
    expect(() => isotopePatterns(['C6H6'], settings)).toThrowError(
      expect.objectContaining({ code: 'E_ISOTOPE_SETTINGS' }),
    )
  })
})

describe('fine structure', () => {
  it('is that of the worked example', () => {
    const { masses, intensities } = fineStructure('C6H13O6')
    expect(masses.length).toBe(8)
    expect(masses[0]).toBeCloseTo(181.07066455609075, 10)
    expect(masses[1]).toBeCloseTo(182.07401939609073, 10)
    expect(intensities[1]).toBeCloseTo(0.0648943698, 10)
    expect(intensities[7]).toBeCloseTo(0.00014832, 8)
  })

  it('is binomial for an element of two isotopes', () => {
    const { masses, intensities } = fineStructure('Br3', { charge: -1 })
    const [[light, a], [heavy, b]] = ISOTOPES.Br
    const charged = (mass: number) => expect.closeTo(mass + ELECTRON_MASS, 9)
    const share = (value: number) => expect.closeTo(value / (3 * a * a * b), 12)
    expect([...masses]).toEqual([2 * light + heavy, light + 2 * heavy, 3 * light, 3 * heavy].map(charged))
    expect([...intensities]).toEqual([3 * a * a * b, 3 * a * b * b, a ** 3, b ** 3].map(share))
  })
})

describe.skipIf(!reference)('reference values', () => {
  it('have the same patterns for every ion and setting', () => {
    const rows = reference ? readCsv('isotope_patterns.csv.gz') : []
    expect(rows.length).toBeGreaterThan(4000)
    for (const row of rows) {
      const pattern = isotopePattern(row.ion_formula, {
        mode: row.mode as IsotopeMode,
        instrument: row.instrument as IsotopeSettings['instrument'],
        sigma: Number(row.sigma),
        charge: Number(row.charge),
      })
      const { ppm, percent } = deviation(
        pattern,
        [0, 1, 2, 3].map((k) => Number(row[`mz${k}`])),
        [0, 1, 2, 3].map((k) => Number(row[`int${k}`])),
      )
      expect([row.ion_formula, row.sigma, ppm < 1e-7, percent < 1e-8]).toEqual([row.ion_formula, row.sigma, true, true])
    }
  })

  it('have the same patterns in the published demonstration', () => {
    const { sample } = readJson('demo_db1_centroids_check.json')
    const formulas = sample.map((row: { ion_formula: string }) => row.ion_formula)
    const table = isotopePatterns(formulas, { sigma: 0.000693 })
    sample.forEach(({ mz, int }: { mz: number[]; int: number[] }, i: number) => {
      const pattern = { mz: table.mz.slice(4 * i, 4 * i + 4), ints: table.ints.slice(4 * i, 4 * i + 4) }
      const { ppm, percent } = deviation(pattern, mz, int)
      expect([formulas[i], ppm < 1e-6, percent < 1e-6]).toEqual([formulas[i], true, true])
    })
  })

  it('have the same fine structures', () => {
    for (const row of readJson('isotope_finestructure.json.gz')) {
      for (const [name, mode, formula] of [
        ['lithops', 'lithops', row.ion_formula_hill],
        ['v3_orbitrap', 'metaspace-v3', row.ion_formula_chnops],
      ] as const) {
        const { fine_masses_charged: masses, fine_intensities: intensities } = row[name]
        const found = fineStructure(formula, { mode, charge: row.charge })
        expect([formula, found.masses.length]).toEqual([formula, masses.length])
        const byMass = (m: ArrayLike<number>, i: ArrayLike<number>) =>
          Array.from(m, (mass, k) => [mass, i[k]]).sort((a, b) => a[0] - b[0])
        const ours = byMass(found.masses, found.intensities)
        byMass(masses, intensities).forEach(([mass, intensity], k) => {
          expect(Math.abs(ours[k][0] - mass)).toBeLessThan(1e-9)
          expect(Math.abs(ours[k][1] - intensity)).toBeLessThan(1e-10)
        })
      }
    }
  })

  it('read the same labels', () => {
    for (const { formula, result } of readJson('formula_cases.json').labels) {
      const { rest, mass } = splitLabels(formula)
      expect([formula, mass, rest]).toEqual([formula, ...result])
    }
  })

  it('accept and refuse the same inputs', () => {
    for (const { formula, lithops_035, v3_042_orbitrap } of readJson('formula_cases.json').isotope_inputs) {
      // pyMSpec, which the pipelines ask first, refuses the empty formula that the isotope code would take.
      if (formula === 'H0') continue
      for (const [mode, expected] of [
        ['lithops', lithops_035],
        ['metaspace-v3', v3_042_orbitrap],
      ] as const) {
        const pattern = isotopePattern(formula, { mode, sigma: 0.001238 })
        expect([formula, mode, pattern === null]).toEqual([formula, mode, expected.error !== undefined])
        if (expected.error) {
          expect(() => computeIsotopePattern(formula, { mode, sigma: 0.001238 })).toThrowError(
            expect.objectContaining({ message: expected.error }),
          )
          continue
        }
        const { ppm, percent } = deviation(pattern, expected.ok[0], expected.ok[1])
        expect([formula, mode, ppm < 1e-5, percent < 1e-5]).toEqual([formula, mode, true, true])
      }
    }
  })
})
