/** The mass analyser: how wide peaks are, how far m/z values are off, and what is too weak to be seen. */
import { exp, log, sin } from './maths.js'
import type { Random } from './random.js'

export type AnalyserName = 'Orbitrap' | 'FTICR' | 'TOF'

/** Detector threshold at m/z 200; grows with the root of m/z. */
const THRESHOLD = 3400
/** Ion counts: the shot noise of intensity I is √(I · COUNT). */
const COUNT = 40
/** Side lobes of a Fourier transform: height, and distance in widths of the peak (0.02 … 0.05 Da at m/z 750). */
export const LOBE = { height: 0.01, nearest: 2.2, farthest: 5 }

export const thresholdAt = (mz: number) => THRESHOLD * Math.sqrt(mz / 200)

/** Resolving power m/FWHM: falls with √m on an Orbitrap, with m on an FTICR, constant on a TOF. */
export interface Resolution {
  /** Full width at half height at an m/z. */
  width(mz: number): number
  /** Number of widths between two m/z is the difference of their scale; a peak is one wide everywhere on it. */
  scale(mz: number): number
  /** The m/z at a place of the scale. */
  mzAt(scale: number): number
}

/** @param power at m/z 200. */
export function resolutionOf(analyser: AnalyserName, power: number): Resolution {
  if (analyser === 'TOF') {
    return { width: (mz) => mz / power, scale: (mz) => power * log(mz), mzAt: (s) => exp(s / power) }
  }
  if (analyser === 'FTICR') {
    const k = power * 200
    return { width: (mz) => (mz * mz) / k, scale: (mz) => -k / mz, mzAt: (s) => -k / s }
  }
  // ∫ dm / FWHM(m) with FWHM = m^1.5 / (R·√200).
  const k = power * Math.sqrt(200)
  return {
    width: (mz) => (mz * Math.sqrt(mz)) / k,
    scale: (mz) => (-2 * k) / Math.sqrt(mz),
    mzAt: (s) => (4 * k * k) / (s * s),
  }
}

/** Mass error in ppm: an offset, a slow drift over the acquisition, a smooth calibration curve, and noise that is worse for weak peaks. */
export class MassError {
  private readonly offset: number
  private readonly phase: number
  private readonly bend: number
  private readonly spread: number

  constructor(random: Random) {
    this.offset = random.between(-0.5, 0.5)
    this.phase = random.uniform()
    this.bend = random.between(0, 2 * Math.PI)
    this.spread = random.between(0.3, 0.4)
  }

  /** @param time 0 … 1 over the acquisition. */
  at(mz: number, intensity: number, time: number, random: Random): number {
    return this.systematic(mz, time) + this.spread * Math.sqrt(1 + (2 * thresholdAt(mz)) / intensity) * random.normal()
  }

  systematic(mz: number, time: number): number {
    return this.offset + 0.5 * sin(2 * Math.PI * (time + this.phase)) + 0.3 * sin(mz / 170 + this.bend)
  }
}

/** What the detector makes of an intensity: shot noise, a limit above, a soft limit below; 0 when nothing is seen. */
export function detected(value: number, mz: number, saturation: number, random: Random): number {
  const noisy = value * random.logNormal(0.1) + Math.sqrt(value * COUNT) * random.normal()
  // Half of the peaks that are just as strong as the threshold are seen.
  return noisy < thresholdAt(mz) * (0.8 + 0.4 * random.uniform()) ? 0 : Math.min(noisy, saturation)
}
