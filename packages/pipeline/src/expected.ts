/**
 * How long stages will take before any has run: from the sizes of the inputs and rates that were measured on one core of a common
 * machine. Pure. What runs then corrects it, see `whole-progress.ts`.
 */
import { decoyCandidates } from './fdr/index.js'
import { geometryOf } from './imzml/index.js'
import type { CheckedInputs } from './inputs/check.js'
import type { Stage } from './progress.js'
import { isShuffled, type Search } from './search.js'
import { peakObjects } from './segment/index.js'
import {
  adductCalls,
  candidatesOf,
  centroidCalls,
  formulaGroups,
  moleculeCalls,
  patternSlices,
  segmentIons,
} from './steps/plan.js'

/** What the time of the stages depends on. */
export interface InputSizes {
  molecules: number
  /** Ion formulas before duplicates are gone, and those of them whose patterns are computed. */
  candidates: number
  ions: number
  spectra: number
  /** Points of all spectra. */
  points: number
  /** Pixels with a spectrum. */
  pixels: number
  /** Bytes that are copied into the storage from this machine, and over a network. */
  copied: number
  fetched: number
}

/** Seconds of a stage: of all its calls together, and until it is done. */
export interface Expected {
  work: number
  wall: number
}

/** Seconds on one core: of a molecule, candidate, ion, spectrum, point; of a byte; of a pixel of an image whose chaos is measured. */
const READ_MOLECULE = 5e-6
const CANDIDATE = 9e-6
const PATTERN = 30e-6
const COPY = 1e-9
const FETCH = 2e-8
const SPECTRUM = 1e-5
const READ_POINT = 5e-7
const MERGE_POINT = 2.5e-7
const SORT_ION = 1.5e-6
const SWEEP_ION = 6e-6
const SWEEP_POINT = 2e-7
const CHAOS_PIXEL = 2e-8
const RATE_CANDIDATE = 1.5e-6
/** Of the ions so many have images whose chaos is measured. */
const WITH_IMAGES = 0.02
/** What a stage takes whatever it does: its objects, its calls on their way. */
const STAGE = 0.1

/** @param own name of the storage's backend: inputs in it are not copied. */
export function sizesOf(inputs: CheckedInputs, search: Search, own: string): InputSizes {
  const molecules = inputs.databases.reduce((sum, { content }) => sum + content.formulas.length, 0)
  const candidates = candidatesOf(search, molecules)
  const { intensity, count } = inputs.imzml
  const bytes = (wanted: 'here' | 'far') =>
    Object.values(inputs.files).reduce((sum, { size, from }) => {
      const where = from === 'file' ? 'here' : from === own ? 'there' : 'far'
      return sum + (where === wanted ? size : 0)
    }, 0)
  return {
    ...{ molecules, candidates, ions: Math.round(candidates * usedShare(search)), spectra: count },
    points: intensity.length.reduce((sum, n) => sum + n, 0),
    pixels: geometryOf(inputs.imzml).sampled.length,
    ...{ copied: bytes('here'), fetched: bytes('far') },
  }
}

/** Of the ions of the pure serverless pipeline only the decoys that a ranking uses are computed. */
function usedShare(search: Search): number {
  if (isShuffled(search)) return 1
  const candidates = decoyCandidates(search.adducts).length
  const { length: targets } = search.adducts
  return (targets + Math.min(search.decoys, candidates)) / (targets + candidates)
}

/**
 * What each stage will take where `workers` calls run at a time.
 * @param whole stateful stages are one call each.
 */
export function expectedTimes(sizes: InputSizes, workers: number, whole = false): Record<Stage, Expected> {
  const { molecules, candidates, ions, spectra, points, pixels, copied, fetched } = sizes
  const serial = (work: number): Expected => ({ work, wall: STAGE + work })
  const parallel = (work: number, calls: number): Expected => ({ work, wall: STAGE + work / Math.min(workers, calls) })
  const stateful = (work: number, calls: number) => (whole ? serial(work) : parallel(work, calls))
  const groups = formulaGroups(candidates)
  const formulaCalls = Math.min(adductCalls(candidates, 84), Math.max(moleculeCalls(candidates), groups))
  const objects = peakObjects(points)
  const segments = Math.max(1, ions / segmentIons(ions, pixels))
  const sweeping = ions * SWEEP_ION + points * SWEEP_POINT + WITH_IMAGES * ions * pixels * CHAOS_PIXEL
  return {
    uploadMolecularDatabases: serial(molecules * READ_MOLECULE),
    buildDatabase: stateful(candidates * CANDIDATE, formulaCalls),
    calculateCentroids: parallel(ions * PATTERN, groups * patternSlices(ions / groups)),
    uploadDataset: serial(copied * COPY + fetched * FETCH),
    loadDs: serial(spectra * SPECTRUM),
    splitDs: stateful(points * (READ_POINT + (whole ? MERGE_POINT : 0)), objects),
    segmentDs: whole ? serial(0) : parallel(points * MERGE_POINT, objects),
    segmentCentroids: parallel(ions * SORT_ION, centroidCalls(ions)),
    annotate: parallel(sweeping, segments),
    runFdr: serial(candidates * RATE_CANDIDATE),
  }
}
