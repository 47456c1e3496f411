import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { resultsCsv } from '../results-csv.js'
import type { Annotation } from '../types.js'
import { readCsv, truthMarkdown, validate, validateTruth, validationMarkdown } from './index.js'

const row = (n: number, change: Partial<Annotation> = {}): Annotation => ({
  ...{ mol: `C${n}H2`, fdr: 0.04, full_mol: `C${n}H2+H`, database_path: 'a.csv', adduct: '+H', modifier: '' },
  ...{ ion_formula: `C${n}H3`, chem_mod: '', neutral_loss: '', formula_i: n, chaos: 0.9, spatial: 0.8, spectral: 0.7 },
  ...{ msm: 0.504, total_iso_ints: [1, 2, 3, 4], min_iso_ints: [0, 0, 0, 0], max_iso_ints: [1, 1, 1, 1] },
  ...change,
})
const ten = (change: (n: number) => Partial<Annotation> = () => ({})) =>
  Array.from({ length: 10 }, (_, i) => row(i + 2, change(i)))

describe('CSV', () => {
  it('is read as it was written', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', 'é', ' ') })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 5 }),
        fc.constantFrom('\n', '\r\n'),
        (rows, end) => {
          const quote = (text: string) => `"${text.replaceAll('"', '""')}"`
          const text = ['x,y', ...rows.map((cells) => cells.map(quote).join(','))].join(end)
          expect(readCsv(text, 'f')).toEqual(rows.map(([x, y]) => ({ x, y })))
        },
      ),
      { numRuns: 200 },
    )
  })

  it('tells where a quote is out of place', () => {
    expect(() => readCsv('a,b\n1,"2', 'f.csv')).toThrow(
      expect.objectContaining({ code: 'E_CSV', message: expect.stringContaining('line 2') }),
    )
    expect(() => readCsv('', 'f.csv')).toThrow(expect.objectContaining({ code: 'E_CSV' }))
  })
})

describe('validate', () => {
  it('passes against itself, in the tables of both modes', () => {
    for (const mode of ['lithops', 'metaspace-v3'] as const) {
      const results = ten((i) => (i === 0 ? { modifier: '-H2O', neutral_loss: '-H2O' } : {}))
      expect(validate(results, resultsCsv(results, mode))).toMatchObject({
        ok: true,
        compared: 10,
        missing: [],
        extraCount: 0,
      })
    }
  })

  it('fails one step beyond each limit and not at it', () => {
    const reference = resultsCsv(ten())
    const off = (name: 'spatial' | 'spectral' | 'chaos' | 'msm', rows: number) =>
      validate(
        ten((i) => (i < rows ? { [name]: 0.1 } : {})),
        reference,
      ).ok
    for (const [name, limit] of [
      ['spatial', 2],
      ['spectral', 5],
      ['chaos', 0],
      ['msm', 2],
    ] as const) {
      expect([name, off(name, limit), off(name, limit + 1)]).toEqual([name, true, false])
    }
    const level = (rows: number, fdr: number) =>
      validate(
        ten((i) => (i < rows ? { fdr } : {})),
        reference,
      ).ok
    expect([level(2, 0.1), level(3, 0.1), level(1, 0.2), level(2, 0.2)]).toEqual([true, false, true, false])
    expect(validate(ten().slice(1), reference)).toMatchObject({ ok: false, missing: ['C2H2+H'] })
  })

  it("compares what METASPACE's site has: no modifiers, no bare ions unless it names them", () => {
    const table = `formula,adduct,rhoChaos,rhoSpatial,rhoSpectral,msm,fdr\nC2H2,+H,0.9,0.8,0.7,0.504,0.05\n`
    const results = [row(2), row(3, { modifier: '-H2O' }), row(4, { adduct: '' })]
    expect(validate(results, table)).toMatchObject({ ok: true, results: 1, compared: 1 })
    expect(validate(results, `${table}C4H2,M+,0.9,0.8,0.7,0.504,0.05\n`)).toMatchObject({ ok: true, compared: 2 })
  })

  it('says what is wrong with a reference', () => {
    expect(() => validate([], 'mol,adduct\nCH4,+H\n')).toThrow(expect.objectContaining({ code: 'E_VALIDATE_COLUMN' }))
    const bad = 'mol,adduct,chaos,spatial,spectral,msm,fdr\nCH4,+H,1,1,x,1,0\n'
    expect(() => validate([], bad, { file: 'r.csv' })).toThrow(
      expect.objectContaining({ code: 'E_VALIDATE_VALUE', message: expect.stringContaining('r.csv: "x" in line 2') }),
    )
  })

  const reference = fileURLToPath(new URL('../../../../../shared/refdata/e2e/processed/', import.meta.url))
  it.skipIf(!existsSync(reference))('reads the tables of the references (needs ../shared)', () => {
    for (const name of ['lithops_serverless', 'lithops_hybrid', 'metaspace_v1', 'metaspace_v3_msm']) {
      const report = validate([], readFileSync(`${reference}expected_${name}.csv`, 'utf8'))
      expect(report).toMatchObject({ ok: false, compared: 0 })
      expect(report.reference).toBeGreaterThan(50)
    }
  })

  it('is told in Markdown', () => {
    const text = validationMarkdown(validate(ten().slice(1), resultsCsv(ten())))
    expect(text).toContain('FAIL')
    expect(text).toContain('| missing rows | 1 | 0 | FAIL |')
    expect(text).toContain('Missing: C2H2+H.')
  })
})

it('compares with a truth by ion', () => {
  const truth = 'formula,ion_formula,annotatable\nA,C2H3,true\nB,C3H3,true\nC,C4H3,false\n'
  const report = validateTruth([row(2), row(4), row(5), row(3, { fdr: 0.2 })], truth)
  expect(report).toMatchObject({ annotatable: 2, recalled: 1, recall: 0.5, annotations: 3, falseDiscoveries: 1 })
  expect(truthMarkdown(report)).toContain('50.0 %')
  expect(() => validateTruth([], 'a\n1\n')).toThrow(expect.objectContaining({ code: 'E_VALIDATE_COLUMN' }))
})
