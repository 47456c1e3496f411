/** Building the database: ion formulas of all adducts, numbered as Lithops-METASPACE numbers them, and their isotope patterns. */
import type { CloudObject } from '@mayfly/executor'
import { COUNTED, KEPT } from '../annotate/index.js'
import { serverlessDecoys } from '../fdr/index.js'
import { ionWriter } from '../formula/index.js'
import { type IsotopeSettings, isotopePatterns } from '../isotopes/index.js'
import { readMolecularDatabase } from '../moldb/read.js'
import { gridStarts, sortedOrder } from '../segment/index.js'
import { getTable, putTable, type StageContext } from './context.js'
import { type FormulaPart, IonCollector, type Partition, TARGET, TARGETED, USED } from './ion-collector.js'

export interface ReadDatabaseItem {
  csv: CloudObject
  file: string
  /** Molecules in bytewise order (Lithops-METASPACE) or in that of the file (METASPACE): it decides who gets which decoys. */
  order: 'sorted' | 'file'
  key: string
}

/** A molecular database in storage. `sample`: formulas evenly spread over the sorted list. */
export interface Database {
  object: CloudObject
  molecules: number
  sample: string[]
  /** METASPACE keeps its annotations also with an MSM of 0. */
  targeted: boolean
}

const SAMPLE = 256

/** CSV → table with the column `formula`. */
export async function readDatabase(item: ReadDatabaseItem, ctx: StageContext): Promise<Database> {
  const csv = new TextDecoder().decode(await ctx.storage.getCloudObject(item.csv))
  const { formulas: formula, targeted } = readMolecularDatabase(csv, item.file)
  const sorted = [...formula].sort()
  const size = Math.min(SAMPLE, sorted.length)
  const sample = Array.from({ length: size }, (_, i) => sorted[Math.floor((sorted.length * i) / size)] as string)
  const object = await putTable(ctx, item.key, { formula: item.order === 'sorted' ? sorted : formula })
  return { object, molecules: formula.length, sample, targeted }
}

export interface GenerateFormulasItem {
  databases: CloudObject[]
  /** Adducts of this call: targets or decoys. */
  adducts: string[]
  targetAdducts: string[]
  modifiers: string[]
  decoys: number
  /** This call's share of each database's molecules: part `part` of `parts`. */
  part: number
  parts: number
  /** `used`: mark only the decoy ions that a ranking uses; `all`: mark every ion. */
  mark: 'used' | 'all'
  partition: Partition
  key: string
}

/**
 * Ion formulas of some adducts with all molecules and modifiers. Ions that cannot exist (negative counts) are left out. Those
 * whose isotope pattern is needed are marked.
 */
export async function generateFormulas(item: GenerateFormulasItem, ctx: StageContext): Promise<FormulaPart> {
  const ions = new IonCollector()
  for (const database of item.databases) {
    const { formula: molecules } = await getTable<{ formula: string[] }>(ctx, database)
    const decoys = serverlessDecoys(molecules.length, item.targetAdducts, item.decoys)
    const from = Math.floor((molecules.length * item.part) / item.parts)
    const to = Math.floor((molecules.length * (item.part + 1)) / item.parts)
    for (const adduct of item.adducts) {
      const target = item.targetAdducts.includes(adduct)
      const decoy = item.mark === 'all' || target ? -1 : decoys.adducts.indexOf(adduct)
      for (const modifier of item.modifiers) {
        const ionOf = ionWriter([modifier, adduct])
        for (let i = from; i < to; i++)
          ions.add(ionOf(molecules[i] as string), decoy < 0 || decoys.isUsed(i, decoy), target)
      }
    }
  }
  return ions.write(item.partition, item.key, ctx)
}

export interface MergeFormulasItem {
  parts: CloudObject[]
  key: string
}

export interface FormulaGroup {
  object: CloudObject
  /** Ions in each cell of the group. */
  sizes: number[]
  /** Ions whose pattern is needed. */
  used: number
}

/** The parts of one group without duplicates; each cell sorted bytewise. */
export async function mergeFormulas(item: MergeFormulasItem, ctx: StageContext): Promise<FormulaGroup> {
  const cells: Map<string, number>[] = []
  for (const part of item.parts) {
    const { formula, flags, size } = await getTable<{ formula: string[]; flags: Uint8Array; size: Uint32Array }>(
      ctx,
      part,
    )
    let at = 0
    for (let c = 0; c < size.length; c++) {
      const cell = (cells[c] ??= new Map())
      for (const end = at + (size[c] as number); at < end; at++) {
        const ion = formula[at] as string
        cell.set(ion, (cell.get(ion) ?? 0) | (flags[at] as number))
      }
    }
  }
  const formulas: string[] = []
  for (const cell of cells) for (const ion of [...cell.keys()].sort()) formulas.push(ion)
  const flags = new Uint8Array(formulas.length)
  let at = 0
  for (const cell of cells)
    for (const end = at + cell.size; at < end; at++) flags[at] = cell.get(formulas[at] as string) as number
  return {
    object: await putTable(ctx, item.key, { formula: formulas, flags }),
    sizes: cells.map((cell) => cell.size),
    used: flags.reduce((sum, flag) => sum + (flag & USED), 0),
  }
}

export interface PeaksItem {
  group: CloudObject
  /** Rows of the group. */
  from: number
  to: number
  /** `formula_i` of the first row. */
  firstId: number
  settings: IsotopeSettings
  /** METASPACE keeps theoretical intensities in single precision. */
  single: boolean
  key: string
}

export interface PeaksChunk {
  object: CloudObject
  /** Ions with a pattern. */
  ions: number
  centroids: number
}

/**
 * Isotope patterns of the marked ions among some rows of a group, by their lightest isotope's m/z; `grid` is the first row of each
 * m/z bucket.
 */
export async function calculatePeaks(item: PeaksItem, ctx: StageContext): Promise<PeaksChunk> {
  const { formula, flags } = await getTable<{ formula: string[]; flags: Uint8Array }>(ctx, item.group)
  const rows: number[] = []
  for (let i = item.from; i < item.to; i++) if ((flags[i] as number) & USED) rows.push(i)
  const patterns = isotopePatterns(
    rows.map((i) => formula[i] as string),
    item.settings,
  )
  const found = [...rows.keys()].filter((k) => patterns.ok[k] === 1)
  const lightest = Float64Array.from(found, (k) => patterns.mz[4 * k] as number)
  const order = sortedOrder(lightest)
  const kept = Array.from(order, (at) => found[at] as number)
  const mz = new Float64Array(4 * kept.length)
  const ints = new Float64Array(4 * kept.length)
  for (const [n, k] of kept.entries()) {
    mz.set(patterns.mz.subarray(4 * k, 4 * k + 4), 4 * n)
    ints.set(patterns.ints.subarray(4 * k, 4 * k + 4), 4 * n)
  }
  const object = await putTable(ctx, item.key, {
    grid: gridStarts(Float64Array.from(order, (at) => lightest[at] as number)),
    formula_i: Uint32Array.from(kept, (k) => item.firstId + (rows[k] as number) - item.from),
    mz,
    ints: item.single ? ints.map(Math.fround) : ints,
    targeted: Uint8Array.from(kept, (k) => keptAs(flags[rows[k] as number] as number)),
  })
  return { object, ions: kept.length, centroids: mz.reduce((sum, at) => sum + (at > 0 ? 1 : 0), 0) }
}

function keptAs(flags: number): number {
  if (!(flags & TARGETED)) return 0
  return flags & TARGET ? KEPT : COUNTED
}
