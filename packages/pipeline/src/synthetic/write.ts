/** The generator's files: imzML, ibd and truth. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeImzML } from '../imzml/writer.js'
import { generateDataset, type SyntheticOptions, type TruthRow } from './generate.js'
import { hash } from './random.js'

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

/** Draws a data set and writes `<name>.imzML`, `<name>.ibd` and `<name>-truth.csv` into a folder, which is made when needed. */
export function writeDataset(folder: string, options: SyntheticOptions & { name?: string } = {}): WrittenDataset {
  const { name = 'section', ...rest } = options
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
  const [imzml, ibd, truth] = [`${name}.imzML`, `${name}.ibd`, `${name}-truth.csv`].map((file) =>
    join(folder, file),
  ) as [string, string, string]
  const written = writeImzML(imzml, ibd, dataset.spectra(), {
    mode,
    uuid,
    polarity,
    software: 'Mayfly synthetic tissue',
  })
  writeFileSync(truth, truthCsv(dataset.truth()))
  return { imzml, ibd, truth, width, height, ...written }
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
