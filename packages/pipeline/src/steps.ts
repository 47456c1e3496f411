/**
 * The steps behind `Pipeline`: what goes in, how it is divided into calls, what is kept. A step runs once, and those it needs
 * run before it; its result is found again in storage by a hash of its input, which includes the hashes of the steps before.
 */
import { randomBytes } from 'node:crypto'
import { basename } from 'node:path'
import type { CloudObject } from '@mayfly/executor'
import type { CheckedDatabase, CheckedDataset } from './config.js'
import { decoyCandidates } from './fdr/index.js'
import { type CheckedInputs, checkInputs, type DatasetFiles } from './inputs.js'
import type { RatesOf } from './results.js'
import type { StageRunner } from './runner.js'
import { cutGrid } from './segment/index.js'
import { count, ionsIn, mzRange, peaksIn, totals } from './sizes.js'
import type { CentroidSegments } from './stages/annotation.js'
import { FORMULA_CHUNKS, type FormulaGroup, type PeaksChunk } from './stages/formulas.js'
import * as stages from './stages/index.js'
import type { PeaksObject, SpectraIndex } from './stages/spectra.js'

/** Everything that decides what the steps do. */
export interface StepSettings {
  dataset: CheckedDataset
  database: CheckedDatabase
  /** Decoys for each molecule. */
  rankings: number
  files: DatasetFiles
  databaseFiles: { written: string; path: string }[]
  useDsCache: boolean
  useDbCache: boolean
  ppm: number
  levels: number
  decoys: 'used' | 'all'
  log: (line: string) => void
  warn: (line: string) => void
}

/** A result and the hash it is kept under. */
export interface Step<T> {
  value: T
  hash: string
}

interface Uploaded {
  imzml: CloudObject
  ibd: CloudObject
}
type Group = FormulaGroup & { firstId: number }

const times = (n: number) => Array.from({ length: n }, (_, i) => i)
const clamp = (value: number, low: number, high: number) => Math.max(low, Math.min(high, value))

export class Steps {
  private readonly started = new Map<string, Promise<unknown>>()

  constructor(
    private readonly runner: StageRunner,
    private readonly settings: StepSettings,
  ) {}

  /** Forgets what was done, so that steps run (or are loaded) again. */
  reset(): void {
    this.started.clear()
  }

  /** Runs a step at most once; a failed one may be tried again. */
  private once<T>(name: string, compute: () => Promise<T>): Promise<T> {
    const known = this.started.get(name) as Promise<T> | undefined
    if (known) return known
    const promise = compute()
    this.started.set(name, promise)
    promise.catch(() => this.started.delete(name))
    return promise
  }

  /** The input files, read and checked; warnings are told. */
  inputs(): Promise<CheckedInputs> {
    return this.once('inputs', async () => {
      const inputs = await checkInputs(this.settings.dataset, this.settings.files, this.settings.databaseFiles)
      const { imzml } = inputs
      for (const { code, message, count: n } of imzml.warnings)
        this.settings.warn(`${code}: ${imzml.file}: ${message}${n > 1 ? ` (${n} times)` : ''}`)
      const polarity = { '+': 'positive', '-': 'negative' }[this.settings.dataset.polarity]
      if (imzml.polarity && imzml.polarity !== 'mixed' && imzml.polarity !== polarity) {
        this.settings.warn(
          `W_POLARITY: ${imzml.file} says ${imzml.polarity}, the configuration "${this.settings.dataset.polarity}"; the configuration decides`,
        )
      }
      return inputs
    })
  }

  /** Databases in storage, as sorted columns. */
  databases(): Promise<Step<{ csv: CloudObject; object: CloudObject; molecules: number }[]>> {
    return this.once('databases', async () => {
      const { databases } = await this.inputs()
      return this.runner.stage(
        'databases',
        databases.map(({ hash }) => hash),
        this.settings.useDbCache,
        async (prefix) => {
          const items = await Promise.all(
            databases.map(async ({ file, csv }, i) => ({
              csv: await this.runner.storage.putCloudObject(csv, { key: `${prefix}/${i}.csv` }),
              ...{ file, key: `${prefix}/${i}` },
            })),
          )
          const read = await this.runner.map(stages.readDatabase, items)
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

  /** Ion formulas of molecules × modifiers × adducts and decoy adducts, in groups of chunks, numbered. */
  groups(): Promise<Step<Group[]>> {
    return this.once('groups', async () => {
      const { value: databases, hash } = await this.databases()
      const { adducts: targetAdducts, modifiers } = this.settings.database
      const decoys = this.settings.rankings
      const mark = this.settings.decoys
      const adducts = [...targetAdducts, ...decoyCandidates(targetAdducts)]
      const molecules = databases.reduce((sum, database) => sum + database.molecules, 0)
      const work = molecules * modifiers.length * adducts.length
      return this.runner.stage(
        'formulas',
        [hash, targetAdducts, modifiers, decoys, mark],
        this.settings.useDbCache,
        async (prefix) => {
          const calls = clamp(Math.ceil(work / 20_000), 4, adducts.length)
          const groupCount = 2 ** clamp(Math.ceil(Math.log2(work / 50_000)), 1, 5)
          const groups = times(groupCount + 1).map((g) => (FORMULA_CHUNKS / groupCount) * g)
          // Parts are removed once they are merged, so another pipeline at the same step must not share them.
          const own = randomBytes(6).toString('hex')
          const parts = await this.runner.map(
            stages.generateFormulas,
            times(calls).map((c) => ({
              databases: databases.map(({ object }) => object),
              adducts: adducts.filter((_, a) => a % calls === c),
              ...{ targetAdducts, modifiers, decoys, mark, groups, key: `${prefix}/part-${own}-${c}` },
            })),
          )
          const merged = await this.runner.map(
            stages.mergeFormulas,
            times(groupCount).map((g) => ({
              parts: parts.map((objects) => objects[g] as CloudObject),
              key: `${prefix}/group-${g}`,
            })),
          )
          await this.runner.storage.deleteCloudObjects(parts.flat())
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

  /** Isotope patterns of the marked ions. */
  patterns(): Promise<Step<PeaksChunk[]>> {
    return this.once('patterns', async () => {
      const { value: groups, hash } = await this.groups()
      const sigma = Number(this.settings.dataset.isocalc_sigma.toFixed(6))
      const charge = this.settings.dataset.polarity === '+' ? 1 : -1
      return this.runner.stage(
        'patterns',
        [hash, sigma, charge],
        this.settings.useDbCache,
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
          return this.runner.map(stages.calculatePeaks, items)
        },
        (value) => `Centroids: ${count(totals(value).centroids, 'peak')} of ${count(totals(value).ions, 'ion')}`,
      )
    })
  }

  /** imzML and ibd in storage. */
  upload(): Promise<Step<Uploaded>> {
    return this.once('upload', async () => {
      const { datasetHash } = await this.inputs()
      const { imzmlPath, ibdPath } = this.settings.files
      const { storage } = this.runner
      const put = async (path: string, prefix: string): Promise<CloudObject> => {
        const key = `${prefix}/${basename(path)}`
        const { size } = await storage.uploadFile(path, storage.bucket, key)
        return { type: 'CloudObject', backend: storage.backend, bucket: storage.bucket, key, size }
      }
      return this.runner.stage(
        'dataset',
        datasetHash,
        this.settings.useDsCache,
        async (prefix) => ({ imzml: await put(imzmlPath, prefix), ibd: await put(ibdPath, prefix) }),
        (value) => `Data set: ${((value.imzml.size + value.ibd.size) / 2 ** 20).toFixed(1)} MB`,
      )
    })
  }

  /** Where every spectrum lies. */
  index(): Promise<Step<SpectraIndex>> {
    return this.once('index', async () => {
      const { value, hash } = await this.upload()
      return this.runner.stage(
        'index',
        hash,
        this.settings.useDsCache,
        (prefix) =>
          this.runner.call(stages.loadImzml, {
            imzml: value.imzml,
            file: basename(this.settings.files.imzmlPath),
            key: prefix,
          }),
        (index) => `Spectra: ${index.count.toLocaleString('en')} of ${index.width}×${index.height} pixels`,
      )
    })
  }

  /** Chunks of the spectra, each sorted by m/z. */
  chunks(): Promise<Step<PeaksObject[]>> {
    return this.once('chunks', async () => {
      const { value: index, hash } = await this.index()
      const { ibd } = (await this.upload()).value
      const size = clamp(index.points / 8, 2 ** 16, 2 ** 23)
      const chunks = Math.max(1, Math.ceil(index.points / size))
      const file = basename(this.settings.files.ibdPath)
      const step = await this.runner.stage(
        'chunks',
        hash,
        this.settings.useDsCache,
        async (prefix) => {
          return this.runner.map(
            stages.readChunk,
            times(chunks).map((chunk) => ({ index, ibd, file, chunk, chunks, key: `${prefix}/${chunk}` })),
          )
        },
        (value) => `Peaks: ${peaksIn(value).toLocaleString('en')} in ${count(value.length, 'chunk')}`,
      )
      // Also when the chunks came from the cache: the peaks are missing all the same.
      const bad = step.value.reduce((sum, { dropped }) => sum + dropped.badMz + dropped.badIntensity, 0)
      if (bad > 0)
        this.settings.warn(
          `W_PEAKS_DROPPED: ${file}: ${count(bad, 'peak')} with an impossible m/z or intensity left out`,
        )
      return step
    })
  }

  /** Segments of the data set by m/z. */
  segments(): Promise<Step<PeaksObject[]>> {
    return this.once('segments', async () => {
      const { value, hash } = await this.chunks()
      const chunks = value.map(({ object }) => object)
      const peaks = peaksIn(value)
      const n = Math.max(1, Math.ceil(peaks / clamp(peaks / 8, 2 ** 16, 2 ** 23)))
      return this.runner.stage(
        'segments',
        hash,
        this.settings.useDsCache,
        async (prefix) => {
          const counts = await this.runner.call(stages.countGrid, { chunks })
          const cuts = cutGrid(counts, n)
          return this.runner.map(
            stages.mergeSegment,
            cuts.map(([from, to], s) => ({ chunks, from, to, key: `${prefix}/${s}` })),
          )
        },
        (segments) => `Data set: ${count(segments.length, 'segment')} by m/z`,
      )
    })
  }

  /** Ions in range, sorted and cut by m/z. */
  centroids(): Promise<Step<CentroidSegments>> {
    return this.once('centroids', async () => {
      const { value: patterns, hash: patternHash } = await this.patterns()
      const { value: segments, hash: segmentHash } = await this.segments()
      const parts = patterns.map(({ object }) => object)
      const ions = clamp(totals(patterns).ions / 64, 500, 10_000)
      return this.runner.stage(
        'centroids',
        [patternHash, segmentHash],
        this.settings.useDsCache && this.settings.useDbCache,
        (prefix) => this.runner.call(stages.segmentCentroids, { parts, ...mzRange(segments), ions, key: prefix }),
        (value) => `Centroids: ${count(value.ions, 'ion')} in range, ${count(value.segments.length, 'segment')}`,
      )
    })
  }

  /** Scores and images of each segment of ions. */
  annotated(): Promise<Step<{ object: CloudObject; ions: number }[]>> {
    return this.once('annotated', async () => {
      const { value: centroids, hash } = await this.centroids()
      const { width, height, sampled } = (await this.index()).value
      const segments = (await this.segments()).value
      const { ppm, levels } = this.settings
      const reach = 1 + 2e-6 * ppm
      return this.runner.stage(
        'annotated',
        [hash, ppm, levels],
        this.settings.useDsCache && this.settings.useDbCache,
        (prefix) =>
          this.runner.map(
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

  /** All scores in one table, and the FDR of each (database, modifier, adduct). */
  rated(): Promise<Step<{ metrics: CloudObject; rated: RatesOf[] }>> {
    return this.once('rated', async () => {
      const { value: annotated, hash } = await this.annotated()
      const { value: groups } = await this.groups()
      const { value: databases } = await this.databases()
      const { databases: paths, adducts: targetAdducts, modifiers } = this.settings.database
      const decoys = this.settings.rankings
      return this.runner.stage(
        'fdr',
        [hash, paths, decoys],
        this.settings.useDsCache && this.settings.useDbCache,
        async (prefix) => {
          const { object: metrics } = await this.runner.call(stages.collectMetrics, {
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
          const rates = await this.runner.map(
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
}
