/**
 * The METASPACE annotation pipeline on an executor: one method for each step of Lithops-METASPACE's `Pipeline`, each step a map
 * (or a call) on workers, each result kept in storage by a hash of what went in.
 */
import { basename } from 'node:path'
import { type CloudObject, FunctionExecutor } from '@mayfly/executor'
import { type CheckedDatabase, type CheckedDataset, checkDatabaseConfig, checkDatasetConfig } from './config.js'
import { decoyCandidates } from './fdr/index.js'
import { type CheckedInputs, checkInputs, type DatasetFiles, locateDatabases, locateDataset } from './inputs.js'
import { countByFdr, type ImageSource, joinResults, metricsAt, type RatesOf, readImages, readMask } from './results.js'
import { type StageExecutor, StageRunner } from './runner.js'
import { cutGrid } from './segment/index.js'
import type { CentroidSegments, MetricsColumns } from './stages/annotation.js'
import { getTable, type StageContext } from './stages/context.js'
import { FORMULA_CHUNKS, type FormulaGroup, type PeaksChunk } from './stages/formulas.js'
import * as stages from './stages/index.js'
import type { PeaksObject, SpectraIndex } from './stages/spectra.js'
import type { Annotation, DatabaseConfig, DatasetConfig, FdrCounts, IonImage, IonMetrics, StatsRow } from './types.js'

export interface PipelineOptions {
  /** Default: a `FunctionExecutor` of its own, closed with the pipeline. */
  executor?: FunctionExecutor | StageExecutor
  /** Workers of the own executor. Default: the number of CPUs. */
  workers?: number
  /** Folder that relative paths of the configurations start from. Default: the current folder. */
  baseDir?: string
  /** The same for the database configuration when it lies elsewhere. Default: `baseDir`. */
  databaseDir?: string
  /** Use results of earlier runs on the same data set. Default true. */
  useDsCache?: boolean
  /** Use results of earlier runs with the same database. Default true. */
  useDbCache?: boolean
  /** Half width of a hit window in parts per million. Default 3. */
  ppm?: number
  /** Levels of the measure of chaos. Default 30. */
  levels?: number
  /** `used` (default) scores only the decoys that a ranking uses; `all` scores every ion, as Lithops-METASPACE does. Same results. */
  decoys?: 'used' | 'all'
  /** MB for each call. Default 1024. */
  runtimeMemory?: number
  /** Receives one line a step. Default: `console.log`. */
  log?: (line: string) => void
}

interface Uploaded {
  imzml: CloudObject
  ibd: CloudObject
}
interface Step<T> {
  value: T
  hash: string
}
type Group = FormulaGroup & { firstId: number }

const times = (n: number) => Array.from({ length: n }, (_, i) => i)
const clamp = (value: number, low: number, high: number) => Math.max(low, Math.min(high, value))
const count = (n: number, what: string) => `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`

export class Pipeline {
  readonly dataset: CheckedDataset
  readonly database: CheckedDatabase
  readonly #options: Required<Omit<PipelineOptions, 'executor' | 'workers' | 'baseDir' | 'databaseDir'>>
  readonly #files: DatasetFiles
  readonly #databaseFiles: { written: string; path: string }[]
  readonly #runner: StageRunner
  readonly #own: FunctionExecutor | undefined
  /** Steps that were started, by name: a step runs once, and those it needs run before it. */
  readonly #steps = new Map<string, Promise<unknown>>()

  /**
   * Checks both configurations and that their files exist.
   * @throws MayflyError E_CONFIG_UNKNOWN_KEY, E_CONFIG_VALUE, E_IMZML_MISSING, E_IBD_MISSING, E_DB_MISSING, E_DB_EMPTY,
   * E_ADDUCT_INVALID, E_MODIFIER_INVALID.
   */
  constructor(dataset: DatasetConfig, database: DatabaseConfig, options: PipelineOptions = {}) {
    const { executor, workers, baseDir = process.cwd(), databaseDir = baseDir, ...rest } = options
    this.dataset = checkDatasetConfig(dataset)
    this.database = checkDatabaseConfig(database)
    this.#files = locateDataset(this.dataset, baseDir)
    this.#databaseFiles = locateDatabases(this.database, databaseDir)
    this.#options = {
      ...{ useDsCache: true, useDbCache: true, ppm: 3, levels: 30, decoys: 'used', runtimeMemory: 1024 },
      log: (line) => console.log(line),
      ...rest,
    }
    this.#own = executor
      ? undefined
      : new FunctionExecutor({ name: `annotate ${this.dataset.name}`, ...(workers === undefined ? {} : { workers }) })
    // FunctionExecutor's map infers its types from the function; the runner needs only its plain shape.
    const shape = (executor ?? this.#own) as unknown as StageExecutor
    this.#runner = new StageRunner(shape, this.#options.runtimeMemory, this.#options.log)
  }

  /** Reads and checks all input files; every step does it first. @throws ImzMLError, IbdError, MayflyError E_DB_…. */
  async checkInputs(): Promise<void> {
    await this.#inputs()
  }

  /** Every step in order. */
  async run(): Promise<FdrCounts> {
    await this.uploadMolecularDatabases()
    await this.buildDatabase()
    await this.calculateCentroids()
    await this.uploadDataset()
    await this.loadDs()
    await this.splitDs()
    await this.segmentDs()
    await this.segmentCentroids()
    await this.annotate()
    return this.runFdr()
  }

  /** Puts the databases into storage and reads their formulas. */
  async uploadMolecularDatabases(): Promise<{ database: string; molecules: number }[]> {
    const { value } = await this.#databases()
    return value.map(({ molecules }, i) => ({ database: this.database.databases[i] as string, molecules }))
  }

  /** All ion formulas (molecules × modifiers × adducts and decoy adducts), numbered. `used` are those that will be scored. */
  async buildDatabase(): Promise<{ ions: number; used: number }> {
    const { value } = await this.#groups()
    return { ions: ionsIn(value), used: value.reduce((sum, { used }) => sum + used, 0) }
  }

  /** Isotope patterns of the ions. */
  async calculateCentroids(): Promise<{ ions: number; centroids: number }> {
    return totals((await this.#patterns()).value)
  }

  /** Puts imzML and ibd into storage. */
  async uploadDataset(): Promise<{ imzml: number; ibd: number }> {
    const { value } = await this.#upload()
    return { imzml: value.imzml.size, ibd: value.ibd.size }
  }

  /** Parses the imzML: where every spectrum lies, and to which pixel it belongs. */
  async loadDs(): Promise<{ spectra: number; points: number; width: number; height: number }> {
    const { count: spectra, points, width, height } = (await this.#index()).value
    return { spectra, points, width, height }
  }

  /** Reads the ibd in chunks, each sorted by m/z. */
  async splitDs(): Promise<{ chunks: number; peaks: number }> {
    const { value } = await this.#chunks()
    return { chunks: value.length, peaks: peaksIn(value) }
  }

  /** Rearranges the chunks into segments by m/z. */
  async segmentDs(): Promise<{ segments: number; peaks: number; mzMin: number; mzMax: number }> {
    const { value } = await this.#segments()
    return { segments: value.length, peaks: peaksIn(value), ...mzRange(value) }
  }

  /** Clips the ions to the m/z range of the data set and cuts them into segments by m/z. */
  async segmentCentroids(): Promise<{ segments: number; ions: number; centroids: number }> {
    const { segments, ions, centroids } = (await this.#centroids()).value
    return { segments: segments.length, ions, centroids }
  }

  /** Images and scores of every ion. */
  async annotate(): Promise<{ ions: number }> {
    const { value } = await this.#annotated()
    return { ions: value.reduce((sum, { ions }) => sum + ions, 0) }
  }

  /** False discovery rates; returns how many annotations lie below 5, 10, 20 and 50 %. */
  async runFdr(): Promise<FdrCounts> {
    await this.#rated()
    const counts = countByFdr(await this.getResults())
    this.#options.log(
      `Annotations below FDR: ${Object.entries(counts)
        .map(([level, n]) => `${level} ${n}`)
        .join(', ')}`,
    )
    return counts
  }

  /** All annotations by ascending FDR. */
  async getResults(): Promise<Annotation[]> {
    const { value } = await this.#rated()
    return joinResults(await this.#metrics(), value.rated)
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
    const { object, width, height } = (await this.#index()).value
    const source: ImageSource = {
      metrics: await this.#metrics(),
      parts: (await this.#annotated()).value.map((part) => part.object),
      ...{ width, height, mask: await readMask(object, width * height, this.#context) },
    }
    return readImages(source, wanted, isotopes, this.#context)
  }

  /** One row for each map so far: calls, memory, mean run time, cost, objects written. */
  getStats(): StatsRow[] {
    return this.#runner.stats.map((row) => ({ ...row }))
  }

  /** Sum of the costs of `getStats`, US dollars. */
  totalCost(): number {
    return this.#runner.stats.reduce((sum, { Cost }) => sum + Cost, 0)
  }

  /** Removes everything this pipeline put into storage, cached results included. Returns the number of objects. */
  async clean(): Promise<number> {
    const removed = await this.#runner.clean()
    this.#steps.clear()
    this.#options.log(`Removed ${count(removed, 'object')} from storage`)
    return removed
  }

  /** Ends the pipeline's own executor. */
  async close(): Promise<void> {
    await this.#own?.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  get #context(): StageContext {
    return { storage: this.#runner.storage }
  }

  /** Runs a step at most once; a failed one may be tried again. */
  #once<T>(name: string, compute: () => Promise<T>): Promise<T> {
    const known = this.#steps.get(name) as Promise<T> | undefined
    if (known) return known
    const promise = compute()
    this.#steps.set(name, promise)
    promise.catch(() => this.#steps.delete(name))
    return promise
  }

  #inputs(): Promise<CheckedInputs> {
    return this.#once('inputs', async () => {
      const inputs = await checkInputs(this.dataset, this.#files, this.#databaseFiles)
      const { imzml } = inputs
      for (const { code, message, count: n } of imzml.warnings)
        this.#options.log(`${code}: ${imzml.file}: ${message}${n > 1 ? ` (${n} times)` : ''}`)
      const polarity = { '+': 'positive', '-': 'negative' }[this.dataset.polarity]
      if (imzml.polarity && imzml.polarity !== 'mixed' && imzml.polarity !== polarity) {
        this.#options.log(
          `W_POLARITY: ${imzml.file} says ${imzml.polarity}, the configuration "${this.dataset.polarity}"; the configuration decides`,
        )
      }
      return inputs
    })
  }

  #databases(): Promise<Step<{ csv: CloudObject; object: CloudObject; molecules: number }[]>> {
    return this.#once('databases', async () => {
      const { databases } = await this.#inputs()
      return this.#runner.stage(
        'databases',
        databases.map(({ hash }) => hash),
        this.#options.useDbCache,
        async (prefix) => {
          const items = await Promise.all(
            databases.map(async ({ file, csv }, i) => ({
              csv: await this.#runner.storage.putCloudObject(csv, { key: `${prefix}/${i}.csv` }),
              ...{ file, key: `${prefix}/${i}` },
            })),
          )
          const read = await this.#runner.map(stages.readDatabase, items)
          return read.map((database, i) => ({ csv: (items[i] as { csv: CloudObject }).csv, ...database }))
        },
        (value) =>
          `Databases: ${count(
            value.reduce((sum, { molecules }) => sum + molecules, 0),
            'molecule',
          )}`,
      )
    })
  }

  #groups(): Promise<Step<Group[]>> {
    return this.#once('groups', async () => {
      const { value: databases, hash } = await this.#databases()
      const { adducts: targetAdducts, modifiers } = this.database
      const decoys = this.dataset.num_decoys
      const mark = this.#options.decoys
      const adducts = [...targetAdducts, ...decoyCandidates(targetAdducts)]
      const molecules = databases.reduce((sum, database) => sum + database.molecules, 0)
      const work = molecules * modifiers.length * adducts.length
      return this.#runner.stage(
        'formulas',
        [hash, targetAdducts, modifiers, decoys, mark],
        this.#options.useDbCache,
        async (prefix) => {
          const calls = clamp(Math.ceil(work / 20_000), 4, adducts.length)
          const groupCount = 2 ** clamp(Math.ceil(Math.log2(work / 50_000)), 1, 5)
          const groups = times(groupCount + 1).map((g) => (FORMULA_CHUNKS / groupCount) * g)
          const parts = await this.#runner.map(
            stages.generateFormulas,
            times(calls).map((c) => ({
              databases: databases.map(({ object }) => object),
              adducts: adducts.filter((_, a) => a % calls === c),
              ...{ targetAdducts, modifiers, decoys, mark, groups, key: `${prefix}/part-${c}` },
            })),
          )
          const merged = await this.#runner.map(
            stages.mergeFormulas,
            times(groupCount).map((g) => ({
              parts: parts.map((objects) => objects[g] as CloudObject),
              key: `${prefix}/group-${g}`,
            })),
          )
          await this.#runner.storage.deleteCloudObjects(parts.flat())
          let firstId = 0
          return merged.map((group) => {
            const numbered = { ...group, firstId }
            firstId += group.sizes.reduce((sum, size) => sum + size, 0)
            return numbered
          })
        },
        (value) => `Database: ${count(ionsIn(value), 'ion formula')}`,
      )
    })
  }

  #patterns(): Promise<Step<PeaksChunk[]>> {
    return this.#once('patterns', async () => {
      const { value: groups, hash } = await this.#groups()
      const sigma = Number(this.dataset.isocalc_sigma.toFixed(6))
      const charge = this.dataset.polarity === '+' ? 1 : -1
      return this.#runner.stage(
        'patterns',
        [hash, sigma, charge],
        this.#options.useDbCache,
        (prefix) => {
          const items = groups.flatMap(({ object, sizes, used, firstId }, g) => {
            const rows = sizes.reduce((sum, size) => sum + size, 0)
            const slices = clamp(Math.ceil(used / 2_000), 1, 64)
            return times(slices).map((s) => {
              const from = Math.floor((rows * s) / slices)
              const to = Math.floor((rows * (s + 1)) / slices)
              return { group: object, from, to, firstId: firstId + from, sigma, charge, key: `${prefix}/${g}-${s}` }
            })
          })
          return this.#runner.map(stages.calculatePeaks, items)
        },
        (value) => `Centroids: ${count(totals(value).centroids, 'peak')} of ${count(totals(value).ions, 'ion')}`,
      )
    })
  }

  #upload(): Promise<Step<Uploaded>> {
    return this.#once('upload', async () => {
      const { datasetHash } = await this.#inputs()
      const { imzmlPath, ibdPath } = this.#files
      const { storage } = this.#runner
      const put = async (path: string, prefix: string): Promise<CloudObject> => {
        const key = `${prefix}/${basename(path)}`
        const { size } = await storage.uploadFile(path, storage.bucket, key)
        return { type: 'CloudObject', backend: storage.backend, bucket: storage.bucket, key, size }
      }
      return this.#runner.stage(
        'dataset',
        datasetHash,
        this.#options.useDsCache,
        async (prefix) => ({ imzml: await put(imzmlPath, prefix), ibd: await put(ibdPath, prefix) }),
        (value) => `Data set: ${((value.imzml.size + value.ibd.size) / 2 ** 20).toFixed(1)} MB`,
      )
    })
  }

  #index(): Promise<Step<SpectraIndex>> {
    return this.#once('index', async () => {
      const { value, hash } = await this.#upload()
      return this.#runner.stage(
        'index',
        hash,
        this.#options.useDsCache,
        (prefix) =>
          this.#runner.call(stages.loadImzml, {
            imzml: value.imzml,
            file: basename(this.#files.imzmlPath),
            key: prefix,
          }),
        (index) => `Spectra: ${index.count.toLocaleString('en')} of ${index.width}×${index.height} pixels`,
      )
    })
  }

  #chunks(): Promise<Step<PeaksObject[]>> {
    return this.#once('chunks', async () => {
      const { value: index, hash } = await this.#index()
      const { ibd } = (await this.#upload()).value
      const size = clamp(index.points / 8, 2 ** 16, 2 ** 23)
      const chunks = Math.max(1, Math.ceil(index.points / size))
      return this.#runner.stage(
        'chunks',
        hash,
        this.#options.useDsCache,
        async (prefix) => {
          const file = basename(this.#files.ibdPath)
          const read = await this.#runner.map(
            stages.readChunk,
            times(chunks).map((chunk) => ({ index, ibd, file, chunk, chunks, key: `${prefix}/${chunk}` })),
          )
          const bad = read.reduce((sum, { dropped }) => sum + dropped.badMz + dropped.badIntensity, 0)
          if (bad > 0)
            this.#options.log(
              `W_PEAKS_DROPPED: ${file}: ${count(bad, 'peak')} with an impossible m/z or intensity left out`,
            )
          return read
        },
        (value) => `Peaks: ${peaksIn(value).toLocaleString('en')} in ${count(value.length, 'chunk')}`,
      )
    })
  }

  #segments(): Promise<Step<PeaksObject[]>> {
    return this.#once('segments', async () => {
      const { value, hash } = await this.#chunks()
      const chunks = value.map(({ object }) => object)
      const peaks = peaksIn(value)
      const n = Math.max(1, Math.ceil(peaks / clamp(peaks / 8, 2 ** 16, 2 ** 23)))
      return this.#runner.stage(
        'segments',
        hash,
        this.#options.useDsCache,
        async (prefix) => {
          const counts = await this.#runner.call(stages.countGrid, { chunks })
          const cuts = cutGrid(counts, n)
          return this.#runner.map(
            stages.mergeSegment,
            cuts.map(([from, to], s) => ({ chunks, from, to, key: `${prefix}/${s}` })),
          )
        },
        (segments) => `Data set: ${count(segments.length, 'segment')} by m/z`,
      )
    })
  }

  #centroids(): Promise<Step<CentroidSegments>> {
    return this.#once('centroids', async () => {
      const { value: patterns, hash: patternHash } = await this.#patterns()
      const { value: segments, hash: segmentHash } = await this.#segments()
      const parts = patterns.map(({ object }) => object)
      const ions = clamp(totals(patterns).ions / 64, 500, 10_000)
      return this.#runner.stage(
        'centroids',
        [patternHash, segmentHash],
        this.#options.useDsCache && this.#options.useDbCache,
        (prefix) => this.#runner.call(stages.segmentCentroids, { parts, ...mzRange(segments), ions, key: prefix }),
        (value) => `Centroids: ${count(value.ions, 'ion')} in range, ${count(value.segments.length, 'segment')}`,
      )
    })
  }

  #annotated(): Promise<Step<{ object: CloudObject; ions: number }[]>> {
    return this.#once('annotated', async () => {
      const { value: centroids, hash } = await this.#centroids()
      const { width, height, sampled } = (await this.#index()).value
      const segments = (await this.#segments()).value
      const { ppm, levels } = this.#options
      const reach = 1 + 2e-6 * ppm
      return this.#runner.stage(
        'annotated',
        [hash, ppm, levels],
        this.#options.useDsCache && this.#options.useDbCache,
        (prefix) =>
          this.#runner.map(
            stages.annotateSegment,
            centroids.segments.map((segment, s) => ({
              centroids: centroids.object,
              segment,
              peaks: segments
                .filter(({ mzMin, mzMax }) => mzMax * reach >= segment.mzLow && mzMin <= segment.mzHigh * reach)
                .map(({ object }) => object),
              ...{ width, height, sampled, ppm, levels, key: `${prefix}/${s}` },
            })),
          ),
        (value) =>
          `Annotated: ${count(
            value.reduce((sum, { ions }) => sum + ions, 0),
            'ion',
          )} with msm > 0`,
      )
    })
  }

  #rated(): Promise<Step<{ metrics: CloudObject; rated: RatesOf[] }>> {
    return this.#once('rated', async () => {
      const { value: annotated, hash } = await this.#annotated()
      const { value: groups } = await this.#groups()
      const { value: databases } = await this.#databases()
      const { databases: paths, adducts: targetAdducts, modifiers } = this.database
      const decoys = this.dataset.num_decoys
      return this.#runner.stage(
        'fdr',
        [hash, paths, decoys],
        this.#options.useDsCache && this.#options.useDbCache,
        async (prefix) => {
          const { object: metrics } = await this.#runner.call(stages.collectMetrics, {
            parts: annotated.map(({ object }) => object),
            groups: groups.map(({ object, firstId }) => ({ object, firstId })),
            key: prefix,
          })
          const items = databases.flatMap(({ object: database }, d) =>
            modifiers.flatMap((modifier) =>
              targetAdducts.map((adduct) => ({
                path: paths[d] as string,
                item: { metrics, database, adduct, modifier, targetAdducts, decoys },
              })),
            ),
          )
          const rates = await this.#runner.map(
            stages.rankTargets,
            items.map(({ item }) => item),
          )
          const rated = items.map(({ path, item: { modifier, adduct } }, i) => ({
            ...{ database: path, modifier, adduct },
            rates: rates[i] as RatesOf['rates'],
          }))
          return { metrics, rated }
        },
        (value) =>
          `FDR: ${count(
            value.rated.reduce((sum, { rates }) => sum + rates.mol.length, 0),
            'annotation',
          )}`,
      )
    })
  }

  async #metrics(): Promise<MetricsColumns> {
    const { metrics } = (await this.#rated()).value
    return getTable<MetricsColumns>(this.#context, metrics)
  }
}

function ionsIn(groups: readonly FormulaGroup[]): number {
  return groups.reduce((sum, { sizes }) => sum + sizes.reduce((inner, size) => inner + size, 0), 0)
}

function totals(chunks: readonly PeaksChunk[]): { ions: number; centroids: number } {
  return chunks.reduce((sum, chunk) => ({ ions: sum.ions + chunk.ions, centroids: sum.centroids + chunk.centroids }), {
    ions: 0,
    centroids: 0,
  })
}

function peaksIn(parts: readonly PeaksObject[]): number {
  return parts.reduce((sum, { peaks }) => sum + peaks, 0)
}

function mzRange(segments: readonly PeaksObject[]): { mzMin: number; mzMax: number } {
  const filled = segments.filter(({ peaks }) => peaks > 0)
  return { mzMin: Math.min(...filled.map(({ mzMin }) => mzMin)), mzMax: Math.max(...filled.map(({ mzMax }) => mzMax)) }
}
