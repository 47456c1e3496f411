/** The steps that depend on the data set alone: upload, index, chunks, segments by m/z. */
import type { CheckedInputs } from '../inputs/check.js'
import { shown } from '../inputs/place.js'
import { cutGrid, peakObjects } from '../segment/index.js'
import type { StageRun } from '../stage-run.js'
import type { PeaksObject, SpectraIndex } from '../stages/spectra.js'
import { mergingPeaks, readingPeaks, wholeDataset } from './memory.js'
import { times } from './plan.js'
import { count, peaksIn } from './sizes.js'
import { Step, StepGroup, type Uploaded } from './step.js'

/** The peaks of the data set in objects. */
export interface Split {
  /** Chunks that were read. */
  chunks: number
  peaks: number
  /** Peaks left out for an impossible m/z or intensity. */
  dropped: number
  objects: PeaksObject[]
  /** The objects are segments by m/z already: they were made in one call. */
  segmented: boolean
}

export class DatasetSteps extends StepGroup {
  /** imzML and ibd in storage. */
  readonly upload: Step<Uploaded> = new Step(this.host, {
    ...{ name: 'dataset', stage: 'uploadDataset', cache: 'ds' },
    input: async () => (await this.host.inputs.get()).datasetHash,
    compute: async (run) => {
      const { files } = await this.host.inputs.get()
      const { storage } = this.host.runner
      this.#tellOfCopies(files, run)
      const tell = megabytesOf(run, files.imzml.size + files.ibd.size)
      const imzml = await files.imzml.upload(storage, `${run.prefix}/data.imzML`, run.signal, tell)
      const ibd = await files.ibd.upload(storage, `${run.prefix}/data.ibd`, run.signal, tell)
      tell(Number.POSITIVE_INFINITY)
      return { imzml, ibd }
    },
    say: (value) => `Data set: ${((value.imzml.size + value.ibd.size) / 2 ** 20).toFixed(1)} MB`,
  })

  /** Where every spectrum lies. */
  readonly index: Step<SpectraIndex> = new Step(this.host, {
    ...{ name: 'index', stage: 'loadDs', cache: 'ds' },
    input: () => this.upload.hash(),
    compute: async (run) => {
      const { imzml } = await this.upload.value()
      const item = { imzml, file: this.host.settings.files.imzml.name, key: `${run.prefix}/index` }
      run.expect(1)
      return run.call('loadImzml', item, { vm: this.whole })
    },
    say: (index) => `Spectra: ${index.count.toLocaleString('en')} of ${index.width}×${index.height} pixels`,
  })

  /** Chunks of the spectra, each sorted by m/z; where stateful stages are one call, that makes the segments, too. */
  readonly split: Step<Split> = new Step(this.host, {
    ...{ name: 'chunks', stage: 'splitDs', cache: 'ds' },
    input: async () => [await this.index.hash(), this.#positive],
    compute: async (run) => {
      const index = await this.index.value()
      const { ibd } = await this.upload.value()
      const chunks = peakObjects(index.points)
      const chunk = { index, ibd, file: this.host.settings.files.ibd.name, chunks, positive: this.#positive }
      return this.whole ? this.#atOnce(run, chunk) : this.#inChunks(run, chunk)
    },
    say: ({ peaks, chunks }) => `Peaks: ${peaks.toLocaleString('en')} in ${count(chunks, 'chunk')}`,
    // Also when the chunks came from the cache: the peaks are missing all the same.
    after: ({ dropped }) => {
      if (dropped === 0) return
      const { files } = this.host.settings
      this.host.runner.options.warn(
        `W_PEAKS_DROPPED: ${files.ibd.name}: ${count(dropped, 'peak')} with an impossible m/z or intensity left out`,
      )
    },
  })

  /** Segments of the data set by m/z. */
  readonly segments: Step<PeaksObject[]> = new Step(this.host, {
    ...{ name: 'segments', stage: 'segmentDs', cache: 'ds' },
    input: () => this.split.hash(),
    compute: async (run) => {
      const { objects, peaks, segmented } = await this.split.value()
      if (segmented) return objects
      const chunks = objects.map(({ object }) => object)
      const n = peakObjects(peaks)
      run.expect(1 + n)
      const cuts = cutGrid(await run.call('countGrid', { chunks }), n)
      run.expect(1 + cuts.length)
      return run.map(
        'mergeSegment',
        cuts.map(([from, to], s) => ({ chunks, from, to, key: `${run.prefix}/${s}` })),
        { memory: mergingPeaks(peaks / n) },
      )
    },
    say: (segments) => `Data set: ${count(segments.length, 'segment')} by m/z`,
  })

  get #positive(): boolean {
    return this.host.settings.search.mode !== 'lithops'
  }

  /** Calls cannot read where the caller can; from elsewhere it may take long, but only once. */
  #tellOfCopies(files: CheckedInputs['files'], run: StageRun): void {
    const { host } = this
    for (const kind of ['imzml', 'ibd'] as const) {
      const { from, size } = files[kind]
      if (from === 'file' || from === host.runner.storage.backend) continue
      const where = shown(host.settings.files[kind].place)
      run.say(`Copying ${where} (${(size / MB).toFixed(1)} MB) into the storage of this run, once`)
    }
  }

  async #inChunks(run: StageRun, item: ChunkItem): Promise<Split> {
    run.expect(item.chunks)
    const read = await run.map(
      'readChunk',
      times(item.chunks).map((chunk) => ({ ...item, chunk, key: `${run.prefix}/${chunk}` })),
      { memory: readingPeaks(item.index.points / item.chunks) },
    )
    const dropped = read.reduce((sum, { dropped: own }) => sum + own.badMz + own.badIntensity, 0)
    return { chunks: item.chunks, peaks: peaksIn(read), dropped, objects: read, segmented: false }
  }

  async #atOnce(run: StageRun, chunk: ChunkItem): Promise<Split> {
    run.expect(1)
    const { points } = chunk.index
    const memory = wholeDataset(points, points / chunk.chunks)
    const item = { chunk, key: run.prefix }
    const { segments: objects, dropped } = await run.call('segmentsAtOnce', item, { vm: true, memory })
    return { chunks: chunk.chunks, peaks: peaksIn(objects), dropped, objects, segmented: true }
  }
}

const MB = 2 ** 20

/** Counts bytes as megabytes of the stage, all of them at last. */
function megabytesOf(run: StageRun, size: number): (bytes: number) => void {
  const total = Math.max(1, Math.round(size / MB))
  run.expect(total)
  let bytes = 0
  let told = 0
  return (more) => {
    bytes += more
    for (; told < Math.min(total, Math.floor(bytes / MB)); told++) run.step()
  }
}

interface ChunkItem {
  index: SpectraIndex
  ibd: Uploaded['ibd']
  file: string
  chunks: number
  positive: boolean
}
