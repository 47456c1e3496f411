/** Annotations as results.csv: Lithops-METASPACE's columns, or METASPACE's. Pure. */
import type { Mode } from './search.js'
import type { Annotation, PerIsotope } from './types.js'

type Cell = string | number

const LITHOPS = [
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

const METASPACE = [
  'ion_formula',
  'chem_mod',
  'neutral_loss',
  'adduct',
  'modifier',
  'chaos',
  'spatial',
  'spectral',
] as const
const FOURFOLD = ['mz_mean', 'mz_stddev', 'theo_mz', 'theo_ints'] as const

/**
 * CSV with one annotation a line, in the given order. `lithops`: intensities of the four isotopes are one cell `"[a, b, c, d]"`;
 * METASPACE's modes: four cells `…_0` to `…_3`, and the mass errors. The last column is always `full_mol`.
 */
export function resultsCsv(annotations: readonly Annotation[], mode: Mode = 'lithops'): string {
  const [head, rowOf] = mode === 'lithops' ? [LITHOPS_HEAD, lithopsRow] : [METASPACE_HEAD, metaspaceRow]
  const lines = annotations.map((annotation) => rowOf(annotation).map(cell).join(','))
  return `${[head.join(','), ...lines].join('\n')}\n`
}

const LITHOPS_HEAD = [...LITHOPS, ...INTENSITIES, 'full_mol']

function lithopsRow(annotation: Annotation): Cell[] {
  const lists = INTENSITIES.map((name) => `[${annotation[name].join(', ')}]`)
  return [...LITHOPS.map((name) => annotation[name]), ...lists, annotation.full_mol]
}

const four = (name: string) => [0, 1, 2, 3].map((k) => `${name}_${k}`)
const METASPACE_HEAD = [
  ...['database_path', 'formula', ...METASPACE, 'mz_err_abs', 'mz_err_rel', 'msm', 'fdr'],
  ...[...INTENSITIES, ...FOURFOLD].flatMap(four),
  'full_mol',
]

function metaspaceRow(annotation: Annotation): Cell[] {
  const { errors, msm, fdr } = annotation
  const lists = FOURFOLD.flatMap((name): Cell[] => errors?.[name] ?? EMPTY)
  return [
    ...[annotation.database_path, annotation.mol, ...METASPACE.map((name) => annotation[name])],
    ...[errors?.mz_err_abs ?? '', errors?.mz_err_rel ?? '', msm, fdr],
    ...INTENSITIES.flatMap((name): PerIsotope => annotation[name]),
    ...lists,
    annotation.full_mol,
  ]
}

const EMPTY = ['', '', '', '']

function cell(value: Cell): string {
  const text = String(value)
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
