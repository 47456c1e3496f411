/** Ions and rates where decoys are drawn by shuffling: Lithops-METASPACE's hybrid implementation, METASPACE v1 and v3. */
import { deserialize } from 'node:v8'
import type { CloudObject } from '@mayfly/executor'
import type { ColumnReader } from '../columns.js'
import {
  estimateHybridFdr,
  estimateLevelFdr,
  estimateSuccessionFdr,
  type ShuffledDecoys,
  shuffledDecoys,
} from '../fdr/index.js'
import { IonLookup, ionWriter } from '../formula/index.js'
import { type CatBoostModel, modelScores } from '../scoring/index.js'
import type { MetricsColumns } from './annotation.js'
import { getTable, openTable, type StageContext } from './context.js'
import { type FormulaPart, IonCollector, type Partition } from './ion-collector.js'
import type { Rates } from './rates.js'

/** What decides who gets which decoys. */
export interface Shuffle {
  /** `hill` in Lithops-METASPACE, `chnops` in METASPACE. */
  order: 'hill' | 'chnops'
  adducts: string[]
  neutralLosses: string[]
  chemMods: string[]
  sampleSize: number
  sharedByModifiers: boolean
}

export interface GenerateShuffledItem {
  databases: CloudObject[]
  /** Of each database: whether ions, targets and decoys, with an MSM of 0 are kept. */
  targeted: boolean[]
  shuffle: Shuffle
  /** This call's share of each database's molecules: part `part` of `parts`. */
  part: number
  parts: number
  partition: Partition
  key: string
}

/** What is made, once each, for target modifier m and for candidate decoy c in its place: writers or finders of ions. */
class ByModifier<T> {
  readonly #decoys = new Map<number, T>()

  constructor(
    private readonly shuffle: Shuffle,
    private readonly decoys: ShuffledDecoys,
    private readonly make: (modifiers: string[]) => T,
  ) {}

  target(modifier: number): T {
    const { adducts } = this.shuffle
    return this.make([this.#prefix(modifier), adducts[modifier % adducts.length] as string])
  }

  decoy(modifier: number, candidate: number): T {
    const { adducts } = this.shuffle
    const key = Math.floor(modifier / adducts.length) * this.decoys.candidates.length + candidate
    let made = this.#decoys.get(key)
    if (!made) {
      made = this.make([this.#prefix(modifier), this.decoys.candidates[candidate] as string])
      this.#decoys.set(key, made)
    }
    return made
  }

  #prefix(modifier: number): string {
    return this.decoys.prefixes[Math.floor(modifier / this.shuffle.adducts.length)] as string
  }
}

/** Target ions and their drawn decoys of a share of the molecules. Ions that cannot exist are left out. */
export async function generateShuffled(item: GenerateShuffledItem, ctx: StageContext): Promise<FormulaPart> {
  const ions = new IonCollector()
  for (const [d, database] of item.databases.entries()) {
    const { formula: molecules } = await getTable<{ formula: string[] }>(ctx, database)
    const decoys = shuffledDecoys(molecules.length, item.shuffle)
    const writers = new ByModifier(item.shuffle, decoys, (modifiers) => ionWriter(modifiers, item.shuffle))
    const from = Math.floor((molecules.length * item.part) / item.parts)
    const to = Math.floor((molecules.length * (item.part + 1)) / item.parts)
    for (const m of decoys.modifiers.keys()) {
      const target = writers.target(m)
      for (let i = from; i < to; i++) {
        const molecule = molecules[i] as string
        ions.add(target(molecule), true, true, item.targeted[d])
        for (let k = 0; k < decoys.sampleSize; k++) {
          const decoy = writers.decoy(m, decoys.candidateIndex(i, m, k))
          ions.add(decoy(molecule), true, false, item.targeted[d])
        }
      }
    }
  }
  return ions.write(item.partition, item.key, ctx)
}

export interface RankShuffledItem {
  metrics: CloudObject
  database: CloudObject
  /** Keeps targets with a score of 0. */
  targeted: boolean
  shuffle: Shuffle
  /** Index of the target modifier. */
  modifier: number
  rates: 'hybrid' | 'levels' | 'succession'
  /** A serialized model that replaces the MSM as the score. */
  model?: CloudObject
}

/**
 * FDR of the targets against the decoys drawn for their modifier: of those with a positive score, in METASPACE's modes and below a
 * rate of 1; of a targeted database of all that were looked for.
 */
export async function rankShuffled(item: RankShuffledItem, ctx: StageContext): Promise<Rates> {
  const table = await openTable(ctx.storage, item.metrics)
  const ions = await table.column<MetricsColumns['ion']>('ion')
  const ids = await table.column<Uint32Array>('formula_i')
  const { formula: molecules } = await getTable<{ formula: string[] }>(ctx, item.database)
  const decoys = shuffledDecoys(molecules.length, item.shuffle)
  const lookup = new IonLookup(ions, molecules, item.shuffle)
  const finders = new ByModifier(item.shuffle, decoys, (modifiers) => lookup.by(modifiers))
  const rows = (rowOf: (i: number) => number) => Int32Array.from(molecules, (_, i) => rowOf(i))
  const targetRows = rows(finders.target(item.modifier))
  const sets = Array.from({ length: decoys.sampleSize }, (_, k) =>
    rows((i) => finders.decoy(item.modifier, decoys.candidateIndex(i, item.modifier, k))(i)),
  )
  const model = item.model && (deserialize(await ctx.storage.getCloudObject(item.model)) as CatBoostModel)
  const score = await scoresOf(model, table, targetRows, sets)
  const column = (rowsOf: Int32Array) =>
    Float64Array.from(rowsOf, (row) => (row < 0 ? Number.NaN : (score[row] as number)))
  const targets = column(targetRows)
  const rankings = sets.map(column)
  const fdr = estimate(item.rates, targets, rankings, decoys.sampleSize)
  const most = item.rates === 'hybrid' ? Number.POSITIVE_INFINITY : 1
  const found = [...targetRows.keys()].filter((i) =>
    item.targeted ? (targets[i] as number) >= 0 : (targets[i] as number) > 0 && (fdr[i] as number) < most,
  )
  return {
    mol: found.map((i) => molecules[i] as string),
    formula_i: Uint32Array.from(found, (i) => ids[targetRows[i] as number] as number),
    fdr: Float64Array.from(found, (i) => fdr[i] as number),
    score: Float64Array.from(found, (i) => targets[i] as number),
  }
}

function estimate(
  rates: RankShuffledItem['rates'],
  targets: Float64Array,
  sets: readonly Float64Array[],
  sampleSize: number,
): Float64Array {
  if (rates === 'hybrid') return estimateHybridFdr(targets, sets)
  if (rates === 'levels') return estimateLevelFdr(targets, sets)
  return estimateSuccessionFdr(targets, Float64Array.from(sets.flatMap((set) => [...set])), sampleSize)
}

/** The score of each row of the metrics. A model may rank metrics among the very ions that are compared, decoys as often as drawn. */
async function scoresOf(
  model: CatBoostModel | undefined,
  table: ColumnReader,
  targetRows: Int32Array,
  sets: readonly Int32Array[],
): Promise<Float64Array> {
  const column = (name: string) => table.column<Float64Array>(name)
  const msm = await column('msm')
  if (!model) return msm
  const targets = [...targetRows].filter((row) => row >= 0)
  const rows = [...targets, ...sets.flatMap((set) => [...set].filter((row) => row >= 0))]
  const names = ['chaos', 'spatial', 'spectral', 'mz_err_abs', 'mz_err_rel'] as const
  const columns = await Promise.all(names.map(column))
  const of = (n: number) => Float64Array.from(rows, (row) => columns[n]?.[row] as number)
  const scores = modelScores(model, {
    ...{ chaos: of(0), spatial: of(1), spectral: of(2), mz_err_abs: of(3), mz_err_rel: of(4) },
    target: Uint8Array.from(rows, (_, i) => (i < targets.length ? 1 : 0)),
    decoysPerTarget: sets.length,
  })
  const byRow = new Float64Array(msm.length)
  for (const [i, row] of rows.entries()) byRow[row] = scores[i] as number
  return byRow
}
