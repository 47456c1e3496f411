/** The whole pipeline on workers against a second implementation without any clever code, on data sets drawn at random. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FunctionExecutor } from '@mayfly/executor'
import { type MetaspaceConfig, Pipeline } from '@mayfly/pipeline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { annotate, type Task } from './fixtures/brute/annotate.js'
import { drawDataset, type Shape } from './fixtures/brute/dataset.js'

const work = mkdtempSync(join(tmpdir(), 'mayfly-brute-'))
let fexec: FunctionExecutor

beforeAll(() => {
  fexec = new FunctionExecutor({ home: join(work, 'home'), workers: 2 })
})
afterAll(async () => {
  await fexec.close()
  rmSync(work, { recursive: true, force: true })
})

/** Repeated elements, leading numbers, unknown elements, doubles: as databases have them. */
const FORMULAS = (
  'C6H12O6 C5H5N5 C10H13N5O4 C16H32O2 C18H34O2 C5H9NO4 C4H9NO2 C6H13NO2 CH3COOH 2C7H12O7 C6H12Zz2 C9H11NO2 ' +
  'C6H8O7 C3H7NO2S C6H12O6 C11H12N2O2 C24H50NO7P C8H10BrNO2 C6H6Cl2 C12H22O11 C3H4O3 HBr NaCl'
).split(' ')

/** Numbers from 0 to 1 by a linear congruence. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const cases: [Task['mode'], '+' | '-', Shape][] = [
  ['lithops', '+', { mode: 'processed', mzType: 'f64', intensityType: 'f32', zlib: false }],
  ['lithops', '-', { mode: 'continuous', mzType: 'f64', intensityType: 'i32', zlib: true }],
  ['hybrid', '+', { mode: 'processed', mzType: 'f32', intensityType: 'f64', zlib: true }],
  ['hybrid', '-', { mode: 'continuous', mzType: 'f32', intensityType: 'f32', zlib: false }],
  ['metaspace-v1', '+', { mode: 'continuous', mzType: 'f64', intensityType: 'f32', zlib: false }],
  ['metaspace-v1', '-', { mode: 'processed', mzType: 'f64', intensityType: 'i64', zlib: false }],
  ['metaspace-v3', '+', { mode: 'processed', mzType: 'f32', intensityType: 'f32', zlib: false }],
  ['metaspace-v3', '-', { mode: 'continuous', mzType: 'f64', intensityType: 'f64', zlib: true }],
]

/** Targeted databases, of which METASPACE keeps everything. */
const targeted = cases.filter(([mode]) => mode.startsWith('metaspace'))

describe('data sets drawn at random', () => {
  it.each([
    ...cases.map(([mode, polarity, shape], i) => ({ mode, polarity, shape, table: 'csv', seed: 100 + i })),
    ...targeted.map(([mode, polarity, shape], i) => ({ mode, polarity, shape, table: 'tsv', seed: 200 + i })),
  ])(
    '$mode $polarity $shape.mode $shape.mzType/$shape.intensityType $table',
    async ({ mode, polarity, shape, table, seed }) => {
      const late = mode.startsWith('metaspace')
      const charge = polarity === '+' ? 1 : -1
      const adducts = [late ? `[M]${polarity}` : '', ...(polarity === '+' ? ['+H', '+Na'] : ['-H', '+Cl'])]
      // A table of METASPACE must hold formulas that can be.
      const formulas = table === 'csv' ? FORMULAS : FORMULAS.filter((formula) => !formula.includes('Zz'))
      const task: Task = {
        ...{ mode, formulas, adducts, losses: ['-H2O'], decoys: 7, targeted: table === 'tsv' },
        isotopes: { mode: mode === 'hybrid' ? 'lithops' : mode, sigma: 0.001238, charge, instrument: 'FTICR' },
      }
      const random = randomOf(seed)
      const some = FORMULAS.filter((formula) => !/Zz|COOH|^2/.test(formula) && random() < 0.7)
      // Targets, and ions that are decoys to some.
      const ions = some.flatMap((formula) => [`${formula}${adducts[1]}`, `${formula}${random() < 0.5 ? '+Fe' : '+Li'}`])
      const data = drawDataset(
        ions.filter((ion) => !/(HBr|NaCl)-H/.test(ion)),
        charge,
        shape,
        random,
      )
      const folder = mkdtempSync(join(work, 'set-'))
      writeFileSync(join(folder, 'a.imzML'), data.imzml)
      writeFileSync(join(folder, 'a.ibd'), data.ibd)
      const rows = formulas.map((formula, i) => (table === 'csv' ? `${i},${formula}` : `${i}\tm${i}\t${formula}`))
      const head = table === 'csv' ? ',sf' : 'id\tname\tformula'
      writeFileSync(join(folder, 'db.csv'), `${[head, ...rows].join('\n')}\n`)
      const metaspace: MetaspaceConfig = {
        ...{ database_ids: ['db.csv'], analysis_version: mode === 'metaspace-v1' ? 1 : 3 },
        isotope_generation: { adducts, charge, isocalc_sigma: 0.001238, instrument: 'FTICR', neutral_losses: ['-H2O'] },
        ...{ fdr: { decoy_sample_size: 7 }, image_generation: {} },
      }
      const pipeline = new Pipeline(
        { name: 'a', imzml_path: 'a.imzML', ibd_path: 'a.ibd', num_decoys: 7, polarity, isocalc_sigma: 0.001238 },
        late ? metaspace : { name: 'db', databases: ['db.csv'], adducts, modifiers: ['', '-H2O'] },
        {
          ...{ executor: fexec, baseDir: folder, log: () => undefined, warn: () => undefined },
          ...(mode === 'hybrid' ? { impl: 'hybrid' } : {}),
        },
      )
      await pipeline.run()
      const found = new Map((await pipeline.getResults()).map((row) => [row.full_mol, row]))
      const expected = annotate(data, task)
      expect([...found.keys()].sort()).toEqual([...expected.keys()].sort())
      expect(found.size).toBeGreaterThan(3)
      expect([...found.values()].some(({ msm }) => msm === 0)).toBe(table === 'tsv')
      for (const [name, want] of expected) {
        const got = found.get(name)!
        expect([name, got.chaos, got.fdr]).toEqual([name, want.chaos, want.fdr])
        for (const score of ['spatial', 'spectral', 'msm'] as const)
          expect([name, score, Math.abs(got[score] - want[score]) < 1e-9]).toEqual([name, score, true])
        for (const [k, total] of want.total.entries())
          expect(Math.abs(got.total_iso_ints[k]! - total)).toBeLessThanOrEqual(1e-9 * Math.abs(total))
      }
    },
  )
})
