/** A step of the pipeline: computed or loaded at most once, and known by a hash that is there without computing anything. */
import type { CloudObject } from '@mayfly/executor'
import type { CheckedDatabase, CheckedDataset } from '../config.js'
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

  constructor(
    readonly runner: StageRunner,
    readonly settings: StepSettings,
  ) {}

  /** The input files, read and checked; warnings are told. */
  async #read(): Promise<CheckedInputs> {
    const { dataset, files, databaseFiles } = this.settings
    const inputs = await checkInputs(dataset, files, databaseFiles, this.runner.storage, this.runner.signal)
    warnOfInputs(inputs, this.settings, this.runner.options.warn)
    return inputs
  }
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

export class Step<T> {
  readonly #hash: Once<string>
  readonly #value: Once<T>

  constructor(
    host: StepHost,
    private readonly spec: StepSpec<T>,
  ) {
    const { runner, settings } = host
    const { cache, after } = spec
    const use = (cache === 'ds' || settings.useDbCache) && (cache === 'db' || settings.useDsCache)
    this.#hash = new Once(async () => runner.hashOf(spec.name, await spec.input()))
    this.#value = new Once(async () => {
      const value = await runner.stage({ ...spec, hash: await this.hash(), use })
      after?.(value)
      return value
    })
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
