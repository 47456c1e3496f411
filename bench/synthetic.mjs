/**
 * Synthetic data sets: how fast they are made and in how much memory, and whether the false discovery rate that decoys estimate on
 * them is the observed one. False is what `packages/pipeline/src/synthetic/explained.ts` says; the exact interval at 95 % is Clopper
 * and Pearson's. Goals: memory that does not grow with the size, and an estimate inside the interval.
 *
 *   npm run bench -- synthetic             50 MB: speed in both modes, and the estimate on three seeds
 *   npm run bench -- synthetic --large     also speed and memory at 700 MB and 2 GB
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FunctionExecutor } from '@mayfly/executor'
import { Pipeline, proportionInterval, validateTruth } from '@mayfly/pipeline'
import { optionsForSize, writeDataset } from '@mayfly/pipeline/synthetic'
import { ROOT } from '../infra/lib/steps.mjs'
import { row, timed, watchMemory } from './lib.mjs'

const large = process.argv.includes('--large')
const work = mkdtempSync(join(tmpdir(), 'mayfly-bench-synthetic-'))
const MB = 1e6
const SEEDS = [1, 2, 3]
const LEVELS = [0.05, 0.1, 0.2]
/** Of the process that makes a data set, whatever its size. */
const MOST_MEMORY = 0.7

/** The command in a process of its own, so that the memory is its own. */
async function make(size, mode) {
  const folder = join(work, 'made')
  const child = spawn(
    process.execPath,
    [join(ROOT, 'infra/cli/mayfly.mjs'), 'synth', folder, '--size', `${size}MB`, '--mode', mode],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  const stop = watchMemory(child.pid)
  const { ms } = await timed(() => new Promise((resolve) => child.on('close', resolve)))
  const memory = stop()
  const bytes = statSync(join(folder, 'section.ibd')).size
  rmSync(folder, { recursive: true })
  row(`${size} MB, ${mode}: made`, bytes / MB / (ms / 1000), 'MB/s', undefined, {
    seconds: Math.round(ms / 1000),
    mb: Math.round(bytes / MB),
  })
  row(`${size} MB, ${mode}: peak memory`, memory / 1e9, 'GB', MOST_MEMORY)
}

async function annotate(seed, executor) {
  const folder = join(work, `seed${seed}`)
  const { imzml, ibd, truth } = await writeDataset(folder, { ...optionsForSize(50), seed })
  const pipeline = new Pipeline(
    { name: `seed ${seed}`, imzml_path: imzml, ibd_path: ibd, num_decoys: 20, isocalc_sigma: 0.001238 },
    { name: 'core', databases: [join(ROOT, 'packages/pipeline/data/mayfly_core.csv')] },
    { executor, log: () => undefined, warn: () => undefined },
  )
  const results = await pipeline.getResults()
  const table = readFileSync(truth, 'utf8')
  rmSync(folder, { recursive: true })
  return LEVELS.map((level) => validateTruth(results, table, level))
}

async function estimates() {
  const executor = new FunctionExecutor({ home: join(work, 'home'), progress: false })
  const bySeed = []
  for (const seed of SEEDS) bySeed.push(await annotate(seed, executor))
  await executor.close()
  for (const [l, level] of LEVELS.entries()) {
    const reports = bySeed.map((reports) => reports[l])
    const sum = (pick) => reports.reduce((total, report) => total + pick(report), 0)
    const annotations = sum(({ annotations }) => annotations)
    const wrong = sum(({ falseDiscoveries }) => falseDiscoveries)
    const estimated = sum((report) => report.estimated * report.annotations) / annotations
    const interval = proportionInterval(wrong, annotations)
    row(
      `50 MB, ${SEEDS.length} seeds: false among those below an FDR of ${level * 100} %`,
      wrong / annotations,
      'share',
      undefined,
      {
        ...{ goal: Number(estimated.toPrecision(3)), ok: estimated >= interval[0] && estimated <= interval[1] },
        ...{ interval: interval.map((bound) => Number(bound.toPrecision(3))), annotations, wrong },
        seeds: reports.map(({ falseDiscoveries, annotations }) => `${falseDiscoveries}/${annotations}`),
        indistinguishable: sum(({ indistinguishable }) => indistinguishable),
      },
    )
    const annotatable = sum((report) => report.annotatable)
    row(
      `50 MB, recall below an FDR of ${level * 100} %`,
      sum(({ recalled }) => recalled) / annotatable,
      'share',
      undefined,
      { annotatable },
    )
  }
}

try {
  for (const size of large ? [50, 700, 2000] : [50])
    for (const mode of ['processed', 'continuous']) await make(size, mode)
  await estimates()
} finally {
  rmSync(work, { recursive: true, force: true })
}
process.exit(0)
