/** `mayfly annotate` and `mayfly isotopes`. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { formatError, MayflyError, toErrorValue } from '@mayfly/executor/errors'
import { checkDatabaseConfig, checkDatasetConfig, readConfigFile } from './config.js'
import { checkSettings, computeIsotopePattern, type Instrument, type IsotopeMode } from './isotopes/index.js'
import { prepareOutput, writeOutput } from './output-folder.js'
import { Pipeline } from './pipeline.js'
import { type CatBoostModel, readCatBoost } from './scoring/index.js'
import type { Implementation, Mode } from './search.js'
import type { DatabaseConfig, DatasetConfig } from './types.js'

const USAGE = `Usage:
  mayfly annotate DS.json DB.json OUTDIR [options]   annotate an imzML data set
      --no-cache      compute everything again
      --no-output     write no files, only say how many annotations there are
      --workers N     worker processes (default: the number of CPUs)
      --mode M        lithops (default), metaspace-v1, metaspace-v3; for a configuration of METASPACE the one it names
      --impl I        of lithops: serverless (default), hybrid, auto; they draw decoys differently
      --instrument I  TOF, Orbitrap, FTICR; for metaspace-v3
      --model FILE    a METASPACE-ML model (.cbm), whose score takes the place of the MSM; for metaspace-v3
  mayfly isotopes [options] FORMULA...               isotope patterns as JSON
      --mode M        lithops (default), metaspace-v1, metaspace-v3
      --instrument I  TOF, Orbitrap (default), FTICR; for metaspace-v3
      --sigma S       width of a peak in Da (default 0.001238)
      --charge Z      default 1
      A formula without a pattern is told on the error output and has null; the exit code is then 1.

Paths in the configurations are absolute, file:// URLs, relative to the configuration's folder, or to the current folder;
https:// and backend://bucket/key are read from there.`

/** Bad input: exit code 2. Anything else that fails: 1. */
const BAD_INPUT = /^E_(CONFIG|INPUT|MODEL|IMZML|IBD|DB|ADDUCT|MODIFIER|DECOYS|FORMULA|ISOTOPE|FDR|USAGE|CLI|OUTPUT)/

/** Runs a command; `argv` without `node` and the script. Returns the exit code. */
export async function main(argv: string[]): Promise<number> {
  const [command, ...rest] = argv
  try {
    if (command === 'annotate') return await annotate(rest)
    if (command === 'isotopes') return isotopes(rest)
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
  if (values['no-output'] || out === undefined) return 0
  const results = await pipeline.getResults()
  const images = await writeOutput(out, results, pipeline.search.mode, (some) => pipeline.getImages(some))
  say(`Wrote ${results.length} annotations to ${join(out, 'results.csv')} and ${images} images`)
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
