/**
 * The METASPACE annotation pipeline on an executor: one method for each step of Lithops-METASPACE's `Pipeline`, each step a map
 * (or a call) on workers, each result kept in storage by a hash of what went in.
 */
import { basename } from 'node:path'
import { FunctionExecutor, type Storage } from '@mayfly/executor'
import { MayflyError } from '@mayfly/executor/errors'
import { checkCancelled } from './cancel.js'
import { type CheckedDatabase, type CheckedDataset, checkDatabaseConfig, checkDatasetConfig } from './config.js'
import { locateDatabases, locateDataset } from './inputs/check.js'
import type { Instrument } from './isotopes/index.js'
import { showInNotebook } from './notebook-progress.js'
import type { OutputPlace } from './output-place.js'
import { writePictures } from './pictures.js'
import type { PipelineProgress } from './progress.js'
import { countByFdr, type ImageSource, joinResults, maskOf, metricsAt, readImages } from './results.js'
import { StageRunner } from './runner.js'
import { type CatBoostModel, checkFeatures } from './scoring/index.js'
import { type Implementation, type Mode, type Search, searchOf } from './search.js'
import type { StageExecutor } from './stage-executor.js'
import type { MetricsColumns } from './stages/annotation.js'
import { getTable, type StageContext } from './stages/context.js'
import { Steps } from './steps/index.js'
import { centroidTotals, count, ionsIn, mzRange, peaksIn, totals } from './steps/sizes.js'
import { sumSpectrum } from './summed-spectrum.js'
import type {
  Annotation,
  DatabaseConfig,
  DatasetConfig,
  FdrCounts,
  IonImage,
  IonMetrics,
  MetaspaceConfig,
  Picture,
  PictureProgress,
  StatsRow,
  SummedSpectrum,
} from './types.js'

export interface PipelineOptions {
  /** Default: a `FunctionExecutor` of its own, closed with the pipeline. */
  executor?: FunctionExecutor | StageExecutor
  /**
   * Runs the stateful stages of the hybrid implementation, each as one call with a large memory. It must have the same storage.
   * Default: the same executor.
   */
  vmExecutor?: FunctionExecutor | StageExecutor
  /** Workers of the own executor. Default: the number of CPUs. */
  workers?: number
  /** Folder that relative paths of the configurations start from. Default: the current folder. */
  baseDir?: string
  /** The same for the database configuration when it lies elsewhere. Default: `baseDir`. */
  databaseDir?: string
  /**
   * Use results of earlier runs on the same data set. Default true. Without, everything is computed again; what is finished is kept all
   * the same, so that a pipeline that may use it goes on where this one was broken off.
   */
  useDsCache?: boolean
  /** The same for results with the same database. Default true. */
  useDbCache?: boolean
  /** Whose annotations are reproduced; see `Mode`. Default: METASPACE's for its own configurations, else `lithops`. */
  mode?: Mode
  /** See `Implementation`. `auto` (default) is `hybrid` where a `vmExecutor` is given, else `serverless`. */
  impl?: Implementation | 'auto'
  /** Analyser, for `metaspace-v3`. Default: the configuration's, else `Orbitrap`. */
  instrument?: Instrument
  /** A METASPACE-ML model whose score takes the place of the MSM; only in `metaspace-v3`. */
  model?: CatBoostModel
  /** Half width of a hit window in parts per million. Default 3. */
  ppm?: number
  /** Levels of the measure of chaos. Default 30. */
  levels?: number
  /** `used` (default) scores only the decoys that a ranking uses; `all` scores every ion, as Lithops-METASPACE does. Same results. */
  decoys?: 'used' | 'all'
  /** MB for each call, at least; calls that are known to need more get more. Default 1024. */
  runtimeMemory?: number
  /** Stops whatever runs, and refuses what is started later, with `E_CANCELLED`; finished stages and calls are kept. */
  signal?: AbortSignal
  /** Told when a stage begins and ends, and whenever a call of it ends. */
  onProgress?: (progress: PipelineProgress) => void
  /** Receives one line a step. Default: `console.log`. */
  log?: (line: string) => void
  /** Receives what may be wrong with the input, `W_…: …`. Default: `console.warn`. */
  warn?: (line: string) => void
}

export class Pipeline {
  readonly dataset: CheckedDataset
  readonly database: CheckedDatabase
  /** What is searched for, with every default filled in. */
  readonly search: Search
  readonly #log: (line: string) => void
  readonly #runner: StageRunner
  readonly #steps: Steps
  readonly #own: FunctionExecutor | undefined
  readonly #forget: () => void

  /**
   * Checks both configurations and that their files exist.
   * @throws MayflyError E_CONFIG_UNKNOWN_KEY, E_CONFIG_VALUE, E_IMZML_MISSING, E_IBD_MISSING, E_DB_MISSING, E_DB_EMPTY, E_DB_TWICE,
   * E_CONFIG_PATH, E_ADDUCT_INVALID, E_MODIFIER_INVALID, E_DECOYS.
   */
  constructor(dataset: DatasetConfig, database: DatabaseConfig | MetaspaceConfig, options: PipelineOptions = {}) {
    const { executor, workers, baseDir = process.cwd(), databaseDir = baseDir, runtimeMemory = 1024 } = options
    this.dataset = checkDatasetConfig(dataset)
    this.database = checkDatabaseConfig(database)
    this.search = searchOf(this.dataset, this.database, options)
    checkModel(options.model, this.search)
    const files = locateDataset(this.dataset, baseDir)
    const databaseFiles = locateDatabases(this.database, databaseDir)
    this.#log = options.log ?? ((line) => console.log(line))
    const warn = options.warn ?? ((line) => console.warn(line))
    const title = { name: `annotate ${this.dataset.name}` }
    this.#own = executor ? undefined : new FunctionExecutor(workers === undefined ? title : { ...title, workers })
    // FunctionExecutor's map infers its types from the function; the runner needs only its plain shape.
    const shape = (executor ?? this.#own) as unknown as StageExecutor
    const vmExecutor = options.vmExecutor as StageExecutor | undefined
    checkSameStorage(shape, vmExecutor)
    const { signal, onProgress } = options
    this.#runner = new StageRunner({ executor: shape, vmExecutor, memory: runtimeMemory, log: this.#log, warn, signal })
    this.#forget = showInNotebook(this.#runner.progress, () => this.cancel())
    if (onProgress) {
      this.#runner.progress.listen((progress) => {
        try {
          onProgress(progress)
        } catch (error) {
          // A mistake of whoever looks on must not break the work.
          warn(`W_PROGRESS: onProgress failed: ${(error as Error).message}`)
        }
      })
    }
    this.#steps = new Steps(this.#runner, {
      useDsCache: options.useDsCache ?? true,
      useDbCache: options.useDbCache ?? true,
      decoys: options.decoys ?? 'used',
      ...(options.model ? { model: options.model } : {}),
      ...{ dataset: this.dataset, database: this.database, search: this.search, files, databaseFiles },
    })
  }

  /** Reads and checks all input files; every step does it first. @throws ImzMLError, IbdError, MayflyError E_DB_…. */
  checkInputs(): Promise<void> {
    return this.#steps.checkInputs()
  }

  /** Every step in order. @throws MayflyError E_CANCELLED, and what the steps throw. */
  async run(): Promise<FdrCounts> {
    const { signal } = this.#runner
    const stages = [
      () => this.uploadMolecularDatabases(),
      () => this.buildDatabase(),
      () => this.calculateCentroids(),
      () => this.uploadDataset(),
      () => this.loadDs(),
      () => this.splitDs(),
      () => this.segmentDs(),
      () => this.segmentCentroids(),
      () => this.annotate(),
    ]
    const { whole } = this.#runner.progress
    whole.aim('runFdr')
    try {
      await this.#steps.renounce()
      for (const stage of stages) {
        await stage()
        checkCancelled(signal, 'the pipeline')
      }
      return await this.runFdr()
    } finally {
      whole.aim(undefined)
    }
  }

  /**
   * Stops whatever runs now: its calls are cancelled, and who waits for it gets `E_CANCELLED`. Nothing is half-written, finished stages
   * and calls are kept, and any method may be called again.
   */
  cancel(): void {
    this.#runner.cancel()
  }

  /** News from now on, until `runFdr` has ended, a stage has failed or was cancelled, or the pipeline is closed. */
  progress(): AsyncIterable<PipelineProgress> {
    return this.#runner.progress.iterate()
  }

  /** Puts the databases into storage and reads their formulas. */
  async uploadMolecularDatabases(): Promise<{ database: string; molecules: number }[]> {
    const value = await this.#steps.database.databases.value()
    return value.map(({ molecules }, i) => ({ database: basename(this.database.databases[i] as string), molecules }))
  }

  /** All ion formulas (molecules × modifiers × adducts and decoy adducts), numbered. `used` are those that will be scored. */
  async buildDatabase(): Promise<{ ions: number; used: number }> {
    const value = await this.#steps.database.groups.value()
    return { ions: ionsIn(value), used: value.reduce((sum, { used }) => sum + used, 0) }
  }

  /** Isotope patterns of the ions. */
  async calculateCentroids(): Promise<{ ions: number; centroids: number }> {
    return totals(await this.#steps.database.patterns.value())
  }

  /** Puts imzML and ibd into storage. */
  async uploadDataset(): Promise<{ imzml: number; ibd: number }> {
    const { imzml, ibd } = await this.#steps.dataset.upload.value()
    return { imzml: imzml.size, ibd: ibd.size }
  }

  /** Parses the imzML: where every spectrum lies, and to which pixel it belongs. */
  async loadDs(): Promise<{ spectra: number; points: number; width: number; height: number }> {
    const { count: spectra, points, width, height } = await this.#steps.dataset.index.value()
    return { spectra, points, width, height }
  }

  /** Reads the ibd in chunks, each sorted by m/z. */
  async splitDs(): Promise<{ chunks: number; peaks: number }> {
    const { chunks, peaks } = await this.#steps.dataset.split.value()
    return { chunks, peaks }
  }

  /** Rearranges the chunks into segments by m/z. */
  async segmentDs(): Promise<{ segments: number; peaks: number; mzMin: number; mzMax: number }> {
    const value = await this.#steps.dataset.segments.value()
    return { segments: value.length, peaks: peaksIn(value), ...mzRange(value) }
  }

  /** Clips the ions to the m/z range of the data set and cuts them into segments by m/z. */
  async segmentCentroids(): Promise<{ segments: number; ions: number; centroids: number }> {
    return centroidTotals(await this.#steps.annotation.centroids.value())
  }

  /** Images and scores of every ion. */
  async annotate(): Promise<{ ions: number }> {
    const value = await this.#steps.annotation.annotated.value()
    return { ions: value.reduce((sum, { ions }) => sum + ions, 0) }
  }

  /** False discovery rates; returns how many annotations lie below 5, 10, 20 and 50 %. */
  async runFdr(): Promise<FdrCounts> {
    const counts = countByFdr(await this.getResults(), this.search.mode !== 'lithops')
    this.#log(
      `Annotations below FDR: ${Object.entries(counts)
        .map(([level, n]) => `${level} ${n}`)
        .join(', ')}`,
    )
    return counts
  }

  /** All annotations by ascending FDR. */
  async getResults(): Promise<Annotation[]> {
    const { rated } = await this.#steps.annotation.rated.value()
    return joinResults(await this.#metrics(), rated)
  }

  /** Scores of every ion with msm > 0, decoys included, by ascending number. */
  async getIonMetrics(): Promise<(IonMetrics & { ion_formula: string })[]> {
    const metrics = await this.#metrics()
    return metrics.ion.map((ion_formula, row) => ({ ...metricsAt(metrics, row), ion_formula }))
  }

  /**
   * Ion images. By default the images of the lightest isotope of all annotations with an FDR of at most 0.5.
   * @param isotopes which of the four images: 0 is the lightest isotope.
   */
  async getImages(
    annotations?: readonly Pick<Annotation, 'formula_i' | 'full_mol'>[],
    isotopes: readonly number[] = [0],
  ): Promise<IonImage[]> {
    const wanted = annotations ?? (await this.getResults()).filter(({ fdr }) => fdr <= 0.5)
    const { object, width, height } = await this.#steps.dataset.index.value()
    const source: ImageSource = {
      metrics: await this.#metrics(),
      parts: (await this.#steps.annotation.annotated.value()).map((part) => part.object),
      ...{ width, height, mask: await maskOf(object, width * height, this.#context) },
    }
    return readImages(source, wanted, isotopes, this.#context)
  }

  /**
   * Writes pictures of ions as PNG files, encoded by calls on the executor.
   * @param onProgress told whenever some are written.
   * @throws MayflyError E_CANCELLED
   */
  async writePictures(
    place: OutputPlace,
    pictures: readonly Picture[],
    onProgress?: (progress: PictureProgress) => void,
  ): Promise<void> {
    if (pictures.length === 0) return
    const { annotated } = this.#steps.annotation
    const { object: index, width, height } = await this.#steps.dataset.index.value()
    const parts = (await annotated.value()).map(({ object }) => object)
    const source = { metrics: await this.#metrics(), parts, index, width, height }
    const of = { name: annotated.name, hash: await annotated.hash() }
    await this.#runner.once('writing the images', of, (run) =>
      writePictures(run, source, pictures, place, this.#context, onProgress),
    )
  }

  /**
   * What was measured from m/z `from` to `to`, summed over all pixels: peaks closer than the search's hit window (`ppm`) to their
   * left neighbour are one. At most a few Da make sense to draw.
   */
  async getSpectrum(from: number, to: number): Promise<SummedSpectrum> {
    const segments = (await this.#steps.dataset.segments.value()).filter(
      ({ mzMin, mzMax }) => mzMax >= from && mzMin <= to,
    )
    return sumSpectrum(
      segments.map(({ object }) => object),
      { from, to, ppm: this.search.ppm },
      this.#context,
    )
  }

  /** Where everything is kept: the executor's storage. */
  get storage(): Storage {
    return this.#runner.storage
  }

  /** One row for each map so far: calls, memory, mean run time, cost, objects written. */
  getStats(): StatsRow[] {
    return this.#runner.stats.map((row) => ({ ...row }))
  }

  /** Sum of the costs of `getStats`, US dollars. */
  totalCost(): number {
    return this.#runner.stats.reduce((sum, { Cost }) => sum + Cost, 0)
  }

  /**
   * Removes everything of this data set, database and search from storage: cached results, whoever computed them, and what a
   * broken-off run has left. Returns the number of objects.
   * @throws what `checkInputs` throws, when the inputs are gone and nothing was done with them before
   */
  async clean(): Promise<number> {
    const removed = await this.#runner.clean(await this.#steps.places())
    this.#steps.reset()
    this.#log(`Removed ${count(removed, 'object')} from storage`)
    return removed
  }

  /** Ends the pipeline's own executor. */
  async close(): Promise<void> {
    this.#forget()
    this.#runner.progress.close()
    await this.#own?.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  get #context(): StageContext {
    return { storage: this.#runner.storage }
  }

  async #metrics(): Promise<MetricsColumns> {
    const { metrics } = await this.#steps.annotation.rated.value()
    return getTable<MetricsColumns>(this.#context, metrics)
  }
}

/** Both executors read what the other has written. */
function checkSameStorage(executor: StageExecutor, vmExecutor: StageExecutor | undefined): void {
  const place = ({ storage }: StageExecutor) => JSON.stringify(storage.config)
  if (!vmExecutor || place(vmExecutor) === place(executor)) return
  throw new MayflyError('E_CONFIG_VALUE', 'vmExecutor has another storage than executor', {
    hint: 'Give both the same storage, for example one that both can reach: { storage: executor.storage }.',
    where: { key: 'vmExecutor' },
  })
}

function checkModel(model: CatBoostModel | undefined, { mode }: Search): void {
  if (!model) return
  checkFeatures(model)
  if (mode === 'metaspace-v3') return
  throw new MayflyError('E_CONFIG_VALUE', `A scoring model is given, but the mode is ${mode}`, {
    hint: 'Set mode to "metaspace-v3", or leave the model out.',
    where: { key: 'model' },
  })
}
