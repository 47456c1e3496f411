/** The whole pipeline on real worker processes, from the built package. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FunctionExecutor } from '@mayfly/executor'
import {
  type Annotation,
  type DatabaseConfig,
  type DatasetConfig,
  Pipeline,
  type PipelineOptions,
  toGreyPng,
} from '@mayfly/pipeline'
import { encodeImzML, parseImzML, readSpectra } from '@mayfly/pipeline/imzml'
import { generateDataset } from '@mayfly/pipeline/synthetic'
import { decode } from 'fast-png'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const fixture = fileURLToPath(new URL('./fixtures/section/', import.meta.url))
const shared = fileURLToPath(new URL('../../../../shared/', import.meta.url))
const reference = join(shared, 'refdata/e2e/processed/')
const work = mkdtempSync(join(tmpdir(), 'mayfly-pipeline-'))
let fexec: FunctionExecutor

beforeAll(() => {
  fexec = new FunctionExecutor({ home: join(work, 'home'), workers: 2 })
})
afterAll(async () => {
  await fexec.close()
  rmSync(work, { recursive: true, force: true })
})

const json = (file: string) => JSON.parse(readFileSync(file, 'utf8'))
const quiet = (options: PipelineOptions): PipelineOptions => ({ log: () => undefined, executor: fexec, ...options })
const section = (options: PipelineOptions = {}) =>
  new Pipeline(json(join(fixture, 'ds.json')), json(join(fixture, 'db.json')), quiet({ baseDir: fixture, ...options }))

/** Rows of a CSV without quoted cells. */
function csv(file: string): Record<string, string>[] {
  const [head, ...lines] = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(','))
  return lines.map((cells) => Object.fromEntries(cells.map((cell, i) => [head![i], cell])))
}

type Expected = Pick<
  Annotation,
  'mol' | 'modifier' | 'adduct' | 'formula_i' | 'fdr' | 'chaos' | 'spatial' | 'spectral' | 'msm' | 'total_iso_ints'
>

describe('a small section', () => {
  it('gives the verified annotations', async () => {
    const counts = await section().run()
    const expected = json(join(fixture, 'expected.json')) as Expected[]
    const results = await section().getResults()
    expect(results.length).toBe(expected.length)
    for (const [i, want] of expected.entries()) {
      const got = results[i]!
      expect(got).toMatchObject({
        mol: want.mol,
        modifier: want.modifier,
        adduct: want.adduct,
        formula_i: want.formula_i,
        fdr: want.fdr,
      })
      for (const name of ['chaos', 'spatial', 'spectral', 'msm'] as const) expect(got[name]).toBeCloseTo(want[name], 9)
      want.total_iso_ints.forEach((total, k) => {
        expect(got.total_iso_ints[k]! / (total || 1)).toBeCloseTo(total ? 1 : 0, 9)
      })
    }
    expect(counts['50%']).toBe(expected.filter(({ fdr }) => fdr < 0.5).length)
  })

  it('is loaded from the cache the second time, and computed again when objects are gone', async () => {
    const lines: string[] = []
    const again = section({ log: (line) => lines.push(line) })
    await again.run()
    expect(lines.filter((line) => line.endsWith('loaded from cache')).length).toBe(10)
    expect(again.getStats().every(({ Cached }) => Cached)).toBe(true)
    expect(again.totalCost()).toBeGreaterThan(0)

    const before = await again.getResults()
    const { storage } = fexec
    await storage.deleteObjects(storage.bucket, await storage.listKeys(storage.bucket, 'pipeline/annotated/'))
    const repaired = section()
    await repaired.run()
    expect(
      repaired
        .getStats()
        .filter(({ Cached }) => !Cached)
        .map((row) => row.Function),
    ).toEqual(['annotateSegment'])
    expect(await repaired.getResults()).toEqual(before)

    for (const key of await storage.listKeys(storage.bucket, 'pipeline/cache/fdr/'))
      await storage.putObject(storage.bucket, key, 'torn')
    expect(await section().getResults()).toEqual(before)
  })

  it('gives the same from a server and from storage, and leaves what is not its own', async () => {
    const ds = json(join(fixture, 'ds.json'))
    const db = json(join(fixture, 'db.json'))
    const server = createServer((request, response) => {
      response.setHeader('etag', '"1"').end(readFileSync(join(fixture, basename(request.url!))))
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { storage } = fexec
    try {
      await storage.putObject('mine', 'section.ibd', readFileSync(join(fixture, ds.ibd_path)))
      const remote = new Pipeline(
        { ...ds, imzml_path: `${origin}/${ds.imzml_path}`, ibd_path: `${storage.backend}://mine/section.ibd` },
        { ...db, databases: db.databases.map((file: string) => `${origin}/${file}`) },
        quiet({}),
      )
      await remote.run()
      const local = await section().getResults()
      expect(
        (await remote.getResults()).map((row) => ({ ...row, database_path: basename(row.database_path) })),
      ).toEqual(local.map((row) => ({ ...row, database_path: basename(row.database_path) })))
      await remote.clean()
      expect((await storage.headObject('mine', 'section.ibd')).size).toBeGreaterThan(0)
      const gone = new Pipeline(
        { ...ds, imzml_path: `${origin}/none/../${ds.imzml_path}`, ibd_path: 'localhost://mine/no.ibd' },
        db,
        quiet({ baseDir: fixture }),
      )
      await expect(gone.run()).rejects.toMatchObject({ code: 'E_IBD_MISSING' })
    } finally {
      server.close()
    }
  })

  it('scores the same with all decoys', async () => {
    const all = section({ decoys: 'all' })
    await all.run()
    expect(await all.getResults()).toEqual(await section().getResults())
    expect((await all.getIonMetrics()).length).toBeGreaterThan((await section().getIonMetrics()).length)
  })

  it('runs the steps it needs by itself', async () => {
    const lazy = section({ useDsCache: false, useDbCache: false })
    expect((await lazy.getImages((await lazy.getResults()).slice(0, 2), [0, 1])).length).toBe(4)
  })

  it('cleans up after itself', async () => {
    const last = section()
    await last.run()
    const { storage } = fexec
    const before = (await storage.listKeys(storage.bucket, 'pipeline/')).length
    const removed = await last.clean()
    expect(removed).toBeGreaterThan(20)
    expect((await storage.listKeys(storage.bucket, 'pipeline/')).length).toBe(before - removed)
    await last.run()
    expect(last.getStats().some(({ Cached }) => !Cached)).toBe(true)
  })

  it('gives the same from continuous files as from the same points in processed files', async () => {
    const dataset = generateDataset({
      mode: 'continuous',
      width: 14,
      height: 12,
      seed: 3,
      bins: 150,
      compounds: 40,
      ghosts: 60,
    })
    const spectra = [...dataset.spectra()]
    const results: Annotation[][] = []
    for (const mode of ['continuous', 'processed'] as const) {
      const { imzml, ibd } = encodeImzML(spectra, { mode, uuid: 'ab'.repeat(16) })
      writeFileSync(join(work, `${mode}.imzML`), imzml)
      writeFileSync(join(work, `${mode}.ibd`), ibd)
      const config: DatasetConfig = {
        name: mode,
        imzml_path: `${mode}.imzML`,
        ibd_path: `${mode}.ibd`,
        num_decoys: 5,
        isocalc_sigma: 0.001238,
      }
      const database: DatabaseConfig = {
        name: 'core',
        databases: [fileURLToPath(new URL('../data/mayfly_core.csv', import.meta.url))],
        adducts: ['+H', '+K'],
      }
      const pipeline = new Pipeline(config, database, quiet({ baseDir: work }))
      await pipeline.run()
      results.push(await pipeline.getResults())
    }
    expect(results[0]!.length).toBeGreaterThan(10)
    expect(results[0]).toEqual(results[1])
  })
})

describe('bad input is told before any worker starts', () => {
  const database = json(join(fixture, 'db.json')) as DatabaseConfig
  const dataset = json(join(fixture, 'ds.json')) as DatasetConfig
  const file = (name: string) => join(work, 'bad', name)
  const broken = (name: string, change: (bytes: Buffer) => Buffer | string) =>
    writeFileSync(file(name), change(readFileSync(file(name))))
  beforeAll(() => cpSync(fixture, join(work, 'bad'), { recursive: true }))

  it.each<[string, string, () => void, Partial<DatasetConfig>, Partial<DatabaseConfig>]>([
    ['unknown key', 'E_CONFIG_UNKNOWN_KEY', () => undefined, { ibd: 'x' } as object, {}],
    ['missing imzML', 'E_IMZML_MISSING', () => undefined, { imzml_path: 'none.imzML' }, {}],
    ['missing ibd', 'E_IBD_MISSING', () => undefined, { ibd_path: 'none.ibd' }, {}],
    ['missing database', 'E_DB_MISSING', () => undefined, {}, { databases: ['none.csv'] }],
    ['wrong adduct', 'E_ADDUCT_INVALID', () => undefined, {}, { adducts: ['H+'] }],
    ['cut ibd', 'E_IBD_TRUNCATED', () => broken('section.ibd', (bytes) => bytes.subarray(0, -9)), {}, {}],
    [
      'ibd of another file',
      'E_IBD_UUID',
      () => broken('section.ibd', (bytes) => Buffer.concat([Buffer.from([1, 2]), bytes.subarray(2)])),
      {},
      {},
    ],
    [
      'cut imzML',
      'E_IMZML_TRUNCATED',
      () => broken('section.imzML', (bytes) => bytes.subarray(0, bytes.length / 2)),
      {},
      {},
    ],
    [
      'a coordinate far away',
      'E_IMZML_LIMIT',
      () =>
        broken('section.imzML', (bytes) =>
          bytes.toString().replace('position x" value="', 'position x" value="9999999'),
        ),
      {},
      {},
    ],
    ['empty database', 'E_DB_EMPTY', () => broken('mol_db.csv', () => ',sf\n'), {}, {}],
    ['unreadable formula', 'E_DB_FORMULA', () => broken('mol_db.csv', () => ',sf\n0,CH4\n1,water\n'), {}, {}],
  ])('%s → %s', async (_, code, damage, ds, db) => {
    cpSync(fixture, join(work, 'bad'), { recursive: true })
    damage()
    const never = {
      storage: fexec.storage,
      map: () => {
        throw new Error('a worker was started')
      },
    }
    const run = async () => {
      const pipeline = new Pipeline(
        { ...dataset, ...ds },
        { ...database, ...db },
        quiet({ baseDir: join(work, 'bad'), executor: never }),
      )
      await pipeline.run()
    }
    await expect(run()).rejects.toMatchObject({ code, message: expect.any(String), hint: expect.any(String) })
  })
})

it('warns of an ibd that is not the one the checksum was made of', async () => {
  const folder = join(work, 'changed')
  cpSync(fixture, folder, { recursive: true })
  const bytes = readFileSync(join(folder, 'section.ibd'))
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
  writeFileSync(join(folder, 'section.ibd'), bytes)
  const lines: string[] = []
  await section({ baseDir: folder, warn: (line) => lines.push(line) }).checkInputs()
  expect(lines).toEqual([expect.stringContaining('W_IBD_CHECKSUM')])
  lines.length = 0
  await section({ warn: (line) => lines.push(line) }).checkInputs()
  expect(lines).toEqual([])
})

const present = existsSync(reference)
if (!present)
  console.log('Reference data (../shared/refdata) is not here: the comparison with Lithops-METASPACE is skipped.')

describe.skipIf(!present)('equal to Lithops-METASPACE', () => {
  const config = present ? json(join(reference, 'config_lithops.json')) : undefined
  const pipeline = (decoys: 'used' | 'all') =>
    new Pipeline(config.ds, { ...config.db, databases: ['../mol_db.csv'] }, quiet({ baseDir: reference, decoys }))

  it('in every annotation', async () => {
    const results = new Map((await pipeline('used').getResults()).map((row) => [row.full_mol, row]))
    const expected = csv(join(reference, 'expected_lithops_serverless.csv'))
    expect(results.size).toBe(expected.length)
    for (const want of expected) {
      const got = results.get(want.full_mol!)!
      expect(got).toMatchObject({
        formula_i: Number(want.formula_i),
        fdr: Number(want.fdr),
        mol: want.mol,
        adduct: want.adduct,
        modifier: want.modifier,
      })
      for (const name of ['chaos', 'spatial', 'spectral', 'msm'] as const)
        expect(Math.abs(got[name] - Number(want[name]))).toBeLessThan(1e-9)
      for (let k = 0; k < 4; k++) {
        expect(got.total_iso_ints[k]! / (Number(want[`total_iso_${k}`]) || 1)).toBeCloseTo(
          Number(want[`total_iso_${k}`]) ? 1 : 0,
          12,
        )
        expect(got.min_iso_ints[k]).toBe(Number(want[`min_iso_${k}`]))
        expect(got.max_iso_ints[k]).toBe(Number(want[`max_iso_${k}`]))
      }
    }
  })

  it('in every ion, decoys included', async () => {
    const ions = new Map((await pipeline('all').getIonMetrics()).map((row) => [row.formula_i, row]))
    const expected = csv(join(reference, 'expected_lithops_all_ions.csv'))
    expect(ions.size).toBe(expected.length)
    for (const want of expected) {
      const got = ions.get(Number(want.formula_i))!
      expect(got.ion_formula).toBe(want.ion_formula)
      for (const name of ['chaos', 'spatial', 'spectral', 'msm'] as const)
        expect(Math.abs(got[name] - Number(want[name]))).toBeLessThan(1e-9)
    }
  })

  it('in the samples of the images', async () => {
    const all = await pipeline('used').getResults()
    const files = readdirSync(join(reference, 'png_lithops'))
    for (const name of files) {
      const [image] = await pipeline('used').getImages(all.filter(({ full_mol }) => `${full_mol}.png` === name))
      const want = decode(readFileSync(join(reference, 'png_lithops', name)))
      const got = decode(toGreyPng(image!))
      expect({ ...got, data: [...got.data] }).toMatchObject({
        width: want.width,
        height: want.height,
        channels: want.channels,
        data: [...want.data],
      })
    }
    expect(files.length).toBeGreaterThan(0)
  })

  it('and annotates a real file of eight pixels with a database of 11,592 molecules', async () => {
    const tiny = join(shared, 'datasets/imzml/untreated_tiny/Untreated_3_434_tiny')
    const dataset = {
      name: 'untreated',
      imzml_path: `${tiny}.imzML`,
      ibd_path: `${tiny}.ibd`,
      num_decoys: 20,
      isocalc_sigma: 0.000619,
    }
    const real = new Pipeline(
      dataset,
      { name: 'db1', databases: [join(shared, 'datasets/moldb/mol_db1.csv')] },
      quiet({}),
    )
    expect(await real.buildDatabase()).toMatchObject({ ions: 960_403 })
    const counts = await real.run()
    expect(counts['50%']).toBeGreaterThan(0)
  }, 240_000)

  it('reads the example files of both modes', async () => {
    for (const mode of ['Continuous', 'Processed']) {
      const path = join(shared, `datasets/imzml/examples/Example_${mode}`)
      const imzml = parseImzML(readFileSync(`${path}.imzML`))
      const ibd = readFileSync(`${path}.ibd`)
      let points = 0
      for await (const { mz } of readSpectra(imzml, [...imzml.x.keys()], async (from, to) => ibd.subarray(from, to)))
        points += mz.length
      expect({ mode: imzml.mode, shared: imzml.sharedAxis, points }).toEqual({
        mode: mode.toLowerCase(),
        shared: mode === 'Continuous',
        points: 75_591,
      })
    }
  })
})
