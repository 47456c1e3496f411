/** Loading the data set: index of the spectra, chunks of sorted peaks, and segments by m/z that the annotation reads. */
import type { CloudObject } from '@mayfly/executor'
import { readSpectra } from '../imzml/ibd.js'
import { type ArrayType, geometryOf, type ImzML, type ImzMLWarning } from '../imzml/model.js'
import { ImzMLParser } from '../imzml/parse.js'
import { collectPeaks, type Dropped, gridStarts, mergePeaks, type Peaks, type PixelSpectrum } from '../segment/index.js'
import { getTable, openTable, putTable, readRange, type StageContext } from './context.js'

/** The XML is read and parsed in pieces of this size: files of gigabytes need no more memory than their index. */
const READ_SIZE = 8 * 2 ** 20

export interface LoadImzmlItem {
  imzml: CloudObject
  file: string
  key: string
}

/** A parsed imzML in storage: the numbers here, the columns in `object`. */
export interface SpectraIndex {
  object: CloudObject
  count: number
  width: number
  height: number
  /** Pixels with a spectrum. */
  sampled: number
  /** Points in all spectra. */
  points: number
  mzType: ArrayType
  intensityType: ArrayType
  mzZlib: boolean
  intensityZlib: boolean
  sharedAxis: boolean
  polarity: ImzML['polarity']
  warnings: ImzMLWarning[]
}

interface IndexColumns extends Record<string, Float64Array | Uint32Array> {
  pixel: Uint32Array
  sampled: Uint32Array
  mzOffset: Float64Array
  mzLength: Float64Array
  mzEncoded: Float64Array
  intOffset: Float64Array
  intLength: Float64Array
  intEncoded: Float64Array
}

/** Parses the XML and keeps where every array lies and to which pixel it belongs. */
export async function loadImzml(item: LoadImzmlItem, ctx: StageContext): Promise<SpectraIndex> {
  const parser = new ImzMLParser(item.file)
  for (let at = 0; at < item.imzml.size; at += READ_SIZE) {
    parser.push(await readRange(ctx.storage, item.imzml, at, Math.min(at + READ_SIZE, item.imzml.size)))
  }
  const imzml = parser.finish()
  const { width, height, pixel, sampled } = geometryOf(imzml)
  const columns: IndexColumns = {
    pixel,
    sampled,
    mzOffset: imzml.mz.offset,
    mzLength: imzml.mz.length,
    mzEncoded: imzml.mz.encoded,
    intOffset: imzml.intensity.offset,
    intLength: imzml.intensity.length,
    intEncoded: imzml.intensity.encoded,
  }
  return {
    object: await putTable(ctx, item.key, columns),
    count: imzml.count,
    width,
    height,
    sampled: sampled.length,
    points: imzml.intensity.length.reduce((sum, n) => sum + n, 0),
    mzType: imzml.mz.type,
    intensityType: imzml.intensity.type,
    mzZlib: imzml.mz.zlib,
    intensityZlib: imzml.intensity.zlib,
    sharedAxis: imzml.sharedAxis,
    polarity: imzml.polarity,
    warnings: imzml.warnings,
  }
}

export interface ReadChunkItem {
  index: SpectraIndex
  ibd: CloudObject
  file: string
  /** Which of `chunks` equal parts of the spectra, in the order of their place in the ibd. */
  chunk: number
  chunks: number
  /** METASPACE leaves out negative intensities too. */
  positive: boolean
  key: string
}

/** Sorted peaks in storage: columns `mz`, `intensity`, `pixel`, and `grid`, the first row of each m/z bucket. */
export interface PeaksObject {
  object: CloudObject
  peaks: number
  /** Lowest and highest m/z; NaN when there is no peak. */
  mzMin: number
  mzMax: number
}

/** Reads a stretch of the ibd once, sorts its peaks by m/z. */
export async function readChunk(item: ReadChunkItem, ctx: StageContext): Promise<PeaksObject & { dropped: Dropped }> {
  const { index } = item
  const columns = await getTable<IndexColumns>(ctx, index.object)
  const byPlace = Uint32Array.from(columns.pixel, (_, i) => i).sort(
    (a, b) => (columns.intOffset[a] as number) - (columns.intOffset[b] as number) || a - b,
  )
  const indices = shareOf(byPlace, columns.intLength, item.chunk, item.chunks)
  const imzml = {
    sharedAxis: index.sharedAxis,
    mz: {
      type: index.mzType,
      zlib: index.mzZlib,
      offset: columns.mzOffset,
      length: columns.mzLength,
      encoded: columns.mzEncoded,
    },
    intensity: {
      type: index.intensityType,
      zlib: index.intensityZlib,
      offset: columns.intOffset,
      length: columns.intLength,
      encoded: columns.intEncoded,
    },
  }
  const spectra: PixelSpectrum[] = []
  const read = (start: number, end: number) => readRange(ctx.storage, item.ibd, start, end)
  for await (const { index: i, mz, intensity } of readSpectra(imzml, indices, read, { file: item.file })) {
    spectra.push({ pixel: columns.pixel[i] as number, mz, intensity })
  }
  const { peaks, dropped } = collectPeaks(spectra, { positive: item.positive })
  return { ...(await putPeaks(ctx, item.key, peaks)), dropped }
}

/** The spectra of one of `n` consecutive parts with about the same number of points each. */
function shareOf(order: Uint32Array, lengths: Float64Array, part: number, n: number): Uint32Array {
  const total = lengths.reduce((sum, length) => sum + length, 0)
  const out: number[] = []
  let seen = 0
  for (let k = 0; k < order.length; k++) {
    const i = order[k] as number
    // Empty spectra go to the part they stand in; a total of 0 makes everything part 0.
    const middle = total === 0 ? 0 : Math.min(n - 1, Math.floor(((seen + (lengths[i] as number) / 2) / total) * n))
    if (middle === part) out.push(i)
    seen += lengths[i] as number
  }
  return Uint32Array.from(out)
}

async function putPeaks(ctx: StageContext, key: string, { mz, intensity, pixel }: Peaks): Promise<PeaksObject> {
  const object = await putTable(ctx, key, { grid: gridStarts(mz), mz, intensity, pixel })
  return { object, peaks: mz.length, mzMin: mz[0] ?? Number.NaN, mzMax: mz[mz.length - 1] ?? Number.NaN }
}

/** Rows of a peaks object whose m/z bucket lies in `[from, to)`; one request a column. */
export async function readPeaks(ctx: StageContext, object: CloudObject, from: number, to: number): Promise<Peaks> {
  const table = await openTable(ctx.storage, object)
  const first = (await table.slice<Uint32Array>('grid', from, from + 1))[0] as number
  const end = (await table.slice<Uint32Array>('grid', to, to + 1))[0] as number
  const [mz, intensity, pixel] = await Promise.all([
    table.slice<Float64Array>('mz', first, end),
    table.slice<Float64Array>('intensity', first, end),
    table.slice<Uint32Array>('pixel', first, end),
  ])
  return { mz, intensity, pixel }
}

/** Peaks in each bucket of the grid, summed over chunks: where to cut. */
export async function countGrid(item: { chunks: CloudObject[] }, ctx: StageContext): Promise<Uint32Array> {
  let sum: Uint32Array | undefined
  for (const chunk of item.chunks) {
    const starts = await (await openTable(ctx.storage, chunk)).column<Uint32Array>('grid')
    sum ??= new Uint32Array(starts.length - 1)
    for (let b = 0; b < sum.length; b++) sum[b] = (sum[b] as number) + (starts[b + 1] as number) - (starts[b] as number)
  }
  return sum ?? new Uint32Array(0)
}

export interface MergeSegmentItem {
  chunks: CloudObject[]
  /** Buckets `[from, to)` of the grid. */
  from: number
  to: number
  key: string
}

/** The peaks of one m/z range from all chunks, sorted. */
export async function mergeSegment(item: MergeSegmentItem, ctx: StageContext): Promise<PeaksObject> {
  const parts: Peaks[] = []
  for (const chunk of item.chunks) parts.push(await readPeaks(ctx, chunk, item.from, item.to))
  return putPeaks(ctx, item.key, mergePeaks(parts))
}
