/**
 * What every call of the pipeline runs: one function for all stages, so that workers load one module and a cloud function is deployed
 * once. A call leaves a receipt in storage before it answers; who starts a broken-off stage again finds there what is done already.
 */
import { deserialize, serialize } from 'node:v8'
import { annotateSegment, collectMetrics, segmentCentroids } from './annotation.js'
import type { StageContext } from './context.js'
import { calculatePeaks, generateFormulas, mergeFormulas, readDatabase } from './formulas.js'
import { encodeImages } from './images.js'
import { rankTargets } from './rates.js'
import { generateShuffled, rankShuffled } from './shuffled.js'
import { countGrid, loadImzml, mergeSegment, readChunk } from './spectra.js'
import { formulasAtOnce, ratesAtOnce, segmentsAtOnce } from './whole.js'

/** The functions of the stages by name. */
export const FUNCTIONS = {
  readDatabase,
  generateFormulas,
  generateShuffled,
  mergeFormulas,
  calculatePeaks,
  loadImzml,
  readChunk,
  countGrid,
  mergeSegment,
  segmentCentroids,
  annotateSegment,
  collectMetrics,
  rankTargets,
  rankShuffled,
  formulasAtOnce,
  segmentsAtOnce,
  ratesAtOnce,
  encodeImages,
}

export type StageFunction = keyof typeof FUNCTIONS
export type ItemOf<F extends StageFunction> = Parameters<(typeof FUNCTIONS)[F]>[0]
export type ResultOf<F extends StageFunction> = Awaited<ReturnType<(typeof FUNCTIONS)[F]>>

export interface StageCall {
  fn: StageFunction
  item: unknown
  /** Key of the receipt; none is left without. */
  receipt?: string
}

/** What a call returned and how many seconds it took. */
export interface Receipt {
  result: unknown
  seconds: number
}

/** Runs one call of a stage. */
export async function runStage({ fn, item, receipt }: StageCall, ctx: StageContext): Promise<unknown> {
  const begin = performance.now()
  const result = await FUNCTIONS[fn](item as never, ctx)
  if (receipt !== undefined) {
    const left: Receipt = { result, seconds: (performance.now() - begin) / 1000 }
    await ctx.storage.putCloudObject(serialize(left), { key: receipt })
  }
  return result
}

/** @throws Error when the bytes are no receipt. */
export function readReceipt(bytes: Uint8Array): Receipt {
  return deserialize(bytes) as Receipt
}
