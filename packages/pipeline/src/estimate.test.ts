/**
 * Is the estimated false discovery rate of synthetic sections the observed one? What counts as false is defined in
 * `synthetic/explained.ts`. The estimate is an expectation, so the number of false annotations scatters about it like a Poisson
 * variable; seeds are pooled to make that narrow.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FunctionExecutor } from '@mayfly/executor'
import { Pipeline, type TruthReport, validateTruth } from '@mayfly/pipeline'
import { writeDataset } from '@mayfly/pipeline/synthetic'
import { afterAll, beforeAll, expect, it } from 'vitest'

const work = mkdtempSync(join(tmpdir(), 'mayfly-estimate-'))
let fexec: FunctionExecutor
beforeAll(() => {
  fexec = new FunctionExecutor({ home: join(work, 'home'), workers: 2 })
})
afterAll(async () => {
  await fexec.close()
  rmSync(work, { recursive: true, force: true })
})

const SEEDS = [20260101, 1, 2]
const LEVELS = [0.05, 0.1, 0.2]

async function reports(seed: number): Promise<TruthReport[]> {
  const folder = join(work, String(seed))
  const { imzml, ibd, truth } = await writeDataset(folder, { seed })
  const pipeline = new Pipeline(
    { name: 'section', imzml_path: imzml, ibd_path: ibd, num_decoys: 20, isocalc_sigma: 0.001238 },
    { name: 'core', databases: [fileURLToPath(new URL('../data/mayfly_core.csv', import.meta.url))] },
    { executor: fexec, log: () => undefined },
  )
  const results = await pipeline.getResults()
  return LEVELS.map((level) => validateTruth(results, readFileSync(truth, 'utf8'), level))
}

it('is, within the sampling error, and most ions that can be found are', async () => {
  const pooled = LEVELS.map(() => ({ annotations: 0, wrong: 0, expected: 0, annotatable: 0, recalled: 0 }))
  for (const seed of SEEDS) {
    for (const [l, report] of (await reports(seed)).entries()) {
      const sum = pooled[l]!
      sum.annotations += report.annotations
      sum.wrong += report.falseDiscoveries
      sum.expected += report.estimated * report.annotations
      sum.annotatable += report.annotatable
      sum.recalled += report.recalled
    }
  }
  for (const [l, { annotations, wrong, expected, annotatable, recalled }] of pooled.entries()) {
    const found = `at ${LEVELS[l]}: ${wrong} of ${annotations} false, ${expected.toFixed(1)} estimated, recall ${recalled}/${annotatable}`
    console.log(found)
    expect(Math.abs(wrong - expected), found).toBeLessThan(2.5 * Math.sqrt(expected))
  }
  const { annotations, annotatable, recalled } = pooled[1]!
  expect(annotations).toBeGreaterThan(200)
  expect(recalled / annotatable).toBeGreaterThan(0.6)
})
