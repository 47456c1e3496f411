/** What real exporters get wrong, or merely do, on request: for tests of readers. */
import { MayflyError } from '@mayfly/executor/errors'
import type { ArrayType } from '../imzml/model.js'
import type { SpectrumData, WriterOptions } from '../imzml/writer.js'
import { hash } from './random.js'

/** Each with what a reader should make of it. */
export const DEFECTS = {
  'duplicate-pixels': 'every tenth pixel has two spectra with half of the peaks each: they add up to the whole one',
  'missing-pixels': 'every thirtieth pixel or so has no spectrum: it is not part of the mask',
  'offset-origin': 'coordinates begin at 1001, -199: the image is the same',
  'z-plane': 'positions have a z, 1 or 2: it is ignored',
  'wrong-dtype-name': 'intensities go by the accession of the wrong float: the name is right, with a warning',
  'negative-offsets': 'byte offsets wrap around as signed 32-bit numbers: the file reads the same',
  'zero-intensity': 'a point without intensity between any two others: images are the same',
  'unsorted-mz': 'm/z values in no order: the file reads the same',
  'inline-cvparams': 'data types stand in every array, no group is referred to: the file reads the same',
  zlib: 'arrays are compressed: the file reads the same',
  'truncated-ibd': 'the last 1,000 bytes are missing: E_IBD_TRUNCATED',
  'uuid-mismatch': 'the ibd begins with another UUID: E_IBD_UUID',
  int32: 'intensities are rounded to 32-bit whole numbers',
  int64: 'intensities are rounded to 64-bit whole numbers',
} as const
export type Defect = keyof typeof DEFECTS

const SIGNED_LIMIT = 2 ** 31
/** Bytes missing from a truncated ibd. */
const CUT = 1000

/** @throws MayflyError E_SYNTH_DEFECT. */
export function checkDefects(names: readonly string[]): Defect[] {
  const refuse = (message: string, hint: string): never => {
    throw new MayflyError('E_SYNTH_DEFECT', message, { hint })
  }
  for (const name of names)
    if (!(name in DEFECTS)) refuse(`Unknown defect "${name}"`, `Known: ${Object.keys(DEFECTS).join(', ')}.`)
  for (const [a, b] of [
    ['int32', 'int64'],
    ['int32', 'wrong-dtype-name'],
    ['int64', 'wrong-dtype-name'],
  ])
    if (names.includes(a) && names.includes(b)) refuse(`${a} and ${b} exclude each other`, 'Ask for one of them.')
  return [...new Set(names as readonly Defect[])]
}

/** The writer's options with the defects of the format. @param bytes how long the ibd will be, about. */
export function oddWriter(options: WriterOptions, defects: readonly Defect[], bytes: number): WriterOptions {
  const has = (name: Defect) => defects.includes(name)
  const intensityType: ArrayType | undefined = has('int32') ? 'i32' : has('int64') ? 'i64' : options.intensityType
  return {
    ...options,
    ...(intensityType ? { intensityType } : {}),
    zlib: has('zlib'),
    oddities: {
      inlineTypes: has('inline-cvparams'),
      wrongTypeAccession: has('wrong-dtype-name'),
      // A small file never gets as far as the limit; there the second half stands for what lies beyond.
      ...(has('negative-offsets') ? { offsetsWrapAt: Math.min(SIGNED_LIMIT, Math.floor(bytes / 2)) } : {}),
      ...(has('uuid-mismatch') ? { ibdUuid: options.uuid.split('').reverse().join('') } : {}),
    },
  }
}

/** Bytes to take off the end of the ibd. */
export const bytesCut = (defects: readonly Defect[]) => (defects.includes('truncated-ibd') ? CUT : 0)

/** The spectrum as it is written: none, one or two. */
export function oddSpectra(spectrum: SpectrumData, defects: readonly Defect[], seed: number): SpectrumData[] {
  const has = (name: Defect) => defects.includes(name)
  const chance = (stream: number) => hash(seed, stream, spectrum.x, spectrum.y) / 2 ** 32
  if (has('missing-pixels') && chance(31) < 1 / 30) return []
  let out = [spectrum]
  if (has('zero-intensity')) out = out.map(withZeros)
  if (has('unsorted-mz')) out = out.map((one) => shuffled(one, seed))
  if (has('duplicate-pixels') && chance(32) < 0.1) out = out.flatMap(halves)
  if (has('z-plane')) out = out.map((one) => ({ ...one, z: 1 + (one.x % 2) }))
  if (has('offset-origin')) out = out.map((one) => ({ ...one, x: one.x + 1000, y: one.y - 200 }))
  return out
}

/** Every other point each; on a shared axis the others are zero. */
function halves(spectrum: SpectrumData): SpectrumData[] {
  const { mz, intensity } = spectrum
  return [0, 1].map((part) => ({
    ...spectrum,
    mz,
    intensity: Float32Array.from(intensity, (value, i) => (i % 2 === part ? value : 0)),
  }))
}

function withZeros(spectrum: SpectrumData): SpectrumData {
  const { mz, intensity } = spectrum
  const n = Math.max(0, 2 * mz.length - 1)
  const at = (i: number) => i >> 1
  return {
    ...spectrum,
    mz: Float64Array.from({ length: n }, (_, i) => (i % 2 === 0 ? mz[at(i)] : (mz[at(i)] + mz[at(i) + 1]) / 2)),
    intensity: Float32Array.from({ length: n }, (_, i) => (i % 2 === 0 ? intensity[at(i)] : 0)),
  }
}

/** The same order for spectra of the same length, so that a shared axis stays shared. */
function shuffled(spectrum: SpectrumData, seed: number): SpectrumData {
  const n = spectrum.mz.length
  const keys = Float64Array.from({ length: n }, (_, i) => hash(seed, 33, i) * 2 ** 21 + (i % 2 ** 21)).sort()
  const order = Array.from(keys, (key) => key % 2 ** 21)
  return {
    ...spectrum,
    mz: Float64Array.from(order, (i) => spectrum.mz[i]),
    intensity: Float32Array.from(order, (i) => spectrum.intensity[i]),
  }
}
