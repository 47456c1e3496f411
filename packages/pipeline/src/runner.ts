/** Runs stages on an executor: the statistics of every map, and results kept by a hash of what went in. */
import { createHash } from 'node:crypto'
import { deserialize, serialize } from 'node:v8'
import { type CloudObject, isCloudObject, type Storage } from '@mayfly/executor'
import { codeVersion } from './code-version.js'
import type { StageContext } from './stages/context.js'
import type { StatsRow } from './types.js'

/** The part of `FunctionExecutor` the pipeline needs. */
export interface StageExecutor {
  readonly storage: Storage
  /** Calls `fn(item, ctx)` for each item; futures in the order of the items. */
  map(
    fn: (...args: never[]) => unknown,
    items: Iterable<unknown>,
    options?: { runtimeMemory?: number; name?: string },
  ): Iterable<StageFuture>
}

/** A call: its result, and when it ran in ms. */
export interface StageFuture {
  result(): Promise<unknown>
  /** Run that the call belongs to, where the executor keeps runs. */
  readonly runId?: string
  readonly stats: { readonly started?: number | undefined; readonly ended?: number | undefined }
}

/** US dollars a GB-second, Lithops-METASPACE's price. */
const PRICE = 0.000017

/** Where everything of the pipeline lies in its bucket. */
const OWN = 'pipeline/'

interface CacheEntry<T> {
  value: T
  stats: StatsRow[]
}

export class StageRunner {
  /** One row for each map, in order. */
  readonly stats: StatsRow[] = []
  /** Cache keys written or used, for `clean`. */
  readonly #entries = new Set<string>()

  constructor(
    readonly executor: StageExecutor,
    private readonly memory: number,
    private readonly log: (line: string) => void,
  ) {}

  get storage(): Storage {
    return this.executor.storage
  }

  /** Runs a stage function over items and waits for all; the first failure is thrown after all have ended. */
  async map<I, O>(fn: (item: I, ctx: StageContext) => Promise<O>, items: readonly I[]): Promise<O[]> {
    if (items.length === 0) return []
    const futures = [...this.executor.map(fn, items, { runtimeMemory: this.memory, name: fn.name })]
    const outcomes = await Promise.allSettled(futures.map((future) => future.result()))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
    const results = outcomes.map((outcome) => (outcome as PromiseFulfilledResult<O>).value)
    const seconds = futures.reduce((sum, { stats }) => sum + ((stats.ended ?? 0) - (stats.started ?? 0)) / 1000, 0)
    this.stats.push({
      Function: fn.name,
      Actions: items.length,
      Memory: this.memory,
      AvgRuntime: round(seconds / items.length, 4),
      Cost: round(seconds * (this.memory / 1024) * PRICE, 9),
      CloudObjects: cloudObjects(results).length,
      Cached: false,
      ...(futures[0]?.runId === undefined ? {} : { Run: futures[0].runId }),
    })
    return results
  }

  /** A stage of one call. */
  async call<I, O>(fn: (item: I, ctx: StageContext) => Promise<O>, item: I): Promise<O> {
    return (await this.map(fn, [item]))[0] as O
  }

  /**
   * The result of a stage: from storage when it was computed before from the same input (`use`), else computed and kept.
   * `compute` gets the prefix for the keys of the stage's objects.
   */
  async stage<T>(
    name: string,
    input: unknown,
    use: boolean,
    compute: (prefix: string) => Promise<T>,
    say: (value: T) => string,
  ): Promise<{ value: T; hash: string }> {
    const hash = createHash('sha256')
      .update(JSON.stringify([codeVersion(), name, input]))
      .digest('hex')
      .slice(0, 24)
    const key = `${OWN}cache/${name}/${hash}`
    this.#entries.add(key)
    const begin = performance.now()
    const known = use ? await this.#load<T>(key) : undefined
    if (known) {
      this.stats.push(...known.stats.map((row) => ({ ...row, Cached: true })))
      this.log(`${say(known.value)}: loaded from cache`)
      return { value: known.value, hash }
    }
    const before = this.stats.length
    const value = await compute(`${OWN}${name}/${hash}`)
    const entry: CacheEntry<T> = { value, stats: this.stats.slice(before) }
    await this.storage.putObject(this.storage.bucket, key, serialize(entry))
    this.log(`${say(value)}: ${((performance.now() - begin) / 1000).toFixed(2)} s`)
    return { value, hash }
  }

  async #load<T>(key: string): Promise<CacheEntry<T> | undefined> {
    try {
      const entry = deserialize(await this.storage.getObject(this.storage.bucket, key)) as CacheEntry<T>
      await Promise.all(cloudObjects(entry.value).map((object) => this.storage.headObject(object.bucket, object.key)))
      return entry
    } catch (error) {
      // Not there, torn, or objects it points to were removed: computing again is right in all cases.
      const { code } = error as { code?: unknown }
      if (code === 'E_STORAGE_NOT_FOUND' || code === undefined) return undefined
      throw error
    }
  }

  /** Removes the cached results this runner has seen and every object they refer to. */
  async clean(): Promise<number> {
    let removed = 0
    for (const key of this.#entries) {
      const entry = await this.#load<unknown>(key)
      if (!entry) continue
      // An input that lies in this storage was used where it is: it is the user's.
      const objects = cloudObjects(entry.value).filter(
        ({ bucket, key: own }) => bucket === this.storage.bucket && own.startsWith(OWN),
      )
      await this.storage.deleteCloudObjects(objects)
      await this.storage.deleteObject(this.storage.bucket, key)
      removed += objects.length + 1
    }
    this.#entries.clear()
    return removed
  }
}

const round = (value: number, digits: number) => Number(value.toFixed(digits))

/** Every cloud object inside a value. */
export function cloudObjects(value: unknown): CloudObject[] {
  if (isCloudObject(value)) return [value]
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return []
  return Object.values(value).flatMap(cloudObjects)
}
