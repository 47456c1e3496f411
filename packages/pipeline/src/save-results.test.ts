/** Results as files of a folder and as objects of the executor's storage. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { FunctionExecutor } from '@mayfly/executor'
import { bestAnnotations, type Pipeline, saveResults, toColorPng, toGreyPng } from '@mayfly/pipeline'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { section } from './fixtures/section.js'

const work = mkdtempSync(join(tmpdir(), 'mayfly-save-'))
let executor: FunctionExecutor
let pipeline: Pipeline
beforeAll(async () => {
  executor = new FunctionExecutor({ home: join(work, 'home'), workers: 2 })
  pipeline = section({ executor })
  await pipeline.run()
})
afterAll(async () => {
  await executor.close()
  rmSync(work, { recursive: true, force: true })
})

const leftovers = async () =>
  (await executor.storage.listKeys(executor.storage.bucket, 'pipeline/')).filter((key) => key.includes('/work'))
const images = (folder: string) => readdirSync(join(folder, 'images')).sort()

it('writes tables, images and views, encoded by calls', async () => {
  const folder = join(work, 'results')
  const views = bestAnnotations(await pipeline.getResults(), 3)
  const told: number[] = []
  const saved = await saveResults(pipeline, folder, views, {
    onProgress: ({ done, total }) => void told.push(done / total),
  })
  expect(saved).toMatchObject({ folder, annotations: (await pipeline.getResults()).length })
  const written = await pipeline.getImages()
  expect(images(folder)).toEqual([...new Set(written.map(({ full_mol }) => `${full_mol}.png`))].sort())
  expect(saved.images).toBe(images(folder).length)
  for (const image of written)
    expect(readFileSync(join(folder, 'images', `${image.full_mol}.png`))).toEqual(Buffer.from(toGreyPng(image)))
  for (const image of await pipeline.getImages(views)) {
    const scale = Math.ceil(300 / Math.max(image.width, image.height))
    const view = readFileSync(join(folder, 'views', `${image.full_mol}.png`))
    expect(view).toEqual(Buffer.from(toColorPng(image, { scale })))
  }
  expect(existsSync(join(folder, 'results.parquet'))).toBe(true)
  expect(told[0]).toBe(0)
  expect(told).toEqual([...told].sort((a, b) => a - b))
  expect(told.at(-1)).toBe(1)
  expect(pipeline.getStats().at(-1)).toMatchObject({ Function: 'encodeImages', Cached: false })
  expect(await leftovers()).toEqual([])
})

it('writes the same straight into the storage of the executor', async () => {
  const folder = join(work, 'results')
  const to = 'localhost://mayfly/files/section'
  expect((await saveResults(pipeline, to)).images).toBe(images(folder).length)
  const { storage } = executor
  const keys = await storage.listKeys('mayfly', 'files/section/')
  const names = keys.map((key) => key.slice('files/section/'.length)).sort()
  expect(names).toEqual([...images(folder).map((file) => `images/${file}`), 'results.csv', 'results.parquet'].sort())
  for (const name of names.filter((file) => !file.endsWith('.parquet')))
    expect(Buffer.from(await storage.getObject('mayfly', `files/section/${name}`))).toEqual(
      readFileSync(join(folder, name)),
    )
  expect(await leftovers()).toEqual([])
})

it('replaces the images of an earlier run, in both, and nothing else', async () => {
  const folder = join(work, 'again')
  const to = 'localhost://mayfly/files/again'
  for (const place of [pathToFileURL(folder).href, to]) await saveResults(pipeline, place)
  const table = readFileSync(join(folder, 'results.csv'), 'utf8').replace(/,[^,\n]+\n$/, ',C99H99+H\n')
  const { storage } = executor
  writeFileSync(join(folder, 'results.csv'), table)
  await storage.putObject('mayfly', 'files/again/results.csv', new TextEncoder().encode(table))
  for (const name of ['C99H99+H', 'mine']) {
    writeFileSync(join(folder, 'images', `${name}.png`), '')
    await storage.putObject('mayfly', `files/again/images/${name}.png`, new Uint8Array(1))
  }
  for (const place of [folder, to]) await saveResults(pipeline, place)
  const keys = await storage.listKeys('mayfly', 'files/again/images/')
  for (const there of [images(folder), keys.map((key) => key.slice('files/again/images/'.length))]) {
    expect(there).toContain('mine.png')
    expect(there).not.toContain('C99H99+H.png')
  }
})

it('stops when told to, and leaves nothing on its way', async () => {
  const folder = join(work, 'cancelled')
  const saving = saveResults(pipeline, folder, [], { onProgress: () => pipeline.cancel() })
  await expect(saving).rejects.toMatchObject({ code: 'E_CANCELLED' })
  expect(existsSync(join(folder, 'results.csv'))).toBe(true)
  expect(await leftovers()).toEqual([])
  expect((await saveResults(pipeline, folder)).images).toBe(images(folder).length)
})

it('says where it cannot write', async () => {
  const refused = (to: string) => saveResults(pipeline, to).catch((error) => error)
  expect(await refused('s3://bucket/results')).toMatchObject({
    ...{ code: 'E_OUTPUT', hint: 'The storage of this run is localhost: give a folder, or run with --storage aws_s3.' },
  })
  expect(await refused('localhost://mayfly/')).toMatchObject({ code: 'E_OUTPUT' })
  writeFileSync(join(work, 'file'), '')
  expect(await refused(join(work, 'file'))).toMatchObject({ code: 'E_OUTPUT' })
})
