/**
 * Synthetic imaging data: a tissue section on an Orbitrap, with truth. Deterministic in the seed and pixel by pixel, so spectra
 * stream in any size. Model: fine structures of real ions merged at the analyser's resolution, mass error with offset, drift
 * and calibration curve, shot noise, detector threshold, matrix, chemical and random noise.
 */
import type { SpectrumData } from '../imzml/writer.js'
import { coreFormulas } from '../moldb/compile.js'
import { Random } from './random.js'
import { drawSubstances, type Substance } from './substances.js'
import { drawTissue, type Pattern, type Tissue } from './tissue.js'

export interface SyntheticOptions {
  /** Default 20260101. */
  seed?: number
  /** Pixels of the bounding box. Default 50 × 50. */
  width?: number
  height?: number
  /** `processed` (default): every spectrum has its own m/z values; `continuous`: one axis for all. */
  mode?: 'processed' | 'continuous'
  /** Molecules to choose from. Default: the shipped database. */
  formulas?: readonly string[]
  /** How many molecules are in the section. Default 100. */
  compounds?: number
  /** Noise that looks like ions. Default 280. */
  ghosts?: number
  /** Mean number of peaks in a spectrum, about (processed mode). Default 215. */
  peaks?: number
  /** Bins of the axis (continuous mode). Default 600. */
  bins?: number
  /** Resolving power at m/z 200; falls with the root of m/z. Default 140,000. */
  resolvingPower?: number
  /** Default 120 to 1000. */
  mzMin?: number
  mzMax?: number
  polarity?: '+' | '-'
}

/** What was put in. */
export interface TruthRow {
  formula: string
  adduct: string
  ion_formula: string
  pattern: string
  amplitude: number
  /** Exact m/z of the most intense peak. */
  mz: number
  /** Pixels in which at least two isotope peaks were strong enough to be seen. */
  pixels: number
  /** At least two isotope peaks in at least ten pixels. */
  annotatable: boolean
}

export interface SyntheticDataset {
  options: Required<SyntheticOptions>
  tissue: Tissue
  spectra(): Generator<SpectrumData>
  /** Complete once the spectra were drawn to the end. */
  truth(): TruthRow[]
}

/** Detector threshold at m/z 200; grows with the root of m/z. */
const THRESHOLD = 3400
/** Ion counts: the shot noise of intensity I is √(I · COUNT). */
const COUNT = 40
const FINE_LIMIT = 2e-3

const thresholdAt = (mz: number) => THRESHOLD * Math.sqrt(mz / 200)

/** All peaks that could appear, by ascending m/z. */
interface Features {
  mz: Float64Array
  /** Which substance, and its intensity there relative to the main peak. */
  owner: Uint32Array
  relative: Float64Array
  pattern: Float32Array[]
  /** Detector threshold and width at half height at this m/z. */
  threshold: Float64Array
  width: Float64Array
}

export function generateDataset(given: SyntheticOptions = {}): SyntheticDataset {
  const defaults: Required<SyntheticOptions> = {
    ...{
      seed: 20260101,
      width: 50,
      height: 50,
      mode: 'processed',
      formulas: given.formulas ?? coreFormulas(),
      compounds: 100,
    },
    ...{ ghosts: 280, peaks: 215, bins: 600, resolvingPower: 140_000, mzMin: 120, mzMax: 1000, polarity: '+' },
  }
  const options = { ...defaults, ...given } as Required<SyntheticOptions>
  const tissue = drawTissue(options.width, options.height, options.seed)
  const charge = options.polarity === '+' ? 1 : -1
  const substances = drawSubstances({ ...options, charge })
  const features = layOut(substances, tissue, options)
  const machine = new Machine(options, tissue, substances, features)
  return {
    options,
    tissue,
    spectra: () => (options.mode === 'continuous' ? machine.continuous() : machine.processed()),
    truth: () => machine.truth(),
  }
}

function layOut(
  substances: readonly Substance[],
  tissue: Tissue,
  { mzMin, mzMax, resolvingPower }: Required<SyntheticOptions>,
): Features {
  const rows: { mz: number; owner: number; relative: number; pattern: Float32Array }[] = []
  for (const [owner, { kind, masses, intensities, patterns }] of substances.entries()) {
    const place = mixture(patterns.map((name) => tissue.patterns[name]))
    for (let i = 0; i < masses.length; i++) {
      const mz = masses[i] as number
      const relative = intensities[i] as number
      if (relative < FINE_LIMIT || mz <= mzMin || mz >= mzMax) continue
      const pattern = kind === 'ghost' ? tissue.patterns[patterns[i] as Pattern] : place
      rows.push({ mz, owner, relative, pattern })
    }
  }
  rows.sort((a, b) => a.mz - b.mz)
  return {
    mz: Float64Array.from(rows, (row) => row.mz),
    owner: Uint32Array.from(rows, (row) => row.owner),
    relative: Float64Array.from(rows, (row) => row.relative),
    pattern: rows.map((row) => row.pattern),
    threshold: Float64Array.from(rows, ({ mz }) => thresholdAt(mz)),
    width: Float64Array.from(rows, ({ mz }) => mz ** 1.5 / (resolvingPower * Math.sqrt(200))),
  }
}

/** The first pattern, and the others at half strength. */
function mixture(patterns: readonly Float32Array[]): Float32Array {
  const [first, ...others] = patterns as [Float32Array, ...Float32Array[]]
  return first.map((value, p) => others.reduce((sum, other) => sum + 0.5 * (other[p] as number), value))
}

class Machine {
  private readonly local: Float64Array
  private readonly visible: Uint32Array
  private readonly seenPixels: Uint32Array
  /** Peaks found in the current pixel: true m/z and intensity before noise. */
  private readonly mz: Float64Array
  private readonly intensity: Float64Array
  private size = 0
  private background: { mz: Float64Array; amplitude: Float64Array; pattern: Float32Array[] } | undefined

  constructor(
    private readonly options: Required<SyntheticOptions>,
    private readonly tissue: Tissue,
    private readonly substances: readonly Substance[],
    private readonly features: Features,
  ) {
    this.local = new Float64Array(substances.length)
    this.visible = new Uint32Array(substances.length)
    this.seenPixels = new Uint32Array(substances.length)
    this.mz = new Float64Array(features.mz.length)
    this.intensity = new Float64Array(features.mz.length)
  }

  *processed(): Generator<SpectrumData> {
    const { sampled } = this.tissue
    const background = this.chemicalNoise()
    this.seenPixels.fill(0)
    for (let at = 0; at < sampled.length; at++)
      yield this.measure(sampled[at] as number, at / sampled.length, background)
  }

  /** Feature axis as vendors export it: the features that are seen most, at their mean m/z; zeros where nothing is. */
  *continuous(): Generator<SpectrumData> {
    const { bins, seed } = this.options
    const random = new Random(seed, 30)
    const strength = new Map<number, number>()
    const spectra: SpectrumData[] = []
    for (const spectrum of this.processed()) {
      spectra.push(spectrum)
      for (let i = 0; i < spectrum.mz.length; i++) {
        const bin = this.binOf(spectrum.mz[i] as number)
        strength.set(bin, (strength.get(bin) ?? 0) + 1)
      }
    }
    const kept = [...strength]
      .sort((a, b) => b[1] - a[1] || a[0] - b[0])
      .slice(0, bins)
      .map(([bin]) => bin)
      .sort((a, b) => a - b)
    const place = new Map(kept.map((bin, i) => [bin, i]))
    const sum = new Float64Array(kept.length)
    const weight = new Float64Array(kept.length)
    for (const { mz, intensity } of spectra) {
      for (let i = 0; i < mz.length; i++) {
        const at = place.get(this.binOf(mz[i] as number))
        if (at === undefined) continue
        sum[at] = (sum[at] as number) + (mz[i] as number) * (intensity[i] as number)
        weight[at] = (weight[at] as number) + (intensity[i] as number)
      }
    }
    const axis = sum.map((value, i) => (value / (weight[i] as number)) * (1 + 1e-7 * random.normal())).sort()
    for (const { x, y, mz, intensity } of spectra) {
      const binned = new Float32Array(axis.length)
      for (let i = 0; i < mz.length; i++) {
        const at = place.get(this.binOf(mz[i] as number))
        if (at !== undefined) binned[at] = (binned[at] as number) + (intensity[i] as number)
      }
      yield { x, y, mz: axis, intensity: binned }
    }
  }

  /** Number of the resolution element an m/z falls into: elements are as wide as a peak at half height. */
  private binOf(mz: number): number {
    const { resolvingPower } = this.options
    // ∫ dm / FWHM(m) with FWHM = m^1.5 / (R·√200).
    return Math.floor(-2 * resolvingPower * Math.sqrt(200) * mz ** -0.5)
  }

  /** Ions merged at the analyser's resolution, before noise, into `mz` and `intensity`. */
  private merge(pixel: number, random: Random): void {
    const { features, substances, local } = this
    const gain = this.tissue.gain[pixel] as number
    for (let s = 0; s < substances.length; s++)
      local[s] = (substances[s] as Substance).amplitude * gain * random.logNormal(0.12)
    this.visible.fill(0)
    let n = 0
    for (let f = 0; f < features.mz.length; f++) {
      const owner = features.owner[f] as number
      const value =
        (local[owner] as number) *
        (features.relative[f] as number) *
        ((features.pattern[f] as Float32Array)[pixel] as number)
      const mz = features.mz[f] as number
      const threshold = features.threshold[f] as number
      if (value < 0.05 * threshold) continue
      if (value > threshold) this.visible[owner] = (this.visible[owner] as number) + 1
      const last = n - 1
      if (last >= 0 && mz - (this.mz[last] as number) < (features.width[f] as number)) {
        const sum = (this.intensity[last] as number) + value
        this.mz[last] = ((this.mz[last] as number) * (this.intensity[last] as number) + mz * value) / sum
        this.intensity[last] = sum
      } else {
        this.mz[n] = mz
        this.intensity[n] = value
        n++
      }
    }
    this.size = n
    for (let s = 0; s < substances.length; s++)
      if ((this.visible[s] as number) >= 2) this.seenPixels[s] = (this.seenPixels[s] as number) + 1
  }

  private measure(pixel: number, time: number, background: NonNullable<Machine['background']>): SpectrumData {
    const { width, seed, mzMin, mzMax } = this.options
    const random = new Random(seed, 20, pixel)
    this.merge(pixel, random)
    const peaks: [number, number][] = []
    const drift = 0.4 + 0.5 * Math.sin(2 * Math.PI * (time + 0.2))
    const detect = (mz: number, value: number) => {
      const threshold = thresholdAt(mz)
      const noisy = value * random.logNormal(0.08) + Math.sqrt(value * COUNT) * random.normal()
      // A soft threshold: half of the peaks that are just as strong as it are seen.
      if (noisy < threshold * (0.8 + 0.4 * random.uniform())) return
      const ppm = drift + 0.3 * Math.sin(mz / 170) + 0.35 * Math.sqrt(1 + (2 * threshold) / noisy) * random.normal()
      peaks.push([mz * (1 + ppm * 1e-6), noisy])
    }
    for (let i = 0; i < this.size; i++) detect(this.mz[i] as number, this.intensity[i] as number)
    for (let i = 0; i < background.mz.length; i++) {
      const value = (background.amplitude[i] as number) * ((background.pattern[i] as Float32Array)[pixel] as number)
      if (value > 300) detect(background.mz[i] as number, value * random.logNormal(0.5))
    }
    for (let k = random.poisson(8); k > 0; k--) detect(random.between(mzMin, mzMax), random.logUniform(1e3, 6e3))
    peaks.sort((a, b) => a[0] - b[0])
    return {
      x: (pixel % width) + 1,
      y: Math.floor(pixel / width) + 1,
      mz: Float64Array.from(peaks, (peak) => peak[0]),
      intensity: Float32Array.from(peaks, (peak) => peak[1]),
    }
  }

  /**
   * Background features at the mass defects of organic matter, as many as the wanted number of peaks leaves room for: measured
   * on a few pixels without any, each feature being seen in about a third of the pixels.
   */
  private chemicalNoise(): NonNullable<Machine['background']> {
    if (this.background) return this.background
    const { seed, peaks, mzMin, mzMax } = this.options
    const { sampled, patterns } = this.tissue
    const none = { mz: new Float64Array(0), amplitude: new Float64Array(0), pattern: [] }
    const probes = Math.min(24, sampled.length)
    let found = 0
    for (let k = 0; k < probes; k++)
      found += this.measure(sampled[Math.floor(((k + 0.5) * sampled.length) / probes)] as number, 0, none).mz.length
    const random = new Random(seed, 21)
    const n = Math.max(0, Math.round((peaks - found / probes) * 2.2))
    const places = [patterns.whole, patterns.matrix, patterns.gradient, patterns.cortex, patterns.lobe]
    const mz = Float64Array.from({ length: n }, () => {
      const nominal = Math.floor(random.between(mzMin + 1, mzMax - 1))
      return Math.min(mzMax, nominal + nominal * 4.8e-4 + 0.05 * random.normal())
    })
    return (this.background = {
      mz,
      amplitude: Float64Array.from(mz, (m) => thresholdAt(m) * random.logUniform(0.6, 5)),
      pattern: Array.from(mz, () => places[random.below(places.length)] as Float32Array),
    })
  }

  truth(): TruthRow[] {
    return this.substances.flatMap((substance, s) => {
      if (substance.kind !== 'compound') return []
      const pixels = this.seenPixels[s] as number
      const { formula, adduct, ion, patterns, amplitude, masses } = substance
      const row = {
        formula,
        adduct,
        ion_formula: ion,
        pattern: patterns[0] as string,
        amplitude,
        mz: masses[0] as number,
      }
      return [{ ...row, pixels, annotatable: pixels >= 10 }]
    })
  }
}
