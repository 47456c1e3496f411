/** Annotations as Apache Parquet. Pure. */
import { parquetWriteBuffer } from 'hyparquet-writer'
import type { Annotation, MassErrorFields, PerIsotope } from '../types.js'

const TEXT = [
  'full_mol',
  'mol',
  'database_path',
  'adduct',
  'modifier',
  'chem_mod',
  'neutral_loss',
  'ion_formula',
] as const
const NUMBERS = ['fdr', 'msm', 'chaos', 'spatial', 'spectral'] as const
const FOURFOLD = ['total_iso_ints', 'min_iso_ints', 'max_iso_ints'] as const
const ERRORS = ['mz_mean', 'mz_stddev', 'theo_mz', 'theo_ints'] as const

/**
 * One annotation a row, in the given order, with Snappy compression: text columns, `formula_i` as a 32-bit integer, scores and rate
 * as doubles, and `…_0` to `…_3` for the four isotopes. Mass errors are columns when the annotations have them.
 */
export function resultsParquet(annotations: readonly Annotation[]): Uint8Array {
  const doubles = (name: string, cellOf: (annotation: Annotation) => number) => ({
    ...{ name, type: 'DOUBLE' as const, nullable: false },
    data: Float64Array.from(annotations, cellOf),
  })
  const four = (name: string, valuesOf: (annotation: Annotation) => PerIsotope) =>
    [0, 1, 2, 3].map((k) => doubles(`${name}_${k}`, (annotation) => valuesOf(annotation)[k] as number))
  const errors = (annotation: Annotation) => annotation.errors as MassErrorFields
  const measured = annotations.length > 0 && annotations.every((annotation) => annotation.errors !== undefined)
  const columnData = [
    ...TEXT.map((name) => ({
      ...{ name, type: 'STRING' as const, nullable: false },
      data: annotations.map((annotation) => annotation[name]),
    })),
    {
      ...{ name: 'formula_i', type: 'INT32' as const, nullable: false },
      data: Int32Array.from(annotations, ({ formula_i }) => formula_i),
    },
    ...NUMBERS.map((name) => doubles(name, (annotation) => annotation[name])),
    ...FOURFOLD.flatMap((name) => four(name, (annotation) => annotation[name])),
    ...(measured
      ? [
          doubles('mz_err_abs', (annotation) => errors(annotation).mz_err_abs),
          doubles('mz_err_rel', (annotation) => errors(annotation).mz_err_rel),
          ...ERRORS.flatMap((name) => four(name, (annotation) => errors(annotation)[name])),
        ]
      : []),
  ]
  return new Uint8Array(parquetWriteBuffer({ columnData }))
}
