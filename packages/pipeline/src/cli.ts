/** `mayfly annotate`, `mayfly isotopes` and `mayfly synth`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { formatError, MayflyError, toErrorValue } from '@mayfly/executor/errors'
import { checkDatabaseConfig, checkDatasetConfig, readConfigFile } from './config.js'
import { resultsParquet } from './export/parquet.js'
import { checkSettings, computeIsotopePattern, type Instrument, type IsotopeMode } from './isotopes/index.js'
import { prepareOutput, writeOutput } from './output-folder.js'
import { Pipeline } from './pipeline.js'
import { type CatBoostModel, readCatBoost } from './scoring/index.js'
import type { Implementation, Mode } from './search.js'
import { optionsForSize, writeDataset } from './synthetic/index.js'
import type { DatabaseConfig, DatasetConfig } from './types.js'
import { validate, validationMarkdown } from './validation/index.js'

const USAGE = `Usage:
  mayfly annotate DS.json DB.json OUTDIR [options]   annotate an imzML data set
      --no-cache      compute everything again
      --no-output     write no files, only say how many annotations there are
      --workers N     worker processes (default: the number of CPUs)
      --mode M        lithops (default), metaspace-v1, metaspace-v3; for a configuration of METASPACE the one it names
      --impl I        of lithops: serverless (default), hybrid, auto; they draw decoys differently
      --instrument I  TOF, Orbitrap, FTICR; for metaspace-v3
      --model FILE    a METASPACE-ML model (.cbm), whose score takes the place of the MSM; for metaspace-v3
      --parquet       also write OUTDIR/results.parquet
      --validate CSV  compare with a reference table; OUTDIR gets validation.json and .md; exit code 1 when it fails
  mayfly synth OUTDIR [options]                      make a synthetic imzML data set with its truth
      --size MB       5 (default) to 50000, such as 50 or 50MB
      --mode M        processed (default), continuous
      --polarity P    + (default), -
      --seed N        default 20260101
      --name NAME     names the files (default: section)
  mayfly isotopes [options] FORMULA...               isotope patterns as JSON
      --mode M        lithops (default), metaspace-v1, metaspace-v3
      --instrument I  TOF, Orbitrap (default), FTICR; for metaspace-v3
      --sigma S       width of a peak in Da (default 0.001238)
      --charge Z      default 1
      A formula without a pattern is told on the error output and has null; the exit code is then 1.

Paths in the configurations are absolute, file:// URLs, relative to the configuration's folder, or to the current folder;
https:// and backend://bucket/key are read from there.`

/** Bad input: exit code 2. Anything else that fails: 1. */
const BAD_INPUT =
  /^E_(CONFIG|INPUT|MODEL|SYNTH|CSV|VALIDATE|IMZML|IBD|DB|ADDUCT|MODIFIER|DECOYS|FORMULA|ISOTOPE|FDR|USAGE|CLI|OUTPUT)/

/** Runs a command; `argv` without `node` and the script. Returns the exit code. */
export async function main(argv: string[]): Promise<number> {
  const [command, ...rest] = argv
  try {
    if (command === 'annotate') return await annotate(rest)
    if (command === 'isotopes') return isotopes(rest)
    if (command === 'synth') return await synth(rest)
  } catch (thrown) {
    const value = toErrorValue(thrown)
    if ((thrown as { code?: unknown }).code?.toString().startsWith('ERR_PARSE_ARGS')) return usage(value.message)
    console.error(formatError(value))
    return BAD_INPUT.test(value.code) ? 2 : 1
  }
  const asked = command === '--help' || command === '-h' || command === 'help'
  return usage(command === undefined || asked ? undefined : `unknown command "${command}"`, asked ? 0 : 2)
}

function usage(problem?: string, code = 2): number {
  const text = problem === undefined ? USAGE : `E_USAGE: ${problem}\n${USAGE}`
  if (code === 0) console.log(text)
  else console.error(text)
  return code
}

async function annotate(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      'no-cache': { type: 'boolean' },
      'no-output': { type: 'boolean' },
      workers: { type: 'string' },
      mode: { type: 'string' },
      impl: { type: 'string' },
      instrument: { type: 'string' },
      model: { type: 'string' },
      parquet: { type: 'boolean' },
      validate: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) return usage(undefined, 0)
  const [dsFile, dbFile, out] = positionals
  if (
    dsFile === undefined ||
    dbFile === undefined ||
    (out === undefined && !values['no-output']) ||
    positionals.length > 3
  ) {
    return usage('annotate needs DS.json, DB.json and OUTDIR')
  }
  const workers = values.workers === undefined ? undefined : Number(values.workers)
  if (workers !== undefined && !(Number.isInteger(workers) && workers >= 1))
    return usage('--workers needs a whole number from 1')

  const begin = performance.now()
  const say = (line: string) => console.log(`${((performance.now() - begin) / 1000).toFixed(1).padStart(6)} s  ${line}`)
  const cache = !values['no-cache']
  const ds = readConfigFile(dsFile)
  const db = readConfigFile(dbFile)
  // Checked here for messages that name the files; the pipeline checks again what it is given.
  checkDatasetConfig(ds.config, dsFile)
  checkDatabaseConfig(db.config, dbFile)
  const model = values.model === undefined ? undefined : readModel(values.model)
  const reference = values.validate === undefined ? undefined : readReference(values.validate)
  await using pipeline = new Pipeline(ds.config as DatasetConfig, db.config as DatabaseConfig, {
    ...(values.mode === undefined ? {} : { mode: values.mode as Mode }),
    ...(values.impl === undefined ? {} : { impl: values.impl as Implementation }),
    ...(values.instrument === undefined ? {} : { instrument: values.instrument as Instrument }),
    ...(model ? { model } : {}),
    ...{ baseDir: ds.baseDir, databaseDir: db.baseDir, useDsCache: cache, useDbCache: cache, log: say },
    warn: (line) => console.error(line),
    ...(workers === undefined ? {} : { workers }),
  })
  await pipeline.checkInputs()
  if (!values['no-output'] && out !== undefined) await prepareOutput(out)
  await pipeline.run()
  console.log(`Estimated cost of the calls on a cloud function service: $ ${pipeline.totalCost().toFixed(5)}`)
  const results = await pipeline.getResults()
  const report = reference === undefined ? undefined : validate(results, reference, { file: values.validate ?? '' })
  if (report) console.log(validationMarkdown(report))
  const code = report && !report.ok ? 1 : 0
  if (values['no-output'] || out === undefined) return code
  const images = await writeOutput(out, results, pipeline.search.mode, (some) => pipeline.getImages(some))
  say(`Wrote ${results.length} annotations to ${join(out, 'results.csv')} and ${images} images`)
  if (values.parquet) writeFileSync(join(out, 'results.parquet'), resultsParquet(results))
  if (report) {
    writeFileSync(join(out, 'validation.json'), `${JSON.stringify(report, null, 2)}\n`)
    writeFileSync(join(out, 'validation.md'), validationMarkdown(report))
  }
  return code
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

async function synth(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    // A polarity of - would be taken for an option.
    args: args.flatMap((arg, i) =>
      args[i - 1] === '--polarity' ? [] : arg === '--polarity' ? [`--polarity=${args[i + 1]}`] : [arg],
    ),
    allowPositionals: true,
    options: {
      size: { type: 'string', default: '5' },
      mode: { type: 'string', default: 'processed' },
      polarity: { type: 'string', default: '+' },
      seed: { type: 'string', default: '20260101' },
      name: { type: 'string', default: 'section' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) return usage(undefined, 0)
  const [out] = positionals
  const seed = Number(values.seed)
  const { mode, polarity, name } = values
  if (out === undefined || positionals.length > 1) return usage('synth needs OUTDIR')
  if (mode !== 'processed' && mode !== 'continuous') return usage(`unknown mode "${mode}"`)
  if (polarity !== '+' && polarity !== '-') return usage(`unknown polarity "${polarity}"`)
  if (!Number.isSafeInteger(seed) || seed < 0) return usage('--seed needs a whole number from 0')
  if (!/^[\w.-]+$/.test(name)) return usage('--name needs letters, digits, . _ or -')
  const size = Number(values.size.replace(/\s*MB$/i, ''))
  const made = await writeDataset(out, { ...optionsForSize(size), mode, polarity, seed, name })
  console.log(
    `Wrote ${made.spectra} spectra with ${made.peaks} peaks, ${(made.bytes / 1e6).toFixed(1)} MB: ${made.imzml}`,
  )
  console.log(`The truth: ${made.truth}`)
  return 0
}

/** @throws MayflyError E_MODEL_MISSING, E_MODEL_INVALID, E_MODEL_KIND. */
function readModel(file: string): CatBoostModel {
  if (!existsSync(file)) {
    throw new MayflyError('E_MODEL_MISSING', `no such file: ${file}`, { hint: 'Check the path.', where: { file } })
  }
  return readCatBoost(readFileSync(file), file)
}

function isotopes(args: string[]): number {
  const { values, positionals } = parseArgs({
    // A charge of -1 would be taken for an option.
    args: args.flatMap((arg, i) =>
      args[i - 1] === '--charge' ? [] : arg === '--charge' ? [`--charge=${args[i + 1]}`] : [arg],
    ),
    allowPositionals: true,
    options: {
      mode: { type: 'string', default: 'lithops' },
      instrument: { type: 'string', default: 'Orbitrap' },
      sigma: { type: 'string', default: '0.001238' },
      charge: { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) return usage(undefined, 0)
  if (positionals.length === 0) return usage('isotopes needs at least one formula')
  if (!['lithops', 'metaspace-v1', 'metaspace-v3'].includes(values.mode)) return usage(`unknown mode "${values.mode}"`)
  if (!['TOF', 'Orbitrap', 'FTICR'].includes(values.instrument))
    return usage(`unknown instrument "${values.instrument}"`)
  const mode = values.mode as IsotopeMode
  const instrument = values.instrument as Instrument
  const settings = { mode, instrument, sigma: Number(values.sigma), charge: Number(values.charge) }
  checkSettings(settings)
  let failed = false
  const rows = positionals.map((formula) => {
    try {
      const { mz, ints } = computeIsotopePattern(formula, settings)
      return { formula, mz: [...mz], ints: [...ints] }
    } catch (thrown) {
      if (!(thrown instanceof MayflyError)) throw thrown
      failed = true
      const value = toErrorValue(thrown)
      console.error(formatError({ ...value, message: `${formula}: ${value.message}` }))
      return { formula, mz: null, ints: null }
    }
  })
  console.log(JSON.stringify(rows, null, 2))
  return failed ? 1 : 0
}
