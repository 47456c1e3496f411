/** What was put into a section, and what nobody can tell apart from it. */
import { Explainer } from './explained.js'
import type { SectionOptions } from './options.js'
import { ADDUCTS, chargeOf, ionPeaks, type Substance, type SubstanceKind, writerOf } from './substances.js'

export interface TruthRow {
  formula: string
  adduct: string
  ion_formula: string
  /**
   * `compound`, `fragment` (water lost in the source; named as the molecule it looks like) and `matrix` were put in. The others were not,
   * but are ions of the generator's database that are searched for in the signal of one which was: `same` is another name of its ion,
   * `isobar` has its main peak there, `isotope` has its main peak where the other has a further isotope.
   */
  kind: Exclude<SubstanceKind, 'ghost'> | 'same' | 'isobar' | 'isotope'
  /** Where it is, such as `cortex:1 vessels:0.5`; of what was not put in, the ion that was. */
  regions: string
  /** Intensity of the main peak where the concentration is 1. */
  amplitude: number
  /** Exact m/z of the most intense peak. */
  mz: number
  charge: 1 | -1
  /** Pixels in which at least two isotope peaks were strong enough to be seen. */
  pixels: number
  /** At least two isotope peaks in at least ten pixels. */
  annotatable: boolean
}

const LEAST_PIXELS = 10

/** The rows of all ions put in, then those of the database's ions that they explain (see `explained.ts`). @param seen pixels by substance. */
export function truthRows(substances: readonly Substance[], seen: Uint32Array, options: SectionOptions): TruthRow[] {
  const charge = chargeOf(options.polarity)
  const rows = substances.flatMap(({ kind, formula, adduct, ion, regions, amplitude, masses }, s): TruthRow[] => {
    if (kind === 'ghost') return []
    const where = regions.map(([region, weight]) => `${region}:${weight}`).join(' ')
    const known = { formula, adduct, ion_formula: ion, kind, regions: where, amplitude, mz: masses[0], charge } as const
    return [{ ...known, pixels: seen[s], annotatable: seen[s] >= LEAST_PIXELS }]
  })
  return [...rows, ...explainedRows(rows, options, charge)]
}

function explainedRows(present: readonly TruthRow[], options: SectionOptions, charge: 1 | -1): TruthRow[] {
  const { formulas, polarity } = options
  const explainer = new Explainer(
    present.map(({ ion_formula }) => ion_formula),
    charge,
  )
  const named = new Set(present.map(({ formula, adduct }) => `${formula} ${adduct}`))
  const none = { amplitude: 0, charge, pixels: 0, annotatable: false }
  return ADDUCTS[polarity].flatMap((adduct) => {
    const write = writerOf(adduct)
    return formulas.flatMap((formula): TruthRow[] => {
      const ion = named.has(`${formula} ${adduct}`) ? '' : write(formula)
      const peaks = ion === '' ? undefined : ionPeaks(formula, adduct, polarity)
      if (!peaks) return []
      const found = explainer.known.has(ion) ? { kind: 'same' as const, ion } : explainer.explainPeaks(peaks)
      if (!found) return []
      return [{ ...none, formula, adduct, ion_formula: ion, kind: found.kind, regions: found.ion, mz: peaks.masses[0] }]
    })
  })
}

const COLUMNS = [
  ...['formula', 'adduct', 'ion_formula', 'kind', 'regions', 'amplitude', 'mz', 'charge', 'pixels', 'annotatable'],
] as (keyof TruthRow)[]

/** The truth as CSV, one ion a line. */
export function truthCsv(rows: readonly TruthRow[]): string {
  return [COLUMNS.join(), ...rows.map((row) => COLUMNS.map((name) => row[name]).join()), ''].join('\n')
}
