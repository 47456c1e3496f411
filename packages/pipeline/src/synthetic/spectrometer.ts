/** Measures one pixel: ions and background merged at the analyser's resolution, then side lobes, noise, threshold and mass error. */
import { detected, LOBE, MassError, type Resolution, resolutionOf, thresholdAt } from './analyser.js'
import { type Features, layOutFeatures } from './features.js'
import { exp } from './maths.js'
import type { SectionOptions } from './options.js'
import { hash, normalAt, Random } from './random.js'
import type { Substance } from './substances.js'
import { REGIONS, type Tissue } from './tissue.js'

/** Electronic and cosmic: peaks of one pixel, in a spectrum on average. */
const STRAY_PEAKS = 8
const NEGLIGIBLE = 0.1

export class Spectrometer {
  /** Peaks of the pixel measured last, ascending; the first `size` entries count. */
  mz = new Float64Array(4096)
  intensity = new Float64Array(4096)
  size = 0
  /** By substance: pixels so far in which two isotope peaks or more were stronger than the threshold. */
  readonly seen: Uint32Array

  private features: Features
  private readonly massError: MassError
  private readonly resolution: Resolution
  private readonly concentrations = new Float64Array(REGIONS.length)
  private placeValues = new Float64Array(0)
  /** By owner: variation in this pixel, and the number of the pixel it was drawn for. */
  private factor = new Float64Array(0)
  private drawnFor = new Int32Array(0)
  private readonly isotopesSeen: Uint32Array
  /** Peaks after merging, before the detector. */
  private mergedMz = new Float64Array(0)
  private merged = new Float64Array(0)

  constructor(
    private readonly options: SectionOptions,
    private readonly tissue: Tissue,
    private readonly substances: readonly Substance[],
  ) {
    this.massError = new MassError(new Random(options.seed, 22))
    this.resolution = resolutionOf(options.analyser, options.resolvingPower)
    this.seen = new Uint32Array(substances.length)
    this.isotopesSeen = new Uint32Array(substances.length)
    this.features = this.equip(0)
    this.equip(this.noiseNeeded())
    this.seen.fill(0)
  }

  private equip(noise: number): Features {
    this.features = layOutFeatures(this.substances, noise, this.options)
    const { places, spread, mz } = this.features
    this.placeValues = new Float64Array(places.length / REGIONS.length)
    this.factor = new Float64Array(spread.length)
    this.drawnFor = new Int32Array(spread.length).fill(-1)
    this.mergedMz = new Float64Array(mz.length + 100)
    this.merged = new Float64Array(mz.length + 100)
    return this.features
  }

  /** Background features that bring spectra to the wanted number of peaks, from what some pixels show without and with some of them. */
  private noiseNeeded(): number {
    const trial = 500
    const { peaks } = this.options
    const probes = this.probes(32)
    if (probes.length === 0) return 0
    const mean = () => {
      let sum = 0
      for (const pixel of probes) {
        this.measure(pixel)
        sum += this.size
      }
      return sum / probes.length
    }
    const without = mean()
    this.equip(trial)
    const each = (mean() - without) / trial
    return Math.round(Math.max(0, peaks - without) / Math.max(each, 0.01))
  }

  /** Sampled pixels spread over the section, at most `n`. */
  probes(n: number): number[] {
    const { width, height } = this.options
    const all = width * height
    const step = Math.max(1, all / (1.4 * n))
    const out: number[] = []
    for (let k = 0; k * step < all && out.length < n; k++) {
      const pixel = Math.floor(k * step)
      if (this.tissue.isSampled(pixel % width, Math.floor(pixel / width))) out.push(pixel)
    }
    return out
  }

  /** Leaves the peaks of a sampled pixel (number in the box, row-major) in `mz` and `intensity`. */
  measure(pixel: number): void {
    const { width, height, seed, saturation } = this.options
    const random = new Random(seed, 20, pixel)
    this.size = 0
    const n = this.merge(pixel, random)
    const time = pixel / (width * height)
    const detect = (mz: number, value: number) => {
      const intensity = detected(value, mz, saturation, random)
      if (intensity > 0) this.insert(mz * (1 + this.massError.at(mz, intensity, time, random) * 1e-6), intensity)
    }
    for (let i = 0; i < n; i++) {
      const mz = this.mergedMz[i]
      const value = this.merged[i]
      const threshold = thresholdAt(mz)
      if (value < 0.35 * threshold) continue
      detect(mz, value)
      if (value * LOBE.height < 0.5 * threshold) continue
      for (const side of [-1, 1]) {
        const away = random.between(LOBE.nearest, LOBE.farthest) * this.resolution.width(mz)
        detect(mz + side * away, value * LOBE.height)
      }
    }
  }

  /** Keeps the order; peaks come almost sorted. */
  private insert(mz: number, intensity: number): void {
    if (this.size === this.mz.length) {
      this.mz = grown(this.mz)
      this.intensity = grown(this.intensity)
    }
    let at = this.size++
    for (; at > 0 && this.mz[at - 1] > mz; at--) {
      this.mz[at] = this.mz[at - 1]
      this.intensity[at] = this.intensity[at - 1]
    }
    this.mz[at] = mz
    this.intensity[at] = intensity
  }

  /**
   * Everything in the pixel before noise, as the analyser resolves it: peaks nearer than one width become one at their mean m/z. Returns
   * how many there are.
   */
  private merge(pixel: number, random: Random): number {
    const { features, tissue, options, placeValues, isotopesSeen } = this
    const { mz, strength, place, owner, alkali, threshold, isotope } = features
    const x = pixel % options.width
    const y = Math.floor(pixel / options.width)
    tissue.concentrations(x, y, this.concentrations)
    const gain = tissue.gain(x, y)
    const sodium = tissue.sodium(x, y)
    // Twice the share, so that 1 is the mean.
    const gains = [gain, gain * 2 * sodium, gain * 2 * (1 - sodium)]
    this.fillPlaces()
    isotopesSeen.fill(0)
    const key = hash(options.seed, 23, pixel)
    const stray = this.strayPeaks(random)
    let nextStray = 0
    let n = 0
    for (let f = 0; f < mz.length; f++) {
      const base = strength[f] * placeValues[place[f]] * gains[alkali[f]]
      const limit = threshold[f] * NEGLIGIBLE
      // e^1.5 is three standard deviations of the most variable owners.
      if (base * 4.5 < limit) continue
      const who = owner[f]
      if (this.drawnFor[who] !== pixel) {
        this.drawnFor[who] = pixel
        this.factor[who] = exp(features.spread[who] * normalAt(key, who))
      }
      const value = base * this.factor[who]
      if (value < limit) continue
      if (value > threshold[f] && who < isotopesSeen.length) isotopesSeen[who] |= 1 << isotope[f]
      for (; nextStray < stray.length && stray[nextStray][0] < mz[f]; nextStray++)
        n = this.mergePeak(n, stray[nextStray][0], stray[nextStray][1])
      n = this.mergePeak(n, mz[f], value)
    }
    for (; nextStray < stray.length; nextStray++) n = this.mergePeak(n, stray[nextStray][0], stray[nextStray][1])
    for (let s = 0; s < isotopesSeen.length; s++) {
      const bits = isotopesSeen[s]
      if ((bits & (bits - 1)) !== 0) this.seen[s]++
    }
    return n
  }

  private fillPlaces(): void {
    const { placeValues, concentrations } = this
    const { places } = this.features
    const regions = REGIONS.length
    for (let p = 0; p < placeValues.length; p++) {
      let sum = 0
      for (let r = 0; r < regions; r++) sum += places[p * regions + r] * concentrations[r]
      placeValues[p] = sum
    }
  }

  private strayPeaks(random: Random): [mz: number, intensity: number][] {
    const { mzMin, mzMax } = this.options
    const n = Math.min(random.poisson(STRAY_PEAKS), 100)
    const peaks = Array.from({ length: n }, (): [number, number] => [
      random.between(mzMin, mzMax),
      random.logUniform(1e3, 6e3),
    ])
    return peaks.sort((a, b) => a[0] - b[0])
  }

  private mergePeak(n: number, mz: number, value: number): number {
    const last = n - 1
    if (last >= 0 && mz - this.mergedMz[last] < this.resolution.width(mz)) {
      const sum = this.merged[last] + value
      this.mergedMz[last] = (this.mergedMz[last] * this.merged[last] + mz * value) / sum
      this.merged[last] = sum
      return n
    }
    this.mergedMz[n] = mz
    this.merged[n] = value
    return n + 1
  }
}

function grown(from: Float64Array): Float64Array<ArrayBuffer> {
  const to = new Float64Array(2 * from.length)
  to.set(from)
  return to
}
