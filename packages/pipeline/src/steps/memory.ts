/**
 * What a call holds at its peak, MB, from the size of its input: bytes an entry of every copy that is alive at the same time, above
 * what Node and the code take. Pure.
 */

/** Node, the code, and what is too small to count. */
const BASE = 120
/** The largest columns of a peak: m/z and intensity as doubles, and the pixel. */
const PEAK = 20
/** Order of a sort and its scratch. */
const ORDER = 12
/** A formula in a map and in the lists it is written from. */
const FORMULA = 250
/** Number, flag, four m/z and intensities of an ion. */
const ION = 70
/** Image planes of four isotopes: value, list of pixels, mark. */
const PLANES = 52

const megabytes = (bytes: number) => Math.ceil(BASE + bytes / 2 ** 20)

/** `readChunk`: the bytes of the file, peaks as they come, sorted, encoded. */
export const readingPeaks = (points: number) => megabytes(points * (16 + 3 * PEAK + ORDER))

/** `mergeSegment`: parts, joined, sorted, encoded. */
export const mergingPeaks = (peaks: number) => megabytes(peaks * (4 * PEAK + ORDER))

/** `annotateSegment`: the window as parts, joined and sorted; hits of the ions; planes, and images of the ions that are found. */
export const annotating = (window: number, ions: number, pixels: number, imageEntries: number) =>
  megabytes(window * (3 * PEAK + ORDER) + ions * 2 * ION + pixels * PLANES + imageEntries * 36)

/** `generateFormulas` and `generateShuffled`. */
export const generating = (candidates: number) => megabytes(candidates * FORMULA)

/** `mergeFormulas`; `ions` before duplicates are gone. */
export const mergingFormulas = (ions: number) => megabytes(ions * FORMULA)

/** `calculatePeaks`: the formulas of the group, and the patterns of the slice. */
export const computingPatterns = (rows: number, ions: number) => megabytes(rows * 100 + ions * 3 * ION)

/** `segmentCentroids`: parts, sorted, encoded. */
export const sortingCentroids = (ions: number) => megabytes(ions * (3 * ION + ORDER + 8))

/** `encodeImages`: of each image at work its values twice, samples, rows and what they are compressed to; and all files once more. */
export const encodingImages = (pixels: number, atOnce: number) => megabytes(pixels * (atOnce * 36 + 64 * 8))

/** `segmentsAtOnce`: every chunk, and the largest call of those it is made of. */
export const wholeDataset = (points: number, chunk: number) =>
  megabytes(points * PEAK) + Math.max(readingPeaks(chunk), mergingPeaks(chunk))

/** `formulasAtOnce`: every part encoded, and the largest call of those it is made of. */
export const wholeDatabase = (candidates: number, part: number, group: number) =>
  megabytes(candidates * 32) + Math.max(generating(part), mergingFormulas(group))
