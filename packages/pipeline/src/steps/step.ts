/** A step of the pipeline: computed or loaded at most once, and known by a hash that is there without computing anything. */
import { availableParallelism } from 'node:os'
import type { CloudObject } from '@mayfly/executor'
import type { CheckedDatabase, CheckedDataset } from '../config.js'
import { expectedTimes, sizesOf } from '../expected.js'
import { type CheckedInputs, checkInputs, type DatasetInputs } from '../inputs/check.js'
import type { Input } from '../inputs/place.js'
import type { Stage } from '../progress.js'
import type { StageRunner } from '../runner.js'
import type { CatBoostModel } from '../scoring/index.js'
import type { Search } from '../search.js'
import type { StageRun } from '../stage-run.js'
import { warnOfInputs } from './warnings.js'

/** Everything that decides what the steps do. */
export interface StepSettings {
  dataset: CheckedDataset
  database: CheckedDatabase
  search: Search
  /** Scores ions in the place of the MSM; only in `metaspace-v3`. */
  model?: CatBoostModel
  files: DatasetInputs
  databaseFiles: Input[]
  useDsCache: boolean
  useDbCache: boolean
  decoys: 'used' | 'all'
}

/** What all steps share: the runner, the settings, and the inputs, which are read once. */
export class StepHost {
  readonly inputs = new Once(() => this.#read())
  /** Tells the progress what the steps will take, before the first begins. */
  readonly outlook = new Once(() => this.#foresee())
  readonly #steps: Foreseen[] = []

  constructor(
    readonly runner: StageRunner,
    readonly settings: StepSettings,
  ) {}

  add(step: Foreseen): void {
    this.#steps.push(step)
  }

  /** Forgets the inputs and what was foreseen of them. */
  reset(): void {
    this.inputs.forget()
    this.outlook.forget()
    this.runner.progress.whole.reset()
  }

  async #foresee(): Promise<void> {
    const { search } = this.settings
    const { storage, options, progress } = this.runner
    const sizes = sizesOf(await this.inputs.get(), search, storage.backend)
    const there = await Promise.all(
      this.#steps.map(async (step) => step.use && this.runner.isKept({ name: step.name, hash: await step.hash() })),
    )
    const kept = new Set(this.#steps.filter((_, i) => there[i]).map(({ stage }) => stage))
    const workers = options.executor.workers ?? availableParallelism()
    progress.whole.foresee(expectedTimes(sizes, workers, search.impl === 'hybrid'), kept)
  }

  /** The input files, read and checked; warnings are told. */
  async #read(): Promise<CheckedInputs> {
    const { dataset, files, databaseFiles } = this.settings
    const inputs = await checkInputs(dataset, files, databaseFiles, this.runner.storage, this.runner.signal)
    warnOfInputs(inputs, this.settings, this.runner.options.warn)
    return inputs
  }
}

/** What is known of a step before it runs. */
export interface Foreseen {
  readonly name: string
  readonly stage: Stage
  /** Whether results of earlier runs may be used. */
  readonly use: boolean
  hash(): Promise<string>
}

/** Steps that share a host. */
export class StepGroup {
  constructor(protected readonly host: StepHost) {}

  /** Whether stateful stages are one call each. */
  protected get whole(): boolean {
    return this.host.settings.search.impl === 'hybrid'
  }
}

/** Computes at most once; what failed may be tried again. */
export class Once<T> {
  #value: Promise<T> | undefined

  constructor(private readonly compute: () => Promise<T>) {}

  get(): Promise<T> {
    if (this.#value) return this.#value
    const value = this.compute()
    this.#value = value
    value.catch(() => {
      if (this.#value === value) this.#value = undefined
    })
    return value
  }

  forget(): void {
    this.#value = undefined
  }

  /** Whether somebody has asked for it. */
  get begun(): boolean {
    return this.#value !== undefined
  }
}

export interface StepSpec<T> {
  /** Folder of its objects. */
  name: string
  stage: Stage
  /** What the result depends on, hashes of earlier steps included. */
  input: () => Promise<unknown>
  /** Of which configuration the cache must be allowed. */
  cache: 'ds' | 'db' | 'both'
  compute: (run: StageRun) => Promise<T>
  say: (value: T) => string
  /** Told of the value wherever it came from. */
  after?: (value: T) => void
}

export class Step<T> implements Foreseen {
  readonly use: boolean
  readonly #hash: Once<string>
  readonly #value: Once<T>

  constructor(
    private readonly host: StepHost,
    private readonly spec: StepSpec<T>,
  ) {
    const { runner, settings } = host
    const { cache, after } = spec
    this.use = (cache === 'ds' || settings.useDbCache) && (cache === 'db' || settings.useDsCache)
    this.#hash = new Once(async () => runner.hashOf(spec.name, await spec.input()))
    this.#value = new Once(async () => {
      const hash = await this.hash()
      await host.outlook.get()
      const value = await runner.stage({ ...spec, hash, use: this.use })
      after?.(value)
      return value
    })
    host.add(this)
  }

  get stage(): Stage {
    return this.spec.stage
  }

  get name(): string {
    return this.spec.name
  }

  /** What its result is kept under. */
  hash(): Promise<string> {
    return this.#hash.get()
  }

  value(): Promise<T> {
    return this.#value.get()
  }

  /** Makes sure that a result of earlier runs is not used, by nobody, where this one may not use it. */
  async renounce(): Promise<void> {
    if (!this.use && !this.#value.begun) await this.host.runner.forget({ name: this.name, hash: await this.hash() })
  }

  /** Forgets what it knows, so that it is computed or loaded again. */
  reset(): void {
    this.#hash.forget()
    this.#value.forget()
  }
}

/** Objects of the data set's files. */
export interface Uploaded {
  imzml: CloudObject
  ibd: CloudObject
}
