/** How peak width depends on m/z: σ(m) = m / R(m) / 2.3548…, with R from the analyser. */
import { MayflyError } from '@mayfly/executor/errors'
import { nearest } from '@mayfly/executor/nearest'

/** Full width at half maximum of a Gaussian in units of its σ: 2·√(2·ln 2). */
export const FWHM = 2.3548200450309493

/** Analyser types, as METASPACE names them. */
export type Instrument = 'TOF' | 'Orbitrap' | 'FTICR'

/** `lithops` and `metaspace-v1` share one isotope code (cpyMSpec 0.3.5); `metaspace-v3` uses the later one (0.4.2). */
export type IsotopeMode = 'lithops' | 'metaspace-v1' | 'metaspace-v3'

/** Settings of an isotope pattern. Give either `sigma` or `resolvingPower`. */
export interface IsotopeSettings {
  /** Default `lithops`. */
  mode?: IsotopeMode
  /** Standard deviation of a peak in Da: of every ion in the older modes, at m/z 200 in `metaspace-v3`. */
  sigma?: number
  /** m/Δm at half maximum: of every ion in the older modes, at m/z 200 in `metaspace-v3`. */
  resolvingPower?: number
  /** Only `metaspace-v3` asks for it (default `Orbitrap`); the older modes always use a constant resolving power. */
  instrument?: Instrument
  /** Charges of the ion, a whole number other than 0; default 1. Masses are shifted by the electrons, not divided. */
  charge?: number
}

/** σ(m) as two numbers, so that hot code needs no closure: R(m) = power · (200 / m)^exponent. */
export interface Resolution {
  power: number
  exponent: 0 | 0.5 | 1
}

/** σ in Da at m/z `mass`; the order of the operations is the reference's. */
export function sigmaAt(mass: number, { power, exponent }: Resolution): number {
  const resolving = exponent === 0 ? power : exponent === 1 ? (power * 200) / mass : power * Math.sqrt(200 / mass)
  return mass / resolving / FWHM
}

const EXPONENTS = { TOF: 0, Orbitrap: 0.5, FTICR: 1 } as const

/** The resolution for an ion whose most intense fine peak lies at `topMass`. */
export function resolutionFor(settings: IsotopeSettings, topMass: number): Resolution {
  const late = settings.mode === 'metaspace-v3'
  const exponent = late ? EXPONENTS[settings.instrument ?? 'Orbitrap'] : 0
  if (settings.sigma === undefined) return { power: settings.resolvingPower!, exponent }
  return { power: (late ? 200 : topMass) / (settings.sigma * FWHM), exponent }
}

const KEYS = ['mode', 'sigma', 'resolvingPower', 'instrument', 'charge']
const MODES: readonly IsotopeMode[] = ['lithops', 'metaspace-v1', 'metaspace-v3']

function checkName(key: string, value: string | undefined, known: readonly string[]): void {
  if (value === undefined || known.includes(value)) return
  throw new MayflyError('E_ISOTOPE_SETTINGS', `There is no ${key} ${JSON.stringify(value)}`, {
    hint: `Known are ${known.join(', ')}.`,
    where: { key },
  })
}

/** @throws MayflyError `E_ISOTOPE_SETTINGS` when a setting cannot mean anything. */
export function checkSettings(settings: IsotopeSettings): void {
  const { mode, instrument, sigma, resolvingPower, charge = 1 } = settings ?? {}
  const unknown = Object.keys(settings ?? {}).find((key) => !KEYS.includes(key))
  if (unknown !== undefined) {
    const near = nearest(unknown, KEYS)
    throw new MayflyError('E_ISOTOPE_SETTINGS', `There is no setting "${unknown}"`, {
      hint: near ? `Did you mean "${near}"?` : `Settings are ${KEYS.join(', ')}.`,
      where: { key: unknown },
    })
  }
  checkName('mode', mode, MODES)
  checkName('instrument', instrument, Object.keys(EXPONENTS))
  if (sigma !== undefined && resolvingPower !== undefined) {
    throw new MayflyError('E_ISOTOPE_SETTINGS', `Expected sigma or resolvingPower, got both`, {
      hint: 'Leave one of them out: each says how wide a peak is.',
    })
  }
  const name =
    sigma !== undefined ? 'sigma' : resolvingPower !== undefined ? 'resolvingPower' : 'sigma or resolvingPower'
  const width = sigma ?? resolvingPower
  if (!(Number.isFinite(width) && Number(width) > 0)) {
    throw new MayflyError('E_ISOTOPE_SETTINGS', `Expected ${name} to be a positive number, got ${width}`, {
      hint: 'Give sigma in Da, for example 0.001238 for a resolving power of 140,000 at m/z 200 … 400.',
    })
  }
  if (!Number.isInteger(charge) || charge === 0) {
    throw new MayflyError('E_ISOTOPE_SETTINGS', `Expected charge to be a whole number other than 0, got ${charge}`, {
      hint: 'Use 1 for positive and -1 for negative ions.',
    })
  }
}
