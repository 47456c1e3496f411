/** Comparing annotations with what a synthetic data set was made of. Pure. */
import { MayflyError } from '@mayfly/executor/errors'
import { Explainer, inHillOrder } from '../synthetic/explained.js'
import type { Annotation } from '../types.js'
import { proportionInterval } from './binomial.js'
import { readCsv } from './csv.js'

export interface TruthReport {
  /** The FDR asked for. */
  level: number
  /** Ions strong enough to be found, and how many of them were, at an FDR of at most `level`. */
  annotatable: number
  recalled: number
  /** recalled / annotatable. */
  recall: number
  /** Annotated ions at the level. */
  annotations: number
  /** Of them: neither put in nor searched for in the signal of an ion that was. */
  falseDiscoveries: number
  /** Of them: not put in, but searched for in the signal of an ion that was, so that nobody can tell them apart. */
  indistinguishable: number
  /** falseDiscoveries / annotations. */
  falseDiscoveryProportion: number
  /** Its exact 95 % interval by Clopper and Pearson: what it could have been by chance. */
  interval: [low: number, high: number]
  /** What the FDR estimates say: every adduct and modifier is ranked alone, with the highest rate among its annotations. */
  estimated: number
  /** Standard error of the proportion where the rate is exactly `level`: √(level · (1 − level) / annotations). */
  samplingError: number
  /** The proportion exceeds the level by at most three standard errors. */
  ok: boolean
}

type Result = Pick<Annotation, 'ion_formula' | 'fdr' | 'database_path' | 'adduct' | 'modifier'>

/**
 * Recall and observed false discovery proportion against a truth table (columns `ion_formula`, `annotatable`, and where they are there
 * `kind` and `charge`). Ions count by their formula: two molecules that form the same ion cannot be told apart. Nor can ions whose two
 * strongest isotope peaks are searched for in the peaks of one that was put in; what that means exactly is in `synthetic/explained.ts`.
 * @param level of the FDR. Default 0.1.
 * @throws MayflyError E_CSV, E_VALIDATE_COLUMN.
 */
export function validateTruth(results: readonly Result[], truthCsv: string, level = 0.1): TruthReport {
  const rows = readCsv(truthCsv, 'the truth')
  if (!rows[0] || rows[0].ion_formula === undefined || rows[0].annotatable === undefined) {
    throw new MayflyError('E_VALIDATE_COLUMN', 'the truth has no rows with the columns ion_formula and annotatable', {
      hint: 'Give the …-truth.csv that the generator wrote beside the data set.',
    })
  }
  // Which ions are like those put in depends on the database that was searched, so it is found out here.
  const putIn = rows.filter(({ kind }) => !['same', 'isobar', 'isotope'].includes(kind ?? ''))
  const explainer = new Explainer(
    putIn.map((row) => row.ion_formula as string),
    Number(rows[0].charge ?? 1),
  )
  const strong = putIn.filter((row) => row.annotatable === 'true')
  const annotatable = new Set(strong.map((row) => inHillOrder(row.ion_formula as string)))
  const hits = results.filter(({ fdr }) => fdr <= level)
  const found = new Set(hits.map(({ ion_formula }) => inHillOrder(ion_formula)))
  const kinds = Array.from(found, (ion) => explainer.explain(ion)?.kind)
  const falseDiscoveries = kinds.filter((kind) => kind === undefined).length
  const recalled = [...annotatable].filter((ion) => found.has(ion)).length
  const share = (n: number, of: number) => (of === 0 ? 0 : n / of)
  const proportion = share(falseDiscoveries, found.size)
  const samplingError = found.size === 0 ? 0 : Math.sqrt((level * (1 - level)) / found.size)
  return {
    ...{ level, annotatable: annotatable.size, recalled, recall: share(recalled, annotatable.size) },
    ...{ annotations: found.size, falseDiscoveries, falseDiscoveryProportion: proportion },
    indistinguishable: kinds.filter((kind) => kind === 'isobar' || kind === 'isotope').length,
    interval: proportionInterval(falseDiscoveries, found.size),
    estimated: share(expectedFalse(hits), hits.length),
    ...{ samplingError, ok: proportion <= level + 3 * samplingError },
  }
}

/** Annotations of each ranking times the highest rate among them. */
function expectedFalse(hits: readonly Result[]): number {
  const rankings = new Map<string, number[]>()
  for (const { database_path, adduct, modifier, fdr } of hits) {
    const key = `${database_path} ${modifier} ${adduct}`
    rankings.set(key, [...(rankings.get(key) ?? []), fdr])
  }
  return [...rankings.values()].reduce((sum, rates) => sum + rates.length * Math.max(...rates), 0)
}
