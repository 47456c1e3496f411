/** All peaks that could appear in a spectrum of the section, by ascending m/z, in columns. */
import { thresholdAt } from './analyser.js'
import type { SectionOptions } from './options.js'
import { Random } from './random.js'
import type { Substance } from './substances.js'
import { REGIONS, type Region, type Weights } from './tissue.js'

export interface Features {
  mz: Float64Array
  /** Intensity where the concentration is 1. */
  strength: Float64Array
  /** Row of `places`. */
  place: Int32Array
  /** Peaks of one owner vary together from pixel to pixel. The first owners are the substances, then each noise feature is one. */
  owner: Int32Array
  /** Nominal mass above the lightest peak of the substance, 0 to 31. */
  isotope: Int32Array
  /** 1: of sodium ions, 2: of potassium ions, whose ratio varies over the section; else 0. */
  alkali: Uint8Array
  /** Of the detector at this m/z. */
  threshold: Float64Array
  /** Spread (σ of the logarithm) of owners. */
  spread: Float64Array
  /** Distinct places: weight by region, `REGIONS.length` numbers a row. */
  places: Float64Array
}

interface Row {
  mz: number
  strength: number
  place: number
  owner: number
  isotope: number
  alkali: number
}

/** No concentration and no gain is likely to make an intensity so much larger. */
const HEADROOM = 8
/** Below this share of the threshold an intensity does not matter. */
const NEGLIGIBLE = 0.1
/** σ of the logarithm from pixel to pixel. */
const SPREAD = { compound: 0.12, fragment: 0.12, matrix: 0.12, ghost: 0.7, noise: 0.5 }
const NOISE_REGIONS: readonly Region[] = ['whole', 'matrix', 'gradient', 'cortex', 'lobe']

/** @param noise number of features of the chemical background. */
export function layOutFeatures(substances: readonly Substance[], noise: number, options: SectionOptions): Features {
  const places = new Places()
  const rows: Row[] = []
  const add = (row: Row) => {
    const inside = row.mz > options.mzMin && row.mz < options.mzMax
    if (inside && row.strength * HEADROOM > NEGLIGIBLE * thresholdAt(row.mz)) rows.push(row)
  }
  for (const [owner, substance] of substances.entries()) {
    const { masses, intensities, adduct, amplitude, regions, isotopeRegions } = substance
    const lightest = masses.reduce((a, b) => Math.min(a, b))
    const alkali = substance.kind === 'ghost' ? 0 : adduct === '+Na' ? 1 : adduct === '+K' ? 2 : 0
    const shared = places.of(regions)
    const own = isotopeRegions?.map((weights) => places.of(weights))
    for (let i = 0; i < masses.length; i++) {
      const isotope = Math.round(masses[i] - lightest)
      const place = own ? own[isotope] : shared
      add({ mz: masses[i], strength: amplitude * intensities[i], place, owner, isotope: Math.min(isotope, 31), alkali })
    }
  }
  for (const row of chemicalNoise(noise, options, places, substances.length)) add(row)
  rows.sort((a, b) => a.mz - b.mz || a.owner - b.owner)
  const owners = substances.length + noise
  return {
    mz: Float64Array.from(rows, (row) => row.mz),
    strength: Float64Array.from(rows, (row) => row.strength),
    place: Int32Array.from(rows, (row) => row.place),
    owner: Int32Array.from(rows, (row) => row.owner),
    isotope: Int32Array.from(rows, (row) => row.isotope),
    alkali: Uint8Array.from(rows, (row) => row.alkali),
    threshold: Float64Array.from(rows, ({ mz }) => thresholdAt(mz)),
    spread: Float64Array.from({ length: owners }, (_, o) => SPREAD[substances[o]?.kind ?? 'noise']),
    places: places.table(),
  }
}

/** Single peaks at the mass defects of organic matter: 4.8e-4 of the nominal mass, ± 0.05 Da. */
function chemicalNoise(n: number, options: SectionOptions, places: Places, firstOwner: number): Row[] {
  const { seed, mzMin, mzMax } = options
  return Array.from({ length: n }, (_, i) => {
    const random = new Random(seed, 21, i)
    const nominal = Math.floor(random.between(mzMin + 1, mzMax - 1))
    const mz = nominal + nominal * 4.8e-4 + 0.05 * random.normal()
    const strength = thresholdAt(mz) * random.logUniform(0.6, 5)
    return {
      mz,
      strength,
      place: places.of([[random.pick(NOISE_REGIONS), 1]]),
      owner: firstOwner + i,
      isotope: 0,
      alkali: 0,
    }
  })
}

/** Numbers for distinct sets of weights. */
class Places {
  private readonly index = new Map<string, number>()
  private readonly rows: Weights[] = []

  of(weights: Weights): number {
    const key = weights.map(([region, weight]) => `${region}${weight}`).join()
    const known = this.index.get(key)
    if (known !== undefined) return known
    this.index.set(key, this.rows.length)
    return this.rows.push(weights) - 1
  }

  table(): Float64Array {
    const out = new Float64Array(this.rows.length * REGIONS.length)
    for (const [row, weights] of this.rows.entries())
      for (const [region, weight] of weights) out[row * REGIONS.length + REGIONS.indexOf(region)] += weight
    return out
  }
}
