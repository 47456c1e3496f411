/** Comparing annotations with what a synthetic data set was made of. Pure. */
import { MayflyError } from '@mayfly/executor/errors'
import type { Annotation } from '../types.js'
import { readCsv } from './csv.js'

export interface TruthReport {
  /** The FDR asked for. */
  level: number
  /** Ions strong enough to be found, and how many of them were, at an FDR of at most `level`. */
  annotatable: number
  recalled: number
  /** recalled / annotatable. */
  recall: number
  /** Annotations at the level, and the share of them whose ion was not put in. */
  annotations: number
  falseDiscoveries: number
  falseDiscoveryProportion: number
  /** Standard error of that share where the rate is exactly `level`: √(level · (1 − level) / annotations). */
  samplingError: number
  /** The share exceeds the level by at most three standard errors. */
  ok: boolean
}

/**
 * Recall and observed false discovery proportion against a truth table (columns `ion_formula`, `annotatable`). Ions count by their
 * formula: two molecules that form the same ion cannot be told apart.
 * @param level of the FDR. Default 0.1.
 * @throws MayflyError E_CSV, E_VALIDATE_COLUMN.
 */
export function validateTruth(
  results: readonly Pick<Annotation, 'ion_formula' | 'fdr'>[],
  truthCsv: string,
  level = 0.1,
): TruthReport {
  const rows = readCsv(truthCsv, 'the truth')
  if (!rows[0] || rows[0].ion_formula === undefined || rows[0].annotatable === undefined) {
    throw new MayflyError('E_VALIDATE_COLUMN', 'the truth has no rows with the columns ion_formula and annotatable', {
      hint: 'Give the …-truth.csv that the generator wrote beside the data set.',
    })
  }
  const present = new Set(rows.map(({ ion_formula }) => ion_formula))
  const annotatable = new Set(rows.filter((row) => row.annotatable === 'true').map(({ ion_formula }) => ion_formula))
  const found = new Set(results.filter(({ fdr }) => fdr <= level).map(({ ion_formula }) => ion_formula))
  const recalled = [...annotatable].filter((ion) => found.has(ion as string)).length
  const falseDiscoveries = [...found].filter((ion) => !present.has(ion)).length
  const share = (n: number, of: number) => (of === 0 ? 0 : n / of)
  const proportion = share(falseDiscoveries, found.size)
  const samplingError = found.size === 0 ? 0 : Math.sqrt((level * (1 - level)) / found.size)
  return {
    ...{ level, annotatable: annotatable.size, recalled, recall: share(recalled, annotatable.size) },
    ...{ annotations: found.size, falseDiscoveries, falseDiscoveryProportion: proportion, samplingError },
    ok: proportion <= level + 3 * samplingError,
  }
}
