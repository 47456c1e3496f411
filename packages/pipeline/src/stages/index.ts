/**
 * The functions that run on workers, marked so that they travel as imports of their own modules. This file itself never
 * does: it is the only one here that imports the executor's code.
 */
import { shippable } from '@mayfly/executor'
import { annotateSegment, collectMetrics, segmentCentroids } from './annotation.js'
import { calculatePeaks, generateFormulas, mergeFormulas, readDatabase } from './formulas.js'
import { rankTargets } from './rates.js'
import { generateShuffled, rankShuffled } from './shuffled.js'
import { countGrid, loadImzml, mergeSegment, readChunk } from './spectra.js'

const at = (file: string) => new URL(file, import.meta.url).href

shippable(at('./formulas.js'), { readDatabase, generateFormulas, mergeFormulas, calculatePeaks })
shippable(at('./spectra.js'), { loadImzml, readChunk, countGrid, mergeSegment })
shippable(at('./annotation.js'), { segmentCentroids, annotateSegment, collectMetrics })
shippable(at('./rates.js'), { rankTargets })
shippable(at('./shuffled.js'), { generateShuffled, rankShuffled })

export {
  annotateSegment,
  calculatePeaks,
  collectMetrics,
  countGrid,
  generateFormulas,
  generateShuffled,
  loadImzml,
  mergeFormulas,
  mergeSegment,
  rankShuffled,
  rankTargets,
  readChunk,
  readDatabase,
  segmentCentroids,
}
