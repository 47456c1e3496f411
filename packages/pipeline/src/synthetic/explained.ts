/**
 * Which ions nobody can tell apart from those put in.
 *
 * An annotation is a claim about a sum formula and an adduct. What decoys estimate is how often such a claim rests on noise; that another
 * ion of the section has its peaks at the same m/z they cannot say (Palmer et al., Nature Methods 2017, 14, 57, count in sum formulas;
 * METASPACE shows the isobars of an annotation beside it). So a claim is false when its signal is noise, and not when it is the signal of
 * an ion that was put in: when isotope peaks of one such ion lie in the windows in which its two strongest peaks are searched for.
 */
import { formatHill } from '../formula/counts.js'
import { parseFormula } from '../formula/index.js'
import { fineStructure } from '../isotopes/index.js'

/** Half of METASPACE's search window, in ppm. */
const WINDOW = 3
/** Peaks of an ion that was put in count from this share of its strongest. */
const LEAST_SHARE = 1e-3

type FinePeaks = ReturnType<typeof fineStructure>

export interface IsotopePeak {
  mz: number
  /** Sum over the fine structure, relative to the most intense fine peak. */
  intensity: number
}

/** `same`: the ion itself, maybe by another name; `isobar`: its main peak is searched for in theirs; `isotope`: in another peak of theirs. */
export type Explanation = { kind: 'same' | 'isobar' | 'isotope'; ion: string }

/** One peak for each nominal mass, at the mean of its fine structure; strongest first. */
export function isotopePeaks({ masses, intensities }: FinePeaks): IsotopePeak[] {
  const lightest = masses.reduce((a, b) => Math.min(a, b))
  const peaks = new Map<number, IsotopePeak>()
  for (let i = 0; i < masses.length; i++) {
    const isotope = Math.round(masses[i] - lightest)
    const peak = peaks.get(isotope) ?? { mz: 0, intensity: 0 }
    peak.mz += masses[i] * intensities[i]
    peak.intensity += intensities[i]
    peaks.set(isotope, peak)
  }
  return [...peaks.values()]
    .map(({ mz, intensity }) => ({ mz: mz / intensity, intensity }))
    .sort((a, b) => b.intensity - a.intensity)
}

/** Whether a peak is searched for an ion whose peak is at `centre`. */
const inWindow = (mz: number, centre: number) => Math.abs(mz - centre) <= centre * WINDOW * 1e-6

/** The formula in Hill order: METASPACE's modes write ions in another one. */
export const inHillOrder = (formula: string) => formatHill(parseFormula(formula))

/** Answers for a section's ions, given by their formulas, which ion of theirs explains an annotation. */
export class Explainer {
  private readonly ions: readonly string[]
  /** Their formulas in Hill order. */
  readonly known: ReadonlySet<string>
  /** All their isotope peaks by ascending m/z: m/z, number of the ion, whether it is the strongest. */
  private readonly peaks: { mz: number; ion: number; main: boolean }[]

  constructor(
    ionFormulas: Iterable<string>,
    private readonly charge: number,
  ) {
    this.known = new Set(Array.from(ionFormulas, inHillOrder))
    this.ions = [...this.known]
    this.peaks = this.ions.flatMap((formula, ion) => {
      const peaks = isotopePeaks(fineStructure(formula, { charge }))
      return peaks
        .filter(({ intensity }) => intensity >= LEAST_SHARE * peaks[0].intensity)
        .map(({ mz }, i) => ({ mz, ion, main: i === 0 }))
    })
    this.peaks.sort((a, b) => a.mz - b.mz)
  }

  /** @throws MayflyError of the isotope patterns when the formula has none. */
  explain(ionFormula: string): Explanation | undefined {
    const ion = inHillOrder(ionFormula)
    if (this.known.has(ion)) return { kind: 'same', ion }
    return this.explainPeaks(fineStructure(ionFormula, { charge: this.charge }))
  }

  /** As `explain` for an ion that was not put in, whose fine structure is known. */
  explainPeaks(fine: FinePeaks): Explanation | undefined {
    const [first, second = first] = isotopePeaks(fine)
    const partners = new Set(this.near(second.mz).map(({ ion }) => ion))
    const candidates = this.near(first.mz).filter(({ ion }) => partners.has(ion))
    const found = candidates.find(({ main }) => main) ?? candidates[0]
    return found && { kind: found.main ? 'isobar' : 'isotope', ion: this.ions[found.ion] }
  }

  private near(mz: number) {
    let low = 0
    let high = this.peaks.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.peaks[middle].mz < mz && !inWindow(this.peaks[middle].mz, mz)) low = middle + 1
      else high = middle
    }
    let end = low
    while (end < this.peaks.length && inWindow(this.peaks[end].mz, mz)) end++
    return this.peaks.slice(low, end)
  }
}
