/** `annotate` on doubles of Lambda and S3, and inputs wherever the references' configurations say they are. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { FunctionExecutor, Storage, type StorageOptions } from '@mayfly/executor'
import { type LambdaDouble, type S3Double, startLambda, startS3 } from '@mayfly/executor/testing'
import { checkDatabaseConfig, checkDatasetConfig, Pipeline } from '@mayfly/pipeline'
import { main } from '@mayfly/pipeline/cli'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { sectionConfigs, sectionFolder } from './fixtures/section.js'

const work = mkdtempSync(join(tmpdir(), 'mayfly-cloud-'))
const [dataset, whole] = sectionConfigs()
/** A few molecules: an environment of a function is slow to start and has part of a CPU. */
const database = { ...whole, databases: ['few.csv'], adducts: ['+H', '+K'] }
const FEW = 12
let s3: S3Double
let lambda: LambdaDouble
let server: Server
let origin: string
let few: string
/** Ranges that were asked of the server, by file. */
const asked: string[] = []

beforeAll(async () => {
  const lines = readFileSync(join(sectionFolder, 'mol_db.csv'), 'utf8').split('\n')
  few = lines.slice(0, FEW + 1).join('\n')
  cpSync(sectionFolder, join(work, 'sets'), { recursive: true })
  writeFileSync(join(work, 'sets', 'few.csv'), few)
  lambda = await startLambda()
  s3 = await startS3({ buckets: ['mayfly', 'data'], credentials: lambda.credentials })
  for (const [name, value] of Object.entries({
    MAYFLY_HOME: join(work, 'home'),
    AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
    AWS_REGION: s3.region,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
  }))
    vi.stubEnv(name, value)
  server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.range ?? 'all'}`)
    const file = join(sectionFolder, basename(request.url!))
    if (request.url!.endsWith('few.csv')) response.end(few)
    else if (existsSync(file)) response.setHeader('etag', '"1"').end(readFileSync(file))
    else response.writeHead(404).end()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await using storage = new Storage({ backend: 'aws_s3', bucket: 'data', region: s3.region, endpoint: s3.endpoint })
  for (const file of ['section.imzML', 'section.ibd', 'few.csv'])
    await storage.putObject('data', `sets/${file}`, readFileSync(join(work, 'sets', file)))
})
afterAll(async () => {
  vi.unstubAllEnvs()
  server.close()
  await lambda.close()
  await s3.close()
  rmSync(work, { recursive: true, force: true })
})
afterEach(() => vi.restoreAllMocks())

/** The configurations with every file at another place. */
function at(place: string): [string, string] {
  const [ds, db] = [join(work, 'ds.json'), join(work, 'db.json')]
  const there = (file: string) => `${place}/${basename(file)}`
  writeFileSync(
    ds,
    JSON.stringify({ ...dataset, imzml_path: there(dataset.imzml_path), ibd_path: there(dataset.ibd_path) }),
  )
  writeFileSync(db, JSON.stringify({ ...database, databases: database.databases.map(there) }))
  return [ds, db]
}

/** What the last run said. */
let lines: string[] = []

async function annotated(out: string, place: string, ...options: string[]): Promise<string> {
  const problems: string[] = []
  lines = []
  vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(String(line)))
  vi.spyOn(console, 'error').mockImplementation((line) => void problems.push(String(line)))
  const folder = join(work, out)
  const code = await main(['annotate', ...at(place), folder, '--workers', '2', ...options])
  expect([code, problems]).toEqual([0, []])
  // The paths of the databases are as they were written.
  return readFileSync(join(folder, 'results.csv'), 'utf8').replaceAll(`${place}/`, '')
}

const images = (out: string) =>
  readdirSync(join(work, out, 'images')).map((file) => [file, readFileSync(join(work, out, 'images', file), 'base64')])

describe('annotate', () => {
  it('gives bit for bit the same on Lambda and S3, inputs read where they lie, stateful stages there or here', async () => {
    const local = await annotated('local', join(work, 'sets'))
    const { accessKeyId: MAYFLY_TEST_ID, secretAccessKey: MAYFLY_TEST_SECRET } = s3.credentials
    vi.stubEnv('MAYFLY_TEST_ID', MAYFLY_TEST_ID)
    vi.stubEnv('MAYFLY_TEST_SECRET', MAYFLY_TEST_SECRET)
    const storage = {
      ...{ backend: 'aws_s3', region: s3.region, endpoint: s3.endpoint, bucket: 'mayfly' },
      ...{ accessKeyId: '{{env.MAYFLY_TEST_ID}}', secretAccessKey: '{{env.MAYFLY_TEST_SECRET}}' },
    }
    const functions = {
      ...{ region: lambda.region, endpoint: lambda.endpoint, role: 'arn:aws:iam::000000000000:role/mayfly' },
      environment: { MAYFLY_TEST_ID, MAYFLY_TEST_SECRET },
    }
    vi.stubEnv('MAYFLY_STORAGE', JSON.stringify(storage))
    vi.stubEnv('MAYFLY_AWS_LAMBDA', JSON.stringify(functions))
    const remote = await annotated('remote', 's3://data/sets', '--backend', 'aws_lambda', '--storage', 'aws_s3')
    // Written by the functions themselves.
    const direct = ['annotate', ...at('s3://data/sets'), 's3://mayfly/files/out', '--backend', 'aws_lambda']
    expect(await main([...direct, '--storage', 'aws_s3'])).toBe(0)
    await using storageThere = new Storage(storage as StorageOptions)
    const written = (await storageThere.listKeys('mayfly', 'files/out/images/')).map((key) => key.split('/').at(-1)!)
    expect(written.sort()).toEqual(images('remote').map(([file]) => file))
    const there = ['--backend', 'aws_lambda', '--storage', 'aws_s3', '--vm-backend', 'localhost']
    const mixed = await annotated('mixed', 's3://data/sets', ...there)
    vi.stubEnv('MAYFLY_STORAGE', '')
    expect(mixed).toBe(await annotated('hybrid', join(work, 'sets'), '--impl', 'hybrid'))
    expect(remote).toBe(local)
    expect(images('remote')).toEqual(images('local'))
    const keys = s3.buckets.get('mayfly')!.keys()
    expect(keys.filter((key) => key.endsWith('data.ibd'))).toEqual([])
    expect(keys.some((key) => key.startsWith('pipeline/annotated/'))).toBe(true)
    const { stages } = JSON.parse(readFileSync(join(work, 'remote', 'statistics.json'), 'utf8'))
    expect(stages.every(({ Cached }: { Cached: boolean }) => !Cached)).toBe(true)
  })

  it('gives the same from a server and from S3, which workers here cannot read', async () => {
    const local = readFileSync(join(work, 'local', 'results.csv'), 'utf8').replaceAll(`${join(work, 'sets')}/`, '')
    expect(await annotated('http', origin)).toBe(local)
    expect(asked.filter((line) => line.startsWith('/section.ibd'))).toEqual([
      '/section.ibd bytes=0-15',
      '/section.ibd all',
    ])
    expect(await annotated('s3', 's3://data/sets')).toBe(local)
    expect(lines.filter((line) => line.includes('Copying')).map((line) => line.slice(10))).toEqual([
      expect.stringMatching(/^Copying s3:..data.sets.section\.imzML \(\d\.\d MB\) into the storage of this run, once$/),
      expect.stringMatching(/^Copying s3:..data.sets.section\.ibd \(\d\.\d MB\)/),
    ])
  })

  it('says what is missing to read from S3', async () => {
    vi.stubEnv('AWS_REGION', undefined)
    vi.stubEnv('AWS_ENDPOINT_URL_S3', undefined)
    const problems: string[] = []
    vi.spyOn(console, 'error').mockImplementation((line) => void problems.push(String(line)))
    expect(await main(['annotate', ...at('s3://data/sets'), join(work, 'none')])).toBe(2)
    expect(problems.join()).toMatch(
      /^E_CONFIG_AWS: s3:..data.sets.\S+ cannot be read: its region is not known\n.*AWS_REGION/,
    )
    vi.stubEnv('AWS_REGION', s3.region)
    vi.stubEnv('AWS_ENDPOINT_URL_S3', s3.endpoint)
    problems.length = 0
    expect(await main(['annotate', ...at('s3://data/elsewhere'), join(work, 'none')])).toBe(2)
    expect(problems.join()).toMatch(/^E_(IMZML|DB)_MISSING: there is no object s3:\/\/data\/elsewhere/)
  })
})

/** Of Lithops-METASPACE: name, folder in its bucket, peak width. */
const DATASETS = [
  ['Brain02_Bregma1-42_02', 'small', 0.000693],
  ['AZ_Rat', 'big', 0.001238],
  ['CT26', 'huge', 0.001238],
  ['Mouse_brain', 'huge2', 0.002476],
  ['X089', 'huge3', 0.001238],
  ['microbial_interaction', 'huge4', 0.001238],
] as const
const LOSSES = ['', '-H2O', '-CO2', '-NH3']
const MODIFIERS =
  '-H2O -CO2 -NH3 +CH3CN +CH3OH -CH4 -HF -HCCH -HCN -H2CCH2 -C2H6 -NO -CH3OH -H2S -CH2CO -CH3CHCH2 -C2H5OH -NO2 -SO -C4H8 -C4H10 -CH3COOH -HBr -HI'
const DATABASES: [number[], string[]][] = [
  [[1], ['']],
  [[1, 2, 3, 4], ['']],
  [[1, 2, 3, 4], LOSSES],
  [
    [1, 2, 3, 4],
    ['', ...MODIFIERS.split(' ')],
  ],
  [[1, 2, 3, 4, 7, 8, 9, 10, 11, 12], ['']],
  [[1, 2, 3, 4, 7, 8, 9, 10, 11, 12], LOSSES],
  [
    [1, 2, 3, 4, 7, 8, 9, 10, 11, 12],
    ['', ...MODIFIERS.split(' ')],
  ],
]

describe('configurations of the references', () => {
  it.each(DATASETS)('data set %s', (name, folder, sigma) => {
    const there = `cos://embl-datasets/${folder}/ds`
    const config = { imzml_path: `${there}.imzML`, ibd_path: `${there}.ibd`, num_decoys: 20, polarity: '+' }
    const checked = checkDatasetConfig({ name, ...config, isocalc_sigma: sigma, metaspace_id: '' })
    expect(checked).toMatchObject({ name, isocalc_sigma: sigma, polarity: '+', num_decoys: 20 })
  })

  it.each(DATABASES.map((config, i) => [i + 1, ...config] as const))(
    'database %i, whose files lie beside the configuration',
    async (number, files, modifiers) => {
      const name = `db_config${number}`
      const adducts = ['', '+H', '+Na', '+K']
      const folder = join(work, name)
      mkdirSync(folder)
      for (const file of files)
        writeFileSync(join(folder, `mol_db${file}.csv`), few.replace(/\n[^\n]*$/, `\n99,C${file}H9`))
      const databases = files.map((file) => `metabolomics/db/mol_db${file}.csv`)
      await using executor = new FunctionExecutor({ home: join(work, 'home'), workers: 2 })
      const pipeline = new Pipeline(
        { ...dataset, num_decoys: 20 },
        { name, databases, adducts, modifiers },
        { executor, baseDir: join(work, 'sets'), databaseDir: folder, log: () => undefined },
      )
      expect(pipeline.search).toMatchObject({ adducts, decoys: 20 })
      expect(pipeline.search.prefixes.map(({ text }) => text)).toEqual(modifiers)
      const { ions } = await pipeline.buildDatabase()
      expect(ions).toBeGreaterThan(FEW * adducts.length * modifiers.length)
      await pipeline.clean()
    },
  )

  it("METASPACE's, of both versions", async () => {
    const config = (analysis_version: 1 | 3) => ({
      database_ids: [`${origin}/few.csv`],
      analysis_version,
      isotope_generation: {
        ...{
          adducts: ['+H', '+Na', '+K', '[M]+'],
          charge: 1,
          isocalc_sigma: 0.000619,
          instrument: 'Orbitrap',
          n_peaks: 4,
        },
        ...{ neutral_losses: ['-H2O'], chem_mods: ['+CO2'] },
      },
      fdr: { decoy_sample_size: 20, scoring_model_id: null },
      image_generation: { ppm: 3, n_levels: 30, min_px: 1, compute_unused_metrics: false },
    })
    await using executor = new FunctionExecutor({ home: join(work, 'home'), workers: 2 })
    for (const version of [1, 3] as const) {
      expect(checkDatabaseConfig(config(version)).metaspace).toMatchObject({ version, decoys: 20 })
      const options = { executor, baseDir: join(work, 'sets'), log: () => undefined }
      const pipeline = new Pipeline(dataset, config(version) as never, options)
      await pipeline.run()
      expect(pipeline.search.mode).toBe(`metaspace-v${version}`)
    }
  })
})
