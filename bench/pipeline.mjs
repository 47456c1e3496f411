/**
 * The annotation pipeline's goals: isotope patterns, reading imzML, the measure of chaos, and whole runs from nothing and with cached
 * centroids, with the memory of all processes. Data are synthetic; the database is Lithops-METASPACE's mol_db1 where it lies beside the
 * project, else the shipped one. `peer` is the reference's figure, measured on a machine like the one the goals were set on.
 *
 *   npm run bench -- pipeline              5 and 50 MB
 *   npm run bench -- pipeline --curve      5, 50, 200 and 700 MB with mol_db1, and databases of 0.2 to 3 million ions with 5 MB: what a
 *                                          peak and an ion cost at each size (about 6 minutes on two quiet cores)
 *   npm run bench -- pipeline --curve=5,20 the same for other sizes
 *   npm run bench -- pipeline --large      5 and 50 MB, and 700 MB with databases 1 to 4
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FunctionExecutor } from '@mayfly/executor'
import { Pipeline } from '@mayfly/pipeline'
import { parseImzML } from '@mayfly/pipeline/imzml'
import { measureOfChaos } from '@mayfly/pipeline/metrics'
import { optionsForSize, writeDataset } from '@mayfly/pipeline/synthetic'
import { ROOT } from '../infra/lib/steps.mjs'
import { fastest, isotopeGoals } from './lib/isotope-ions.mjs'
import { row, timed, watchMemory } from './lib.mjs'

const large = process.argv.includes('--large')
const curve = process.argv.find((arg) => /^--curve(=|$)/.test(arg))
/** MB, ascending. */
const SIZES = curve ? (curve.split('=')[1] ?? '5,50,200,700').split(',').map(Number) : [5, 50]
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

async function dataset(size) {
  const written = await writeDataset(join(work, `ds${size}`), { ...optionsForSize(size), seed: size })
  return { ...written, mb: written.bytes / MB }
}

/** One run on workers and storage of its own: seconds, how many of them for the database, peak memory of all processes, ions. */
async function annotate(data, databases, { home, sigma = 0.000693, cached = false }) {
  const executor = new FunctionExecutor({ home, progress: false })
  const pipeline = new Pipeline(
    { name: 'bench', imzml_path: data.imzml, ibd_path: data.ibd, num_decoys: 20, isocalc_sigma: sigma },
    { name: 'bench', databases },
    { executor, log: () => undefined, warn: () => undefined, useDbCache: true, useDsCache: !cached },
  )
  const stop = watchMemory(process.pid)
  const database = await timed(() => pipeline.calculateCentroids())
  const rest = await timed(() => pipeline.run())
  const memory = stop()
  const { ions } = await pipeline.buildDatabase()
  await executor.close()
  return { seconds: (database.ms + rest.ms) / 1000, database: database.ms / 1000, memory, ions }
}

async function parsing() {
  const options = { width: 150, height: 150, peaks: 20, compounds: 10, ghosts: 10 }
  const written = await writeDataset(join(work, 'parse'), options)
  const bytes = readFileSync(written.imzml)
  const ms = fastest(20, () => parseImzML(bytes))
  row('imzML, parsed', (ms * 1000) / written.spectra, 'µs/spectrum', 5, { peer: 107 })
}

function chaos() {
  const side = 300
  let state = 12345
  const image = Float32Array.from({ length: side * side }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state < 2 ** 31 ? 0 : (state - 2 ** 31) / 2 ** 21
  })
  const ms = fastest(40, () => measureOfChaos(image, side, side))
  row('measure of chaos, 300 × 300, half noise', ms, 'ms', 9, { peer: 9 })
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

/** Goals in seconds from nothing, in seconds with cached centroids, and in GB, by size and number of databases. */
const GOALS = { '50 × 1': [90, 15, 1.5], '700 × 4': [600, undefined, 4] }
/** Lithops-METASPACE on a cloud with this database and a data set of this size: seconds of all its calls together. */
const ACTION_SECONDS = { '50 × 1': 9900 }

/** Runs of one size from nothing and with cached centroids; what a peak and an ion cost. */
async function runs(size, numbers) {
  const databases = database(...numbers)
  const data = await dataset(size)
  const name = `${size} MB × ${named(databases)}`
  const home = join(work, `home${size}`)
  const key = `${size} × ${numbers.length}`
  const [fromNothing, withCentroids, memory] = GOALS[key] ?? []
  const peer = ACTION_SECONDS[key]
  const cold = await annotate(data, databases, { home })
  row(`${name}, from nothing`, cold.seconds, 's', fromNothing, {
    ...(peer ? { peer, peerIs: 'seconds of all calls on a cloud, 2021' } : {}),
    ...{ ions: cold.ions, peaks: data.peaks, mb: Math.round(data.mb) },
  })
  row(`${name}, peak memory of all processes`, cold.memory / GB, 'GB', memory)
  const again = await annotate(data, databases, { home, cached: true })
  row(`${name}, with cached centroids`, again.seconds, 's', withCentroids)
  const { seconds } = again
  const cost = {
    seconds,
    peaks: data.peaks,
    peak: (1e6 * seconds) / data.peaks,
    ion: (1e6 * cold.database) / cold.ions,
  }
  row(`${name}, with cached centroids, of a peak`, cost.peak, 'µs')
  row(`${name}, database, of an ion`, cost.ion, 'µs')
  rmSync(join(work, `ds${size}`), { recursive: true, force: true })
  rmSync(home, { recursive: true, force: true })
  return cost
}

/** What one more peak costs between neighbouring sizes: without what ions and workers take whatever the size. */
function marginal(costs) {
  const steps = costs.slice(2).map((to, i) => {
    const from = costs[i + 1]
    return {
      name: `${from.size} to ${to.size} MB`,
      cost: (1e6 * (to.seconds - from.seconds)) / (to.peaks - from.peaks),
    }
  })
  for (const { name, cost } of steps) row(`one more peak, ${name}`, cost, 'µs')
  if (steps.length < 2) return
  const [first, last] = [steps[0], steps.at(-1)]
  row(`one more peak, ${last.name} beside ${first.name}`, last.cost / first.cost, '×', 1.5)
}

/** The database of ever more ions, and everything after it, with the smallest data set. */
async function ions() {
  const data = await dataset(SIZES[0])
  const costs = []
  for (const numbers of [[], [1], [1, 2, 3, 4]]) {
    const databases = numbers.length === 0 ? [shipped] : database(...numbers)
    const home = join(work, `ions${numbers.length}`)
    const cold = await annotate(data, databases, { home })
    rmSync(home, { recursive: true, force: true })
    const name = `${cold.ions} ions (${named(databases)})`
    costs.push({ name, cost: (1e6 * cold.database) / cold.ions })
    row(`database of ${name}, of an ion`, costs.at(-1).cost, 'µs')
    row(`annotation of ${name}, ${SIZES[0]} MB, of an ion`, (1e6 * (cold.seconds - cold.database)) / cold.ions, 'µs')
  }
  const [, second, last] = costs
  row(`an ion of ${last.name} beside one of ${second.name}`, last.cost / second.cost, '×', 1.2)
}

async function sizes() {
  const costs = {}
  for (const size of SIZES) costs[size] = await runs(size, [1])
  if (curve) {
    // The smallest size pays for starting workers; from the second on a peak should not become dearer.
    const [second, last] = [SIZES[1], SIZES.at(-1)]
    row(`a peak at ${last} MB beside one at ${second} MB`, costs[last].peak / costs[second].peak, '×', 1.2)
    marginal(SIZES.map((size) => ({ size, ...costs[size] })))
    await ions()
  }
  if (!large) return
  await runs(700, [1, 2, 3, 4])
}

try {
  isotopeGoals(row)
  await parsing()
  chaos()
  await reference()
  await sizes()
} finally {
  rmSync(work, { recursive: true, force: true })
}
process.exit(0)
