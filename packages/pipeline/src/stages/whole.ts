/**
 * The stateful stages as one call with a large memory each: the hybrid implementation. They are made of the very functions that the
 * serverless implementation maps, with what those hand to each other kept in the memory of the call.
 */
import type { CloudObject } from '@mayfly/executor'
import { cutGrid, peakObjects } from '../segment/index.js'
import { type CollectMetricsItem, collectMetrics } from './annotation.js'
import { type StageContext, withMemory } from './context.js'
import { type FormulaGroup, mergeFormulas } from './formulas.js'
import type { FormulaPart } from './ion-collector.js'
import type { Rates } from './rates.js'
import { type GenerateShuffledItem, generateShuffled, type RankShuffledItem, rankShuffled } from './shuffled.js'
import { countGrid, mergeSegment, type PeaksObject, type ReadChunkItem, readChunk } from './spectra.js'

export interface FormulasAtOnceItem {
  generate: Omit<GenerateShuffledItem, 'part' | 'key'>
  /** Number of groups. */
  groups: number
  key: string
}

/** Ion formulas of all molecules with shuffled decoys, in groups. */
export async function formulasAtOnce(item: FormulasAtOnceItem, ctx: StageContext): Promise<FormulaGroup[]> {
  const { inner, outer, forget } = withMemory(ctx)
  const parts: FormulaPart[] = []
  for (let part = 0; part < item.generate.parts; part++)
    parts.push(await generateShuffled({ ...item.generate, part, key: `part-${part}` }, inner))
  const groups: FormulaGroup[] = []
  for (let g = 0; g < item.groups; g++) {
    const own = parts.map((objects) => objects[g] as CloudObject)
    groups.push(await mergeFormulas({ parts: own, key: `${item.key}/group-${g}` }, outer))
    for (const part of own) forget(part)
  }
  return groups
}

export interface SegmentsAtOnceItem {
  chunk: Omit<ReadChunkItem, 'chunk' | 'key'>
  key: string
}

/** The whole ibd read, sorted and cut into segments by m/z. */
export async function segmentsAtOnce(
  item: SegmentsAtOnceItem,
  ctx: StageContext,
): Promise<{ segments: PeaksObject[]; dropped: number }> {
  const { inner, outer } = withMemory(ctx)
  const chunks: CloudObject[] = []
  let peaks = 0
  let dropped = 0
  for (let chunk = 0; chunk < item.chunk.chunks; chunk++) {
    const read = await readChunk({ ...item.chunk, chunk, key: `chunk-${chunk}` }, inner)
    chunks.push(read.object)
    peaks += read.peaks
    dropped += read.dropped.badMz + read.dropped.badIntensity
  }
  const cuts = cutGrid(await countGrid({ chunks }, inner), peakObjects(peaks))
  const segments: PeaksObject[] = []
  for (const [s, [from, to]] of cuts.entries())
    segments.push(await mergeSegment({ chunks, from, to, key: `${item.key}/${s}` }, outer))
  return { segments, dropped }
}

export interface RatesAtOnceItem {
  metrics: CollectMetricsItem
  rank: Omit<RankShuffledItem, 'metrics'>[]
}

/** The table of all scores, and the rates of every database, modifier and adduct. */
export async function ratesAtOnce(
  item: RatesAtOnceItem,
  ctx: StageContext,
): Promise<{ metrics: CloudObject; rates: Rates[] }> {
  const { object: metrics } = await collectMetrics(item.metrics, ctx)
  const rates: Rates[] = []
  for (const rank of item.rank) rates.push(await rankShuffled({ ...rank, metrics }, ctx))
  return { metrics, rates }
}
