/** How the results of a map are gathered into reducers. Pure. */
import type { Extras } from './context.js'
import type { JobOptions, RuntimeMemory } from './options.js'

export interface MapReduceOptions<T = never, X extends Extras = Extras, Y extends Extras = Extras>
  extends JobOptions<X, T> {
  /** Arguments between the results and the context of the reducer, as `extraArgs` between the item and the context of the map function. */
  extraArgsReduce?: Y
  /** Memory of the two kinds of calls, MB; both default to `runtimeMemory`. */
  mapRuntimeMemory?: RuntimeMemory<T>
  reduceRuntimeMemory?: number
  /**
   * Percentage of the map calls after which a worker is made ready for the reducer. Default 20. The reducer itself begins
   * when its inputs are there: nobody pays for a reducer that waits.
   */
  spawnReducer?: number
  /**
   * Reduces in a tree: the function gets at most so many results at a time, then what it returned for those, until one is
   * left. It must not matter to it how its inputs are grouped. Default: all results at once.
   */
  fanIn?: number
  /** One reducer for each object that the items came from: each `key`, `url` or `path`. */
  objReduceByKey?: boolean
  /** One reducer for each different value of this function of the item. */
  reduceBy?: (item: T) => string
}

/** Positions of the items of each group, groups in the order in which they first appear. */
export function groupsOf(items: readonly unknown[], keyOf: (item: unknown) => string): number[][] {
  const groups = new Map<string, number[]>()
  for (const [index, item] of items.entries()) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group) group.push(index)
    else groups.set(key, [index])
  }
  return [...groups.values()]
}

/** Where an item came from: the object, URL or file of a part of it, or the item itself. */
export function objectOf(item: unknown): string {
  if (typeof item !== 'object' || item === null) return String(item)
  const { backend, bucket, key, url, path } = item as Record<string, unknown>
  if (key !== undefined) return `${backend ?? ''}/${bucket ?? ''}/${String(key)}`
  return String(url ?? path ?? JSON.stringify(item))
}

/** Cuts a list into runs of `size`, in order; the last may be shorter. */
export function runsOf<T>(list: readonly T[], size: number): T[][] {
  const runs: T[][] = []
  for (let at = 0; at < list.length; at += size) runs.push(list.slice(at, at + size))
  return runs
}
