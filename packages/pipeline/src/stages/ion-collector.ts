/** Distinct ion formulas on their way to being numbered: gathered by a call, written in groups that are merged one by one. */
import { hash } from 'node:crypto'
import type { CloudObject } from '@mayfly/executor'
import { putTable, type StageContext } from './context.js'

/** Ion formulas are spread over this many chunks by hash; chunk, then rank, gives `formula_i`. */
export const FORMULA_CHUNKS = 32

/**
 * How ions are numbered. `hash`: by chunk of their MD5, then rank (Lithops-METASPACE, serverless); `groups` are bounds of the groups
 * of chunks, from 0 to 32. `range`: by rank among all (hybrid, METASPACE); `bounds` are the first ions of all groups but the first.
 */
export type Partition = { by: 'hash'; groups: number[] } | { by: 'range'; bounds: string[] }

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

  /** Writes one object for each group, each with its chunks one after another (a range is one chunk). */
  async write(partition: Partition, key: string, ctx: StageContext): Promise<FormulaPart> {
    const objects: CloudObject[] = []
    for (const chunks of partition.by === 'hash' ? this.#byHash(partition.groups) : this.#byRange(partition.bounds)) {
      const flat = chunks.flat()
      objects.push(
        await putTable(ctx, `${key}-${objects.length}`, {
          formula: flat.map(([ion]) => ion),
          flags: Uint8Array.from(flat, ([, flags]) => flags),
          size: Uint32Array.from(chunks, (chunk) => chunk.length),
        }),
      )
    }
    return objects
  }

  #byHash(groups: number[]): [string, number][][][] {
    const chunks: [string, number][][] = Array.from({ length: FORMULA_CHUNKS }, () => [])
    for (const entry of this.#ions) (chunks[chunkOf(entry[0])] as [string, number][]).push(entry)
    return groups.slice(1).map((end, g) => chunks.slice(groups[g], end))
  }

  #byRange(bounds: string[]): [string, number][][][] {
    const groups: [string, number][][] = Array.from({ length: bounds.length + 1 }, () => [])
    for (const entry of this.#ions) (groups[groupOf(bounds, entry[0])] as [string, number][]).push(entry)
    return groups.map((group) => [group])
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
  return (hash('md5', ion, 'buffer')[15] as number) % FORMULA_CHUNKS
}
