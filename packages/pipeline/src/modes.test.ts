/** Every mode through the whole pipeline on real workers, against what the reference pipelines gave for the same data. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FunctionExecutor } from '@mayfly/executor'
import { type Annotation, Pipeline, type PipelineOptions } from '@mayfly/pipeline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { animalModel, haveReference, readCsv, readJson, referenceFolder } from './fixtures/reference.js'

const present = haveReference()
const folder = join(referenceFolder, 'e2e/processed')
const home = mkdtempSync(join(tmpdir(), 'mayfly-modes-'))
let fexec: FunctionExecutor

beforeAll(() => {
  fexec = new FunctionExecutor({ home, workers: 2 })
})
afterAll(async () => {
  await fexec.close()
  rmSync(home, { recursive: true, force: true })
})

const json = (file: string) => readJson(`e2e/processed/${file}`)
const expected = (name: string) => readCsv(`e2e/processed/expected_${name}.csv`)

async function annotate(config: string | undefined, options: PipelineOptions = {}): Promise<Annotation[]> {
  const { ds, db } = json('config_lithops.json')
  const database = config === undefined ? db : json(`config_${config}.json`)
  const pipeline = new Pipeline(ds, database, {
    ...{ executor: fexec, baseDir: folder, databaseDir: join(folder, '..'), log: () => undefined, ...options },
  })
  await pipeline.run()
  return pipeline.getResults()
}

function near(row: string, name: string, got: number, want: string | undefined, tolerance: number): void {
  const distance = Math.abs(got - Number(want))
  if (!(distance <= tolerance)) expect.fail(`${row} ${name}: ${got} is not ${want}`)
}

describe.skipIf(!present)('the reference data set', () => {
  it('gives what the hybrid implementation of Lithops-METASPACE gave', async () => {
    const results = await annotate(undefined, { impl: 'hybrid' })
    const rows = expected('lithops_hybrid')
    const found = new Map(results.map((row) => [row.full_mol, row]))
    expect([...found.keys()].sort()).toEqual(rows.map((row) => row.full_mol).sort())
    for (const row of rows) {
      const got = found.get(row.full_mol!)!
      expect([row.full_mol, got.formula_i, got.fdr]).toEqual([row.full_mol, Number(row.formula_i), Number(row.fdr)])
      expect(got.chaos).toBe(Number(row.chaos))
      for (const name of ['spatial', 'spectral', 'msm'] as const) near(row.full_mol!, name, got[name], row[name], 1e-7)
      for (let k = 0; k < 4; k++)
        near(
          row.full_mol!,
          `total ${k}`,
          got.total_iso_ints[k]! / 1e7,
          String(Number(row[`total_iso_${k}`]) / 1e7),
          1e-6,
        )
    }
  })

  it.each([
    ['metaspace_v1', 'metaspace_v1', 1e-7, false],
    ['metaspace_v3_msm', 'metaspace_v3_msm', 2e-6, false],
    ['metaspace_v3_animal', 'metaspace_v3_animal', 2e-6, true],
  ] as const)('gives what METASPACE gave: %s', async (config, name, tolerance, withModel) => {
    const results = await annotate(config, withModel ? { model: animalModel() } : {})
    const rows = expected(name)
    const key = (row: { ion_formula?: string; modifier?: string; formula?: string }) => `${row.formula} ${row.modifier}`
    const found = new Map(results.map((row) => [`${row.mol} ${row.modifier}${row.adduct}`, row]))
    expect([...found.keys()].sort()).toEqual(rows.map(key).sort())
    for (const row of rows) {
      const got = found.get(key(row))!
      expect([key(row), got.ion_formula, got.fdr]).toEqual([key(row), row.ion_formula, Number(row.fdr)])
      expect(got.chaos).toBe(Number(row.chaos))
      for (const column of ['spatial', 'spectral'] as const) near(key(row), column, got[column], row[column], tolerance)
      // A tree of a model may turn where a metric differs in its seventh digit, but none does here.
      near(key(row), 'msm', got.msm, row.msm, tolerance)
      for (const column of ['mz_err_abs', 'mz_err_rel'] as const)
        near(key(row), column, got.errors![column], row[column], 1e-8)
      for (let k = 0; k < 4; k++) {
        near(key(row), `mz_mean ${k}`, got.errors!.mz_mean[k]!, row[`mz_mean_${k}`], 1e-8)
        near(key(row), `mz_stddev ${k}`, got.errors!.mz_stddev[k]!, row[`mz_stddev_${k}`], 1e-8)
        near(key(row), `theo_mz ${k}`, Math.fround(got.errors!.theo_mz[k]!), row[`theo_mz_${k}`], 1e-9)
        // The reference's table of exponentials is good to 1e-8, which may be one step of single precision.
        near(key(row), `theo_ints ${k}`, got.errors!.theo_ints[k]!, row[`theo_ints_${k}`], 8e-6)
        near(key(row), `max ${k}`, got.max_iso_ints[k]! / 1e6, String(Number(row[`max_iso_ints_${k}`]) / 1e6), 1e-6)
      }
    }
  })

  it('is annotated on an FTICR with a loss and a modification', async () => {
    const results = await annotate('metaspace_v3_fticr_nl')
    const kinds = new Set(results.map(({ chem_mod, neutral_loss }) => chem_mod + neutral_loss))
    expect(kinds.has('')).toBe(true)
    for (const kind of kinds) expect(['', '-H2O', '+C2H2O', '+C2H2O-H2O']).toContain(kind)
    for (const { fdr, msm } of results) expect(fdr > 0 && fdr <= 1 && msm > 0).toBe(true)
  })
})
