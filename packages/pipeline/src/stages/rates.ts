/** False discovery rates: targets of one adduct and modifier against the decoy rankings of their database. */
import type { CloudObject } from '@mayfly/executor'
import { estimateServerlessFdr, serverlessDecoys } from '../fdr/index.js'
import { IonLookup } from '../formula/index.js'
import type { MetricsColumns } from './annotation.js'
import { getTable, openTable, type StageContext } from './context.js'

export interface RateItem {
  metrics: CloudObject
  database: CloudObject
  adduct: string
  modifier: string
  targetAdducts: string[]
  decoys: number
}

/** Annotations of one (database, modifier, adduct): columns of equal length, ascending molecules. */
export interface Rates {
  mol: string[]
  formula_i: Uint32Array
  fdr: Float64Array
  /** What the ions were ranked by: the MSM, or a model's score. */
  score: Float64Array
}

/** FDR of every target with msm > 0, by the rankings of the pure serverless pipeline. */
export async function rankTargets(item: RateItem, ctx: StageContext): Promise<Rates> {
  const table = await openTable(ctx.storage, item.metrics)
  const ions = await table.column<MetricsColumns['ion']>('ion')
  const ids = await table.column<Uint32Array>('formula_i')
  const msm = await table.column<Float64Array>('msm')
  const { formula: molecules } = await getTable<{ formula: string[] }>(ctx, item.database)
  const decoys = serverlessDecoys(molecules.length, item.targetAdducts, item.decoys)

  const lookup = new IonLookup(ions, molecules)
  const rowsWith = (adduct: string, wanted: (molecule: number) => boolean): Int32Array => {
    const rowOf = lookup.by([item.modifier, adduct])
    const rows = new Int32Array(molecules.length)
    for (let i = 0; i < rows.length; i++) rows[i] = wanted(i) ? rowOf(i) : -1
    return rows
  }
  const targetRows = rowsWith(item.adduct, () => true)
  const decoyRows = decoys.adducts.map((adduct, a) => rowsWith(adduct, (i) => decoys.isUsed(i, a)))
  const scoreOf = (row: number) => (row < 0 ? Number.NaN : (msm[row] as number))
  const targets = Float64Array.from(targetRows, scoreOf)
  const rankings = Array.from({ length: decoys.rankings }, (_, k) =>
    Float64Array.from(molecules, (_, i) => scoreOf(decoyRows[decoys.adductIndex(i, k)]?.[i] as number)),
  )
  const fdr = estimateServerlessFdr(targets, rankings)
  const found = [...targetRows.keys()].filter((i) => (targetRows[i] as number) >= 0)
  return {
    mol: found.map((i) => molecules[i] as string),
    formula_i: Uint32Array.from(found, (i) => ids[targetRows[i] as number] as number),
    fdr: Float64Array.from(found, (i) => fdr[i] as number),
    score: Float64Array.from(found, (i) => targets[i] as number),
  }
}
