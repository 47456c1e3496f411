/** Building the database: ion formulas of all adducts, numbered as Lithops-METASPACE numbers them, and their isotope patterns. */
import { hash } from 'node:crypto'
import type { CloudObject } from '@mayfly/executor'
import { serverlessDecoys } from '../fdr/index.js'
import { ionWriter } from '../formula/index.js'
import { isotopePatterns } from '../isotopes/index.js'
import { readMolecularDatabase } from '../moldb/read.js'
import { getTable, putTable, type StageContext } from './context.js'

/** Ion formulas are spread over this many chunks by hash; chunk, then rank, gives `formula_i`. */
export const FORMULA_CHUNKS = 32

export interface ReadDatabaseItem {
  csv: CloudObject
  file: string
  key: string
}

/** CSV → table with the column `formula`, sorted. */
export async function readDatabase(
  item: ReadDatabaseItem,
  ctx: StageContext,
): Promise<{ object: CloudObject; molecules: number }> {
  const csv = new TextDecoder().decode(await ctx.storage.getCloudObject(item.csv))
  const formula = readMolecularDatabase(csv, item.file)
  return { object: await putTable(ctx, item.key, { formula }), molecules: formula.length }
}

export interface GenerateFormulasItem {
  databases: CloudObject[]
  /** Adducts of this call: targets or decoys. */
  adducts: string[]
  targetAdducts: string[]
  modifiers: string[]
  decoys: number
  /** `used`: mark only the decoy ions that a ranking uses; `all`: mark every ion. */
  mark: 'used' | 'all'
  /** Bounds of the groups of chunks, ascending, from 0 to 32. One object is written for each group. */
  groups: number[]
  key: string
}

/**
 * Ion formulas of some adducts with all molecules and modifiers, cut by chunk of their hash. Ions that cannot exist (negative
 * counts) are left out. `used` marks the ions whose isotope pattern is needed.
 */
export async function generateFormulas(item: GenerateFormulasItem, ctx: StageContext): Promise<CloudObject[]> {
  const ions = new Map<string, number>()
  for (const database of item.databases) {
    const { formula: molecules } = await getTable<{ formula: string[] }>(ctx, database)
    const decoys = serverlessDecoys(molecules.length, item.targetAdducts, item.decoys)
    for (const adduct of item.adducts) {
      const decoy = item.mark === 'all' || item.targetAdducts.includes(adduct) ? -1 : decoys.adducts.indexOf(adduct)
      for (const modifier of item.modifiers) {
        const ionOf = ionWriter([modifier, adduct])
        for (const [i, molecule] of molecules.entries()) {
          const ion = ionOf(molecule)
          if (ion === '') continue
          const used = decoy < 0 || decoys.isUsed(i, decoy) ? 1 : 0
          if (used || !ions.has(ion)) ions.set(ion, used)
        }
      }
    }
  }
  const chunks: [string, number][][] = Array.from({ length: FORMULA_CHUNKS }, () => [])
  for (const entry of ions) (chunks[chunkOf(entry[0])] as [string, number][]).push(entry)
  const objects: CloudObject[] = []
  for (let g = 0; g + 1 < item.groups.length; g++) {
    const own = chunks.slice(item.groups[g], item.groups[g + 1])
    const flat = own.flat()
    objects.push(
      await putTable(ctx, `${item.key}-${g}`, {
        formula: flat.map(([ion]) => ion),
        used: Uint8Array.from(flat, ([, used]) => used),
        size: Uint32Array.from(own, (chunk) => chunk.length),
      }),
    )
  }
  return objects
}

/** Chunk of an ion formula: its MD5 as a number, modulo 32. */
export function chunkOf(ion: string): number {
  return (hash('md5', ion, 'buffer')[15] as number) % FORMULA_CHUNKS
}

export interface MergeFormulasItem {
  parts: CloudObject[]
  key: string
}

export interface FormulaGroup {
  object: CloudObject
  /** Ions in each chunk of the group. */
  sizes: number[]
  /** Ions whose pattern is needed. */
  used: number
}

/** The parts of one group of chunks without duplicates; each chunk sorted bytewise. */
export async function mergeFormulas(item: MergeFormulasItem, ctx: StageContext): Promise<FormulaGroup> {
  const chunks: Map<string, number>[] = []
  for (const part of item.parts) {
    const { formula, used, size } = await getTable<{ formula: string[]; used: Uint8Array; size: Uint32Array }>(
      ctx,
      part,
    )
    let at = 0
    for (let c = 0; c < size.length; c++) {
      const chunk = (chunks[c] ??= new Map())
      for (const end = at + (size[c] as number); at < end; at++) {
        const ion = formula[at] as string
        if (used[at] || !chunk.has(ion)) chunk.set(ion, used[at] as number)
      }
    }
  }
  const formulas: string[] = []
  const used: number[] = []
  for (const chunk of chunks) {
    for (const ion of [...chunk.keys()].sort()) {
      formulas.push(ion)
      used.push(chunk.get(ion) as number)
    }
  }
  const flags = Uint8Array.from(used)
  return {
    object: await putTable(ctx, item.key, { formula: formulas, used: flags }),
    sizes: chunks.map((chunk) => chunk.size),
    used: flags.reduce((sum, flag) => sum + flag, 0),
  }
}

export interface PeaksItem {
  group: CloudObject
  /** Rows of the group. */
  from: number
  to: number
  /** `formula_i` of the first row. */
  firstId: number
  sigma: number
  charge: number
  key: string
}

export interface PeaksChunk {
  object: CloudObject
  /** Ions with a pattern. */
  ions: number
  centroids: number
}

/** Isotope patterns of the marked ions among some rows of a group. */
export async function calculatePeaks(item: PeaksItem, ctx: StageContext): Promise<PeaksChunk> {
  const { formula, used } = await getTable<{ formula: string[]; used: Uint8Array }>(ctx, item.group)
  const rows: number[] = []
  for (let i = item.from; i < item.to; i++) if (used[i]) rows.push(i)
  const patterns = isotopePatterns(
    rows.map((i) => formula[i] as string),
    { mode: 'lithops', sigma: item.sigma, charge: item.charge },
  )
  const ids: number[] = []
  const mz: number[] = []
  const ints: number[] = []
  let centroids = 0
  for (let k = 0; k < rows.length; k++) {
    if (patterns.ok[k] === 0) continue
    ids.push(item.firstId + (rows[k] as number) - item.from)
    for (let p = 4 * k; p < 4 * k + 4; p++) {
      mz.push(patterns.mz[p] as number)
      ints.push(patterns.ints[p] as number)
      if ((patterns.mz[p] as number) > 0) centroids++
    }
  }
  const object = await putTable(ctx, item.key, {
    formula_i: Uint32Array.from(ids),
    mz: Float64Array.from(mz),
    ints: Float64Array.from(ints),
  })
  return { object, ions: ids.length, centroids }
}
