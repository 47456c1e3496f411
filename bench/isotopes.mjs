/**
 * The numerics' goals, on one thread: isotope patterns in both modes, the measure of chaos, and the scoring of sparse images.
 * Peer figures are those of the C++ and numpy codes on a machine like the one the goals were set on.
 *
 *   npm run bench -- isotopes        prints one JSON row a line: { measure, value, unit, goal, ok, peer }
 */
import { DECOY_ADDUCTS } from '@mayfly/pipeline/fdr'
import { generateIonFormula } from '@mayfly/pipeline/formula'
import { isotopePatterns } from '@mayfly/pipeline/isotopes'
import { IonImages, measureOfChaos, scoreIon } from '@mayfly/pipeline/metrics'
import { row } from './lib.mjs'

/** Best of several rounds, in milliseconds: what else the machine does only ever adds. */
function fastest(rounds, work) {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < rounds; i++) {
    const since = performance.now()
    work()
    best = Math.min(best, performance.now() - since)
  }
  return best
}

/** A small generator of its own, so that every run measures the same data. */
function generator(seed) {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const targets = ['', '+H', '+Na', '+K']
const lipids = []
for (let carbon = 28; carbon <= 44; carbon += 2) {
  for (let bonds = 0; bonds <= 6; bonds++) lipids.push(`C${carbon + 8}H${2 * carbon + 16 - 2 * bonds}NO8P`)
}
const metabolites = ['C6H12O6', 'C5H9NO4', 'C10H16N5O13P3', 'C10H17N3O6S', 'C9H8Cl2O3', 'C20H23N7O7', 'C3H7NO2Se']
const peptides = ['C50H71N13O12', 'C20H32N6O12S2', 'C63H98N18O13S', 'C78H122N20O20', 'C55H79N15O14S2']
const metals = ['C34H32FeN4O4', 'C17H16CuN2', 'C16H36Sn', 'C8H20Pb', 'C4H10Hg', 'C12H28Ge', 'C18H36MoO2']

const ions = (molecules, adducts) =>
  molecules.flatMap((molecule) => adducts.map((adduct) => generateIonFormula(molecule, adduct)))
const groups = {
  'lipids and their adducts': ions(lipids, targets),
  'metabolites with 80 decoy adducts': ions(metabolites, DECOY_ADDUCTS),
  peptides: ions(peptides, targets),
  metals: ions(metals, targets),
}
const mixed = Object.values(groups).flat()

/** Microseconds per ion, caches and compiler warm. */
function perIon(formulas, settings) {
  const times = Math.ceil(3000 / formulas.length)
  const ms = fastest(20, () => {
    for (let i = 0; i < times; i++) isotopePatterns(formulas, settings)
  })
  return (ms * 1000) / times / formulas.length
}

const early = { sigma: 0.001238 }
const late = { sigma: 0.001238, mode: 'metaspace-v3', instrument: 'Orbitrap' }
row('isotope pattern, mode lithops, mixed', perIon(mixed, early), 'µs/ion', 50, { peer: 480 })
for (const [name, formulas] of Object.entries(groups)) {
  row(`isotope pattern, mode lithops, ${name}`, perIon(formulas, early), 'µs/ion')
}
row('isotope pattern, mode metaspace-v3, mixed', perIon(mixed, late), 'µs/ion', 54, { peer: 158 })

const SIDE = 300
const random = generator(12345)
const noise = Float32Array.from({ length: SIDE * SIDE }, () => (random() < 0.5 ? 0 : random() * 1000))
const tissue = Float32Array.from({ length: SIDE * SIDE }, (_, p) => {
  const x = (p % SIDE) / SIDE - 0.5
  const y = Math.floor(p / SIDE) / SIDE - 0.5
  const distance = x * x + y * y
  return distance > 0.2 ? 0 : 1000 * Math.exp(-6 * distance) * (0.8 + 0.4 * random())
})
row(
  'measure of chaos, 300 × 300, half noise',
  fastest(40, () => measureOfChaos(noise, SIDE, SIDE)),
  'ms',
  7.7,
  { peer: 9 },
)
row(
  'measure of chaos, 300 × 300, tissue',
  fastest(40, () => measureOfChaos(tissue, SIDE, SIDE)),
  'ms',
)

const hits = 400
const images = new IonImages(SIDE * SIDE)
const pixels = Uint32Array.from({ length: hits }, () => Math.floor(random() * 40) * SIDE + Math.floor(random() * 40))
const intensities = Float32Array.from({ length: hits }, (_, i) => 100 + 10 * i)
const scoreMs = fastest(10, () => {
  for (let i = 0; i < 100; i++) {
    images.clear()
    for (let k = 0; k < 4; k++) images.add(k, pixels, intensities, 0, hits - 90 * k)
    scoreIon(images, [100, 40, 10, 2], { width: SIDE, height: SIDE, sampled: SIDE * SIDE })
  }
})
row('score of an ion with 1,060 hits in a 300 × 300 box', scoreMs * 10, 'µs/ion')
