/**
 * Is the estimated false discovery rate of the synthetic section the observed one? Two ions closer than two search windows are hit by
 * the same peaks, and no software can tell them apart by m/z: an annotation counts as true when such an ion is in the section.
 * Counted strictly, by formula, about twice as many are false: chemistry has far more isobars among targets than among decoys.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FunctionExecutor } from '@mayfly/executor'
import { type Annotation, Pipeline } from '@mayfly/pipeline'
import { generateIonFormula } from '@mayfly/pipeline/formula'
import { fineStructure } from '@mayfly/pipeline/isotopes'
import { generateDataset, type TruthRow, writeDataset } from '@mayfly/pipeline/synthetic'
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

const LEVELS = [0.05, 0.1, 0.2, 0.5]
const INDISTINGUISHABLE = 2 * 3e-6

async function annotated(seed: number): Promise<Annotation[]> {
  const folder = join(work, String(seed))
  const { imzml, ibd } = await writeDataset(folder, { seed })
  const pipeline = new Pipeline(
    { name: 'section', imzml_path: imzml, ibd_path: ibd, num_decoys: 20, isocalc_sigma: 0.001238 },
    { name: 'core', databases: [fileURLToPath(new URL('../data/mayfly_core.csv', import.meta.url))] },
    { executor: fexec, log: () => undefined },
  )
  return pipeline.getResults()
}

function isFalse({ mol, modifier, adduct }: Annotation, truth: readonly TruthRow[]): boolean {
  const ion = generateIonFormula(mol, modifier, adduct)
  const mz = fineStructure(ion, { charge: 1 }).masses[0]!
  return !truth.some((row) => row.ion_formula === ion || Math.abs(row.mz / mz - 1) < INDISTINGUISHABLE)
}

/** Every adduct is ranked alone: its annotations times the highest rate among them. */
function expectedFalse(hits: readonly Annotation[]): number {
  const adducts = [...new Set(hits.map(({ adduct }) => adduct))]
  return adducts.reduce((sum, adduct) => {
    const rates = hits.filter((hit) => hit.adduct === adduct).map(({ fdr }) => fdr)
    return sum + rates.length * Math.max(...rates)
  }, 0)
}

it('is, within the sampling error, and every level holds annotations of its own', async () => {
  const counts = LEVELS.map(() => ({ hits: 0, wrong: 0, expected: 0 }))
  for (const seed of [20260101, 1, 2]) {
    const truth = generateDataset({ seed }).truth()
    const results = await annotated(seed)
    for (const [l, level] of LEVELS.entries()) {
      const hits = results.filter(({ fdr }) => fdr < level)
      const sum = counts[l]!
      sum.hits += hits.length
      sum.wrong += hits.filter((hit) => isFalse(hit, truth)).length
      sum.expected += expectedFalse(hits)
    }
  }
  for (const [l, { hits, wrong, expected }] of counts.entries()) {
    const error = Math.sqrt(expected)
    expect(wrong, `${LEVELS[l]}: ${wrong} of ${hits} false, ${expected.toFixed(1)} estimated`).toBeLessThan(
      expected + 2 * error,
    )
    expect(wrong, `${LEVELS[l]}: ${wrong} of ${hits} false, ${expected.toFixed(1)} estimated`).toBeGreaterThan(
      expected - 3 * error,
    )
    expect(hits).toBeGreaterThan((counts[l - 1]?.hits ?? 100) + 50)
  }
})
