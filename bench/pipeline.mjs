/**
 * The annotation pipeline's goals: reading imzML, the measure of chaos, and whole runs from nothing and with cached centroids, with
 * the memory of all processes. Data are synthetic; the database is Lithops-METASPACE's mol_db1 where it lies beside the project,
 * else the shipped one. `peer` is the reference's figure on a machine like the one the goals were set on.
 *
 *   npm run bench -- pipeline              5 and 50 MB
 *   npm run bench -- pipeline --large      also 200 and 700 MB, the last with databases 1 to 4
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FunctionExecutor } from '@mayfly/executor'
import { Pipeline } from '@mayfly/pipeline'
import { parseImzML } from '@mayfly/pipeline/imzml'
import { measureOfChaos } from '@mayfly/pipeline/metrics'
import { writeDataset } from '@mayfly/pipeline/synthetic'
import { ROOT } from '../infra/lib/steps.mjs'
import { median, row, timed, watchMemory } from './lib.mjs'

const large = process.argv.includes('--large')
const shared = join(ROOT, '..', 'shared')
const work = mkdtempSync(join(tmpdir(), 'mayfly-bench-pipeline-'))
const MB = 1e6
const GB = 1e9

const moldb = (number) => join(shared, 'datasets/moldb', `mol_db${number}.csv`)
const here = (...numbers) => numbers.map(moldb).filter((file) => existsSync(file))
const shipped = join(ROOT, 'packages/pipeline/data/mayfly_core.csv')
const database = (...numbers) => (here(...numbers).length === numbers.length ? here(...numbers) : [shipped])
const named = (files) =>
  files[0] === shipped ? 'shipped database' : `mol_db1${files.length > 1 ? `–${files.length}` : ''}`

/** Sizes of the ibd in MB, about: pixels of the box, of which two thirds lie in the tissue, and peaks a spectrum; 12 bytes a peak. */
const SIZES = {
  5: { width: 40, height: 40, peaks: 350 },
  50: { width: 110, height: 110, peaks: 520 },
  200: { width: 150, height: 150, peaks: 1100 },
  700: { width: 200, height: 150, peaks: 2900 },
}

async function dataset(size) {
  const written = await writeDataset(join(work, `ds${size}`), { ...SIZES[size], seed: size })
  return { ...written, mb: statSync(written.ibd).size / MB }
}

/** One run on workers and storage of its own; seconds, peak memory of all processes and what came out. */
async function annotate(data, databases, { home, decoys = 20, adducts, sigma = 0.000693, cached = false }) {
  const executor = new FunctionExecutor({ home, progress: false })
  const pipeline = new Pipeline(
    { name: 'bench', imzml_path: data.imzml, ibd_path: data.ibd, num_decoys: decoys, isocalc_sigma: sigma },
    { name: 'bench', databases, ...(adducts ? { adducts } : {}) },
    { executor, log: () => undefined, warn: () => undefined, useDbCache: true, useDsCache: !cached },
  )
  const stop = watchMemory(process.pid)
  const { ms } = await timed(() => pipeline.run())
  const memory = stop()
  const { ions } = await pipeline.buildDatabase()
  await executor.close()
  return { seconds: ms / 1000, memory, ions }
}

async function parsing() {
  const written = await writeDataset(join(work, 'parse'), {
    width: 150,
    height: 150,
    peaks: 20,
    compounds: 10,
    ghosts: 10,
  })
  const bytes = readFileSync(written.imzml)
  const times = Array.from({ length: 5 }, () => {
    const since = performance.now()
    parseImzML(bytes)
    return performance.now() - since
  })
  row('imzML, parsed', (Math.min(...times) * 1000) / written.spectra, 'µs/spectrum', 5, { peer: 107 })
}

function chaos() {
  const side = 300
  let state = 12345
  const image = Float32Array.from({ length: side * side }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state < 2 ** 31 ? 0 : (state - 2 ** 31) / 2 ** 21
  })
  const times = Array.from({ length: 30 }, () => {
    const since = performance.now()
    measureOfChaos(image, side, side)
    return performance.now() - since
  })
  row('measure of chaos, 300 × 300, half noise', median(times), 'ms', 9, { peer: 9 })
}

async function reference() {
  const folder = join(shared, 'refdata/e2e/processed')
  if (!existsSync(folder)) {
    process.stderr.write('e2e/processed: skipped, ../shared/refdata is not here\n')
    return
  }
  const data = { imzml: join(folder, 'ds.imzML'), ibd: join(folder, 'ds.ibd') }
  const files = [join(folder, '..', 'mol_db.csv')]
  const times = []
  for (let i = 0; i < 3; i++) {
    const { seconds } = await annotate(data, files, { home: join(work, `reference${i}`), sigma: 0.001238 })
    times.push(seconds)
  }
  row('e2e/processed, whole pipeline from nothing', Math.min(...times), 's', 2, { peer: 36 })
}

async function sizes() {
  for (const size of large ? [5, 50, 200, 700] : [5, 50]) {
    const databases = database(...(size === 700 ? [1, 2, 3, 4] : [1]))
    const data = await dataset(size)
    const name = `${size} MB × ${named(databases)}`
    const home = join(work, `home${size}`)
    const goals = { 50: [90, 15, 1.5], 700: [600, undefined, 4] }[size] ?? []
    const cold = await annotate(data, databases, { home })
    row(`${name}, from nothing`, cold.seconds, 's', goals[0], {
      ions: cold.ions,
      peaks: data.peaks,
      mb: Math.round(data.mb),
    })
    row(`${name}, peak memory of all processes`, cold.memory / GB, 'GB', goals[2])
    const again = await annotate(data, databases, { home, cached: true })
    row(`${name}, with cached centroids`, again.seconds, 's', goals[1])
    row(`${name}, cached, per million peaks`, again.seconds / (data.peaks / 1e6), 's')
    rmSync(join(work, `ds${size}`), { recursive: true, force: true })
    rmSync(home, { recursive: true, force: true })
  }
}

try {
  await parsing()
  chaos()
  await reference()
  await sizes()
} finally {
  rmSync(work, { recursive: true, force: true })
}
process.exit(0)
