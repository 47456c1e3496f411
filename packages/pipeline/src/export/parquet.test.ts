import { parquetReadObjects } from 'hyparquet'
import { expect, it } from 'vitest'
import type { Annotation } from '../types.js'
import { resultsParquet } from './parquet.js'

const annotation = (mol: string, fdr: number): Annotation => ({
  ...{ mol, fdr, full_mol: `${mol}-H2O+H`, database_path: 'über,"db".csv', adduct: '+H', modifier: '-H2O' },
  ...{ ion_formula: mol, chem_mod: '', neutral_loss: '-H2O', formula_i: 7, chaos: 0.9, spatial: 1 / 3, spectral: 1 },
  ...{ msm: 0.3, total_iso_ints: [1, 2, 3, 4], min_iso_ints: [0, 0, 0, 0], max_iso_ints: [5, 6, 7, 8.5] },
})
const read = (bytes: Uint8Array) => parquetReadObjects({ file: bytes.slice().buffer as ArrayBuffer })

it('gives back what was written', async () => {
  const rows = await read(resultsParquet([annotation('C6H12O6', 0), annotation('CH4', 0.25)]))
  expect(rows).toHaveLength(2)
  expect(rows[1]).toMatchObject({
    ...{ mol: 'CH4', fdr: 0.25, database_path: 'über,"db".csv', spatial: 1 / 3, formula_i: 7 },
    ...{ total_iso_ints_3: 4, max_iso_ints_3: 8.5 },
  })
  expect(rows[0]).not.toHaveProperty('mz_err_abs')
})

it('has mass errors where there are any, and columns without rows', async () => {
  const errors = { mz_mean: [1, 2, 3, 4], mz_stddev: [0, 0, 0, 0], theo_mz: [1, 2, 3, 4], theo_ints: [100, 5, 1, 0] }
  const [row] = await read(
    resultsParquet([
      {
        ...annotation('CH4', 0),
        errors: { ...errors, mz_err_abs: 1e-4, mz_err_rel: 2e-5 } as Annotation['errors'] & {},
      },
    ]),
  )
  expect(row).toMatchObject({ mz_err_abs: 1e-4, theo_ints_0: 100 })
  expect(await read(resultsParquet([]))).toEqual([])
})
