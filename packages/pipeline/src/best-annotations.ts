/** What to look at first. Pure. */
import type { Annotation } from './types.js'

/**
 * The annotations with the highest MSM, each ion once: several databases may list a molecule, and several molecules may form the
 * same ion, whose images are the same.
 * @param count how many. Default all.
 */
export function bestAnnotations(annotations: readonly Annotation[], count = annotations.length): Annotation[] {
  const ranked = [...annotations].sort((a, b) => b.msm - a.msm || a.fdr - b.fdr || (a.full_mol < b.full_mol ? -1 : 1))
  const ions = new Set<number>()
  const first = ranked.filter(({ formula_i }) => !ions.has(formula_i) && ions.add(formula_i))
  return first.slice(0, count)
}
