/** An m/z spectrum with the theoretical isotope pattern over it. Pure. */
import { axes, BOX, escapeXml, plot, scale } from './svg.js'

export interface Stick {
  mz: number
  /** Any unit; only the shape is drawn. */
  intensity: number
}

export interface SpectrumPlot {
  /** Usually the name of the ion. */
  title: string
  /** What was measured, such as the sum over all pixels. */
  measured: readonly Stick[]
  /** The pattern as it should be; entries of no intensity are left out. */
  theory: readonly Stick[]
}

/**
 * Measured peaks as sticks and the theoretical pattern as open circles, both in percent of the largest: of theory, its largest
 * peak; of the measurement, its largest within 0.02 Da of a theoretical peak, so that a strong neighbour is cut and not the ion.
 */
export function spectrumSvg({ title, measured, theory }: SpectrumPlot): string {
  const pattern = theory.filter(({ intensity, mz }) => intensity > 0 && mz > 0)
  const all = [...pattern, ...measured].map(({ mz }) => mz)
  const low = all.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  const high = all.reduce((a, b) => Math.max(a, b), 0)
  const x =
    all.length === 0
      ? scale(0, 1, BOX.left, BOX.right)
      : scale(Math.floor(low) - 0.4, Math.max(high, low + 2) + 0.6, BOX.left + 8, BOX.right)
  const y = scale(0, 115, BOX.bottom, BOX.top)
  const near = measured.filter(({ mz }) => pattern.some((peak) => Math.abs(peak.mz - mz) <= 0.02))
  const top = largest(near) || largest(measured) || 1
  const most = largest(pattern) || 1
  const sticks = measured.map(
    ({ mz, intensity }) => `M${x.at(mz)} ${BOX.bottom}V${y.at(Math.min(115, (100 * intensity) / top))}`,
  )
  const circles = pattern.map(({ mz, intensity }) => {
    const at = y.at((100 * intensity) / most)
    return `<circle class="bdot" cx="${x.at(mz)}" cy="${at}" r="4.5"><title>${escapeXml(`m/z ${mz.toFixed(4)}, ${((100 * intensity) / most).toFixed(1)} %`)}</title></circle>`
  })
  const legend = `<path class="a" d="M${BOX.right - 240} 18h18"/><text x="${BOX.right - 216}" y="24">measured</text><circle class="bdot" cx="${BOX.right - 92}" cy="18" r="4.5"/><text x="${BOX.right - 78}" y="24">theory</text>`
  const label = `${title}: ${measured.length} measured peaks and ${pattern.length} theoretical ones`
  const body = `${axes(x, y, { x: 'm/z', y: 'intensity, % of the largest' })}<path class="a" d="${sticks.join('') || 'M0 0'}"/>${circles.join('')}${legend}`
  return plot(title, label, body)
}

function largest(sticks: readonly Stick[]): number {
  return sticks.reduce((most, { intensity }) => Math.max(most, intensity), 0)
}
