/** The parts that stand alone, called wrongly: a typed error that says what was expected, never a wrong number. */
import {
  estimateHybridFdr,
  estimateLevelFdr,
  estimateServerlessFdr,
  estimateSuccessionFdr,
  serverlessDecoys,
  shuffledDecoys,
} from '@mayfly/pipeline/fdr'
import { generateIonFormula, parseFormula } from '@mayfly/pipeline/formula'
import { parseImzML } from '@mayfly/pipeline/imzml'
import { isotopePattern } from '@mayfly/pipeline/isotopes'
import { measureOfChaos, spatialCorrelation, spectralCorrelation } from '@mayfly/pipeline/metrics'
import { expect, it } from 'vitest'

const A = Float32Array.of(1, 2, 3, 4)
const scores = Float64Array.of(0.9, 0.5)
// Called as from JavaScript, where no compiler looks.
const wrong = (value: unknown) => value as never

it.each<[string, string, () => unknown]>([
  ['an image that is none', 'E_IMAGE_SIZE', () => measureOfChaos(wrong(null), 2, 2)],
  ['a text as an image', 'E_IMAGE_SIZE', () => measureOfChaos(wrong('abcd'), 2, 2)],
  ['negative sides', 'E_IMAGE_SIZE', () => measureOfChaos(A, -2, -2)],
  ['half a pixel', 'E_IMAGE_SIZE', () => measureOfChaos(Float32Array.of(1, 2, 3), 1.5, 2)],
  ['another size', 'E_IMAGE_SIZE', () => measureOfChaos(A, 2, 3)],
  ['NaN in an image', 'E_IMAGE_VALUE', () => measureOfChaos(Float32Array.of(1, Number.NaN, 0, 0), 2, 2)],
  [
    'an infinite pixel',
    'E_IMAGE_VALUE',
    () => measureOfChaos(Float32Array.of(1, Number.POSITIVE_INFINITY, 0, 0), 2, 2),
  ],
  ['no level', 'E_CHAOS_LEVELS', () => measureOfChaos(A, 2, 2, 0)],
  ['one image in the place of a list', 'E_IMAGE_SIZE', () => spatialCorrelation(wrong(A), [1])],
  ['images of two sizes', 'E_IMAGE_SIZE', () => spatialCorrelation([A, A.subarray(1)], [1, 1])],
  ['a mask of another size', 'E_IMAGE_SIZE', () => spatialCorrelation([A, A], [1, 1], new Uint8Array(3))],
  ['an image undefined', 'E_IMAGE_SIZE', () => spectralCorrelation([A, wrong(undefined)], [1, 1])],
  ['no intensities', 'E_IMAGE_SIZE', () => spectralCorrelation([A], wrong(undefined))],
  ['too few intensities', 'E_IMAGE_SIZE', () => spectralCorrelation([A, A], [1])],
  ['no settings', 'E_ISOTOPE_SETTINGS', () => isotopePattern('C6H6', wrong(undefined))],
  ['no width', 'E_ISOTOPE_SETTINGS', () => isotopePattern('C6H6', { mode: 'lithops' })],
  ['two widths', 'E_ISOTOPE_SETTINGS', () => isotopePattern('C6H6', { sigma: 0.001, resolvingPower: 1e5 })],
  ['no mode of that name', 'E_ISOTOPE_SETTINGS', () => isotopePattern('C6H6', { sigma: 0.001, mode: wrong('x') })],
  ['no charge', 'E_ISOTOPE_SETTINGS', () => isotopePattern('C6H6', { sigma: 0.001, charge: 0 })],
  ['a number as a formula', 'E_FORMULA_TEXT', () => parseFormula(wrong(6))],
  ['a modifier without a sign', 'E_FORMULA_MODIFIER', () => generateIonFormula('C6H6', 'H2O')],
  ['fewer than no molecules', 'E_FDR_MOLECULES', () => serverlessDecoys(-1, ['+H'], 20)],
  ['more decoys than there are', 'E_FDR_DECOYS', () => serverlessDecoys(3, ['+H'], 81)],
  ['no decoys', 'E_FDR_DECOYS', () => shuffledDecoys(3, { adducts: ['+H'], sampleSize: 0 })],
  ['half a molecule', 'E_FDR_MOLECULES', () => shuffledDecoys(0.5, { adducts: ['+H'] })],
  ['no sets (serverless)', 'E_FDR_DECOYS', () => estimateServerlessFdr(scores, [])],
  ['no sets (hybrid)', 'E_FDR_DECOYS', () => estimateHybridFdr(scores, [])],
  ['no sets (v1)', 'E_FDR_DECOYS', () => estimateLevelFdr(scores, [])],
  ['no decoys a target (v3)', 'E_FDR_DECOYS', () => estimateSuccessionFdr(scores, scores, 0)],
  ['a text as imzML', 'E_IMZML_BYTES', () => parseImzML(wrong('<mzML/>'))],
])('%s is %s', (_, code, call) => {
  expect(call).toThrow(expect.objectContaining({ code, hint: expect.any(String), message: expect.stringMatching(/./) }))
})

it('names the setting that was meant', () => {
  const settings = wrong({ mode: 'lithops', sgima: 0.001 })
  expect(() => isotopePattern('C6H6', settings)).toThrow(expect.objectContaining({ hint: 'Did you mean "sigma"?' }))
})

it('takes plain lists, and masks of true and false', () => {
  expect(measureOfChaos(wrong([1, 0, 0, 1]), 2, 2)).toBe(measureOfChaos(Float32Array.of(1, 0, 0, 1), 2, 2))
  const images = [A, Float32Array.of(1, 2, 3, 9)]
  const some = spatialCorrelation(images, [1, 1], [true, true, true, false])
  expect(some).toBe(spatialCorrelation(images, [1, 1], Uint8Array.of(1, 1, 1, 0)))
  expect(some).not.toBe(spatialCorrelation(images, [1, 1]))
})
