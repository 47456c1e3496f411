/** Everything a pipeline found, as files. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { resultsParquet } from './export/parquet.js'
import { toColorPng } from './images/index.js'
import { prepareOutput, writeOutput } from './output-folder.js'
import type { Pipeline } from './pipeline.js'

/** What `saveResults` wrote. */
export interface SavedResults {
  folder: string
  annotations: number
  /** 16-bit images, of ions with an FDR of at most 0.5. */
  images: number
}

/** Pixels that the longer side of a coloured view has at least. */
const VIEW_SIZE = 300

/**
 * Writes `results.csv`, `results.parquet` and `images/<ion>.png` (16-bit grey and alpha, for exchange) into a folder, which is made
 * when needed; and `views/<ion>.png` (viridis, enlarged, for the eye) of the annotations in `views`. Images of an earlier run that
 * its `results.csv` names are replaced.
 * @throws MayflyError E_OUTPUT when the folder cannot be written to.
 */
export async function saveResults(
  pipeline: Pipeline,
  folder: string,
  views: readonly { formula_i: number; full_mol: string }[] = [],
): Promise<SavedResults> {
  await prepareOutput(folder)
  const annotations = await pipeline.getResults()
  const images = await writeOutput(folder, annotations, pipeline.search.mode, (some) => pipeline.getImages(some))
  await writeFile(join(folder, 'results.parquet'), resultsParquet(annotations))
  if (views.length > 0) await mkdir(join(folder, 'views'), { recursive: true })
  for (const image of await pipeline.getImages(views)) {
    const scale = Math.max(1, Math.ceil(VIEW_SIZE / Math.max(image.width, image.height)))
    await writeFile(join(folder, 'views', `${image.full_mol}.png`), toColorPng(image, { scale }))
  }
  return { folder, annotations: annotations.length, images }
}
