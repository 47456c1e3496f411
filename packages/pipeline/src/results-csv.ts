/** Annotations as Lithops-METASPACE's results.csv. Pure. */
import type { Annotation, PerIsotope } from './types.js'

const COLUMNS = [
  'formula_i',
  'fdr',
  'mol',
  'database_path',
  'adduct',
  'modifier',
  'chaos',
  'spatial',
  'spectral',
  'msm',
] as const
const INTENSITIES = ['total_iso_ints', 'min_iso_ints', 'max_iso_ints'] as const

/** CSV with one annotation a line, in the given order; intensities of the four isotopes are written `"[a, b, c, d]"`. */
export function resultsCsv(annotations: readonly Annotation[]): string {
  const head = [...COLUMNS, ...INTENSITIES, 'full_mol'].join(',')
  const lines = annotations.map((annotation) =>
    [
      ...COLUMNS.map((name) => cell(annotation[name])),
      ...INTENSITIES.map((name) => cell(list(annotation[name]))),
      cell(annotation.full_mol),
    ].join(','),
  )
  return `${[head, ...lines].join('\n')}\n`
}

const list = (values: PerIsotope) => `[${values.join(', ')}]`

function cell(value: string | number): string {
  const text = String(value)
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
