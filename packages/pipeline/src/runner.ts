/**
 * Runs stages on executors: results kept by a hash of what went in, receipts of single calls by which a broken-off stage goes on
 * where it was, the statistics of every map, cancelling.
 */
import { createHash, randomBytes } from 'node:crypto'
import { deserialize, serialize } from 'node:v8'
import type { Storage } from '@mayfly/executor'
import type { MayflyError } from '@mayfly/executor/errors'
import { checkCancelled } from './cancel.js'
import { codeVersion } from './code-version.js'
import { allThere, unlessMissing } from './kept-objects.js'
import { ProgressFeed, type Stage } from './progress.js'
import type { RunnerOptions } from './stage-executor.js'
import { type CallMeter, StageRun } from './stage-run.js'
import type { StatsRow } from './types.js'

/** Where everything of the pipeline lies in its bucket. */
const OWN = 'pipeline/'

interface CacheEntry<T> {
  value: T
  stats: StatsRow[]
}

/** What a stage's result is kept under. */
export interface Place {
  name: string
  hash: string
}

/** What a stage is: its name in storage, the method it belongs to, what decides its result, and how it is computed. */
export interface StageSpec<T> extends Place {
  stage: Stage
  /** Whether results of earlier runs may be used. Those of this one are kept either way, its receipts, too. */
  use: boolean
  compute: (run: StageRun) => Promise<T>
  say: (value: T) => string
}

export class StageRunner {
  /** One row for each map, in order. */
  readonly stats: StatsRow[] = []
  readonly progress = new ProgressFeed()
  #own = new AbortController()

  constructor(readonly options: RunnerOptions) {}

  get storage(): Storage {
    return this.options.executor.storage
  }

  /** Aborted when what runs now shall stop. */
  get signal(): AbortSignal {
    const { signal } = this.options
    return signal ? AbortSignal.any([signal, this.#own.signal]) : this.#own.signal
  }

  /** Stops what runs now; what is started later runs. */
  cancel(): void {
    const running = this.#own
    this.#own = new AbortController()
    running.abort()
  }

  /** Hash that the result of a stage is kept under; `input` must say everything its result depends on. */
  hashOf(name: string, input: unknown): string {
    return createHash('sha256')
      .update(JSON.stringify([codeVersion(), name, input]))
      .digest('hex')
      .slice(0, 24)
  }

  /** Whether the result of a stage is kept, as far as one request tells. */
  async isKept(place: Place): Promise<boolean> {
    return this.storage.headObject(this.storage.bucket, keyOf(place)).then(
      () => true,
      () => false,
    )
  }

  /** The result of a stage: from storage when it was computed before from the same input, else computed and kept. */
  async stage<T>(spec: StageSpec<T>): Promise<T> {
    const { signal } = this
    const meter = this.progress.begin(spec.stage)
    try {
      checkCancelled(signal, spec.stage)
      const begin = performance.now()
      const known = spec.use ? await this.#load<T>(spec) : undefined
      if (known) {
        this.options.log(`${spec.say(known)}: loaded from cache`)
        meter.end('cached')
        return known
      }
      const scratch = spec.use ? await this.#lastScratch(spec) : await this.#freshScratch(spec)
      const places = { prefix: prefixOf(spec).slice(0, -1), scratch, receipts: true }
      const { options, stats } = this
      const run = new StageRun({ stage: spec.stage, ...places, options, stats, meter, signal })
      const value = await this.#compute(spec, run)
      this.options.log(`${spec.say(value)}: ${((performance.now() - begin) / 1000).toFixed(2)} s`)
      meter.end('done')
      return value
    } catch (error) {
      meter.end((error as MayflyError).code === 'E_CANCELLED' ? 'cancelled' : 'failed')
      throw error
    }
  }

  async #compute<T>(spec: StageSpec<T>, run: StageRun): Promise<T> {
    try {
      const value = await spec.compute(run)
      checkCancelled(run.signal, spec.stage)
      const entry: CacheEntry<T> = { value, stats: run.rows }
      await this.storage.putObject(this.storage.bucket, keyOf(spec), serialize(entry))
      await this.#remove(run.scratch)
      if ((await this.#redone(spec)) === run.scratch) await this.storage.deleteObject(this.storage.bucket, redoOf(spec))
      return value
    } catch (error) {
      // Who shares this storage and was faster has removed what is needed on the way only; the result is there then.
      const known = run.signal.aborted ? undefined : await this.#load<T>(spec)
      if (known) return known
      throw error
    }
  }

  /** Where a stage that was broken off has left its receipts: the newest run that began it anew, if there was one. */
  async #lastScratch(spec: Place): Promise<string> {
    return (await this.#redone(spec)) ?? `${prefixOf(spec)}work/`
  }

  /** A place of its own for a stage that is computed again whatever was kept; whoever goes on with it later finds it. */
  async #freshScratch(spec: Place): Promise<string> {
    const scratch = `${prefixOf(spec)}work-${randomBytes(6).toString('hex')}/`
    await this.forget(spec)
    await this.storage.putObject(this.storage.bucket, redoOf(spec), scratch)
    return scratch
  }

  async #redone(spec: Place): Promise<string | undefined> {
    try {
      return new TextDecoder().decode(await this.storage.getObject(this.storage.bucket, redoOf(spec)))
    } catch (error) {
      return unlessMissing(error)
    }
  }

  /** Forgets that the stage's result was kept. */
  async forget(place: Place): Promise<void> {
    await this.storage.deleteObject(this.storage.bucket, keyOf(place))
  }

  async #load<T>(spec: Pick<StageSpec<T>, 'name' | 'stage' | 'hash'>): Promise<T | undefined> {
    let entry: CacheEntry<T>
    try {
      entry = deserialize(await this.storage.getObject(this.storage.bucket, keyOf(spec))) as CacheEntry<T>
      await allThere(this.storage, entry.value)
    } catch (error) {
      return unlessMissing(error)
    }
    this.stats.push(...entry.stats.map((row) => ({ ...row, Cached: true })))
    const work = entry.stats.reduce((sum, { Actions, AvgRuntime }) => sum + Actions * AvgRuntime, 0)
    this.progress.whole.found(spec.stage, work)
    return entry.value
  }

  /**
   * Calls whose results nobody keeps, beside a stage's; what they need on the way is removed after.
   * @param of the stage they read from: `clean` of it removes what a broken-off process has left.
   */
  async once(what: string, of: Place, work: (run: StageRun) => Promise<void>): Promise<void> {
    const { signal, options, stats } = this
    checkCancelled(signal, what)
    const scratch = `${prefixOf(of)}work-${randomBytes(6).toString('hex')}/`
    const meter: CallMeter = { expect: () => {}, step: () => {} }
    try {
      await work(
        new StageRun({ ...{ stage: what, receipts: false, prefix: scratch }, scratch, options, stats, meter, signal }),
      )
    } finally {
      await this.#remove(scratch)
    }
  }

  /** Removes everything of these stages from storage, also what a broken-off run has left. Returns the number of objects. */
  async clean(stages: readonly Place[]): Promise<number> {
    let removed = 0
    for (const stage of stages) {
      removed += await this.#remove(keyOf(stage))
      removed += await this.#remove(prefixOf(stage))
    }
    return removed
  }

  async #remove(prefix: string): Promise<number> {
    const keys = await this.storage.listKeys(this.storage.bucket, prefix)
    if (keys.length > 0) await this.storage.deleteObjects(this.storage.bucket, keys)
    return keys.length
  }
}

const keyOf = ({ name, hash }: Place) => `${OWN}cache/${name}/${hash}`
const prefixOf = ({ name, hash }: Place) => `${OWN}${name}/${hash}/`
/** Names the scratch of the newest run that did not use what was kept, until it is done. */
const redoOf = (place: Place) => `${prefixOf(place)}redo`
