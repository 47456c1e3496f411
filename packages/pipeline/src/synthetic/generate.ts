/**
 * Synthetic imaging data: a tissue section with truth. Deterministic in the options and pixel by pixel, so spectra stream in any size
 * and in any order. Model: fine structures of real ions with adducts, fragments and matrix, merged at the analyser's resolution; mass
 * error with offset, drift and calibration curve; shot noise, detector threshold, saturation; chemical, electronic and ion-like noise.
 */
import type { SpectrumData } from '../imzml/writer.js'
import { type Axis, drawAxis } from './axis.js'
import { completeOptions, type SectionOptions, type SyntheticOptions } from './options.js'
import { Spectrometer } from './spectrometer.js'
import { drawSubstances } from './substances.js'
import { drawTissue, type Tissue } from './tissue.js'
import { type TruthRow, truthRows } from './truth.js'

export interface SyntheticDataset {
  options: SectionOptions
  tissue: Tissue
  /** The spectra of pixels `from` … `to` of the box, row-major. Default: all; a whole pass begins the truth anew. */
  spectra(from?: number, to?: number): Generator<SpectrumData>
  /** By substance, in how many of the pixels drawn so far it could be seen. */
  seen: Uint32Array
  /** Pixel counts are those of the spectra drawn so far. @param seen counts to take instead, when others drew the spectra. */
  truth(seen?: Uint32Array): TruthRow[]
}

/** @throws MayflyError E_SYNTH_OPTION. */
export function generateDataset(given: SyntheticOptions = {}): SyntheticDataset {
  const options = completeOptions(given)
  const { width, height, mode } = options
  const tissue = drawTissue(width, height, options.seed)
  const substances = drawSubstances(options)
  const spectrometer = new Spectrometer(options, tissue, substances)
  let axis: Axis | undefined
  if (mode === 'continuous') {
    axis = drawAxis(spectrometer, options)
    spectrometer.seen.fill(0)
  }
  return {
    options,
    tissue,
    seen: spectrometer.seen,
    *spectra(from, to = width * height) {
      if (from === undefined) spectrometer.seen.fill(0)
      for (let pixel = from ?? 0; pixel < to; pixel++) {
        const x = pixel % width
        const y = Math.floor(pixel / width)
        if (!tissue.isSampled(x, y)) continue
        spectrometer.measure(pixel)
        const { size } = spectrometer
        const mz = axis?.mz ?? spectrometer.mz.slice(0, size)
        const intensity = axis?.intensities(spectrometer) ?? Float32Array.from(spectrometer.intensity.subarray(0, size))
        yield { x: x + 1, y: y + 1, mz, intensity }
      }
    },
    truth: (seen = spectrometer.seen) => truthRows(substances, seen, options),
  }
}
