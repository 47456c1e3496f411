/**
 * False discovery rates from target and decoy scores, one function per pipeline. Scores that are NaN are missing. Each throws
 * `E_FDR_DECOYS` where there are no decoys.
 */
import { MayflyError } from '@mayfly/executor/errors'

/** FDR levels reported by METASPACE v1. */
const LEVELS = [0.05, 0.1, 0.2, 0.5]

/**
 * FDR of the pure serverless pipeline (LM-S) for one (database, modifier, adduct). Per ranking: the number of decoys over the
 * number of targets with at least the score, clipped to 0 … 1 and made monotone over the targets; then the median.
 * Equal scores (a decoy can be another molecule's target ion) count on both sides; the reference's order is undefined there.
 *
 * @param targets score of each molecule with this adduct, NaN where there is none.
 * @param rankings per decoy ranking, the scores of all molecules' decoys, NaN where there is none.
 * @returns FDR by molecule, NaN where the target has no score.
 */
export function estimateServerlessFdr(targets: Float64Array, rankings: readonly Float64Array[]): Float64Array {
  checkSets(rankings)
  const order = byDescendingScore(targets)
  const scores = Float64Array.from(order, (i) => targets[i])
  const columns = rankings.map((ranking) => {
    const clipped = rawRates(scores, descending(ranking), (decoys, count) => Math.min(decoys / count, 1))
    return runningMinimum(clipped)
  })
  return scatter(order, medians(columns, scores.length), targets.length)
}

/**
 * FDR of the hybrid pipeline (LM-H) for one target modifier: decoys over targets of at least the score, median over the decoy
 * sets, then made monotone. Not clipped.
 *
 * @param targets score by formula, NaN where there is none.
 * @param sets for k = 0 … sampleSize − 1 the scores of the k-th decoy of every formula, NaN where there is none.
 * @returns FDR by formula, NaN where the target has no score.
 */
export function estimateHybridFdr(targets: Float64Array, sets: readonly Float64Array[]): Float64Array {
  const order = byDescendingScore(targets)
  return scatter(order, runningMinimum(medianRates(targets, order, sets)), targets.length)
}

/** FDR of METASPACE v1: the medians of `estimateHybridFdr`, not made monotone, rounded up to the levels 5, 10, 20, 50 % or 1. */
export function estimateLevelFdr(targets: Float64Array, sets: readonly Float64Array[]): Float64Array {
  const order = byDescendingScore(targets)
  const rates = medianRates(targets, order, sets)
  const levels = new Float64Array(order.length).fill(1)
  let done = 0
  for (const level of LEVELS) {
    for (let last = order.length - 1; last >= done; last--) {
      if (rates[last] >= level) continue
      levels.fill(level, done, last + 1)
      done = last + 1
    }
  }
  return scatter(order, levels, targets.length)
}

/**
 * FDR of METASPACE v3 for one target modifier, by the rule of succession: ((nD + 1) / sampleSize) / (nT + 1) with the numbers of
 * decoys and targets of at least the score, then made monotone over targets and decoys.
 *
 * @param decoys scores of all decoys of this modifier, NaN where there is none.
 * @param sampleSize decoys per target.
 */
export function estimateSuccessionFdr(targets: Float64Array, decoys: Float64Array, sampleSize: number): Float64Array {
  const map = scoreToFdr(targets, decoys, { decoyRatio: sampleSize, ruleOfSuccession: true, monotonic: true })
  return targets.map((score) => map.get(score) ?? Number.NaN)
}

/** Options of `scoreToFdr`. */
export interface ScoreToFdrOptions {
  /** Decoys per target; default 1. */
  decoyRatio?: number
  /** Adds one to both counts; default false. */
  ruleOfSuccession?: boolean
  /** Makes the rate fall with the score; default true. */
  monotonic?: boolean
}

/** FDR at every distinct score of targets and decoys, highest score first; 1 where no target has the score. */
export function scoreToFdr(
  targets: Float64Array,
  decoys: Float64Array,
  { decoyRatio = 1, ruleOfSuccession = false, monotonic = true }: ScoreToFdrOptions = {},
): Map<number, number> {
  if (!(Number.isFinite(decoyRatio) && decoyRatio > 0))
    throw noDecoys(`Expected decoys for each target, got ${decoyRatio}`)
  const targetScores = descending(targets)
  const decoyScores = descending(decoys)
  const scores = [...new Set([...targetScores, ...decoyScores])].sort((a, b) => b - a)
  const extra = ruleOfSuccession ? 1 : 0
  let targetCount = 0
  let decoyCount = 0
  const rates = Float64Array.from(scores, (score) => {
    while (targetCount < targetScores.length && targetScores[targetCount] >= score) targetCount++
    while (decoyCount < decoyScores.length && decoyScores[decoyCount] >= score) decoyCount++
    return targetCount + extra === 0 ? 1 : (decoyCount + extra) / decoyRatio / (targetCount + extra)
  })
  if (monotonic) runningMinimum(rates)
  return new Map(scores.map((score, i) => [score, rates[i]]))
}

/** Without decoys there is nothing to estimate a rate from. */
function checkSets(sets: readonly Float64Array[]): void {
  if (!(Array.isArray(sets) && sets.length > 0)) throw noDecoys('Expected at least one set of decoys')
}

function noDecoys(message: string): MayflyError {
  return new MayflyError('E_FDR_DECOYS', message, { hint: 'METASPACE takes 20 decoys for each target.' })
}

function medianRates(targets: Float64Array, order: Uint32Array, sets: readonly Float64Array[]): Float64Array {
  checkSets(sets)
  const scores = Float64Array.from(order, (i) => targets[i])
  const columns = sets.map((set) => rawRates(scores, descending(set), (decoys, count) => decoys / count))
  return medians(columns, scores.length)
}

/** `rate(decoys, targets)` at each target score, best first; both counts include all of at least that score. */
function rawRates(
  targetScores: Float64Array,
  decoyScores: Float64Array,
  rate: (decoys: number, targets: number) => number,
): Float64Array {
  const rates = new Float64Array(targetScores.length)
  let decoys = 0
  for (let i = 0; i < rates.length; ) {
    const score = targetScores[i]
    let next = i + 1
    while (next < rates.length && targetScores[next] === score) next++
    while (decoys < decoyScores.length && decoyScores[decoys] >= score) decoys++
    for (; i < next; i++) rates[i] = rate(decoys, next)
  }
  return rates
}

/** In place, from the last (lowest score) to the first: no entry above any entry behind it. */
function runningMinimum(rates: Float64Array): Float64Array {
  for (let i = rates.length - 2; i >= 0; i--) if (rates[i + 1] < rates[i]) rates[i] = rates[i + 1]
  return rates
}

function medians(columns: readonly Float64Array[], length: number): Float64Array {
  const half = columns.length >> 1
  const row = new Float64Array(columns.length)
  return Float64Array.from({ length }, (_, i) => {
    for (let k = 0; k < columns.length; k++) row[k] = columns[k][i]
    row.sort()
    return columns.length % 2 === 1 ? row[half] : (row[half - 1] + row[half]) / 2
  })
}

/** Scores without NaN, highest first. */
function descending(scores: Float64Array): Float64Array {
  return scores
    .filter((score) => !Number.isNaN(score))
    .sort()
    .reverse()
}

/** Positions of the scores that are not NaN, highest score first, stable. */
function byDescendingScore(scores: Float64Array): Uint32Array {
  const positions: number[] = []
  scores.forEach((score, i) => {
    if (!Number.isNaN(score)) positions.push(i)
  })
  return Uint32Array.from(positions.sort((a, b) => scores[b] - scores[a]))
}

function scatter(order: Uint32Array, values: Float64Array, length: number): Float64Array {
  const scattered = new Float64Array(length).fill(Number.NaN)
  order.forEach((position, i) => {
    scattered[position] = values[i]
  })
  return scattered
}
