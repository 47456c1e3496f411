/** What an imzML file says, as columns. Nothing from Node: the web page may use the types. */

/** Element types of the arrays in the ibd file, little endian. */
export type ArrayType = 'f32' | 'f64' | 'i32' | 'i64'

export const ARRAY_BYTES: Record<ArrayType, number> = { f32: 4, f64: 8, i32: 4, i64: 8 }

/** One kind of oddity found in a file, counted, with the first place it was seen. */
export interface ImzMLWarning {
  code: string
  message: string
  count: number
}

/** Where the arrays of all spectra lie: spectrum i has `length[i]` elements from byte `offset[i]`. */
export interface ArrayColumns {
  type: ArrayType
  zlib: boolean
  /** Absolute byte offsets, wrap-around of signed 32-bit writers already undone. */
  offset: Float64Array
  /** Elements. */
  length: Float64Array
  /** Bytes in the file; NaN where the file does not say. */
  encoded: Float64Array
}

export interface ImzML {
  file: string
  /** What the file declares; `sharedAxis` is what it is. */
  mode: 'continuous' | 'processed' | undefined
  /** 32 lower-case hex digits, or undefined when there is none. */
  uuid: string | undefined
  checksum: { algorithm: 'md5' | 'sha1' | 'sha256'; hex: string } | undefined
  polarity: 'positive' | 'negative' | 'mixed' | undefined
  spectrumType: 'centroid' | 'profile' | undefined
  count: number
  /** Coordinates as written. */
  x: Int32Array
  y: Int32Array
  z: Int32Array
  mz: ArrayColumns
  intensity: ArrayColumns
  /** All spectra point to one m/z array. */
  sharedAxis: boolean
  warnings: ImzMLWarning[]
}

/** The image that the coordinates span: `pixel = (y − min y)·width + (x − min x)`. */
export interface Geometry {
  width: number
  height: number
  /** Pixel of each spectrum. */
  pixel: Uint32Array
  /** Distinct pixels with at least one spectrum, ascending: the mask, row-major. */
  sampled: Uint32Array
}

/** Pixels of the spectra; origin and z plane are dropped, doubled coordinates share a pixel. */
export function geometryOf(imzml: Pick<ImzML, 'x' | 'y' | 'count'>): Geometry {
  let minX = Number.POSITIVE_INFINITY
  let minY = Number.POSITIVE_INFINITY
  let maxX = Number.NEGATIVE_INFINITY
  let maxY = Number.NEGATIVE_INFINITY
  for (let i = 0; i < imzml.count; i++) {
    const x = imzml.x[i] as number
    const y = imzml.y[i] as number
    if (x < minX) minX = x
    if (x > maxX) maxX = x
    if (y < minY) minY = y
    if (y > maxY) maxY = y
  }
  const width = maxX - minX + 1
  const height = maxY - minY + 1
  const pixel = new Uint32Array(imzml.count)
  for (let i = 0; i < imzml.count; i++) {
    pixel[i] = ((imzml.y[i] as number) - minY) * width + ((imzml.x[i] as number) - minX)
  }
  const sorted = pixel.slice().sort()
  let distinct = 0
  for (let i = 0; i < sorted.length; i++) {
    if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[distinct++] = sorted[i] as number
  }
  return { width, height, pixel, sampled: sorted.slice(0, distinct) }
}
