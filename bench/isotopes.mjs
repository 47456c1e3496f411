/**
 * The numerics' goals, on one thread: isotope patterns in both modes, the measure of chaos, and the scoring of sparse images.
 * Peer figures are those of the C++ and numpy codes on a machine like the one the goals were set on.
 *
 *   npm run bench -- isotopes        prints one JSON row a line: { measure, value, unit, goal, ok, peer }
 */
import { IonImages, measureOfChaos, scoreIon } from '@mayfly/pipeline/metrics'
import { fastest, groups, isotopeGoals, perIon } from './lib/isotope-ions.mjs'
import { row } from './lib.mjs'

/** A small generator of its own, so that every run measures the same data. */
function generator(seed) {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

isotopeGoals(row)
for (const [name, formulas] of Object.entries(groups))
  row(`isotope pattern, mode lithops, ${name}`, perIon(formulas, { sigma: 0.001238 }), 'µs/ion')

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
