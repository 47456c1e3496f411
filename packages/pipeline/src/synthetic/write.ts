/** The generator's files: imzML, ibd and truth. */
import { createHash } from 'node:crypto'
import { accessSync, constants, mkdirSync, statfsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { MayflyError } from '@mayfly/executor/errors'
import { PartFile } from '../imzml/part-file.js'
import { ImzMLFiles } from '../imzml/writer.js'
import { chunkPixels, drawHere, drawInThreads, spectraOf } from './chunks.js'
import { bytesCut, checkDefects, oddSpectra, oddWriter } from './defects.js'
import { generateDataset } from './generate.js'
import type { SectionOptions, SyntheticOptions } from './options.js'
import { COVERED, PEAK_BYTES } from './size.js'
import { truthCsv } from './truth.js'

export interface WriteOptions extends SyntheticOptions {
  /** Stem of the files' names. Default `section`. */
  name?: string
  /** Names of `DEFECTS`. Default none. */
  defects?: readonly string[]
  /** Threads that draw; the files are the same for any number. Default: the number of CPUs, at most 8, and 1 for a few megabytes. */
  workers?: number
  /** Called a few times a second. */
  onProgress?: (progress: SyntheticProgress) => void
  /** Ends the work with E_CANCELLED; nothing is left behind. */
  signal?: AbortSignal
}

export interface SyntheticProgress {
  /** Pixels of the box worked through, and how many there are. */
  done: number
  total: number
  /** Spectra and bytes of the ibd so far. */
  spectra: number
  bytes: number
  /** Seconds since the start, and about how many remain. */
  elapsed: number
  remaining: number
}

export interface WrittenDataset {
  imzml: string
  ibd: string
  truth: string
  width: number
  height: number
  spectra: number
  peaks: number
  /** Bytes of the ibd. */
  bytes: number
}

/** Milliseconds between reports. */
const BEAT = 200
/** Bytes of an ibd below which threads take longer to start than they save. */
const WORTH_THREADS = 8e6
const MOST_THREADS = 8
/** Bytes of XML for a spectrum, about. */
const XML_BYTES = 1100

/**
 * Draws a data set and writes `<name>.imzML`, `<name>.ibd` and `<name>-truth.csv` into a folder, which is made when needed. Memory does
 * not grow with the size. The files appear under their names only when they are whole, the truth last.
 * @throws MayflyError E_SYNTH_OPTION, E_SYNTH_DEFECT, E_SYNTH_FOLDER, E_SYNTH_SPACE (the disk is too small), E_CANCELLED.
 */
export async function writeDataset(folder: string, options: WriteOptions = {}): Promise<WrittenDataset> {
  const { name = 'section', defects: named = [], workers, onProgress, signal, ...section } = options
  const defects = checkDefects(named)
  throwIfCancelled(signal)
  const dataset = generateDataset(section)
  const { seed, mode, axis, width, height, polarity } = dataset.options
  const pixels = width * height
  makeFolder(folder)
  const points = mode === 'continuous' ? axisPoints(dataset.spectra(0)) : 0
  const bytes = pixels * COVERED * (mode === 'continuous' ? 4 * points : PEAK_BYTES * dataset.options.peaks)
  checkSpace(folder, bytes + pixels * COVERED * XML_BYTES)
  const [imzml, ibd, truth] = [`${name}.imzML`, `${name}.ibd`, `${name}-truth.csv`].map((file) => join(folder, file))
  const spectrumType = axis === 'profile' ? ('profile' as const) : ('centroid' as const)
  const plain = { mode, uuid: uuidOf(dataset.options), polarity, spectrumType, software: 'Mayfly synthetic tissue' }
  const files = new ImzMLFiles(imzml, ibd, oddWriter(plain, defects, bytes))
  const truthFile = new PartFile(truth)
  try {
    const since = performance.now()
    let last = since
    let spectra = 0
    const size = chunkPixels(dataset.options, points)
    const threads = workers ?? (bytes < WORTH_THREADS ? 1 : Math.min(MOST_THREADS, availableParallelism()))
    const drawn = threads > 1 ? drawInThreads(section, pixels, size, threads) : drawHere(dataset, size)
    for await (const chunk of drawn.chunks) {
      for (const spectrum of spectraOf(chunk)) {
        for (const odd of oddSpectra(spectrum, defects, seed)) files.add(odd)
        spectra++
      }
      // Lets signals and timers through.
      await setImmediate()
      throwIfCancelled(signal)
      const now = performance.now()
      if (now - last < BEAT) continue
      last = now
      const elapsed = (now - since) / 1000
      const remaining = (elapsed / chunk.to) * (pixels - chunk.to)
      onProgress?.({ done: chunk.to, total: pixels, spectra, bytes: files.bytes, elapsed, remaining })
    }
    truthFile.appendText(truthCsv(dataset.truth(drawn.seen())))
    truthFile.close()
    const written = files.commit(bytesCut(defects))
    truthFile.moveIntoPlace()
    return { imzml, ibd, truth, width, height, ...written }
  } catch (error) {
    files.discard()
    truthFile.discard()
    throw error
  }
}

function axisPoints(spectra: Generator<{ mz: ArrayLike<number> }>): number {
  for (const { mz } of spectra) return mz.length
  return 0
}

/** The same for the same options, another for any others. */
function uuidOf(options: SectionOptions): string {
  return createHash('sha256').update(JSON.stringify(options)).digest('hex').slice(0, 32)
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
  } catch (cause) {
    throw new MayflyError('E_SYNTH_FOLDER', `${folder} cannot be written to: ${(cause as Error).message}`, {
      hint: 'Give a folder that you may write to.',
      where: { folder },
      cause,
    })
  }
}

function checkSpace(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder)
  if (bytes < bavail * bsize) return
  const gb = (n: number) => (n / 1e9).toFixed(1)
  throw new MayflyError(
    'E_SYNTH_SPACE',
    `The data set takes about ${gb(bytes)} GB, ${folder} has ${gb(bavail * bsize)} GB`,
    {
      hint: 'Ask for a smaller one, or give a folder on another disk.',
      where: { folder },
    },
  )
}

function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return
  throw new MayflyError('E_CANCELLED', 'The data set was not finished', {
    hint: 'Nothing was left behind; start again when you want it.',
  })
}
