/** Scores of ions by a METASPACE-ML model: its features from the metrics, then its value between 0 and 1. Pure. */
import { MayflyError } from '@mayfly/executor/errors'
import { scoreToFdr } from '../fdr/index.js'
import { type CatBoostModel, evaluate } from './catboost.js'

/** Metrics of ions in columns of equal length; mass errors in Da. */
export interface ScoredColumns {
  chaos: Float64Array
  spatial: Float64Array
  spectral: Float64Array
  mz_err_abs: Float64Array
  mz_err_rel: Float64Array
  /** 1 for targets, 0 for decoys; only models with `…_fdr` features look at it, and at the number of decoys for each target. */
  target: Uint8Array
  decoysPerTarget: number
}

type Metric = Exclude<keyof ScoredColumns, 'target' | 'decoysPerTarget'>
const METRICS: readonly Metric[] = ['chaos', 'spatial', 'spectral', 'mz_err_abs', 'mz_err_rel']

/**
 * The score of each ion: the model's value clipped to 0 … 1, and 0 where chaos · spatial · spectral is not positive.
 *
 * Features by their names: a metric itself; `<metric>_abserr` is −|metric|, as METASPACE computes it in production (its training
 * used 1 − |metric|); `<metric>_fdr` is the false discovery rate of the metric alone among ions with three positive scores, mass
 * errors ranked by −|metric|, and 1 for the other ions.
 *
 * @throws MayflyError `E_MODEL_FEATURE` for a feature that is none of these
 */
export function modelScores(model: CatBoostModel, columns: ScoredColumns): Float64Array {
  const features = model.features.map((name) => featureColumn(name, columns))
  const values = new Float64Array(features.length)
  return Float64Array.from(columns.chaos, (_, row) => {
    if (!(msmAt(columns, row) > 0)) return 0
    for (const [f, feature] of features.entries()) values[f] = feature[row]!
    return Math.min(1, Math.max(0, evaluate(model, values)))
  })
}

/** Names of features that `modelScores` can compute; asked before any work starts. @throws MayflyError `E_MODEL_FEATURE` */
export function checkFeatures(model: CatBoostModel): void {
  for (const name of model.features) splitName(name)
}

function splitName(name: string): { metric: Metric; kind: 'plain' | 'abserr' | 'fdr' } {
  const [, base = '', kind] = /^(.*?)(?:_(abserr|fdr))?$/.exec(name)!
  const metric = METRICS.find((known) => known === base)
  if (metric) return { metric, kind: (kind as 'abserr' | 'fdr' | undefined) ?? 'plain' }
  throw new MayflyError('E_MODEL_FEATURE', `the model asks for '${name}', which is not computed`, {
    hint: `Features are ${METRICS.join(', ')}, and the same with _abserr or _fdr.`,
    where: { feature: name },
  })
}

function featureColumn(name: string, columns: ScoredColumns): Float64Array {
  const { metric, kind } = splitName(name)
  const values = columns[metric]
  if (kind === 'plain') return values
  const distance = values.map((value) => -Math.abs(value))
  if (kind === 'abserr') return distance
  return rates(metric.startsWith('mz_err') ? distance : values, columns)
}

function rates(ranked: Float64Array, columns: ScoredColumns): Float64Array {
  const counts = Uint8Array.from(ranked, (_, row) => (msmAt(columns, row) > 0 ? 1 : 0))
  const of = (target: number) => ranked.filter((_, row) => counts[row] === 1 && columns.target[row] === target)
  const map = scoreToFdr(of(1), of(0), { decoyRatio: columns.decoysPerTarget })
  return ranked.map((value, row) => (counts[row] === 1 ? (map.get(value) ?? 1) : 1))
}

function msmAt({ chaos, spatial, spectral }: ScoredColumns, row: number): number {
  return chaos[row]! * spatial[row]! * spectral[row]!
}
