/** What a synthetic section can be made like, and what is refused. */
import { MayflyError } from '@mayfly/executor/errors'
import { coreFormulas } from '../moldb/compile.js'
import type { AnalyserName } from './analyser.js'

export interface SyntheticOptions {
  /** Default 20260101. */
  seed?: number
  /** Pixels of the bounding box. Default 50 × 50. */
  width?: number
  height?: number
  /** `processed` (default): every spectrum has its own m/z values; `continuous`: one axis for all. */
  mode?: 'processed' | 'continuous'
  /**
   * The axis of continuous mode. `centroid` (default): the m/z of features, as vendors export lists of them; `profile`: peaks with
   * their shape, at least three points for a width at half height.
   */
  axis?: 'centroid' | 'profile'
  /** Molecules to choose from. Default: the shipped database. */
  formulas?: readonly string[]
  /** How many molecules are in the section. Default: a seventh of `peaks`, since each makes three or four ions with their isotopes. */
  compounds?: number
  /** Noise that looks like ions. Default 12 for each compound. */
  ghosts?: number
  /** Mean number of peaks in a spectrum, about (centroids). Default 260. */
  peaks?: number
  /** Points of the axis (continuous mode). Default 600; of a profile axis three for every width. */
  bins?: number
  /** Default Orbitrap. */
  analyser?: AnalyserName
  /** At m/z 200. Default 140,000 on an Orbitrap, 280,000 on an FTICR, 40,000 on a TOF. */
  resolvingPower?: number
  /** Default 120 to 1000. */
  mzMin?: number
  mzMax?: number
  polarity?: '+' | '-'
  /** No intensity is above this. Default none. */
  saturation?: number
}

export type SectionOptions = Required<SyntheticOptions>

const POWER: Record<AnalyserName, number> = { Orbitrap: 140_000, FTICR: 280_000, TOF: 40_000 }

/** Fills in the defaults. @throws MayflyError E_SYNTH_OPTION. */
export function completeOptions(given: SyntheticOptions): SectionOptions {
  const peaks = given.peaks ?? 260
  const compounds = given.compounds ?? Math.ceil(peaks / 7)
  const analyser = given.analyser ?? 'Orbitrap'
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const options: SectionOptions = {
    ...{
      seed: 20260101,
      width: 50,
      height: 50,
      mode: 'processed',
      axis: 'centroid',
      compounds,
      ghosts: 12 * compounds,
    },
    ...{ peaks, bins: given.axis === 'profile' ? 0 : 600, analyser, resolvingPower: POWER[analyser] },
    ...{ mzMin: 120, mzMax: 1000, polarity: '+', saturation: Number.POSITIVE_INFINITY },
    formulas: given.formulas ?? coreFormulas(),
    ...set,
  }
  check(options)
  return options
}

function check(options: SectionOptions): void {
  const { seed, width, height, compounds, ghosts, peaks, bins, resolvingPower, mzMin, mzMax, saturation, formulas } =
    options
  const refuse = (message: string, hint: string) => {
    throw new MayflyError('E_SYNTH_OPTION', message, { hint })
  }
  const whole = {
    seed: [seed, 0],
    width: [width, 1],
    height: [height, 1],
    compounds: [compounds, 1],
    ghosts: [ghosts, 0],
  }
  for (const [name, [value, least]] of Object.entries({ ...whole, peaks: [peaks, 1], bins: [bins, 0] })) {
    if (!(Number.isSafeInteger(value) && value >= least))
      refuse(`${name} must be a whole number from ${least}, got ${value}`, 'Leave it out for the default.')
  }
  if (width * height > 2 ** 31) refuse(`${width} × ${height} pixels are too many`, 'Up to 2^31 pixels.')
  if (!(resolvingPower >= 1000 && resolvingPower <= 1e7))
    refuse(`resolvingPower must be 1,000 to 10,000,000, got ${resolvingPower}`, 'Such as 140000.')
  if (!(mzMin >= 10 && mzMax <= 20_000 && mzMax - mzMin >= 20))
    refuse(`The m/z range ${mzMin} to ${mzMax} is not possible`, 'From 10 to 20,000, at least 20 wide.')
  if (!(saturation > 0)) refuse(`saturation must be positive, got ${saturation}`, 'Such as 1e6.')
  if (formulas.length === 0) refuse('There are no formulas to choose from', 'Give a database with at least one.')
  const choices = {
    mode: ['processed', 'continuous'],
    axis: ['centroid', 'profile'],
    analyser: ['Orbitrap', 'FTICR', 'TOF'],
    polarity: ['+', '-'],
  } as const
  for (const [name, allowed] of Object.entries(choices)) {
    const value = options[name as keyof typeof choices]
    if (!(allowed as readonly string[]).includes(value))
      refuse(`${name} must be ${allowed.join(' or ')}, got ${value}`, 'Leave it out for the default.')
  }
  if (options.axis === 'profile' && options.mode === 'processed')
    refuse('A profile axis needs continuous mode', 'Set the mode to continuous, or leave the axis out.')
}
