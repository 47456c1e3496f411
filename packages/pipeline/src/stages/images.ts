/** Ion images as PNG files: into storage one by one where they are wanted there, else in one object a call. */
import type { CloudObject } from '@mayfly/executor'
import { toColorPng, toGreyPng } from '../images/index.js'
import { maskOf, readPlane } from '../results.js'
import { getTable, openTable, putTable, type StageContext } from './context.js'

/** A picture that is wanted. */
export interface PictureOrder {
  /** Annotated segment with the image of the ion, and the ion's row in it. */
  object: CloudObject
  row: number
  /** Name of the file below the folder of the results. */
  file: string
  /** In colours, with so many pixels for a pixel; without it 16-bit grey, one for one. */
  scale?: number
}

export interface EncodeImagesItem {
  pictures: PictureOrder[]
  /** Index of the data set, which knows the pixels with a spectrum. */
  index: CloudObject
  width: number
  height: number
  /** Pictures at work at a time. */
  atOnce: number
  /** The folder of the results in storage, or the key of one object with all of them. */
  to: { bucket: string; prefix: string } | { key: string }
}

/** Encodes images of the lightest isotope. Returns the object that holds them, unless each is where it is wanted. */
export async function encodeImages(item: EncodeImagesItem, ctx: StageContext): Promise<{ pack?: CloudObject }> {
  const { width, height, to } = item
  const mask = await maskOf(item.index, width * height, ctx)
  const tables = new Map<string, ReturnType<typeof openTable>>()
  const tableOf = (object: CloudObject) => {
    const known = tables.get(object.key) ?? openTable(ctx.storage, object)
    tables.set(object.key, known)
    return known
  }
  const encode = async ({ object, row, scale }: PictureOrder): Promise<Uint8Array> => {
    const image = { width, height, mask, ...(await readPlane(await tableOf(object), row, 0)) }
    return scale === undefined ? toGreyPng(image) : toColorPng(image, { scale })
  }
  const files: Uint8Array[] = new Array(item.pictures.length)
  const waiting = [...item.pictures.entries()]
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [i, picture] = next
      const bytes = await encode(picture)
      if ('key' in to) files[i] = bytes
      else await ctx.storage.putCloudObject(bytes, { bucket: to.bucket, key: to.prefix + picture.file })
    }
  }
  await Promise.all(Array.from({ length: item.atOnce }, work))
  if (!('key' in to)) return {}
  const ends = new Float64Array(files.length)
  files.reduce((at, { length }, i) => (ends[i] = at + length), 0)
  const file = item.pictures.map((picture) => picture.file)
  return { pack: await putTable(ctx, to.key, { file, ends, bytes: Buffer.concat(files) }) }
}

/** The files of an object that `encodeImages` wrote. */
export async function unpackImages(
  pack: CloudObject,
  ctx: StageContext,
): Promise<{ file: string; bytes: Uint8Array }[]> {
  const { file, ends, bytes } = await getTable<{ file: string[]; ends: Float64Array; bytes: Uint8Array }>(ctx, pack)
  return file.map((name, i) => ({ file: name, bytes: bytes.subarray(ends[i - 1] ?? 0, ends[i]) }))
}
