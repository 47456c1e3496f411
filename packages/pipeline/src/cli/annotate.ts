/** `mayfly annotate`: configurations in, a folder of results out; stopped by Ctrl+C, taken up where it was by the next start. */
import { existsSync, readFileSync } from 'node:fs'
import { configInForce, type ExecutorOptions, FunctionExecutor } from '@mayfly/executor'
import { MayflyError } from '@mayfly/executor/errors'
import { checkDatabaseConfig, checkDatasetConfig, readConfigFile } from '../config.js'
import { resultsParquet } from '../export/parquet.js'
import { loadCatBoost } from '../inputs/model.js'
import type { Instrument } from '../isotopes/index.js'
import { type OutputPlace, outputPlace } from '../output-place.js'
import { Pipeline } from '../pipeline.js'
import { writeTableAndImages } from '../save-results.js'
import type { Implementation, Mode } from '../search.js'
import type { Annotation, DatabaseConfig, DatasetConfig, PictureProgress } from '../types.js'
import { type ValidationReport, validate, validationMarkdown } from '../validation/index.js'
import { misused, parseArguments, wholeNumber } from './arguments.js'
import { withInterrupt } from './interrupt.js'
import { PICTURES, ProgressLine } from './progress-line.js'
import { statisticsJson, statisticsTable } from './statistics.js'
import { StatusLine } from './status-line.js'

const OPTIONS = {
  'no-cache': { type: 'boolean' },
  'no-output': { type: 'boolean' },
  workers: { type: 'string' },
  backend: { type: 'string' },
  storage: { type: 'string' },
  'vm-backend': { type: 'string' },
  mode: { type: 'string' },
  impl: { type: 'string' },
  instrument: { type: 'string' },
  model: { type: 'string' },
  parquet: { type: 'boolean' },
  validate: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

type Values = ReturnType<typeof parseArguments<typeof OPTIONS>>['values']

/**
 * Runs the command. Returns the exit code: 0, or 1 when the validation failed.
 * @throws MayflyError E_USAGE, E_CANCELLED, and what the pipeline throws
 */
export async function annotate(args: string[], help: () => number): Promise<number> {
  const { values, positionals } = parseArguments(args, OPTIONS)
  if (values.help) return help()
  const [dsFile, dbFile, out] = positionals
  const folder = values['no-output'] ? undefined : out
  if (dsFile === undefined || dbFile === undefined || positionals.length > 3)
    throw misused('annotate needs DS.json, DB.json and OUTDIR')
  if (folder === undefined && !values['no-output']) throw misused('annotate needs DS.json, DB.json and OUTDIR')
  return withInterrupt((signal) => run({ values, dsFile, dbFile, folder, signal }))
}

interface Job {
  values: Values
  dsFile: string
  dbFile: string
  /** Where results go; undefined for nowhere. */
  folder: string | undefined
  signal: AbortSignal
}

async function run({ values, dsFile, dbFile, folder, signal }: Job): Promise<number> {
  const begin = performance.now()
  const say = (line: string) => {
    progress.clear()
    console.log(`${((performance.now() - begin) / 1000).toFixed(1).padStart(6)} s  ${line}`)
  }
  const progress = new ProgressLine(process.stderr, say)
  const writing = new StatusLine(PICTURES, process.stderr, say)
  const workers = wholeNumber('workers', values.workers)
  const ds = readConfigFile(dsFile)
  const db = readConfigFile(dbFile)
  // Checked here for messages that name the files; the pipeline checks again what it is given.
  checkDatasetConfig(ds.config, dsFile)
  checkDatabaseConfig(db.config, dbFile)
  const reference = values.validate === undefined ? undefined : readReference(values.validate)
  const name = `annotate ${(ds.config as DatasetConfig).name}`
  const storage = storageOf(values.storage)
  const given = whatIsGiven({ name, progress: false, workers, backend: values.backend, storage })
  await using executor = new FunctionExecutor(given)
  await using vmExecutor = values['vm-backend']
    ? new FunctionExecutor({ name, progress: false, backend: values['vm-backend'], storage: executor.storage })
    : undefined
  const model = values.model === undefined ? undefined : await loadCatBoost(values.model, { storage: executor.storage })
  const place = folder === undefined ? undefined : outputPlace(folder, executor.storage)
  await using pipeline = new Pipeline(ds.config as DatasetConfig, db.config as DatabaseConfig, {
    ...{ executor, signal, baseDir: ds.baseDir, databaseDir: db.baseDir, log: say },
    ...(vmExecutor ? { vmExecutor } : {}),
    ...(values.mode === undefined ? {} : { mode: values.mode as Mode }),
    ...(values.impl === undefined ? {} : { impl: values.impl as Implementation }),
    ...(values.instrument === undefined ? {} : { instrument: values.instrument as Instrument }),
    ...(model ? { model } : {}),
    ...{ useDsCache: !values['no-cache'], useDbCache: !values['no-cache'] },
    warn: (line) => {
      progress.clear()
      console.error(line)
    },
    onProgress: (news) => progress.update(news),
  })
  await pipeline.checkInputs()
  await place?.prepare()
  await pipeline.run()
  console.log(statisticsTable(pipeline.getStats()))
  console.log(
    `Implementation ${pipeline.search.impl}; estimated cost of the calls on a cloud function service: $ ${pipeline.totalCost().toFixed(5)}`,
  )
  const results = await pipeline.getResults()
  const report = reference === undefined ? undefined : validate(results, reference, { file: values.validate ?? '' })
  if (report) console.log(validationMarkdown(report))
  if (place) {
    const onProgress = (news: PictureProgress) => (news.done < news.total ? writing.update(news) : writing.clear())
    const images = await writeTableAndImages(place, pipeline, results, { onProgress }).finally(() => writing.clear())
    await writeBeside(place, pipeline, results, { parquet: values.parquet === true, report })
    say(`Wrote ${results.length} annotations to ${place.nameOf('results.csv')} and ${images} images`)
  }
  return report && !report.ok ? 1 : 0
}

/** What stands beside the table and the images. */
async function writeBeside(
  place: OutputPlace,
  pipeline: Pipeline,
  results: Annotation[],
  { parquet, report }: { parquet: boolean; report: ValidationReport | undefined },
): Promise<void> {
  await place.write('statistics.json', statisticsJson(pipeline))
  if (parquet) await place.write('results.parquet', new Uint8Array(resultsParquet(results)))
  if (!report) return
  await place.write('validation.json', `${JSON.stringify(report, null, 2)}\n`)
  await place.write('validation.md', validationMarkdown(report))
}

/** Options without those that are not given: what is configured elsewhere stays in force for them. */
function whatIsGiven(options: { [K in keyof ExecutorOptions]: ExecutorOptions[K] | undefined }): ExecutorOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

/** A name alone means the storage of that name that is configured, with its options. */
function storageOf(named: string | undefined): string | undefined {
  const { storage } = configInForce().options
  const configured = typeof storage === 'object' && 'backend' in storage ? storage.backend : undefined
  return named !== undefined && named === configured ? undefined : named
}

/** The reference table, read and checked before work starts. @throws MayflyError E_VALIDATE_MISSING, E_CSV, E_VALIDATE_…. */
function readReference(file: string): string {
  if (!existsSync(file)) {
    throw new MayflyError('E_VALIDATE_MISSING', `no such file: ${file}`, { hint: 'Check the path.', where: { file } })
  }
  const text = readFileSync(file, 'utf8')
  validate([], text, { file })
  return text
}
