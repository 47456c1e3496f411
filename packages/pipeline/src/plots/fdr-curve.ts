/** How many annotations there are at each false discovery rate. Pure. */
import type { Annotation } from '../types.js'
import { axes, BOX, fixed, plot, scale } from './svg.js'

/** Rates that annotations are usually reported at. */
const LEVELS = [0.05, 0.1, 0.2, 0.5]

/**
 * A staircase of the number of annotations by their FDR, from 0 to 50 %. Marked is how many lie below (not at) each of the usual
 * levels, as `runFdr` counts them.
 */
export function fdrCurveSvg(
  annotations: readonly Pick<Annotation, 'fdr'>[],
  title = 'Annotations by false discovery rate',
): string {
  const rates = annotations
    .map(({ fdr }) => fdr)
    .filter((fdr) => fdr <= 0.5)
    .sort((a, b) => a - b)
  const x = scale(0, 50, BOX.left, BOX.right)
  const y = scale(0, Math.max(1, rates.length) * 1.1, BOX.bottom, BOX.top)
  let path = `M${x.at(0)} ${BOX.bottom}`
  for (const [i, fdr] of rates.entries()) if (rates[i + 1] !== fdr) path += `H${x.at(100 * fdr)}V${y.at(i + 1)}`
  path += `H${BOX.right}`
  const below = (level: number) => rates.filter((fdr) => fdr < level).length
  // The curve rises: what stands to the left above a mark is clear of it.
  const marks = LEVELS.map((level) => {
    const n = below(level)
    return `<path class="b dash" d="M${x.at(100 * level)} ${BOX.bottom}V${y.at(n)}"/><circle class="bdot" cx="${x.at(100 * level)}" cy="${y.at(n)}" r="4"/><text x="${fixed(x.at(100 * level) - 6)}" y="${fixed(y.at(n) - 8)}" text-anchor="end">${n}</text>`
  })
  const label = `${title}: ${LEVELS.map((l) => `${below(l)} below ${100 * l} %`).join(', ')}`
  const names = { x: 'false discovery rate, %', y: 'annotations' }
  return plot(title, label, `${axes(x, y, names)}<path class="a" d="${path}"/>${marks.join('')}`)
}
