/**
 * The steps behind `Pipeline`: what goes in, how it is divided into calls, what is kept. A step runs once, and those it needs
 * run before it; its result is found again in storage by a hash of its input, which includes the hashes of the steps before.
 */
import { createHash, randomBytes } from 'node:crypto'
import { serialize } from 'node:v8'
import type { CloudObject } from '@mayfly/executor'
import type { CheckedDatabase, CheckedDataset } from './config.js'
import { decoyCandidates } from './fdr/index.js'
import { type CheckedInputs, checkInputs, type DatasetInputs } from './inputs/check.js'
import type { Input } from './inputs/place.js'
import type { MolecularDatabase } from './moldb/read.js'
import type { RatesOf } from './results.js'
import type { StageRunner } from './runner.js'
import type { CatBoostModel } from './scoring/index.js'
import { isShuffled, type Search } from './search.js'
import { cutGrid } from './segment/index.js'
import { count, ionsIn, mzRange, peaksIn, totals } from './sizes.js'
import type { CentroidSegments } from './stages/annotation.js'
import type { Database, FormulaGroup, PeaksChunk } from './stages/formulas.js'
import * as stages from './stages/index.js'
import { FORMULA_CHUNKS, type FormulaPart, type Partition } from './stages/ion-collector.js'
import type { Shuffle } from './stages/shuffled.js'
import type { PeaksObject, SpectraIndex } from './stages/spectra.js'

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

/** How rates are estimated where decoys are drawn by shuffling. */
const RATES = { lithops: 'hybrid', 'metaspace-v1': 'levels', 'metaspace-v3': 'succession' } as const

const modelHash = (model: CatBoostModel) => createHash('sha256').update(serialize(model)).digest('hex')

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
      const inputs = await checkInputs(
        this.settings.dataset,
        this.settings.files,
        this.settings.databaseFiles,
        this.runner.storage,
      )
      const { imzml } = inputs
      for (const { code, message, count: n } of imzml.warnings)
        this.settings.warn(`${code}: ${imzml.file}: ${message}${n > 1 ? ` (${n} times)` : ''}`)
      for (const { written, content } of inputs.databases) this.warnOfFormulas(written, content)
      const polarity = { '+': 'positive', '-': 'negative' }[this.settings.dataset.polarity]
      if (imzml.polarity && imzml.polarity !== 'mixed' && imzml.polarity !== polarity) {
        this.settings.warn(
          `W_POLARITY: ${imzml.file} says ${imzml.polarity}, the configuration "${this.settings.dataset.polarity}"; the configuration decides`,
        )
      }
      return inputs
    })
  }

  /** Formulas without an isotope pattern are not searched for; the reference leaves them out silently. */
  private warnOfFormulas(file: string, { impossible, labelled }: MolecularDatabase): void {
    const lost = this.settings.search.mode === 'lithops' ? [...impossible, ...labelled] : impossible
    if (lost.length === 0) return
    const some = `${lost.slice(0, 3).join(', ')}${lost.length > 3 ? ', …' : ''}`
    this.settings.warn(
      `W_DB_FORMULA: ${file}: ${count(lost.length, 'formula')} of unknown elements or too many atoms left out (${some})`,
    )
  }

  /** Databases in storage, as sorted columns. */
  databases(): Promise<Step<(Database & { csv: CloudObject })[]>> {
    return this.once('databases', async () => {
      const { databases } = await this.inputs()
      const order = this.settings.search.mode === 'lithops' ? ('sorted' as const) : ('file' as const)
      return this.runner.stage(
        'databases',
        [databases.map(({ hash }) => hash), order],
        this.settings.useDbCache,
        async (prefix) => {
          const items = await Promise.all(
            databases.map(async ({ file, csv }, i) => ({
              csv: await this.runner.storage.putCloudObject(csv, { key: `${prefix}/${i}.csv` }),
              ...{ file, order, key: `${prefix}/${i}` },
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

  /** Only METASPACE's modes know targeted databases. */
  private keepsAll(targeted: boolean): boolean {
    return targeted && this.settings.search.mode !== 'lithops'
  }

  /** Who gets which decoys where they are drawn by shuffling. */
  private shuffle(): Shuffle {
    const { mode, adducts, decoys } = this.settings.search
    const { neutral_losses: neutralLosses, chem_mods: chemMods } = this.settings.database
    return {
      order: mode === 'lithops' ? 'hill' : 'chnops',
      ...{ adducts, neutralLosses, chemMods, sampleSize: decoys, sharedByModifiers: mode === 'metaspace-v3' },
    }
  }

  /** Ion formulas of molecules × modifiers × adducts and decoy adducts, in groups, numbered. */
  groups(): Promise<Step<Group[]>> {
    return this.once('groups', async () => {
      const { value: databases, hash } = await this.databases()
      const { search, decoys: mark } = this.settings
      const shuffled = isShuffled(search)
      const modifiers = search.prefixes.map(({ text }) => text)
      const molecules = databases.reduce((sum, database) => sum + database.molecules, 0)
      const perMolecule = shuffled
        ? modifiers.length * search.adducts.length * (1 + search.decoys)
        : modifiers.length * (search.adducts.length + decoyCandidates(search.adducts).length)
      const work = molecules * perMolecule
      return this.runner.stage(
        'formulas',
        shuffled ? [hash, 'shuffled', this.shuffle()] : [hash, search.adducts, modifiers, search.decoys, mark],
        this.settings.useDbCache,
        async (prefix) => {
          const groupCount = 2 ** clamp(Math.ceil(Math.log2(work / 50_000)), 1, 5)
          // Parts are removed once they are merged, so another pipeline at the same step must not share them.
          const key = `${prefix}/part-${randomBytes(6).toString('hex')}`
          const parts = shuffled
            ? await this.shuffledParts(databases, groupCount, work, key)
            : await this.hashedParts(databases, groupCount, work, key)
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

  /** Parts by adduct, numbered by hash: the pure serverless pipeline. */
  private hashedParts(
    databases: readonly Database[],
    groups: number,
    work: number,
    key: string,
  ): Promise<FormulaPart[]> {
    const { adducts: targetAdducts, prefixes, decoys } = this.settings.search
    const adducts = [...targetAdducts, ...decoyCandidates(targetAdducts)]
    const calls = clamp(Math.ceil(work / 20_000), 4, adducts.length)
    const partition: Partition = { by: 'hash', groups: times(groups + 1).map((g) => (FORMULA_CHUNKS / groups) * g) }
    return this.runner.map(
      stages.generateFormulas,
      times(calls).map((c) => ({
        databases: databases.map(({ object }) => object),
        adducts: adducts.filter((_, a) => a % calls === c),
        modifiers: prefixes.map(({ text }) => text),
        ...{ targetAdducts, decoys, mark: this.settings.decoys, partition, key: `${key}-${c}` },
      })),
    )
  }

  /** Parts by molecule, numbered by rank. */
  private shuffledParts(
    databases: readonly Database[],
    groups: number,
    work: number,
    key: string,
  ): Promise<FormulaPart[]> {
    const samples = databases.flatMap(({ sample }) => sample).sort()
    const bounds = times(groups - 1).map((g) => samples[Math.floor((samples.length * (g + 1)) / groups)] as string)
    const parts = clamp(Math.ceil(work / 100_000), 2, 64)
    return this.runner.map(
      stages.generateShuffled,
      times(parts).map((part) => ({
        databases: databases.map(({ object }) => object),
        targeted: databases.map(({ targeted }) => this.keepsAll(targeted)),
        ...{ shuffle: this.shuffle(), part, parts, partition: { by: 'range' as const, bounds }, key: `${key}-${part}` },
      })),
    )
  }

  /** Isotope patterns of the marked ions. */
  patterns(): Promise<Step<PeaksChunk[]>> {
    return this.once('patterns', async () => {
      const { value: groups, hash } = await this.groups()
      const { mode, sigma, charge, instrument } = this.settings.search
      const settings = { mode, sigma, charge, instrument }
      const single = mode !== 'lithops'
      return this.runner.stage(
        'patterns',
        [hash, settings],
        this.settings.useDbCache,
        (prefix) => {
          const items = groups.flatMap(({ object, sizes, used, firstId }, g) => {
            const rows = sizes.reduce((sum, size) => sum + size, 0)
            const slices = clamp(Math.ceil(used / 2_000), 1, 64)
            return times(slices).map((s) => {
              const from = Math.floor((rows * s) / slices)
              const to = Math.floor((rows * (s + 1)) / slices)
              return { group: object, from, to, firstId: firstId + from, settings, single, key: `${prefix}/${g}-${s}` }
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
      const { datasetHash, files } = await this.inputs()
      const { storage } = this.runner
      return this.runner.stage(
        'dataset',
        datasetHash,
        this.settings.useDsCache,
        async (prefix) => ({
          imzml: await files.imzml.upload(storage, `${prefix}/data.imzML`),
          ibd: await files.ibd.upload(storage, `${prefix}/data.ibd`),
        }),
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
            file: this.settings.files.imzml.name,
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
      const file = this.settings.files.ibd.name
      const positive = this.settings.search.mode !== 'lithops'
      const step = await this.runner.stage(
        'chunks',
        [hash, positive],
        this.settings.useDsCache,
        async (prefix) => {
          return this.runner.map(
            stages.readChunk,
            times(chunks).map((chunk) => ({ index, ibd, file, chunk, chunks, positive, key: `${prefix}/${chunk}` })),
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
      const { ppm, levels, minPx, mode } = this.settings.search
      const errors = mode !== 'lithops'
      const reach = 1 + 2e-6 * ppm
      return this.runner.stage(
        'annotated',
        [hash, ppm, levels, minPx, errors],
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
              ...{ width, height, sampled, ppm, levels, minPx, errors, key: `${prefix}/${s}` },
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
      const paths = this.settings.database.databases
      const { search, model } = this.settings
      return this.runner.stage(
        'fdr',
        [hash, paths, search, model ? modelHash(model) : ''],
        this.settings.useDsCache && this.settings.useDbCache,
        async (prefix) => {
          const { object: metrics } = await this.runner.call(stages.collectMetrics, {
            parts: annotated.map(({ object }) => object),
            groups: groups.map(({ object, firstId }) => ({ object, firstId })),
            key: prefix,
          })
          const targets = databases.flatMap(({ object: database, targeted }, d) =>
            search.prefixes.flatMap((before, p) =>
              search.adducts.map((adduct, a) => ({
                ...{
                  path: paths[d] as string,
                  database,
                  targeted,
                  before,
                  adduct,
                  modifier: p * search.adducts.length + a,
                },
              })),
            ),
          )
          const rates = isShuffled(search)
            ? await this.runner.map(
                stages.rankShuffled,
                targets.map(({ database, targeted, modifier }) => ({
                  targeted: this.keepsAll(targeted),
                  ...{ metrics, database, modifier, shuffle: this.shuffle(), rates: RATES[search.mode] },
                  ...(model ? { model } : {}),
                })),
              )
            : await this.runner.map(
                stages.rankTargets,
                targets.map(({ database, before, adduct }) => ({
                  ...{ metrics, database, adduct, modifier: before.text, decoys: search.decoys },
                  targetAdducts: search.adducts,
                })),
              )
          const rated = targets.map(({ path, before, adduct }, i) => ({
            ...{ database: path, prefix: before, adduct, rates: rates[i] as RatesOf['rates'] },
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
