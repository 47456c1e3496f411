/** Distinct ion formulas on their way to being numbered: gathered by a call, written in groups that are merged one by one. */
import type { CloudObject } from '@mayfly/executor'
import { putTable, type StageContext } from './context.js'
import { lastByteOfMd5 } from './md5.js'

/** Ion formulas are spread over this many chunks by hash; chunk, then rank, gives `formula_i`. */
export const FORMULA_CHUNKS = 32

/**
 * How ions are numbered, and which group they go to. `hash`: by chunk of their MD5, then rank (Lithops-METASPACE, serverless). Each
 * chunk is cut into cells before the `bounds`; `groups` are the bounds of groups of cells, from 0 to their number. `range`: by rank
 * among all (hybrid, METASPACE); `bounds` are the first ions of all groups but the first.
 */
export type Partition = { by: 'hash'; bounds: string[]; groups: number[] } | { by: 'range'; bounds: string[] }

/** One object for each group. */
export type FormulaPart = CloudObject[]

/** Bits of the column `flags`: the ion's pattern is needed; it is a target; of a database that keeps those with an MSM of 0. */
export const USED = 1
export const TARGET = 2
export const TARGETED = 4

export class IonCollector {
  readonly #ions = new Map<string, number>()

  /** `''`, an ion that cannot exist, is passed over. */
  add(ion: string, used: boolean, target: boolean, targeted = false): void {
    if (ion === '') return
    const flags = (used ? USED : 0) | (target ? TARGET : 0) | (targeted ? TARGETED : 0)
    const known = this.#ions.get(ion)
    if (known === undefined || (known | flags) !== known) this.#ions.set(ion, (known ?? 0) | flags)
  }

  /** Writes one object for each group, each with its cells one after another (a range is one cell). */
  async write(partition: Partition, key: string, ctx: StageContext): Promise<FormulaPart> {
    const ranges = partition.bounds.length + 1
    const rangeOf = (ion: string) => groupOf(partition.bounds, ion)
    const { formula, flags, sizes } =
      partition.by === 'hash'
        ? this.#byCell(FORMULA_CHUNKS * ranges, ranges > 1 ? (ion) => chunkOf(ion) * ranges + rangeOf(ion) : chunkOf)
        : this.#byCell(ranges, rangeOf)
    const bounds = partition.by === 'hash' ? partition.groups : Array.from({ length: sizes.length + 1 }, (_, g) => g)
    const objects: CloudObject[] = []
    let from = 0
    for (let g = 0; g + 1 < bounds.length; g++) {
      const size = sizes.slice(bounds[g], bounds[g + 1])
      const to = size.reduce((sum, length) => sum + length, from)
      const columns = { formula: formula.slice(from, to), flags: flags.slice(from, to), size }
      objects.push(await putTable(ctx, `${key}-${g}`, columns))
      from = to
    }
    return objects
  }

  /** The ions in the order of their cells, and how many each cell holds. */
  #byCell(cells: number, indexOf: (ion: string) => number) {
    const n = this.#ions.size
    const cell = new Uint32Array(n)
    const sizes = new Uint32Array(cells)
    let i = 0
    for (const ion of this.#ions.keys()) sizes[(cell[i++] = indexOf(ion))]!++
    const next = new Uint32Array(cells)
    for (let c = 1; c < cells; c++) next[c] = (next[c - 1] as number) + (sizes[c - 1] as number)
    const formula: string[] = new Array(n)
    const flags = new Uint8Array(n)
    i = 0
    for (const [ion, bits] of this.#ions) {
      const at = next[cell[i++] as number]!++
      formula[at] = ion
      flags[at] = bits
    }
    return { formula, flags, sizes }
  }
}

/** How many bounds are not above the ion. */
function groupOf(bounds: readonly string[], ion: string): number {
  let low = 0
  for (let high = bounds.length; low < high; ) {
    const middle = (low + high) >> 1
    if ((bounds[middle] as string) <= ion) low = middle + 1
    else high = middle
  }
  return low
}

/** Chunk of an ion formula: its MD5 as a number, modulo 32. */
export function chunkOf(ion: string): number {
  return lastByteOfMd5(ion) % FORMULA_CHUNKS
}
