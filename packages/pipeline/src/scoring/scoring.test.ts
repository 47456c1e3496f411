import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { animalModel, haveReference, readCsv } from '../fixtures/reference.js'
import { type CatBoostModel, evaluate, readCatBoost } from './catboost.js'
import { writeCbm } from './fixtures/write-cbm.js'
import { checkFeatures, modelScores, type ScoredColumns } from './scores.js'

const present = haveReference()

/** Two trees: one split on b, then a on b and a again. */
const SMALL: CatBoostModel = {
  features: ['chaos', 'mz_err_abs_abserr'],
  scale: 2,
  bias: 0.5,
  depth: Int32Array.of(1, 2),
  splitFeature: Uint16Array.of(1, 0, 1),
  splitBorder: Float32Array.of(-0.5, 0.25, -0.125),
  leaves: Float64Array.of(1, 10, 100, 200, 300, 400),
  nanIsHigh: Uint8Array.of(0, 1),
}

function columns(rows: Partial<Record<keyof ScoredColumns, number>>[], decoysPerTarget = 1): ScoredColumns {
  const of = (key: Exclude<keyof ScoredColumns, 'target' | 'decoysPerTarget'>) =>
    Float64Array.from(rows, (row) => row[key] ?? 1)
  return {
    ...{ chaos: of('chaos'), spatial: of('spatial'), spectral: of('spectral') },
    ...{ mz_err_abs: of('mz_err_abs'), mz_err_rel: of('mz_err_rel') },
    target: Uint8Array.from(rows, (row) => row.target ?? 1),
    decoysPerTarget,
  }
}

describe('CatBoost models', () => {
  it('are read as they were written', () => {
    expect(readCatBoost(writeCbm(SMALL))).toEqual(SMALL)
  })

  it('take the several biases of newer files before the single one', () => {
    expect(readCatBoost(writeCbm(SMALL, { 16: { doubles: [0.75] } })).bias).toBe(0.75)
  })

  it.each([
    [[0, 0], 0.5 + 2 * (10 + 300)],
    [[1, 0], 0.5 + 2 * (10 + 400)],
    [[0.25, -1], 0.5 + 2 * (1 + 100)],
    // Rounded to float32 the value is the border itself, which is not above it.
    [[0.25 + 1e-12, -1], 0.5 + 2 * (1 + 100)],
    [[Number.NaN, Number.NaN], 0.5 + 2 * (10 + 300)],
  ])('give %j the value of its leaves', (values, expected) => {
    expect(evaluate(SMALL, values)).toBe(expected)
  })

  it.each([
    ['nothing', new Uint8Array(0), 'E_MODEL_INVALID'],
    ['text', Buffer.from('a model, honestly'), 'E_MODEL_INVALID'],
    ['another version', writeCbm(SMALL, {}, 'FlabuffersModel_v9'), 'E_MODEL_INVALID'],
    ['half a file', writeCbm(SMALL).subarray(0, 200), 'E_MODEL_INVALID'],
    ['leaves that do not fit', writeCbm(SMALL, { 8: { doubles: [1] } }), 'E_MODEL_INVALID'],
    ['a border that is not there', writeCbm(SMALL, { 1: { ints: [0, 1, 99] } }), 'E_MODEL_INVALID'],
    ['splits that do not fit', writeCbm(SMALL, { 1: { ints: [0, 1] } }), 'E_MODEL_INVALID'],
    ['several outputs', writeCbm(SMALL, { 0: { int: 3 } }), 'E_MODEL_KIND'],
    ['categories', writeCbm(SMALL, { 4: { tables: [{ 0: { int: 1 } }] } }), 'E_MODEL_KIND'],
  ])('refuse %s', (_, bytes, code) => {
    expect(() => readCatBoost(bytes)).toThrow(expect.objectContaining({ code }))
  })

  it('damaged anywhere are an error or the same kind of model, never a crash', () => {
    const good = writeCbm(SMALL)
    const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(damage, (changes) => {
        const bytes = Uint8Array.from(good)
        for (const [at, value] of changes) bytes[at] = value
        try {
          const model = readCatBoost(bytes)
          expect(typeof evaluate(model, [0.5, 0.5])).toBe('number')
        } catch (error) {
          expect((error as { code?: string }).code).toMatch(/^E_MODEL_/)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('scores', () => {
  it('are clipped, and 0 without three positive metrics', () => {
    const model = { ...SMALL, scale: 0.001, bias: 0 }
    const scored = modelScores(
      model,
      columns([{ chaos: 1, mz_err_abs: 0 }, { chaos: 0 }, { spatial: Number.NaN }, { chaos: 0.1, mz_err_abs: 0.3 }]),
    )
    expect([...scored]).toEqual([0.001 * 410, 0, 0, 0.001 * (10 + 100)].map((value) => expect.closeTo(value, 12)))
    expect([...modelScores({ ...SMALL, scale: 1 }, columns([{}]))]).toEqual([1])
    expect([...modelScores({ ...SMALL, scale: -1 }, columns([{}]))]).toEqual([0])
  })

  it('rank a metric among targets and decoys for features of rates', () => {
    const seen: CatBoostModel = {
      ...SMALL,
      features: ['spatial_fdr'],
      depth: Int32Array.of(1),
      splitFeature: Uint16Array.of(0),
      splitBorder: Float32Array.of(0.3),
      leaves: Float64Array.of(0.25, 0.75),
      scale: 1,
      bias: 0,
      nanIsHigh: Uint8Array.of(0),
    }
    // By spatial: target .9, decoy .8, target .7, decoy .6: rates 0, 1/2 ÷ 2 … made monotone.
    const rows = [{ spatial: 0.9 }, { spatial: 0.7 }, { spatial: 0.8, target: 0 }, { spatial: 0.6, target: 0 }]
    expect([...modelScores(seen, columns(rows, 1))]).toEqual([0.25, 0.75, 0.75, 0.75])
    expect([...modelScores(seen, columns(rows, 2))]).toEqual([0.25, 0.25, 0.25, 0.75])
  })

  it('name a feature that is not computed', () => {
    expect(() => checkFeatures({ ...SMALL, features: ['chaos_abs'] })).toThrow(
      expect.objectContaining({ code: 'E_MODEL_FEATURE', where: { feature: 'chaos_abs' } }),
    )
    expect(() => checkFeatures(SMALL)).not.toThrow()
  })
})

describe.skipIf(!present)('the Animal model', () => {
  const model = present ? animalModel() : SMALL

  it('survives the file', () => {
    const { features, scale, bias, depth, splitFeature, splitBorder, leaves, nanIsHigh } = model
    expect(readCatBoost(writeCbm(model))).toEqual({
      features,
      scale,
      bias,
      depth,
      splitFeature,
      splitBorder,
      leaves,
      nanIsHigh,
    })
  })

  it.each(['spheroid-hmdb-v3.csv', 'e2e/processed/expected_metaspace_v3_animal.csv'])(
    'scores the rows of %s as published',
    (file) => {
      const table = readCsv(file).map((row) =>
        Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)])),
      )
      const scored = modelScores(readCatBoost(writeCbm(model)), columns(table))
      const worst = Math.max(...table.map((row, i) => Math.abs(scored[i]! - row.msm!)))
      expect(table.length).toBeGreaterThan(100)
      expect(worst).toBeLessThan(6e-7)
    },
  )
})
