/** Peaks as columns: collected from spectra, cleaned, sorted by m/z. Pure; the stages add storage. */
import { sortedOrder } from './order.js'

/** Peaks in ascending m/z. The types of the file are kept: 32-bit m/z stay 32-bit. */
export interface Peaks {
  mz: Float64Array | Float32Array
  intensity: Float64Array | Float32Array
  pixel: Uint32Array
}

/** What was left out on the way, as counts. */
export interface Dropped {
  /** m/z not finite, not positive, or above 100,000. */
  badMz: number
  /** Intensity not finite. */
  badIntensity: number
}

/** One spectrum to collect. */
export interface PixelSpectrum {
  pixel: number
  mz: Float64Array | Float32Array
  intensity: Float64Array | Float32Array
}

const MAX_MZ = 1e5

/**
 * All peaks of the spectra, sorted by m/z; zero intensities are left out (they change no score: an image of zeros correlates
 * with nothing), with `positive` negative ones as well. Spectra that share one axis array (continuous mode) are transposed bin by bin instead of being sorted.
 */
export function collectPeaks(
  spectra: readonly PixelSpectrum[],
  { positive = false }: { positive?: boolean } = {},
): { peaks: Peaks; dropped: Dropped } {
  const axis = spectra[0]?.mz
  const shared = axis !== undefined && spectra.length > 1 && spectra.every((s) => s.mz === axis)
  const wanted = positive ? (value: number) => !(value <= 0) : (value: number) => value !== 0
  return shared ? transpose(spectra, axis, wanted) : gather(spectra, wanted)
}

function like(array: Float64Array | Float32Array | undefined, length: number): Float64Array | Float32Array {
  return array instanceof Float32Array ? new Float32Array(length) : new Float64Array(length)
}

const goodMz = (mz: number) => mz > 0 && mz <= MAX_MZ

function gather(
  spectra: readonly PixelSpectrum[],
  wanted: (value: number) => boolean,
): { peaks: Peaks; dropped: Dropped } {
  const dropped: Dropped = { badMz: 0, badIntensity: 0 }
  const total = spectra.reduce((sum, s) => sum + s.mz.length, 0)
  const mz = like(spectra[0]?.mz, total)
  const intensity = like(spectra[0]?.intensity, total)
  const pixel = new Uint32Array(total)
  let n = 0
  for (const spectrum of spectra) {
    for (let i = 0; i < spectrum.mz.length; i++) {
      const value = spectrum.intensity[i] as number
      if (!wanted(value)) continue
      const at = spectrum.mz[i] as number
      if (!goodMz(at)) dropped.badMz++
      else if (!Number.isFinite(value)) dropped.badIntensity++
      else {
        mz[n] = at
        intensity[n] = value
        pixel[n] = spectrum.pixel
        n++
      }
    }
  }
  return {
    peaks: sortPeaks({ mz: mz.subarray(0, n), intensity: intensity.subarray(0, n), pixel: pixel.subarray(0, n) }),
    dropped,
  }
}

/** The same peaks in ascending m/z; equal m/z keep their order. */
export function sortPeaks(peaks: Peaks): Peaks {
  const order = sortedOrder(peaks.mz)
  const n = order.length
  const mz = like(peaks.mz, n)
  const intensity = like(peaks.intensity, n)
  const pixel = new Uint32Array(n)
  for (let i = 0; i < n; i++) {
    const from = order[i] as number
    mz[i] = peaks.mz[from] as number
    intensity[i] = peaks.intensity[from] as number
    pixel[i] = peaks.pixel[from] as number
  }
  return { mz, intensity, pixel }
}

function transpose(
  spectra: readonly PixelSpectrum[],
  axis: Float64Array | Float32Array,
  wanted: (value: number) => boolean,
): { peaks: Peaks; dropped: Dropped } {
  const dropped: Dropped = { badMz: 0, badIntensity: 0 }
  const bins = axis.length
  const finite = Float64Array.from(axis, (mz) => (goodMz(mz) ? mz : Number.MAX_VALUE))
  const order = sortedOrder(finite)
  const counts = new Uint32Array(bins)
  for (const { intensity } of spectra) {
    for (let b = 0; b < bins; b++) {
      const value = intensity[b] as number
      if (!wanted(value)) continue
      if (finite[b] === Number.MAX_VALUE) dropped.badMz++
      else if (!Number.isFinite(value)) dropped.badIntensity++
      else counts[b] = (counts[b] as number) + 1
    }
  }
  const next = new Uint32Array(bins)
  let total = 0
  for (let k = 0; k < bins; k++) {
    const b = order[k] as number
    next[b] = total
    total += counts[b] as number
  }
  const mz = like(axis, total)
  const intensities = like(spectra[0]?.intensity, total)
  const pixels = new Uint32Array(total)
  for (const { intensity, pixel } of spectra) {
    for (let b = 0; b < bins; b++) {
      const value = intensity[b] as number
      if (!wanted(value) || finite[b] === Number.MAX_VALUE || !Number.isFinite(value)) continue
      const at = next[b] as number
      mz[at] = axis[b] as number
      intensities[at] = value
      pixels[at] = pixel
      next[b] = at + 1
    }
  }
  return { peaks: { mz, intensity: intensities, pixel: pixels }, dropped }
}

/** Several sets of sorted peaks as one. */
export function mergePeaks(parts: readonly Peaks[]): Peaks {
  if (parts.length === 1) return parts[0] as Peaks
  const total = parts.reduce((sum, part) => sum + part.mz.length, 0)
  const mz = like(parts[0]?.mz, total)
  const intensity = like(parts[0]?.intensity, total)
  const pixel = new Uint32Array(total)
  let at = 0
  for (const part of parts) {
    mz.set(part.mz, at)
    intensity.set(part.intensity, at)
    pixel.set(part.pixel, at)
    at += part.mz.length
  }
  return sortPeaks({ mz, intensity, pixel })
}
