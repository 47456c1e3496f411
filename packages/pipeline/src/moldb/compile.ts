/**
 * The shipped database `data/mayfly_core.csv`, compiled from the rules and lists beside this file. `npm run build` never runs
 * it: the CSV is committed, and a test checks that it still equals what the rules say. To write it anew after a change:
 * `node packages/pipeline/dist/moldb/compile.js packages/pipeline/data/mayfly_core.csv`.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { lipids } from './lipids.js'
import { dipeptides, metabolites } from './metabolites.js'

/** Distinct formulas of the core database in bytewise order. */
export function coreFormulas(): string[] {
  const formulas = new Set<string>()
  for (const source of [lipids(), metabolites(), dipeptides()]) for (const { formula } of source) formulas.add(formula)
  return [...formulas].sort()
}

/** The database file: header `,sf`, an index and a formula a line (Lithops-METASPACE's format). */
export function coreCsv(): string {
  return `,sf\n${coreFormulas()
    .map((formula, i) => `${i},${formula}\n`)
    .join('')}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const target = process.argv[2]
  if (target === undefined) throw new Error('Usage: node compile.js FILE.csv')
  writeFileSync(target, coreCsv())
}
