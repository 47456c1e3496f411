/**
 * Isotope labels as METASPACE writes them: pseudo elements of one heavy isotope each, such as `Cx` for carbon-13. They take no part
 * in the isotope pattern of the other atoms and shift all its peaks by their mass.
 */

/** Mass of each label in u. */
export const LABEL_MASSES: ReadonlyMap<string, number> = new Map([
  ['Cx', 13.00335484],
  ['Nx', 15.00010889],
  ['Hx', 2.014101778],
  ['Ox', 17.99915961],
  ['Sx', 33.967867],
])

const LABEL = /([CHNOS]x)(?![a-z])([0-9]*)/g

/** A formula without its labels, and the mass of these in u: `C6H13Nx2O3` is `C6H13O3` and 30.00021778. */
export function splitLabels(formula: string): { rest: string; mass: number } {
  if (!formula.includes('x')) return { rest: formula, mass: 0 }
  let mass = 0
  const rest = formula.replace(LABEL, (_, label: string, count: string) => {
    mass += LABEL_MASSES.get(label)! * (count === '' ? 1 : Number(count))
    return ''
  })
  return { rest, mass }
}
