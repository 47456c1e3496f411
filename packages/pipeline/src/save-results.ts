/** Everything a pipeline found, as files. */
import { resultsParquet } from './export/parquet.js'
import { type OutputPlace, outputPlace } from './output-place.js'
import type { Pipeline } from './pipeline.js'
import { resultsCsv } from './results-csv.js'
import type { Annotation, PictureProgress } from './types.js'

/** What `saveResults` wrote. */
export interface SavedResults {
  folder: string
  annotations: number
  /** 16-bit images, of ions with an FDR of at most 0.5. */
  images: number
}

export interface SaveOptions {
  /** Told whenever some pictures have been written. */
  onProgress?: (progress: PictureProgress) => void
}

/** Ions with an FDR above this get no picture. */
const WITH_IMAGE = 0.5
/** Pixels that the longer side of a coloured view has at least. */
const VIEW_SIZE = 300

/**
 * Writes `results.csv`, `results.parquet` and `images/<ion>.png` (16-bit grey and alpha, for exchange); and `views/<ion>.png`
 * (viridis, enlarged, for the eye) of the annotations in `views`. Images of an earlier run that its `results.csv` names are replaced.
 * Pictures are encoded by calls on the executor; `pipeline.cancel()` stops them.
 * @param to a folder, which is made when needed, or `<backend>://bucket/folder` of the executor's storage, into which the calls write.
 * @throws MayflyError E_OUTPUT when that cannot be written to, E_CANCELLED.
 */
export async function saveResults(
  pipeline: Pipeline,
  to: string,
  views: readonly { formula_i: number; full_mol: string }[] = [],
  options: SaveOptions = {},
): Promise<SavedResults> {
  const place = outputPlace(to, pipeline.storage)
  await place.prepare()
  const annotations = await pipeline.getResults()
  const { width, height } = await pipeline.loadDs()
  const scale = Math.max(1, Math.ceil(VIEW_SIZE / Math.max(width, height)))
  const coloured = views.map(({ formula_i, full_mol }) => ({ formula_i, file: `views/${full_mol}.png`, scale }))
  await place.write('results.parquet', new Uint8Array(resultsParquet(annotations)))
  const images = await writeTableAndImages(place, pipeline, annotations, { ...options, also: coloured })
  return { folder: to, annotations: annotations.length, images }
}

/**
 * Writes annotations and the images of those with an FDR of at most 0.5. Images of an earlier run, known from its results.csv,
 * are removed first; results.csv is replaced before the new images come, so that whenever this is broken off it lists them all.
 * @param options.also more pictures.
 * @returns the number of images, those in `also` not counted.
 */
export async function writeTableAndImages(
  place: OutputPlace,
  pipeline: Pipeline,
  annotations: readonly Annotation[],
  { also = [], onProgress }: SaveOptions & { also?: { formula_i: number; file: string; scale: number }[] } = {},
): Promise<number> {
  const pictured = annotations.filter(({ fdr }) => fdr <= WITH_IMAGE)
  // Two databases may list an ion: one picture.
  const images = [...new Map(pictured.map(({ full_mol, formula_i }) => [`images/${full_mol}.png`, formula_i]))]
  const wanted = new Set(images.map(([file]) => file))
  const earlier = earlierIons(await place.read('results.csv')).map((name) => `images/${name}.png`)
  await place.remove(earlier.filter((file) => !wanted.has(file)))
  await place.write('results.csv', resultsCsv(annotations, pipeline.search.mode))
  const orders = images.map(([file, formula_i]) => ({ file, formula_i }))
  await pipeline.writePictures(place, [...orders, ...also], onProgress)
  return images.length
}

/** Names of ions in the last column of a results.csv as written here; none where there is no such file. */
function earlierIons(table = ''): string[] {
  const [head, ...lines] = table.split('\n')
  if (!head?.endsWith(',full_mol')) return []
  return lines.map((line) => line.slice(line.lastIndexOf(',') + 1)).filter((name) => /^[\w().=+-]+$/.test(name))
}
