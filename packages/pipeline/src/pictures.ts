/** Pictures of ions as files: divided into calls, which encode them and write them where they are wanted, or hand them over. */
import type { CloudObject } from '@mayfly/executor'
import { checkCancelled } from './cancel.js'
import type { OutputPlace } from './output-place.js'
import type { StageRun } from './stage-run.js'
import type { MetricsColumns } from './stages/annotation.js'
import type { StageContext } from './stages/context.js'
import { type PictureOrder, unpackImages } from './stages/images.js'
import { encodingImages } from './steps/memory.js'
import { picturesAtOnce, picturesPerCall } from './steps/plan.js'
import type { Picture, PictureProgress } from './types.js'

/** The tables with which images are found. */
export interface PictureSource {
  metrics: MetricsColumns
  /** Objects of the annotated segments, as `metrics.part` counts them. */
  parts: CloudObject[]
  /** Index of the data set. */
  index: CloudObject
  width: number
  height: number
}

/** Writes the pictures; ions without an image are left out. @throws MayflyError E_CANCELLED, and what writing throws */
export async function writePictures(
  run: StageRun,
  source: PictureSource,
  pictures: readonly Picture[],
  place: OutputPlace,
  ctx: StageContext,
  onProgress: (progress: PictureProgress) => void = () => {},
): Promise<void> {
  const { index, width, height } = source
  const pixels = width * height
  const atOnce = picturesAtOnce(pixels)
  const begun = performance.now()
  const orders = ordersOf(source, pictures)
  const calls = inCalls(orders, picturesPerCall(pixels))
  const items = calls.map((own, i) => ({
    ...{ pictures: own, index, width, height, atOnce },
    to: place.direct ?? { key: `${run.scratch}${i}` },
  }))
  let done = 0
  const tell = () => {
    const elapsed = (performance.now() - begun) / 1000
    const remaining = done === 0 ? {} : { remaining: ((orders.length - done) * elapsed) / done }
    onProgress({ done, total: orders.length, elapsed, ...remaining })
  }
  tell()
  await run.map('encodeImages', items, {
    memory: encodingImages(pixels, atOnce),
    each: async ({ pack }, i) => {
      const files = pack ? await unpackImages(pack, ctx) : []
      for (const { file, bytes } of files) {
        checkCancelled(run.signal, 'writing the images')
        await place.write(file, bytes)
      }
      done += (calls[i] as PictureOrder[]).length
      tell()
    },
  })
}

/** Where the images lie, neighbours side by side, so that a call reads few objects. */
function ordersOf({ metrics, parts }: PictureSource, pictures: readonly Picture[]): PictureOrder[] {
  const rowOf = new Map(Array.from(metrics.formula_i, (id, row) => [id, row]))
  const found = pictures.flatMap(({ formula_i, ...picture }) => {
    const row = rowOf.get(formula_i)
    return row === undefined ? [] : [{ at: row, picture }]
  })
  const part = (at: number) => metrics.part[at] as number
  found.sort((a, b) => part(a.at) - part(b.at) || (metrics.row[a.at] as number) - (metrics.row[b.at] as number))
  return found.map(({ at, picture }) => ({
    ...picture,
    ...{ object: parts[part(at)] as CloudObject, row: metrics.row[at] as number },
  }))
}

function inCalls<T>(all: readonly T[], most: number): T[][] {
  const calls = Math.ceil(all.length / most)
  return Array.from({ length: calls }, (_, c) =>
    all.slice(Math.floor((all.length * c) / calls), Math.floor((all.length * (c + 1)) / calls)),
  )
}
