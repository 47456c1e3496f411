/** From annotations to what a notebook draws of them: titles, ion images, spectra. Pure but for reading the spectrum. */
import { imagePercentile } from '../images/index.js'
import { computeIsotopePattern } from '../isotopes/index.js'
import type { Search } from '../search.js'
import type { Annotation, IonImage, SummedSpectrum } from '../types.js'
import type { SpectrumPlot } from './spectrum.js'

/** An image ready to be drawn: what `display.image` of a notebook takes, first the values, then the options. */
export interface IonPicture {
  /** Row by row; NaN, which is drawn transparent, where no spectrum was taken. */
  values: Float32Array
  options: {
    /** Pixels in a row. */
    width: number
    /** The ends of the colours. */
    min: number
    max: number
    unit: string
    title: string
    /** CSS pixels for one pixel of data, so that the picture is about 224 of them wide where the data allows. */
    scale: number
  }
}

const SIDE = 224

/** Lithops-METASPACE's title of an ion image: `mol+adduct - MSM 0.984 FDR 5%`. */
export function annotationTitle({ full_mol, msm, fdr }: Pick<Annotation, 'full_mol' | 'msm' | 'fdr'>): string {
  return `${full_mol} - MSM ${msm.toFixed(3)} FDR ${(100 * fdr).toFixed(0)}%`
}

/**
 * An ion image with its colours from 0 to a percentile of the sampled pixels (default 99), so that single hot pixels do not hide
 * the rest; to the largest value where that percentile is 0.
 */
export function ionPicture(image: IonImage, title: string, percentile = 99): IonPicture {
  const { width, values, mask } = image
  const max = imagePercentile(image, percentile) || imagePercentile(image, 100) || 1
  return {
    values: Float32Array.from(values, (value, pixel) => (mask[pixel] ? value : Number.NaN)),
    options: { width, min: 0, max, unit: 'intensity', title, scale: Math.max(1, Math.floor(SIDE / width)) },
  }
}

/** The part of a `Pipeline` that a spectrum is read from. */
interface SpectrumSource {
  readonly search: Search
  getSpectrum(from: number, to: number): Promise<SummedSpectrum>
}

/** Da around the outermost theoretical peaks that are drawn, too. */
const MARGIN = 0.5

/**
 * The sum of all spectra around an ion, and the isotope pattern it was searched with.
 * @throws MayflyError E_ISOTOPE_…, E_FORMULA_… for a formula without a pattern; an annotation's `ion_formula` has one.
 */
export async function ionSpectrum(
  pipeline: SpectrumSource,
  { full_mol, ion_formula }: Pick<Annotation, 'full_mol' | 'ion_formula'>,
): Promise<SpectrumPlot> {
  const { mode, sigma, charge, instrument } = pipeline.search
  const pattern = computeIsotopePattern(ion_formula, { mode, sigma, charge, instrument })
  const theory = Array.from(pattern.mz, (mz, k) => ({ mz, intensity: pattern.ints[k] as number })).filter(
    ({ mz, intensity }) => mz > 0 && intensity > 0,
  )
  const mzs = theory.map(({ mz }) => mz)
  const { mz, intensity } = await pipeline.getSpectrum(Math.min(...mzs) - MARGIN, Math.max(...mzs) + MARGIN)
  const measured = Array.from(mz, (at, k) => ({ mz: at, intensity: intensity[k] as number }))
  return { title: full_mol, measured, theory }
}
