import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { haveReference, readCsv, readJson } from '../fixtures/reference.js'
import { generateIonFormula } from '../formula/index.js'
import {
  DECOY_ADDUCTS,
  decoyCandidates,
  estimateHybridFdr,
  estimateLevelFdr,
  estimateServerlessFdr,
  estimateSuccessionFdr,
  MersenneTwister,
  scoreToFdr,
  serverlessDecoys,
  shuffledDecoys,
} from './index.js'

const reference = haveReference()

describe('MersenneTwister', () => {
  it('gives the published stream', () => {
    // First output for seed 5489 and the 10,000th, from the C++ standard ([rand.predef]).
    const random = new MersenneTwister(5489)
    expect(random.next32()).toBe(3499211612)
    for (let i = 2; i < 10_000; i++) random.next32()
    expect(random.next32()).toBe(4123659995)
  })

  it('draws up to and including the bound', () => {
    const random = new MersenneTwister(1)
    const seen = new Set(Array.from({ length: 2000 }, () => random.bounded(5)))
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5])
    expect(random.bounded(0)).toBe(0)
  })
})

describe('decoys', () => {
  it('are 80 different adducts', () => {
    expect(DECOY_ADDUCTS.length).toBe(80)
    expect(new Set(DECOY_ADDUCTS).size).toBe(80)
    expect(decoyCandidates(['+H', '+Cl'])).not.toContain('+Cl')
  })

  it('start as in the serverless pipeline', () => {
    const decoys = serverlessDecoys(5, ['', '+H', '+Na', '+K'], 20)
    const ranking = (k: number) => [0, 1, 2, 3, 4].map((i) => decoys.adducts[decoys.adductIndex(i, k)])
    expect(ranking(0)).toEqual(['+Tb', '+Cs', '+S', '+Os', '+V'])
    expect(ranking(7)).toEqual(['+V', '+Ga', '+Sr', '+Re', '+Ag'])
  })

  it('are used exactly where a ranking has them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 79 }), (molecules, rankings) => {
        const decoys = serverlessDecoys(molecules, ['+Cl'], rankings)
        for (let i = 0; i < molecules; i++) {
          const used = new Set(Array.from({ length: rankings }, (_, k) => decoys.adductIndex(i, k)))
          expect(used.size).toBe(rankings)
          expect(decoys.adducts.map((_, a) => decoys.isUsed(i, a))).toEqual(decoys.adducts.map((_, a) => used.has(a)))
        }
      }),
    )
  })

  it('cannot be more than there are', () => {
    expect(() => serverlessDecoys(3, ['+Cl'], 80)).toThrowError(expect.objectContaining({ code: 'E_FDR_DECOYS' }))
  })

  it('are shuffled per ion or per formula', () => {
    const perIon = shuffledDecoys(2, { adducts: ['+H', '+Na'], neutralLosses: ['-H2O'] })
    expect(perIon.modifiers).toEqual(['+H', '+Na', '-H2O+H', '-H2O+Na'])
    expect([0, 1, 2].map((k) => perIon.decoyModifier(0, 0, k))).toEqual(['+Se', '+He', '+Fe'])
    expect(perIon.decoyModifier(0, 2, 0)).toMatch(/^-H2O\+/)
    const shared = shuffledDecoys(2, { adducts: ['+H', '+Na'], sharedByModifiers: true })
    for (let k = 0; k < 20; k++) expect(shared.decoyModifier(1, 0, k)).toBe(shared.decoyModifier(1, 1, k))
  })
})

describe('FDR', () => {
  // Ten targets and four decoys; the rates can be counted by hand.
  const targets = Float64Array.of(1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0)
  const decoys = Float64Array.of(0.8, 0.55, 0.2, 0.1)

  it('counts decoys over targets', () => {
    expect([...scoreToFdr(targets, decoys, { monotonic: false }).values()]).toEqual([
      0,
      0,
      1 / 3,
      1 / 4,
      1 / 5,
      2 / 5,
      2 / 6,
      2 / 7,
      2 / 8,
      3 / 9,
      4 / 10,
      4 / 11,
    ])
    expect(scoreToFdr(targets, decoys).get(0.8)).toBe(1 / 5)
    expect(scoreToFdr(targets, decoys, { decoyRatio: 20, ruleOfSuccession: true }).get(0.2)).toBe(0.02)
  })

  it('is the median over decoy rankings, in the order of the targets', () => {
    const scores = Float64Array.of(0.5, Number.NaN, 0.9, 0.7)
    const rankings = [Float64Array.of(0.8, Number.NaN), Float64Array.of(0.6, 0.95), Float64Array.of(0.1)]
    // By score 0.9, 0.7, 0.5: 0 ½ ⅓ | 1 ½ ⅔ | 0 0 0 before each is made monotone.
    expect([...estimateServerlessFdr(scores, rankings)]).toEqual([1 / 3, Number.NaN, 0, 1 / 3])
    expect([...estimateHybridFdr(scores, rankings)]).toEqual([1 / 3, Number.NaN, 0, 1 / 3])
    expect([...estimateLevelFdr(scores, rankings)]).toEqual([0.5, Number.NaN, 0.05, 0.5])
  })

  it('is never above 1, nor lower for a better score, in the serverless pipeline', () => {
    const score = fc.oneof(
      fc.constant(Number.NaN),
      fc.integer({ min: 0, max: 20 }).map((n) => n / 20),
    )
    const column = fc.array(score, { minLength: 1, maxLength: 25 }).map((row) => Float64Array.from(row))
    fc.assert(
      fc.property(column, fc.array(column, { minLength: 1, maxLength: 5 }), (targetScores, rankings) => {
        const fdr = estimateServerlessFdr(targetScores, rankings)
        targetScores.forEach((a, i) => {
          expect(Number.isNaN(fdr[i])).toBe(Number.isNaN(a))
          if (Number.isNaN(a)) return
          expect(fdr[i]).toBeGreaterThanOrEqual(0)
          expect(fdr[i]).toBeLessThanOrEqual(1)
          targetScores.forEach((b, j) => {
            if (a > b) expect(fdr[i]).toBeLessThanOrEqual(fdr[j])
          })
        })
      }),
    )
  })
})

describe.skipIf(!reference)('reference values', () => {
  const data = reference ? readJson('fdr_reference.json') : { shuffle: {}, estimate: [], score_to_fdr_map: [] }

  it('have the same adducts and the same random stream', () => {
    expect(DECOY_ADDUCTS).toEqual(data.decoy_adducts)
    const random = new MersenneTwister(123)
    expect(data.serverless.mt19937_first_uint32_seed123.map(() => random.next32())).toEqual(
      data.serverless.mt19937_first_uint32_seed123,
    )
    for (const { n_decoys: n, r_first_200, r_first_50 } of [data.serverless, data.serverless_minus_Cl]) {
      const again = new MersenneTwister(123)
      const draws = r_first_200 ?? r_first_50
      expect(draws.map(() => again.bounded(n))).toEqual(draws)
    }
  })

  it('have the same shuffled decoys', () => {
    for (const [name, c] of Object.entries<ReturnType<typeof readJson>>(data.shuffle)) {
      const decoys = shuffledDecoys(c.formulas.length, {
        adducts: c.adducts,
        neutralLosses: c.neutral_losses,
        chemMods: c.chem_mods,
        sampleSize: c.decoy_sample_size,
        sharedByModifiers: name.startsWith('metaspace_v3'),
      })
      const rows = c.formulas.flatMap((formula: string, f: number) =>
        decoys.modifiers.flatMap((modifier, m) =>
          Array.from({ length: decoys.sampleSize }, (_, k) => [formula, modifier, decoys.decoyModifier(f, m, k)]),
        ),
      )
      expect(rows.slice(0, c.rows.length)).toEqual(c.rows)
    }
  })

  it('have the same FDR in the hybrid pipeline and in METASPACE', () => {
    for (const c of data.estimate) {
      const late = c.analysis_version === 3
      const scores = new Map<string, number>(c.scores.map(([f, m, score]: [string, string, number]) => [f + m, score]))
      const decoys = shuffledDecoys(c.formulas.length, {
        adducts: c.adducts,
        sampleSize: c.decoy_sample_size,
        sharedByModifiers: late,
      })
      const column = (modifier: (f: number) => string) =>
        Float64Array.from(c.formulas, (formula: string, f) => scores.get(formula + modifier(f)) ?? Number.NaN)
      const found = decoys.modifiers.flatMap((modifier, m) => {
        const targets = column(() => modifier)
        const sets = Array.from({ length: decoys.sampleSize }, (_, k) => column((f) => decoys.decoyModifier(f, m, k)))
        const fdr = late
          ? estimateSuccessionFdr(targets, Float64Array.from(sets.flatMap((set) => [...set])), decoys.sampleSize)
          : c.analysis_version === 1
            ? estimateLevelFdr(targets, sets)
            : estimateHybridFdr(targets, sets)
        return c.formulas.map((formula: string, f: number) => [formula, modifier, targets[f], fdr[f]])
      })
      const key = (row: unknown[]) => `${row[0]}${row[1]}`
      const sorted = (rows: unknown[][]) => rows.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
      expect(sorted(found.filter((row) => !Number.isNaN(row[3])))).toEqual(sorted(c.result))
    }
  })

  it('have the same score maps', () => {
    for (const c of data.score_to_fdr_map) {
      const map = scoreToFdr(Float64Array.from(c.targets), Float64Array.from(c.decoys), {
        decoyRatio: c.decoy_ratio,
        ruleOfSuccession: c.rule_of_succession,
        monotonic: c.monotonic,
      })
      expect([...map]).toEqual(c.map)
    }
  })

  it('have the same FDR in the serverless pipeline, from the scores of all ions', () => {
    const molecules = [...new Set(readCsv('e2e/mol_db.csv').map((row) => row.sf))].sort((a, b) => (a < b ? -1 : 1))
    const ions = readCsv('e2e/processed/expected_lithops_all_ions.csv')
    const msm = new Map(ions.map((row) => [row.ion_formula, Number(row.msm)]))
    const adducts = ['', '+H', '+Na', '+K']
    const decoys = serverlessDecoys(molecules.length, adducts, 20)
    const column = (adduct: (i: number) => string) =>
      Float64Array.from(molecules, (molecule, i) => {
        try {
          return msm.get(generateIonFormula(molecule, adduct(i))) ?? Number.NaN
        } catch {
          return Number.NaN
        }
      })
    const rankings = Array.from({ length: 20 }, (_, k) => column((i) => decoys.adducts[decoys.adductIndex(i, k)]))
    const found = new Map<string, number>()
    for (const adduct of adducts) {
      const fdr = estimateServerlessFdr(
        column(() => adduct),
        rankings,
      )
      molecules.forEach((molecule, i) => {
        if (!Number.isNaN(fdr[i])) found.set(molecule + adduct, fdr[i])
      })
    }
    const expected = readCsv('e2e/processed/expected_lithops_serverless.csv')
    expect(found).toEqual(new Map(expected.map((row) => [row.mol + row.adduct, Number(row.fdr)])))
  })
})
