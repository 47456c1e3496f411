/** `mayfly annotate`, `mayfly isotopes` and `mayfly synth`. */
import { formatError, MayflyError, toErrorValue } from '@mayfly/executor/errors'
import { annotate } from './cli/annotate.js'
import { parseArguments } from './cli/arguments.js'
import { synth } from './cli/synth.js'
import { checkSettings, computeIsotopePattern, type Instrument, type IsotopeMode } from './isotopes/index.js'

const USAGE = `Usage:
  mayfly annotate DS.json DB.json OUTDIR [options]   annotate an imzML data set
      --no-cache      compute everything again; when that was stopped, start without it to go on
      --no-output     write no files, only say how many annotations there are
      --workers N     worker processes (default: the number of CPUs)
      --backend B     where calls run: localhost (default), aws_lambda …, configured as for any executor
      --storage S     where data lie: localhost (default), aws_s3, or a URL such as s3://bucket?region=…
      --vm-backend B  where the stateful stages of the hybrid implementation run (default: as all others)
      --mode M        lithops (default), metaspace-v1, metaspace-v3; for a configuration of METASPACE the one it names
      --impl I        auto (default: hybrid with --vm-backend, else serverless), serverless, hybrid: stateful stages as one call
                      each; in the mode lithops they draw decoys differently
      --instrument I  TOF, Orbitrap, FTICR; for metaspace-v3
      --model FILE    a METASPACE-ML model (.cbm; a path, https:// or backend://bucket/key), whose score takes the place of the MSM; for metaspace-v3
      --parquet       also write OUTDIR/results.parquet
      --validate CSV  compare with a reference table; OUTDIR gets validation.json and .md; exit code 1 when it fails
  mayfly synth OUTDIR [options]                      make a synthetic imzML data set with its truth
      --size MB       0.2 to 50000, such as 50, 50MB or 2GB (default: 5)
      --mode M        processed (default), continuous
      --axis A        of continuous mode: centroid (default; a list of features), profile (the shape of peaks)
      --analyser A    Orbitrap (default), FTICR, TOF
      --polarity P    + (default), -
      --db FILE       molecules to choose from: a database as annotate takes it (default: the shipped one)
      --seed N        default 20260101; the same seed gives the same bytes
      --name NAME     names the files (default: section)
      --defects A,B   what real exporters get wrong:
                      duplicate-pixels missing-pixels offset-origin z-plane wrong-dtype-name negative-offsets
                      zero-intensity unsorted-mz inline-cvparams zlib truncated-ibd uuid-mismatch int32 int64
      --workers N     threads (default: the number of CPUs, at most 8)
  mayfly isotopes [options] FORMULA...               isotope patterns as JSON
      --mode M        lithops (default), metaspace-v1, metaspace-v3
      --instrument I  TOF, Orbitrap (default), FTICR; for metaspace-v3, the other modes take every ion as from a TOF
      --sigma S       width of a peak in Da (default 0.001238)
      --charge Z      default 1
      A formula without a pattern is told on the error output and has null; the exit code is then 1.

Paths in the configurations are absolute, file:// URLs, relative to the configuration's folder, or to the current folder;
https:// and backend://bucket/key are read from there; a data set that does not lie in the storage is copied into it once.
OUTDIR of annotate is a folder, or backend://bucket/folder of the storage. Ctrl+C stops; started again, annotate goes on
where it was: every call that had ended is not made again.`

/** Bad input: exit code 2. Anything else that fails: 1. */
const BAD_INPUT =
  /^E_(CONFIG|INPUT|MODEL|SYNTH|CSV|VALIDATE|IMZML|IBD|DB|ADDUCT|MODIFIER|DECOYS|FORMULA|ISOTOPE|FDR|USAGE|CLI|OUTPUT)/

/** Runs a command; `argv` without `node` and the script. Returns the exit code. */
export async function main(argv: string[]): Promise<number> {
  const [command, ...rest] = argv
  try {
    if (command === 'annotate') return await annotate(rest, () => usage(undefined, 0))
    if (command === 'isotopes') return isotopes(rest)
    if (command === 'synth') return await synth(rest, () => usage(undefined, 0))
  } catch (thrown) {
    const value = toErrorValue(thrown)
    if ((thrown as { code?: unknown }).code?.toString().startsWith('ERR_PARSE_ARGS')) return usage(value.message)
    if (value.code === 'E_USAGE') return usage(value.hint ? `${value.message}. ${value.hint}` : value.message)
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

function isotopes(args: string[]): number {
  // A charge of -1 would be taken for an option.
  const charged = args.flatMap((arg, i) =>
    args[i - 1] === '--charge' ? [] : arg === '--charge' && i + 1 < args.length ? [`--charge=${args[i + 1]}`] : [arg],
  )
  const { values, positionals } = parseArguments(charged, {
    mode: { type: 'string', default: 'lithops' },
    instrument: { type: 'string', default: 'Orbitrap' },
    sigma: { type: 'string', default: '0.001238' },
    charge: { type: 'string', default: '1' },
    help: { type: 'boolean', short: 'h' },
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
