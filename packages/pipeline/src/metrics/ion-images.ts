/** The isotope images of one ion at a time, as touched pixels over dense scratch planes: all work is in proportion to hits. */

/** Number of isotope images of an ion. */
export const ISOTOPES_PER_ION = 4

/**
 * Accumulates hits (peaks of the data set inside the m/z window of an isotope) into images. One instance serves a whole sweep:
 * `clear()` between ions costs as much as the ion had touched pixels.
 */
export class IonImages {
  /** Dense plane by isotope, `pixelCount` values each; 0 wherever a pixel is not touched. */
  readonly values: readonly Float64Array[]
  /** Touched pixels by isotope in order of first touch; the first `counts[k]` entries count. */
  readonly pixels: readonly Uint32Array[]
  /** Number of touched pixels by isotope; 0 means that the image is null. A hit of intensity 0 touches too. */
  readonly counts = new Uint32Array(ISOTOPES_PER_ION)

  readonly #touched: readonly Uint8Array[]

  /** @param pixelCount pixels of the bounding box, width · height. */
  constructor(readonly pixelCount: number) {
    const planes = Array.from({ length: ISOTOPES_PER_ION })
    this.values = planes.map(() => new Float64Array(pixelCount))
    this.pixels = planes.map(() => new Uint32Array(pixelCount))
    this.#touched = planes.map(() => new Uint8Array(pixelCount))
  }

  /** Adds the hits `from … to − 1` of the data set's columns to image `isotope` (0 … 3). */
  add(
    isotope: number,
    hitPixels: Uint32Array,
    hitIntensities: Float32Array | Float64Array,
    from: number,
    to: number,
  ): void {
    const values = this.values[isotope]
    const pixels = this.pixels[isotope]
    const touched = this.#touched[isotope]
    let count = this.counts[isotope]
    for (let i = from; i < to; i++) {
      const p = hitPixels[i]
      if (touched[p] === 0) {
        touched[p] = 1
        pixels[count++] = p
      }
      values[p] += hitIntensities[i]
    }
    this.counts[isotope] = count
  }

  /** Makes all images null again. */
  clear(): void {
    for (let k = 0; k < ISOTOPES_PER_ION; k++) {
      const values = this.values[k]
      const touched = this.#touched[k]
      const pixels = this.pixels[k]
      for (let i = 0; i < this.counts[k]; i++) {
        values[pixels[i]] = 0
        touched[pixels[i]] = 0
      }
      this.counts[k] = 0
    }
  }

  /** Copies image `isotope` out as `(pixel, value)` columns in ascending order of pixel. */
  sparse(isotope: number): { pixels: Uint32Array; values: Float64Array } {
    const pixels = this.#sorted(isotope)
    const plane = this.values[isotope]
    const values = new Float64Array(pixels.length)
    for (let i = 0; i < pixels.length; i++) values[i] = plane[pixels[i]]
    return { pixels, values }
  }

  /** Touched pixels in ascending order: read off the plane where many are touched, else sorted. */
  #sorted(isotope: number): Uint32Array {
    const count = this.counts[isotope]
    if (count * Math.log2(count + 1) < this.pixelCount) return this.pixels[isotope].slice(0, count).sort()
    const touched = this.#touched[isotope]
    const pixels = new Uint32Array(count)
    for (let p = 0, n = 0; n < count; p++) if (touched[p] === 1) pixels[n++] = p
    return pixels
  }
}
