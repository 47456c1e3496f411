/** A thread that draws chunks of a section: asked for a range of pixels it answers with their spectra in one pair of arrays. */
import { parentPort, workerData } from 'node:worker_threads'
import { drawChunk } from './chunks.js'
import { generateDataset } from './generate.js'
import type { SyntheticOptions } from './options.js'

const port = parentPort
if (port === null) throw new Error('This file runs as a worker thread only')
const dataset = generateDataset(workerData as SyntheticOptions)
port.on('message', (range: { from: number; to: number } | 'end') => {
  if (range === 'end') {
    port.postMessage({ seen: dataset.seen })
    port.close()
    return
  }
  const chunk = drawChunk(dataset, range.from, range.to)
  const { x, y, end, mz, intensity } = chunk
  port.postMessage(chunk, [x.buffer, y.buffer, end.buffer, mz.buffer, intensity.buffer])
})
