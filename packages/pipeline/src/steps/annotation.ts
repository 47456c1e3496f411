/** The steps that bring database and data set together: centroids by m/z, images and scores, false discovery rates. */
import { createHash } from 'node:crypto'
import { serialize } from 'node:v8'
import type { CloudObject } from '@mayfly/executor'
import type { RatesOf } from '../results.js'
import type { CatBoostModel } from '../scoring/index.js'
import { isShuffled } from '../search.js'
import { cutGrid, GRID_SIZE } from '../segment/index.js'
import type { StageRun } from '../stage-run.js'
import type { CentroidSegment, CentroidSegments } from '../stages/annotation.js'
import type { Rates } from '../stages/rates.js'
import type { DatabaseSteps } from './database.js'
import type { DatasetSteps } from './dataset.js'
import { annotating, sortingCentroids } from './memory.js'
import { centroidCalls, imageEntries, segmentIons, WINDOW_PEAKS } from './plan.js'
import { centroidTotals, count, mzRange, totals } from './sizes.js'
import { Step, StepGroup, type StepHost } from './step.js'

/** How rates are estimated where decoys are drawn by shuffling. */
const RATES = { lithops: 'hybrid', 'metaspace-v1': 'levels', 'metaspace-v3': 'succession' } as const

/** All scores in one table, and the FDR of each (database, modifier, adduct). */
export interface Rated {
  metrics: CloudObject
  rated: RatesOf[]
}

export class AnnotationSteps extends StepGroup {
  constructor(
    host: StepHost,
    private readonly database: DatabaseSteps,
    private readonly dataset: DatasetSteps,
  ) {
    super(host)
  }

  /** Ions in range, sorted and cut by m/z. */
  readonly centroids: Step<CentroidSegments[]> = new Step(this.host, {
    ...{ name: 'centroids', stage: 'segmentCentroids', cache: 'both' },
    input: async () => [await this.database.patterns.hash(), await this.dataset.segments.hash()],
    compute: async (run) => {
      const patterns = await this.database.patterns.value()
      const segments = await this.dataset.segments.value()
      const { sampled } = await this.dataset.index.value()
      const { ions } = totals(patterns)
      const item = {
        ...{ parts: patterns.map(({ object }) => object), ...mzRange(segments), ions: segmentIons(ions, sampled) },
        ...{ peaks: segments.map(({ peaks, mzMin, mzMax }) => ({ peaks, mzMin, mzMax })), window: WINDOW_PEAKS },
      }
      const cuts = await this.#cutCentroids(run, item.parts, ions)
      return run.map(
        'segmentCentroids',
        cuts.map(([from, to], c) => ({ ...item, from, to, key: `${run.prefix}/centroids-${c}` })),
        { memory: sortingCentroids(ions / cuts.length) },
      )
    },
    say: (value) => {
      const { ions, segments } = centroidTotals(value)
      return `Centroids: ${count(ions, 'ion')} in range, ${count(segments, 'segment')}`
    },
  })

  /** Scores and images of each segment of ions. */
  readonly annotated: Step<{ object: CloudObject; ions: number }[]> = new Step(this.host, {
    ...{ name: 'annotated', stage: 'annotate', cache: 'both' },
    input: async () => {
      const { ppm, levels, minPx, mode } = this.host.settings.search
      return [await this.centroids.hash(), ppm, levels, minPx, mode !== 'lithops']
    },
    compute: async (run) => {
      const centroids = await this.centroids.value()
      const { width, height, sampled } = await this.dataset.index.value()
      const segments = await this.dataset.segments.value()
      const { ppm, levels, minPx, mode } = this.host.settings.search
      const reach = 1 + 2e-6 * ppm
      const all = centroids.flatMap(({ object, segments: own }) => own.map((segment) => ({ object, segment })))
      const most = (of: (segment: CentroidSegment) => number) =>
        all.reduce((sofar, { segment }) => Math.max(sofar, of(segment)), 0)
      const ions = most(({ from, to }) => to - from)
      const window = most((segment) => segment.peaks)
      const memory = annotating(window, ions, width * height, imageEntries(ions, sampled))
      run.expect(all.length)
      return run.map(
        'annotateSegment',
        all.map(({ object: own, segment }, s) => ({
          ...{ centroids: own, segment },
          peaks: segments
            .filter(({ mzMin, mzMax }) => mzMax * reach >= segment.mzLow && mzMin <= segment.mzHigh * reach)
            .map(({ object }) => object),
          ...{ width, height, sampled, ppm, levels, minPx, metaspace: mode !== 'lithops', key: `${run.prefix}/${s}` },
        })),
        { memory },
      )
    },
    say: (value) =>
      `Annotated: ${count(
        value.reduce((sum, { ions }) => sum + ions, 0),
        'ion',
      )} with msm > 0`,
  })

  /** All scores in one table, and the rates. */
  readonly rated: Step<Rated> = new Step(this.host, {
    ...{ name: 'fdr', stage: 'runFdr', cache: 'both' },
    input: async () => {
      const { search, model, database } = this.host.settings
      const { impl: _impl, ...numbers } = search
      const kind = isShuffled(search) ? 'shuffled' : 'serverless'
      return [await this.annotated.hash(), database.databases, numbers, kind, model ? modelHash(model) : '']
    },
    compute: (run) => this.#rate(run),
    say: (value) =>
      `FDR: ${count(
        value.rated.reduce((sum, { rates }) => sum + rates.mol.length, 0),
        'annotation',
      )}`,
  })

  /** Ranges of m/z with about as many ions each, of as many as one call can sort. */
  async #cutCentroids(run: StageRun, parts: CloudObject[], ions: number): Promise<[number, number][]> {
    const calls = centroidCalls(ions)
    run.expect(calls === 1 ? 1 : 1 + calls)
    if (calls === 1) return [[0, GRID_SIZE]]
    const cuts = cutGrid(await run.call('countGrid', { chunks: parts }), calls)
    run.expect(1 + cuts.length)
    return cuts
  }

  async #rate(run: StageRun): Promise<Rated> {
    const { search, database } = this.host.settings
    const annotated = await this.annotated.value()
    const groups = await this.database.groups.value()
    const databases = await this.database.databases.value()
    const collect = {
      parts: annotated.map(({ object }) => object),
      groups: groups.map(({ object, firstId }) => ({ object, firstId })),
      key: `${run.prefix}/metrics`,
    }
    const targets = databases.flatMap(({ object, targeted }, d) =>
      search.prefixes.flatMap((prefix, p) =>
        search.adducts.map((adduct, a) => ({
          ...{ path: database.databases[d] as string, database: object, targeted: this.database.keepsAll(targeted) },
          ...{ prefix, adduct, modifier: p * search.adducts.length + a },
        })),
      ),
    )
    const named = (metrics: CloudObject, rates: readonly Rates[]): Rated => ({
      metrics,
      rated: targets.map(({ path, prefix, adduct }, i) => ({
        ...{ database: path, prefix, adduct, rates: rates[i] as Rates },
      })),
    })
    run.expect(this.whole ? 1 : 1 + targets.length)
    if (!isShuffled(search)) {
      const { object: metrics } = await run.call('collectMetrics', collect)
      const rank = targets.map(({ database: own, prefix, adduct }) => ({
        ...{ metrics, database: own, adduct, modifier: prefix.text, decoys: search.decoys },
        targetAdducts: search.adducts,
      }))
      return named(metrics, await run.map('rankTargets', rank))
    }
    const model = await this.#stored(run)
    const rank = targets.map(({ database: own, targeted, modifier }) => ({
      ...{ database: own, targeted, modifier, shuffle: this.database.shuffle(), rates: RATES[search.mode] },
      ...(model ? { model } : {}),
    }))
    if (this.whole) {
      const { metrics, rates } = await run.call('ratesAtOnce', { metrics: collect, rank }, { vm: true })
      return named(metrics, rates)
    }
    const { object: metrics } = await run.call('collectMetrics', collect)
    return named(
      metrics,
      await run.map(
        'rankShuffled',
        rank.map((item) => ({ ...item, metrics })),
      ),
    )
  }

  /** The model as one object that all calls read. */
  async #stored(run: StageRun): Promise<CloudObject | undefined> {
    const { model } = this.host.settings
    return model && this.host.runner.storage.putCloudObject(serialize(model), { key: `${run.scratch}model` })
  }
}

const modelHash = (model: CatBoostModel) => createHash('sha256').update(serialize(model)).digest('hex')
