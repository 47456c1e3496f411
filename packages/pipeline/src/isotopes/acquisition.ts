/** From what METASPACE asks of a submitter (analyser, resolving power at an m/z) to the settings of isotope patterns. */
import { MayflyError } from '@mayfly/executor/errors'
import type { Instrument } from './resolution.js'

/** Parts of analysers' names in lower case; the first line with a match wins. */
const NAMES: readonly [Instrument, readonly string[]][] = [
  ['Orbitrap', ['orbitrap', 'exactive', 'exploris', 'hf-x', 'uhmr']],
  ['FTICR', ['fticr', 'ft-icr', 'ftms', 'ft-ms']],
  ['TOF', ['tof', 'mrt', 'synapt', 'xevo']],
]

/** Below this resolving power at m/z 200, that peak width in Da. The width of 265,000 is METASPACE's for 250,000. */
const WIDTHS: readonly [below: number, sigma: number][] = [
  [85_000, 0.002476],
  [120_000, 0.001733],
  [195_000, 0.001238],
  [265_000, 0.000693],
  [390_000, 0.000619],
  [625_000, 0.000347],
  [875_000, 0.000231],
  [Number.POSITIVE_INFINITY, 0.000173],
]

/** Kind of the analyser with this name; `Orbitrap` for one that METASPACE does not know. */
export function instrumentOf(analyzer: string): Instrument {
  const name = analyzer.toLowerCase()
  return NAMES.find(([, parts]) => parts.some((part) => name.includes(part)))?.[0] ?? 'Orbitrap'
}

/**
 * Instrument and peak width (σ in Da at m/z 200) as METASPACE derives them.
 * @param analyzer name such as `Orbitrap Elite` or `timsTOF`.
 * @param resolvingPower m/Δm at half maximum, at m/z `mz`.
 * @throws MayflyError E_ISOTOPE_SETTINGS.
 */
export function acquisitionSettings(
  analyzer: string,
  resolvingPower: number,
  mz: number,
): { instrument: Instrument; sigma: number } {
  if (!(resolvingPower > 0 && mz > 0 && Number.isFinite(resolvingPower * mz))) {
    throw new MayflyError(
      'E_ISOTOPE_SETTINGS',
      `Expected a resolving power and an m/z above 0, got ${resolvingPower} at ${mz}`,
      {
        hint: 'Give the resolving power of the acquisition and the m/z it was measured at, for example 140000 at 200.',
      },
    )
  }
  const instrument = instrumentOf(analyzer)
  const ratio = mz / 200
  const scale = { TOF: 1, Orbitrap: Math.sqrt(ratio), FTICR: ratio }[instrument]
  const at200 = resolvingPower * scale
  const [, sigma] = WIDTHS.find(([below]) => at200 < below) as [number, number]
  return { instrument, sigma }
}
