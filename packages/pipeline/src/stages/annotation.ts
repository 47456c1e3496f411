/** Annotation: centroids cut into segments by m/z, ions scored segment by segment, one table of all scores. */
import type { CloudObject } from '@mayfly/executor'
import { type Annotated, annotateIons, type ErrorColumns, type ScoreColumns } from '../annotate/index.js'
import { GRID_SIZE, gridBucket, mergePeaks, type Peaks, sortedOrder } from '../segment/index.js'
import { getTable, openTable, putTable, type StageContext } from './context.js'
import { readPeaks } from './spectra.js'

interface CentroidColumns extends Record<string, Float64Array | Uint32Array | Uint8Array> {
  formula_i: Uint32Array
  /** `KEPT` or `COUNTED` for ions that are kept also with an MSM of 0. */
  targeted: Uint8Array
  mz: Float64Array
  ints: Float64Array
}

export interface SegmentCentroidsItem {
  parts: CloudObject[]
  /** Buckets `[from, to)` of the m/z grid that the lightest isotopes of this call's ions lie in. */
  from: number
  to: number
  /** Range of the data set's m/z; ions without any peak strictly inside are left out. */
  mzMin: number
  mzMax: number
  /** Ions in a segment, about. */
  ions: number
  /** Peaks of the data set by m/z: how many there are in ranges that follow each other. */
  peaks: PeakRange[]
  /** Peaks in the m/z range of a segment, at most, unless a single ion reaches over more. */
  window: number
  key: string
}

/** A range of the data set's m/z with so many peaks. */
export interface PeakRange {
  peaks: number
  mzMin: number
  mzMax: number
}

/** A run of ions by their lightest isotope's m/z, with the m/z range that all their peaks span. */
export interface CentroidSegment {
  from: number
  to: number
  mzLow: number
  mzHigh: number
  /** Peaks of the data set in that range, about. */
  peaks: number
}

export interface CentroidSegments {
  object: CloudObject
  ions: number
  centroids: number
  segments: CentroidSegment[]
}

/** Clips the ions of a range to that of the data set, sorts them by their lightest isotope, cuts equal segments. */
export async function segmentCentroids(item: SegmentCentroidsItem, ctx: StageContext): Promise<CentroidSegments> {
  const parts: CentroidColumns[] = []
  for (const part of item.parts) parts.push(await readPatterns(ctx, part, item.from, item.to))
  const total = parts.reduce((sum, { formula_i }) => sum + formula_i.length, 0)
  const partOf = new Uint32Array(total)
  const rowOf = new Uint32Array(total)
  const lightest = new Float64Array(total)
  let n = 0
  for (const [p, { mz, formula_i }] of parts.entries()) {
    for (let i = 0; i < formula_i.length; i++) {
      if (!anyInside(mz, 4 * i, item.mzMin, item.mzMax)) continue
      partOf[n] = p
      rowOf[n] = i
      lightest[n++] = mz[4 * i] as number
    }
  }
  const order = sortedOrder(lightest.subarray(0, n))
  const columns: CentroidColumns = {
    formula_i: new Uint32Array(n),
    targeted: new Uint8Array(n),
    mz: new Float64Array(4 * n),
    ints: new Float64Array(4 * n),
  }
  let centroids = 0
  for (let k = 0; k < n; k++) {
    const at = order[k] as number
    const part = parts[partOf[at] as number] as CentroidColumns
    const i = rowOf[at] as number
    columns.formula_i[k] = part.formula_i[i] as number
    columns.targeted[k] = part.targeted[i] as number
    for (let j = 0; j < 4; j++) {
      const mz = part.mz[4 * i + j] as number
      columns.mz[4 * k + j] = mz
      columns.ints[4 * k + j] = part.ints[4 * i + j] as number
      if (mz > 0) centroids++
    }
  }
  return { object: await putTable(ctx, item.key, columns), ions: n, centroids, segments: cut(columns.mz, n, item) }
}

/** Rows of a pattern object whose bucket lies in `[from, to)`; all of them with one request. */
async function readPatterns(
  ctx: StageContext,
  object: CloudObject,
  from: number,
  to: number,
): Promise<CentroidColumns> {
  if (from === 0 && to === GRID_SIZE) return getTable<CentroidColumns>(ctx, object)
  const table = await openTable(ctx.storage, object)
  const grid = await table.column<Uint32Array>('grid')
  const [first, end] = [grid[from] as number, grid[to] as number]
  const [formula_i, targeted, mz, ints] = await Promise.all([
    table.slice<Uint32Array>('formula_i', first, end),
    table.slice<Uint8Array>('targeted', first, end),
    table.slice<Float64Array>('mz', 4 * first, 4 * end),
    table.slice<Float64Array>('ints', 4 * first, 4 * end),
  ])
  return { formula_i, targeted, mz, ints }
}

function anyInside(mz: Float64Array, from: number, low: number, high: number): boolean {
  for (let k = from; k < from + 4; k++) if ((mz[k] as number) > low && (mz[k] as number) < high) return true
  return false
}

/** Segments of equal numbers of ions; those that would read too many peaks are halved until they do not. */
function cut(mz: Float64Array, n: number, { ions, peaks, window }: SegmentCentroidsItem): CentroidSegment[] {
  const count = Math.ceil(n / ions)
  const halved = (from: number, to: number): CentroidSegment[] => {
    const segment = rangeOf(mz, from, to, peaks)
    if (segment.peaks <= window || to - from === 1) return [segment]
    const middle = (from + to) >> 1
    return [...halved(from, middle), ...halved(middle, to)]
  }
  return Array.from({ length: count }, (_, s) =>
    halved(Math.floor((n * s) / count), Math.floor((n * (s + 1)) / count)),
  ).flat()
}

function rangeOf(mz: Float64Array, from: number, to: number, ranges: readonly PeakRange[]): CentroidSegment {
  const mzLow = mz[4 * from] as number
  let mzHigh = 0
  for (let k = 4 * from; k < 4 * to; k++) if ((mz[k] as number) > mzHigh) mzHigh = mz[k] as number
  const peaks = ranges.reduce((sum, range) => sum + peaksWithin(range, mzLow, mzHigh), 0)
  return { from, to, mzLow, mzHigh, peaks: Math.round(peaks) }
}

/** Peaks of a range between two m/z, as if they were spread evenly over it. */
function peaksWithin({ peaks, mzMin, mzMax }: PeakRange, low: number, high: number): number {
  const shared = Math.min(mzMax, high) - Math.max(mzMin, low)
  if (peaks === 0 || shared < 0) return 0
  return mzMax > mzMin ? (peaks * shared) / (mzMax - mzMin) : peaks
}

export interface AnnotateSegmentItem {
  centroids: CloudObject
  segment: CentroidSegment
  /** The data set's segments that the ions' peaks reach. */
  peaks: CloudObject[]
  width: number
  height: number
  sampled: number
  ppm: number
  levels: number
  minPx: number
  /** As METASPACE: mass errors and some details of the scores. */
  metaspace: boolean
  key: string
}

export interface AnnotatedSegment {
  object: CloudObject
  ions: number
}

/** Scores the ions of one segment against the peaks of their m/z range. */
export async function annotateSegment(item: AnnotateSegmentItem, ctx: StageContext): Promise<AnnotatedSegment> {
  const { from, to, mzLow, mzHigh } = item.segment
  const table = await openTable(ctx.storage, item.centroids)
  const [formula, targeted, mz, ints] = await Promise.all([
    table.slice<Uint32Array>('formula_i', from, to),
    table.slice<Uint8Array>('targeted', from, to),
    table.slice<Float64Array>('mz', 4 * from, 4 * to),
    table.slice<Float64Array>('ints', 4 * from, 4 * to),
  ])
  const reach = 1 + 2e-6 * item.ppm
  const first = gridBucket(mzLow / reach)
  const last = gridBucket(mzHigh * reach) + 1
  const parts: Peaks[] = []
  for (const object of item.peaks) parts.push(await readPeaks(ctx, object, first, last))
  // Segments of the data set are disjoint in m/z and in order, so joining them needs no sorting; mergePeaks finds that out.
  const peaks = mergePeaks(parts)
  const annotated: Annotated = annotateIons(peaks, { formula, targeted, mz, ints }, item)
  return { object: await putTable(ctx, item.key, { ...annotated }), ions: annotated.formula.length }
}

export interface CollectMetricsItem {
  parts: CloudObject[]
  /** Groups of ion formulas with the `formula_i` of their first row. */
  groups: { object: CloudObject; firstId: number }[]
  key: string
}

/** Table of all ions with msm > 0, ascending `formula_i`; `part` and `row` say where the images are. */
export interface MetricsColumns
  extends ScoreColumns,
    ErrorColumns,
    Record<string, Float64Array | Uint32Array | readonly string[]> {
  formula_i: Uint32Array
  ion: readonly string[]
  part: Uint32Array
  row: Uint32Array
}

const SINGLE = ['chaos', 'spatial', 'spectral', 'msm', 'mz_err_abs', 'mz_err_rel'] as const
/** Four entries an ion. */
const FOURFOLD = ['total', 'min', 'max', 'mz_mean', 'mz_stddev', 'theo_mz', 'theo_ints'] as const
type ScoreName = (typeof SINGLE)[number] | (typeof FOURFOLD)[number]

/** One table from all segments, with the formula of each ion. */
export async function collectMetrics(
  item: CollectMetricsItem,
  ctx: StageContext,
): Promise<{ object: CloudObject; ions: number }> {
  const rows: { id: number; part: number; row: number }[] = []
  const parts: Record<ScoreName, Float64Array>[] = []
  for (const [p, object] of item.parts.entries()) {
    const table = await openTable(ctx.storage, object)
    const names = [...SINGLE, ...FOURFOLD]
    const columns = await Promise.all(names.map((name) => table.column<Float64Array>(name)))
    parts.push(Object.fromEntries(names.map((name, i) => [name, columns[i]])) as Record<ScoreName, Float64Array>)
    const ids = await table.column<Uint32Array>('formula')
    ids.forEach((id, row) => {
      rows.push({ id, part: p, row })
    })
  }
  rows.sort((a, b) => a.id - b.id)
  /** Column `name`, `width` entries an ion; empty where the parts have none. */
  const pick = (name: ScoreName, width: number) => {
    if (parts.every((part) => part[name].length === 0)) return new Float64Array(0)
    const column = new Float64Array(width * rows.length)
    for (const [i, { part, row }] of rows.entries()) {
      column.set((parts[part] as (typeof parts)[number])[name].subarray(width * row, width * (row + 1)), width * i)
    }
    return column
  }
  const ion = await formulasOf(
    rows.map(({ id }) => id),
    item.groups,
    ctx,
  )
  const scores = {
    ...Object.fromEntries(SINGLE.map((name) => [name, pick(name, 1)])),
    ...Object.fromEntries(FOURFOLD.map((name) => [name, pick(name, 4)])),
  } as Record<ScoreName, Float64Array>
  const columns: MetricsColumns = {
    formula_i: Uint32Array.from(rows, ({ id }) => id),
    ion,
    ...scores,
    part: Uint32Array.from(rows, ({ part }) => part),
    row: Uint32Array.from(rows, ({ row }) => row),
  }
  return { object: await putTable(ctx, item.key, columns), ions: rows.length }
}

/** Ion formulas of ascending numbers; only the groups that hold one are read. */
async function formulasOf(ids: number[], groups: CollectMetricsItem['groups'], ctx: StageContext): Promise<string[]> {
  const out: string[] = []
  let k = 0
  for (const [g, group] of groups.entries()) {
    const end = groups[g + 1]?.firstId ?? Number.POSITIVE_INFINITY
    if (k >= ids.length || (ids[k] as number) >= end) continue
    const formulas = await (await openTable(ctx.storage, group.object)).column<string[]>('formula')
    for (; k < ids.length && (ids[k] as number) < end; k++)
      out.push(formulas[(ids[k] as number) - group.firstId] as string)
  }
  return out
}
