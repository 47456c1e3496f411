/**
 * How far the pipeline is from the reference, mode by mode: the largest difference of every kind of number over all reference data
 * in `../shared/refdata`. Values, not times; the goals are the acceptance levels of `docs/fidelity.md`.
 *
 *   npm run bench -- fidelity              prints one JSON row a line: { measure, value, unit, goal, ok }
 *   npm run bench -- fidelity --write      and puts the table into docs/fidelity.md
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { FunctionExecutor } from '@mayfly/executor'
import { Pipeline, toGreyPng } from '@mayfly/pipeline'
import { isotopePattern } from '@mayfly/pipeline/isotopes'
import { measureOfChaos, spatialCorrelation, spectralCorrelation } from '@mayfly/pipeline/metrics'
import { row as print } from './lib.mjs'

const SHARED = fileURLToPath(new URL('../../shared/refdata/', import.meta.url))
const SET = join(SHARED, 'e2e/processed')
const DECIMALS = 1e-9
const DOCUMENT = fileURLToPath(new URL('../docs/fidelity.md', import.meta.url))
const BEGIN = '<!-- Written by `npm run bench -- fidelity --write`. -->'
const END = '<!-- The end of what it writes. -->'

/** What was printed, for the table. */
const rows = []
function row(measure, value, unit, goal) {
  rows.push({ measure, value, unit, goal })
  print(measure, value, unit, goal)
}

/** The table: one line for each mode and kind of number, those that are exactly equal together. */
function table() {
  const titles = [...new Set(rows.map(({ measure }) => measure.split('/')[0]))]
  const lines = titles.flatMap((title) => {
    const own = rows.filter(({ measure }) => measure.startsWith(`${title}/`))
    const what = ({ measure }) => measure.slice(title.length + 1)
    const equal = own.filter(({ goal }) => goal === 0)
    const exact = equal.map((line) => (line.value === 0 ? what(line) : `${what(line)} (${line.value})`)).join(', ')
    const verdict = equal.every(({ value }) => value === 0) ? 'none' : 'some'
    return [
      ...(equal.length > 0 ? [[exact, verdict, 'none']] : []),
      ...own
        .filter(({ goal }) => goal !== 0)
        .map((line) => [
          what(line),
          line.value === 0 ? 'none' : `${line.value.toExponential(1)} ${line.unit}`.trim(),
          `${line.goal.toExponential(0)} ${line.unit}`.trim(),
        ]),
    ].map((cells, i) => `| ${[i === 0 ? title : '', ...cells].join(' | ')} |`)
  })
  return ['| mode | what | largest difference | accepted |', '| --- | --- | ---: | ---: |', ...lines].join('\n')
}

function writeTable() {
  const text = readFileSync(DOCUMENT, 'utf8')
  const from = text.indexOf(BEGIN) + BEGIN.length
  writeFileSync(DOCUMENT, `${text.slice(0, from)}\n\n${table()}\n\n${text.slice(text.indexOf(END))}`)
}

const bytes = (name) => {
  const raw = readFileSync(join(SHARED, name))
  return name.endsWith('.gz') ? gunzipSync(raw) : raw
}
const json = (name) => JSON.parse(bytes(name).toString())
function csv(name) {
  const [head, ...lines] = bytes(name)
    .toString()
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(','))
  return lines.map((cells) => Object.fromEntries(cells.map((cell, i) => [head[i], cell])))
}
const largest = (values) => values.reduce((most, value) => Math.max(most, value), 0)
const number = (value) => (value === 'nan' ? 0 : value)

/** Centroids of all ions in all settings. */
function isotopes() {
  const rows = csv('isotope_patterns.csv.gz')
  for (const mode of ['lithops', 'metaspace-v3']) {
    const ppm = []
    const percent = []
    for (const line of rows.filter((line) => line.mode === mode)) {
      const settings = { mode, instrument: line.instrument, sigma: Number(line.sigma), charge: Number(line.charge) }
      const pattern = isotopePattern(line.ion_formula, settings)
      for (let k = 0; k < 4; k++) {
        const mz = Number(line[`mz${k}`])
        ppm.push(mz === 0 ? (pattern?.mz[k] ?? 1) : (Math.abs((pattern?.mz[k] ?? 0) - mz) / mz) * 1e6)
        percent.push(Math.abs((pattern?.ints[k] ?? 0) - Number(line[`int${k}`])))
      }
    }
    row(`isotopes, ${mode}/m/z of ${ppm.length / 4} patterns`, largest(ppm), 'ppm', 1e-6)
    row(`isotopes, ${mode}/intensities`, largest(percent), '%', 1e-6)
  }
}

/** Metrics of dense images. */
function images() {
  const differences = { chaos: [], spectral: [], spatial: [] }
  const { cases } = json('metrics_images.json')
  for (const { width, height, images: sparse, mask, theor_ints: theory, ref } of cases) {
    const planes = sparse.map(({ idx, val }) => {
      const plane = new Float32Array(width * height)
      idx.forEach((p, i) => {
        plane[p] = val[i]
      })
      return plane
    })
    const wide = planes.map((plane) => Float64Array.from(plane))
    const chaos = measureOfChaos(planes[0], width, height)
    differences.chaos.push(Math.abs((Number.isNaN(chaos) ? 0 : chaos) - number(ref.chaos_cpp_30)))
    differences.spectral.push(Math.abs(spectralCorrelation(wide, theory) - (number(ref.spectral_f64) || 0)))
    const sampled = mask === null ? undefined : Uint8Array.from(mask)
    differences.spatial.push(Math.abs(spatialCorrelation(wide, theory, sampled) - ref.spatial_v1))
  }
  row(`images/chaos of ${cases.length} sets`, largest(differences.chaos), '', 0)
  row('images/spectral', largest(differences.spectral), '', DECIMALS)
  row('images/spatial', largest(differences.spatial), '', DECIMALS)
}

function animal() {
  const { features, scale, bias, trees } = json('catboost_animal_v2.2023-12-14.json.gz')
  const splits = trees.flatMap((tree) => tree.splits)
  return {
    ...{ features, scale, bias, nanIsHigh: new Uint8Array(features.length) },
    depth: Int32Array.from(trees, (tree) => tree.splits.length),
    splitFeature: Uint16Array.from(splits, ([feature]) => feature),
    splitBorder: Float32Array.from(splits, ([, border]) => border),
    leaves: Float64Array.from(trees.flatMap((tree) => tree.leaves)),
  }
}

/** The whole pipeline in one mode. `level` is the acceptance level of spatial and spectral. */
async function endToEnd(executor, title, file, config, level, { all, ...options } = {}) {
  const ds = json('e2e/processed/config_lithops.json')
  const pipeline = new Pipeline(ds.ds, config ? json(`e2e/processed/config_${config}.json`) : ds.db, {
    ...{ executor, baseDir: SET, databaseDir: join(SHARED, 'e2e'), log: () => undefined, ...options },
  })
  await pipeline.run()
  const expected = csv(`e2e/processed/expected_${file}.csv`)
  const results = await pipeline.getResults()
  // METASPACE's tables have the modifier with the adduct in it.
  const nameOf = (line) => line.full_mol ?? line.formula + line.modifier
  const found = new Map(results.map((line) => [line.full_mol, line]))
  const names = new Set(expected.map(nameOf))
  const lost = [...names].filter((name) => !found.has(name)).length
  row(
    `${title}/annotations missing or too many of ${expected.length}`,
    lost + found.size - (names.size - lost),
    'rows',
    0,
  )
  const pairs = expected.flatMap((line) => (found.has(nameOf(line)) ? [[line, found.get(nameOf(line))]] : []))
  const worst = (name) => largest(pairs.map(([want, got]) => Math.abs(got[name] - Number(want[name]))))
  row(`${title}/fdr`, worst('fdr'), '', 0)
  row(`${title}/chaos`, worst('chaos'), '', 0)
  for (const name of ['spatial', 'spectral', 'msm']) row(`${title}/${name}`, worst(name), '', level)
  if (expected[0].mz_err_abs !== undefined) {
    const error = (name) => largest(pairs.map(([want, got]) => Math.abs(got.errors[name] - Number(want[name]))))
    row(`${title}/mass errors`, Math.max(error('mz_err_abs'), error('mz_err_rel')), 'Da', 1e-9)
  }
  if (all) await everyIon(pipeline, title, all, level)
  if (title === 'lithops, serverless') await pictures(pipeline, results)
}

/** The scores of every ion with an MSM above 0, decoys included. */
async function everyIon(pipeline, title, file, level) {
  const expected = csv(`e2e/processed/expected_${file}.csv`).filter(({ msm }) => Number(msm) > 0)
  const found = new Map((await pipeline.getIonMetrics()).map((line) => [line.ion_formula, line]))
  const lost = expected.filter(({ ion_formula }) => !found.has(ion_formula)).length
  row(`${title}/ions and decoys missing of ${expected.length}`, lost, 'rows', 0)
  const names = ['chaos', 'spatial', 'spectral', 'msm']
  const differences = expected.flatMap((want) => {
    const got = found.get(want.ion_formula)
    return got ? names.map((name) => Math.abs(got[name] - Number(want[name]))) : []
  })
  row(`${title}/scores of ions and decoys`, largest(differences), '', level)
}

async function pictures(pipeline, results) {
  const { decode } = await import('fast-png')
  const folder = join(SET, 'png_lithops')
  let wrong = 0
  let files = 0
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.png'))) {
    const annotation = results.find(({ full_mol }) => full_mol === name.slice(0, -4))
    if (!annotation) continue
    files++
    const [image] = await pipeline.getImages([annotation])
    const ours = decode(toGreyPng(image)).data
    decode(readFileSync(join(folder, name))).data.forEach((sample, i) => {
      if (ours[i] !== sample) wrong++
    })
  }
  row(`lithops, serverless/samples of ${files} 16-bit images`, wrong, 'samples', 0)
}

if (!existsSync(SHARED)) {
  process.stdout.write('{"measure":"fidelity","skipped":"../shared/refdata is not here"}\n')
} else {
  const home = mkdtempSync(join(tmpdir(), 'mayfly-fidelity-'))
  const executor = new FunctionExecutor({ home, workers: 2 })
  try {
    isotopes()
    images()
    const [v1, v3] = ['metaspace_v1', 'metaspace_v3_msm']
    await endToEnd(executor, 'lithops, serverless', 'lithops_serverless', undefined, DECIMALS, {
      ...{ all: 'lithops_all_ions', decoys: 'all' },
    })
    await endToEnd(executor, 'lithops, hybrid', 'lithops_hybrid', undefined, 1e-7, { impl: 'hybrid' })
    await endToEnd(executor, 'metaspace-v1', v1, v1, 1e-7, { all: `${v1}_all_ions` })
    await endToEnd(executor, 'metaspace-v3', v3, v3, 2e-6, { all: `${v3}_all_ions` })
    await endToEnd(executor, 'metaspace-v3 with METASPACE-ML', 'metaspace_v3_animal', 'metaspace_v3_animal', 2e-6, {
      model: animal(),
    })
    if (process.argv.includes('--write')) writeTable()
  } finally {
    await executor.close()
    rmSync(home, { recursive: true, force: true })
  }
}
