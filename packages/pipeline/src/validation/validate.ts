/** Comparing annotations with a reference, as Lithops-METASPACE's `check_results` does. Pure. */
import { MayflyError } from '@mayfly/executor/errors'
import type { Annotation } from '../types.js'
import { readCsv } from './csv.js'

/** What is compared, and how many rows may differ by more than `TOLERANCE` in a passing comparison. */
export const LIMITS = {
  missing: 0,
  spatial: 2,
  spectral: 5,
  chaos: 0,
  msm: 2,
  fdrShare: 0.25,
  fdrFarShare: 0.1,
} as const
export const TOLERANCE = 0.001

type Metric = 'spatial' | 'spectral' | 'chaos' | 'msm'
const METRICS: readonly Metric[] = ['spatial', 'spectral', 'chaos', 'msm']

/** Names a column may have: ours, METASPACE's export, its API. */
const NAMES = {
  formula: ['mol', 'formula', 'sumFormula', 'sf'],
  adduct: ['adduct'],
  modifier: ['modifier'],
  spatial: ['spatial', 'rhoSpatial'],
  spectral: ['spectral', 'rhoSpectral'],
  chaos: ['chaos', 'rhoChaos'],
  msm: ['msm', 'msmScore'],
  fdr: ['fdr', 'fdrLevel'],
} as const

export interface Check {
  name: string
  /** Rows, or a share of the compared rows. */
  value: number
  limit: number
  ok: boolean
}

export interface ValidationReport {
  ok: boolean
  /** Rows of the reference, rows of ours that it could have, rows in both. */
  reference: number
  results: number
  compared: number
  /** Ions of the reference that were not found, and ions that only we have; the first 20 of each by name. */
  missing: string[]
  extra: string[]
  extraCount: number
  checks: Check[]
  /** Largest absolute difference of each score. */
  largest: Record<Metric | 'fdr', number>
}

export interface ValidateOptions {
  /** Name of the reference, used in messages. Default `the reference`. */
  file?: string
  /** Only annotations of the database of this path. Default: of all, the better where two list the same ion. */
  database?: string
}

type Scored = Pick<Annotation, 'mol' | 'modifier' | 'adduct' | 'database_path' | 'fdr' | Metric>

/**
 * Compares annotations with a reference table: columns formula (or `mol`), adduct, chaos, spatial, spectral, msm, fdr; modifier is
 * optional, and without it only annotations without a modifier are compared. Bare ions take part when the reference has any.
 * It passes when no row is missing, at most 2 spatial, 5 spectral, 0 chaos and 2 msm scores differ by more than 0.001, and the FDR
 * level (5, 10, 20, 50 %, above) of at most 25 % of the rows differs, of at most 10 % by more than one level.
 * @throws MayflyError E_CSV, E_VALIDATE_COLUMN, E_VALIDATE_VALUE.
 */
export function validate(
  results: readonly Scored[],
  referenceCsv: string,
  options: ValidateOptions = {},
): ValidationReport {
  const file = options.file ?? 'the reference'
  const { rows, modifiers } = readReference(referenceCsv, file)
  const bare = [...rows.values()].some(({ adduct }) => adduct === '')
  const ours = new Map<string, Scored>()
  for (const row of results) {
    if (options.database !== undefined && row.database_path !== options.database) continue
    const plain = plainAdduct(row.adduct)
    if ((plain === '' && !bare) || (!modifiers && row.modifier !== '')) continue
    const key = keyOf(row.mol, row.modifier, plain)
    const known = ours.get(key)
    if (!known || row.fdr < known.fdr) ours.set(key, row)
  }
  const pairs = [...rows].flatMap(([key, expected]) => {
    const found = ours.get(key)
    return found ? [{ expected, found }] : []
  })
  const largest = { spatial: 0, spectral: 0, chaos: 0, msm: 0, fdr: 0 }
  const differ = { spatial: 0, spectral: 0, chaos: 0, msm: 0 }
  let moved = 0
  let movedFar = 0
  for (const { expected, found } of pairs) {
    for (const name of METRICS) {
      const difference = Math.abs(expected[name] - found[name])
      largest[name] = Math.max(largest[name], difference)
      if (difference > TOLERANCE) differ[name]++
    }
    largest.fdr = Math.max(largest.fdr, Math.abs(expected.fdr - found.fdr))
    const levels = Math.abs(levelOf(expected.fdr) - levelOf(found.fdr))
    if (levels > 0) moved++
    if (levels > 1) movedFar++
  }
  const missing = [...rows.keys()].filter((key) => !ours.has(key))
  const extra = [...ours.keys()].filter((key) => !rows.has(key))
  const check = (name: string, value: number, limit: number): Check => ({ name, value, limit, ok: value <= limit })
  const share = (n: number) => (pairs.length === 0 ? 0 : n / pairs.length)
  const checks = [
    check('missing rows', missing.length, LIMITS.missing),
    ...METRICS.map((name) => check(`rows with another ${name}`, differ[name], LIMITS[name])),
    check('share of rows at another FDR level', share(moved), LIMITS.fdrShare),
    check('share of rows more than one FDR level off', share(movedFar), LIMITS.fdrFarShare),
  ]
  return {
    ok: pairs.length > 0 && checks.every(({ ok }) => ok),
    ...{ reference: rows.size, results: ours.size, compared: pairs.length },
    ...{ missing: missing.slice(0, 20).map(nameOf), extra: extra.slice(0, 20).map(nameOf), extraCount: extra.length },
    ...{ checks, largest },
  }
}

const keyOf = (formula: string, modifier: string, adduct: string) => `${formula}|${modifier}|${adduct}`
const nameOf = (key: string) => key.replaceAll('|', '')
const plainAdduct = (adduct: string) => (/^(M|\[M\])?[+-]?$/.test(adduct) ? '' : adduct.replace(/^M(?=[+-])/, ''))

/** 0 to 4: below or at 5, 10, 20, 50 %, above. */
function levelOf(fdr: number): number {
  const level = [0.05, 0.1, 0.2, 0.5].findIndex((limit) => fdr <= limit + 1e-9)
  return level < 0 ? 4 : level
}

type Reference = Record<Metric | 'fdr', number> & { adduct: string }

function readReference(text: string, file: string): { rows: Map<string, Reference>; modifiers: boolean } {
  const records = readCsv(text, file)
  const header = Object.keys(records[0] ?? {})
  const column = (name: keyof typeof NAMES): string | undefined => NAMES[name].find((known) => header.includes(known))
  const needed = (name: keyof typeof NAMES): string => {
    const found = column(name)
    if (found !== undefined) return found
    throw new MayflyError('E_VALIDATE_COLUMN', `${file}: no column for ${name}`, {
      hint: `Give a CSV with rows and a column named ${NAMES[name].join(' or ')}.`,
      where: { file },
    })
  }
  const [formula, adduct, fdr] = [needed('formula'), needed('adduct'), needed('fdr')]
  const metrics = METRICS.map((name) => [name, needed(name)] as const)
  // METASPACE's tables have the whole modifier in a column that repeats the adduct; only its parts are a modifier of ours.
  const modifier = header.includes('chem_mod') ? undefined : column('modifier')
  const parts = header.includes('chem_mod') && header.includes('neutral_loss')
  const rows = new Map<string, Reference>()
  for (const [i, record] of records.entries()) {
    const number = (name: string) => {
      const value = Number(record[name])
      if (record[name] !== '' && Number.isFinite(value)) return value
      throw new MayflyError(
        'E_VALIDATE_VALUE',
        `${file}: "${record[name]}" in line ${i + 2}, column ${name}, is no number`,
        {
          hint: 'Leave rows without scores out.',
          where: { file, line: i + 2 },
        },
      )
    }
    const plain = plainAdduct(record[adduct] as string)
    const change = parts ? `${record.chem_mod}${record.neutral_loss}` : modifier ? (record[modifier] as string) : ''
    const scores = Object.fromEntries(metrics.map(([name, from]) => [name, number(from)])) as Record<Metric, number>
    const key = keyOf(record[formula] as string, change, plain)
    const row = { ...scores, fdr: number(fdr), adduct: plain }
    const known = rows.get(key)
    if (!known || row.fdr < known.fdr) rows.set(key, row)
  }
  return { rows, modifiers: parts || modifier !== undefined }
}
