/** Spectra of runs of pixels, drawn here or by threads, always in order. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { SpectrumData } from '../imzml/writer.js'
import type { SyntheticDataset } from './generate.js'
import type { SyntheticOptions } from './options.js'

/** Spectra one after the other; spectrum i ends at `end[i]`. Of a continuous data set `mz` is the axis, once. */
export interface Chunk {
  from: number
  to: number
  x: Int32Array<ArrayBuffer>
  y: Int32Array<ArrayBuffer>
  end: Uint32Array<ArrayBuffer>
  mz: Float64Array<ArrayBuffer>
  intensity: Float32Array<ArrayBuffer>
}

export function drawChunk(dataset: SyntheticDataset, from: number, to: number): Chunk {
  const shared = dataset.options.mode === 'continuous'
  const spectra = [...dataset.spectra(from, to)]
  const points = spectra.reduce((sum, { intensity }) => sum + intensity.length, 0)
  const mz = shared ? Float64Array.from(spectra[0]?.mz ?? []) : new Float64Array(points)
  const intensity = new Float32Array(points)
  const end = new Uint32Array(spectra.length)
  let at = 0
  for (const [i, spectrum] of spectra.entries()) {
    if (!shared) mz.set(spectrum.mz, at)
    intensity.set(spectrum.intensity, at)
    end[i] = at += spectrum.intensity.length
  }
  return {
    ...{ from, to, end, mz, intensity },
    x: Int32Array.from(spectra, (s) => s.x),
    y: Int32Array.from(spectra, (s) => s.y),
  }
}

export function* spectraOf({ x, y, end, mz, intensity }: Chunk): Generator<SpectrumData> {
  const shared = mz.length !== intensity.length
  for (let i = 0; i < end.length; i++) {
    const from = i === 0 ? 0 : end[i - 1]
    const to = end[i]
    yield { x: x[i], y: y[i], mz: shared ? mz : mz.subarray(from, to), intensity: intensity.subarray(from, to) }
  }
}

/** Megabyte-sized runs of pixels. */
export function chunkPixels(options: { mode: string; peaks: number }, axisPoints: number): number {
  const bytes = options.mode === 'continuous' ? 4 * axisPoints : 12 * options.peaks
  return Math.max(1, Math.min(1024, Math.round(1e6 / bytes)))
}

export interface Drawn {
  chunks: AsyncGenerator<Chunk>
  /** Pixels by substance; complete when the chunks are. */
  seen(): Uint32Array
}

/** In this thread, one chunk at a time. */
export function drawHere(dataset: SyntheticDataset, size: number): Drawn {
  dataset.seen.fill(0)
  const pixels = dataset.options.width * dataset.options.height
  async function* chunks() {
    for (let from = 0; from < pixels; from += size) yield drawChunk(dataset, from, Math.min(pixels, from + size))
  }
  return { chunks: chunks(), seen: () => dataset.seen }
}

/**
 * In `threads` worker threads. Each has at most two chunks on its table, and what comes too early waits here: memory does not grow with
 * the data set. The bytes are those of `drawHere`, whatever the number of threads.
 */
export function drawInThreads(options: SyntheticOptions, pixels: number, size: number, threads: number): Drawn {
  let seen = new Uint32Array(0)
  async function* chunks() {
    const early = new Map<number, Chunk>()
    let wake = () => {}
    let failure: unknown
    let asked = 0
    let yielded = 0
    const ask = (worker: Worker) => {
      // Nobody runs far ahead of the slowest.
      if (asked >= pixels || asked - yielded > 4 * threads * size) return false
      worker.postMessage({ from: asked, to: Math.min(pixels, asked + size) })
      asked += size
      return true
    }
    const idle: Worker[] = []
    const workers = Array.from({ length: threads }, () => {
      const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: options })
      worker.on('message', (chunk: Chunk) => {
        early.set(chunk.from, chunk)
        if (!ask(worker)) idle.push(worker)
        wake()
      })
      worker.on('error', (error) => {
        failure ??= error
        wake()
      })
      return worker
    })
    try {
      for (const worker of [...workers, ...workers]) if (!ask(worker)) idle.push(worker)
      while (yielded < pixels) {
        if (failure) throw failure
        const chunk = early.get(yielded)
        if (chunk === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
          continue
        }
        early.delete(yielded)
        yielded = chunk.to
        for (let n = idle.length; n > 0; n--) {
          const worker = idle.shift() as Worker
          if (!ask(worker)) idle.push(worker)
        }
        yield chunk
      }
      for (const worker of workers) {
        worker.removeAllListeners('message')
        worker.postMessage('end')
        const [{ seen: counts }] = (await once(worker, 'message')) as [{ seen: Uint32Array }]
        if (seen.length === 0) seen = new Uint32Array(counts.length)
        for (let s = 0; s < counts.length; s++) seen[s] += counts[s]
      }
    } finally {
      await Promise.all(workers.map((worker) => worker.terminate()))
    }
  }
  return { chunks: chunks(), seen: () => seen }
}
