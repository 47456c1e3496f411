/** Isotope patterns of ions: the four centroids that the annotation searches for. */
import { MayflyError } from '@mayfly/executor/errors'
import { parseComplex } from '../formula/complex.js'
import { Centroids, PEAKS } from './centroids.js'
import { FineStructure, type IndexedCounts, indexCounts } from './fine-structure.js'
import { splitLabels } from './labels.js'
import { PlainFormula } from './plain-formula.js'
import { checkSettings, type IsotopeSettings, resolutionFor } from './resolution.js'

/** Four centroids in ascending order of m/z, zero padded; intensities in percent of the largest. */
export interface IsotopePattern {
  mz: Float64Array
  ints: Float64Array
}

/** Patterns of n ions in columns; ion i occupies entries 4i … 4i + 3, all zero where `ok[i]` is 0. */
export interface IsotopePatternTable {
  mz: Float64Array
  ints: Float64Array
  /** 1 where the pattern exists, 0 where the formula cannot be read or has too many isotopologues. */
  ok: Uint8Array
}

/** Peaks of the ion before convolution, most intense first; masses charged, intensities relative to the largest. */
export interface FinePeaks {
  masses: Float64Array
  intensities: Float64Array
}

/** Gaussians are cut at this many σ by cpyMSpec 0.3.5 and 0.4.2. */
const WIDTH_FFT = 12
const WIDTH_TREE = 6

const fine = new FineStructure()
const centroids = new Centroids()
const plain = new PlainFormula()

/**
 * The pattern of one ion formula (isotope code grammar, so `C6H12O6+Na` works too; in METASPACE's modes also its isotope labels, as
 * in `C3H13O6Cx3`).
 *
 * @throws MayflyError `E_FORMULA_…`, `E_ISOTOPE_COMBINATIONS` or `E_ISOTOPE_SETTINGS`.
 */
export function computeIsotopePattern(ionFormula: string, settings: IsotopeSettings): IsotopePattern {
  checkSettings(settings)
  const { rest, mass } = unlabelled(ionFormula, settings)
  const ion = rest === '' && ionFormula !== '' ? NOTHING : indexCounts(parseComplex(rest))
  if (ion.size === 0) {
    throw new MayflyError('E_FORMULA_EMPTY', 'No remaining elements', {
      hint: `Nothing is left of ${JSON.stringify(ionFormula)}${mass > 0 ? ' without its isotope labels' : ''}.`,
      where: { formula: ionFormula },
    })
  }
  computeInto(ion, settings, mass)
  return { mz: centroids.mz.slice(), ints: centroids.intensity.slice() }
}

const NOTHING = indexCounts(new Map())

/** Only METASPACE knows labels; to Lithops-METASPACE they are unknown elements. */
function unlabelled(ionFormula: string, { mode }: IsotopeSettings): { rest: string; mass: number } {
  if (mode === 'metaspace-v1' || mode === 'metaspace-v3') return splitLabels(ionFormula)
  return { rest: ionFormula, mass: 0 }
}

/** As `computeIsotopePattern`, with `null` for ions that have no pattern. Wrong settings still throw. */
export function isotopePattern(ionFormula: string, settings: IsotopeSettings): IsotopePattern | null {
  checkSettings(settings)
  return orNull(() => computeIsotopePattern(ionFormula, settings))
}

/**
 * The patterns of many ions, in order. Formulas that cannot be computed leave zeros and `ok` 0, as the pipelines drop them.
 *
 * @throws MayflyError `E_ISOTOPE_SETTINGS`.
 */
export function isotopePatterns(ionFormulas: readonly string[], settings: IsotopeSettings): IsotopePatternTable {
  checkSettings(settings)
  const n = ionFormulas.length
  const table = { mz: new Float64Array(n * PEAKS), ints: new Float64Array(n * PEAKS), ok: new Uint8Array(n) }
  for (let i = 0; i < n; i++) {
    const done = orNull(() => {
      if (plain.read(ionFormulas[i])) computeInto(plain, settings)
      else {
        const { rest, mass } = unlabelled(ionFormulas[i], settings)
        const ion = indexCounts(parseComplex(rest))
        if (ion.size === 0) return false
        computeInto(ion, settings, mass)
      }
      return centroids.size > 0
    })
    if (!done) continue
    table.mz.set(centroids.mz, i * PEAKS)
    table.ints.set(centroids.intensity, i * PEAKS)
    table.ok[i] = 1
  }
  return table
}

/** The fine structure behind a pattern, for generators of synthetic spectra and for checking. Throws as `computeIsotopePattern`. */
export function fineStructure(ionFormula: string, settings: Pick<IsotopeSettings, 'mode' | 'charge'> = {}): FinePeaks {
  fine.compute(indexCounts(parseComplex(ionFormula)), settings.charge ?? 1, limitOf(settings))
  const { masses, intensities, size } = fine
  const order = Array.from({ length: size }, (_, i) => i).sort((a, b) => intensities[b] - intensities[a])
  return {
    masses: Float64Array.from(order, (i) => masses[i]),
    intensities: Float64Array.from(order, (i) => intensities[i]),
  }
}

/** Leaves the pattern in `centroids`, all peaks moved by the mass of the labels. */
function computeInto(ion: IndexedCounts, settings: IsotopeSettings, labels = 0): void {
  const limit = limitOf(settings)
  fine.compute(ion, settings.charge ?? 1, limit)
  const tree = limit !== 'fft'
  centroids.compute(fine, resolutionFor(settings, fine.masses[0]), tree ? WIDTH_TREE : WIDTH_FFT, tree)
  if (labels === 0) return
  const shift = labels / Math.abs(settings.charge ?? 1)
  for (let k = 0; k < centroids.size; k++) centroids.mz[k] += shift
}

function limitOf({ mode }: Pick<IsotopeSettings, 'mode'>): 'fft' | 'tree' {
  return mode === 'metaspace-v3' ? 'tree' : 'fft'
}

/** Runs `compute`; what is wrong with one formula gives `null`, what is wrong with the settings or the code is thrown on. */
function orNull<T>(compute: () => T): T | null {
  try {
    return compute()
  } catch (error) {
    if (error instanceof MayflyError && error.code !== 'E_ISOTOPE_SETTINGS') return null
    throw error
  }
}
