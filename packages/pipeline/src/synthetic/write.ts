/** The generator's files: imzML, ibd and truth. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { MayflyError } from '@mayfly/executor/errors'
import { PartFile } from '../imzml/part-file.js'
import { ImzMLFiles } from '../imzml/writer.js'
import { generateDataset, type SyntheticOptions, type TruthRow } from './generate.js'
import { hash } from './random.js'

export interface WriteOptions extends SyntheticOptions {
  /** Stem of the files' names. Default `section`. */
  name?: string
  /** Called a few times a second. */
  onProgress?: (progress: SyntheticProgress) => void
  /** Ends the work with E_CANCELLED; nothing is left behind. */
  signal?: AbortSignal
}

export interface SyntheticProgress {
  /** Spectra written, and how many there will be. */
  done: number
  total: number
  /** Bytes of the ibd so far. */
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

/** Milliseconds between reports and looks at the signal. */
const BEAT = 200

/**
 * Draws a data set and writes `<name>.imzML`, `<name>.ibd` and `<name>-truth.csv` into a folder, which is made when needed. The files
 * appear under their names only when they are whole, the truth last.
 * @throws MayflyError E_CANCELLED.
 */
export async function writeDataset(folder: string, options: WriteOptions = {}): Promise<WrittenDataset> {
  const { name = 'section', onProgress, signal, ...rest } = options
  throwIfCancelled(signal)
  mkdirSync(folder, { recursive: true })
  const dataset = generateDataset(rest)
  const { seed, mode, width, height, polarity } = dataset.options
  const uuid = [1, 2, 3, 4]
    .map((k) =>
      hash(seed, 99, k, mode === 'processed' ? 0 : 1)
        .toString(16)
        .padStart(8, '0'),
    )
    .join('')
  const [imzml, ibd, truth] = [`${name}.imzML`, `${name}.ibd`, `${name}-truth.csv`].map((file) => join(folder, file))
  const files = new ImzMLFiles(imzml, ibd, { mode, uuid, polarity, software: 'Mayfly synthetic tissue' })
  const truthFile = new PartFile(truth)
  try {
    const since = performance.now()
    let last = since
    let done = 0
    const total = dataset.tissue.sampled.length
    for (const spectrum of dataset.spectra()) {
      files.add(spectrum)
      done++
      const now = performance.now()
      if (now - last < BEAT) continue
      last = now
      const elapsed = (now - since) / 1000
      onProgress?.({ done, total, bytes: files.bytes, elapsed, remaining: (elapsed / done) * (total - done) })
      await setImmediate()
      throwIfCancelled(signal)
    }
    truthFile.appendText(truthCsv(dataset.truth()))
    truthFile.close()
    const written = files.commit()
    truthFile.moveIntoPlace()
    return { imzml, ibd, truth, width, height, ...written }
  } catch (error) {
    files.discard()
    truthFile.discard()
    throw error
  }
}

function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return
  throw new MayflyError('E_CANCELLED', 'The data set was not finished', {
    hint: 'Nothing was left behind; start again when you want it.',
  })
}

/** The truth as CSV, one ion a line. */
export function truthCsv(rows: readonly TruthRow[]): string {
  const head = 'formula,adduct,ion_formula,pattern,amplitude,mz,pixels,annotatable\n'
  return (
    head +
    rows
      .map(
        (r) =>
          `${[r.formula, r.adduct, r.ion_formula, r.pattern, r.amplitude, r.mz, r.pixels, r.annotatable].join(',')}\n`,
      )
      .join('')
  )
}
