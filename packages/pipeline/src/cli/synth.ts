/** `mayfly synth`: a synthetic data set of a wanted size in a folder; Ctrl+C leaves nothing half done. */
import { existsSync, readFileSync } from 'node:fs'
import { readMolecularDatabase } from '../moldb/index.js'
import { type AnalyserName, DEFECTS, optionsForSize, type SyntheticProgress, writeDataset } from '../synthetic/index.js'
import { misused, parseArguments, wholeNumber } from './arguments.js'
import { withInterrupt } from './interrupt.js'
import { StatusLine, type StatusText, timeLeft } from './status-line.js'

const OPTIONS = {
  size: { type: 'string', default: '5' },
  mode: { type: 'string', default: 'processed' },
  axis: { type: 'string', default: 'centroid' },
  analyser: { type: 'string', default: 'Orbitrap' },
  polarity: { type: 'string', default: '+' },
  seed: { type: 'string', default: '20260101' },
  name: { type: 'string', default: 'section' },
  db: { type: 'string' },
  defects: { type: 'string' },
  workers: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

const UNITS: Record<string, number> = { '': 1, M: 1, MB: 1, G: 1000, GB: 1000 }

/**
 * Runs the command and returns its exit code.
 * @throws MayflyError E_USAGE, E_CANCELLED, E_DB_…, E_SYNTH_…
 */
export async function synth(args: string[], help: () => number): Promise<number> {
  // A polarity of - would be taken for an option.
  const signed = args.flatMap((arg, i) =>
    args[i - 1] === '--polarity' ? [] : arg === '--polarity' ? [`--polarity=${args[i + 1]}`] : [arg],
  )
  const { values, positionals } = parseArguments(signed, OPTIONS)
  if (values.help) return help()
  const [out] = positionals
  const { name } = values
  if (out === undefined || positionals.length > 1) throw misused('synth needs OUTDIR')
  if (!/^[\w.-]+$/.test(name)) throw misused('--name needs letters, digits, . _ or -')
  const shape = {
    mode: oneOf('mode', values.mode, ['processed', 'continuous'] as const),
    axis: oneOf('axis', values.axis, ['centroid', 'profile'] as const),
    analyser: oneOf<AnalyserName>('analyser', values.analyser, ['Orbitrap', 'FTICR', 'TOF']),
  }
  const polarity = oneOf('polarity', values.polarity, ['+', '-'] as const)
  const workers = wholeNumber('workers', values.workers)
  const defects = values.defects?.split(',').map((defect) => defect.trim()) ?? []
  const options = {
    ...{ ...optionsForSize(megabytes(values.size), shape), ...shape, polarity, name, defects },
    seed: seedOf(values.seed),
    ...(values.db === undefined ? {} : { formulas: formulasOf(values.db) }),
    ...(workers === undefined ? {} : { workers }),
  }
  const line = new StatusLine(STATUS, process.stderr, console.error)
  return withInterrupt(async (signal) => {
    try {
      const made = await writeDataset(out, { ...options, signal, onProgress: (progress) => line.update(progress) })
      line.clear()
      console.log(
        `Wrote ${made.spectra} spectra with ${made.peaks} peaks, ${(made.bytes / 1e6).toFixed(1)} MB: ${made.imzml}`,
      )
      for (const defect of defects) console.log(`${defect}: ${DEFECTS[defect as keyof typeof DEFECTS]}`)
      console.log(`The truth: ${made.truth}`)
      return 0
    } finally {
      line.clear()
    }
  })
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  if ((allowed as readonly string[]).includes(value)) return value as T
  throw misused(`unknown ${name} "${value}"`, `Known: ${allowed.join(', ')}`)
}

function megabytes(text: string): number {
  const [, number = '', unit = ''] = /^([\d.]+)\s*(M|MB|G|GB)?$/i.exec(text.trim()) ?? []
  return number === '' ? Number.NaN : Number(number) * (UNITS[unit.toUpperCase()] ?? 1)
}

function seedOf(text: string): number {
  const seed = Number(text)
  if (Number.isSafeInteger(seed) && seed >= 0) return seed
  throw misused('--seed needs a whole number from 0')
}

function formulasOf(file: string): string[] {
  if (!existsSync(file)) throw misused(`no such file: ${file}`)
  return readMolecularDatabase(readFileSync(file, 'utf8'), file).formulas.sort()
}

const STATUS: StatusText<SyntheticProgress> = {
  line: (progress, seconds) => statusText({ ...progress, remaining: Math.max(0, progress.remaining - seconds) }),
  plain: (progress) => statusText(progress),
}

function statusText({ done, total, bytes, elapsed, remaining }: SyntheticProgress): string {
  const percent = Math.floor((100 * done) / total)
  const speed = `${(bytes / 1e6).toFixed(0)} MB, ${(bytes / 1e6 / elapsed).toFixed(1)} MB/s`
  return `${percent} %  ${speed}${timeLeft(remaining)}`
}
