import { describe, expect, it } from 'vitest'
import { GRID_SIZE, gridBucket, gridStarts, peakObjects } from '../segment/index.js'
import { segmentCentroids } from '../stages/annotation.js'
import { getTable, putTable, type StageContext, withMemory } from '../stages/context.js'
import { generateFormulas, mergeFormulas } from '../stages/formulas.js'
import * as memory from './memory.js'
import {
  adductCalls,
  adductParts,
  centroidCalls,
  formulaGroups,
  hashPartition,
  imageEntries,
  moleculeCalls,
  patternSlices,
  segmentIons,
  WINDOW_PEAKS,
} from './plan.js'

/** The largest limit that a cloud function can be given here, and the default. */
const LARGEST = 10_080
const DEFAULT = 1024

/** Points of data sets, at 12 bytes each; candidates of databases 1, 1 to 4 with four modifiers, and all with 25 (of db_config7). */
const MB = { 5: 4e5, 50: 4e6, 700: 6e7, 57000: 5e9 }
const CANDIDATES = [960_403, 29_156 * 84 * 4, 214_661 * 84 * 25, 600_000 * 84 * 25]

describe('the plan', () => {
  it.each(Object.entries(MB))('divides %s MB so that each call fits', (_, points) => {
    const objects = peakObjects(points)
    expect(memory.readingPeaks(points / objects)).toBeLessThanOrEqual(DEFAULT)
    expect(memory.mergingPeaks(points / objects)).toBeLessThanOrEqual(DEFAULT)
    expect(objects).toBeLessThan(1000)
    // Few enough for a middling data set, and none that would be tiny.
    expect(points / objects).toBeGreaterThan(2 ** 15)
  })

  it.each(CANDIDATES)('divides %d candidate ions so that each call fits a cloud function', (candidates) => {
    const adducts = adductCalls(candidates, 84)
    const byAdduct = candidates / adducts / adductParts(candidates, adducts)
    const held = [byAdduct, candidates / moleculeCalls(candidates), candidates / formulaGroups(candidates)]
    for (const formulas of held) {
      expect(memory.generating(formulas)).toBeLessThanOrEqual(LARGEST)
      // What one map of JavaScript takes.
      expect(formulas).toBeLessThan(2 ** 24)
    }
    expect(memory.sortingCentroids(candidates / centroidCalls(candidates))).toBeLessThanOrEqual(DEFAULT)
    expect(patternSlices(candidates / 32)).toBeLessThanOrEqual(64)
  })

  it('lets ordinary annotations do with the default, and never asks for more than there is', () => {
    expect(memory.generating(CANDIDATES[0]! / 49)).toBeLessThanOrEqual(DEFAULT)
    for (const [ions, pixels] of [
      [5e3, 100],
      [275e3, 8_684],
      [7e5, 30_000],
      [7e5, 84_000],
      [23e6, 30_000],
    ] as const) {
      const some = segmentIons(ions, pixels)
      expect(some).toBeGreaterThanOrEqual(500)
      const needed = memory.annotating(WINDOW_PEAKS, some, 2 * pixels, imageEntries(some, pixels))
      expect(needed).toBeLessThanOrEqual(pixels > 50_000 ? 2 * DEFAULT : DEFAULT)
    }
    const largest = segmentIons(23e6, 4_500_000)
    const needed = memory.annotating(WINDOW_PEAKS, largest, 4_500_000, imageEntries(largest, 4_500_000))
    expect(needed).toBeLessThanOrEqual(LARGEST)
  })
})

describe('segments of centroids', () => {
  const outside: StageContext = {
    storage: { getCloudObject: () => Promise.reject(new Error()), putCloudObject: () => Promise.reject(new Error()) },
  }

  it('hold every ion once, and read no more of the data set than allowed, unless one ion alone does', async () => {
    const { inner } = withMemory(outside)
    const lightest = [100, 101, 102, 500, 501, 900, 901, 902]
    const part = await putTable(inner, 'part', {
      formula_i: Uint32Array.from(lightest, (_, i) => i),
      targeted: new Uint8Array(lightest.length),
      mz: Float64Array.from(lightest.flatMap((mz) => [mz, mz + 1, mz + 2, 0])),
      ints: new Float64Array(4 * lightest.length),
    })
    const item = { parts: [part], from: 0, to: GRID_SIZE, mzMin: 100, mzMax: 1000, ions: 500, key: 'x' }
    const peaks = [
      { peaks: 1000, mzMin: 100, mzMax: 500 },
      { peaks: 9000, mzMin: 500.1, mzMax: 1000 },
      { peaks: 0, mzMin: Number.NaN, mzMax: Number.NaN },
    ]
    const whole = await segmentCentroids({ ...item, peaks, window: 10_000 }, inner)
    expect(whole.segments).toEqual([{ from: 0, to: 8, mzLow: 100, mzHigh: 904, peaks: expect.any(Number) }])
    expect(whole.segments[0]!.peaks).toBeCloseTo(1000 + (9000 * 403.9) / 499.9, 0)
    const { segments } = await segmentCentroids({ ...item, peaks, window: 500 }, inner)
    expect(segments.map(({ from, to }) => [from, to])).toEqual(
      [
        [0, 2],
        [2, 3],
        [3, 4],
        [4, 5],
        [5, 6],
        [6, 8],
      ].sort(([a], [b]) => a! - b!),
    )
    for (const { from, to, peaks: read } of segments) expect(read <= 500 || to - from === 1).toBe(true)
  })

  it('are those of all ions when calls sort a range of m/z each', async () => {
    const { inner } = withMemory(outside)
    const parts = await Promise.all(
      [0, 1, 2].map((p) => {
        const lightest = Array.from({ length: 400 }, (_, i) => 90 + ((i * 7919 + p * 31) % 10_007) / 10).sort(
          (a, b) => a - b,
        )
        const mz = Float64Array.from(lightest)
        return putTable(inner, `part-${p}`, {
          grid: gridStarts(mz),
          formula_i: Uint32Array.from(lightest, (_, i) => 1000 * p + i),
          targeted: new Uint8Array(lightest.length),
          mz: Float64Array.from(lightest.flatMap((at) => [at, at + 1, at + 2, at + 3])),
          ints: new Float64Array(4 * lightest.length),
        })
      }),
    )
    const item = { parts, mzMin: 100, mzMax: 1000, ions: 50, peaks: [], window: 1 }
    const run = async (from: number, to: number) => {
      const made = await segmentCentroids({ ...item, from, to, key: `${from}` }, inner)
      return { made, table: await getTable<{ formula_i: Uint32Array; mz: Float64Array }>(inner, made.object) }
    }
    const cuts = [0, gridBucket(250), gridBucket(251), gridBucket(700), GRID_SIZE]
    const ranges = await Promise.all(cuts.slice(1).map((to, i) => run(cuts[i] as number, to)))
    const whole = await run(0, GRID_SIZE)
    expect(ranges.flatMap(({ table }) => [...table.formula_i])).toEqual([...whole.table.formula_i])
    expect(ranges.flatMap(({ table }) => [...table.mz])).toEqual([...whole.table.mz])
    expect(ranges.reduce((sum, { made }) => sum + made.centroids, 0)).toBe(whole.made.centroids)
    for (const { made } of ranges)
      for (const [s, segment] of made.segments.entries()) expect(segment.from).toBe(made.segments[s - 1]?.to ?? 0)
  })
})

describe('ion formulas', () => {
  it('have the same numbers in few groups and in more groups than chunks, by whole calls and by parts', async () => {
    const outside: StageContext = {
      storage: { getCloudObject: () => Promise.reject(new Error()), putCloudObject: () => Promise.reject(new Error()) },
    }
    const formula = Array.from(
      { length: 120 },
      (_, i) => `C${3 + (i % 40)}H${5 + ((i * 7) % 60)}O${1 + (i % 9)}`,
    ).sort()
    const targetAdducts = ['+H', '+Na']
    const numbers = async (groups: number, parts: number) => {
      const { inner } = withMemory(outside)
      const database = await putTable(inner, 'database', { formula })
      const item = {
        ...{ databases: [database], adducts: ['+H', '+Na', '+Ag'], targetAdducts, modifiers: ['', '-H2O'] },
        ...{ decoys: 20, mark: 'all' as const, partition: hashPartition(groups, formula) },
      }
      const generated = []
      for (let part = 0; part < parts; part++)
        generated.push(await generateFormulas({ ...item, part, parts, key: `part-${part}` }, inner))
      const ions: string[] = []
      for (let g = 0; g < groups; g++) {
        const merged = await mergeFormulas({ parts: generated.map((own) => own[g]!), key: `group-${g}` }, inner)
        const table = await getTable<{ formula: string[] }>(inner, merged.object)
        expect(table.formula.length).toBe(merged.sizes.reduce((sum, size) => sum + size, 0))
        ions.push(...table.formula)
      }
      return ions
    }
    const few = await numbers(2, 1)
    expect(few.length).toBeGreaterThan(500)
    expect(await numbers(32, 1)).toEqual(few)
    expect(await numbers(128, 1)).toEqual(few)
    expect(await numbers(128, 3)).toEqual(few)
  })
})
