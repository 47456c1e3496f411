/** What is in the section: ions of real formulas with their adducts and fragments, matrix clusters, and noise that looks like ions. */
import { decoyCandidates } from '../fdr/index.js'
import { ionWriter } from '../formula/index.js'
import { fineStructure } from '../isotopes/index.js'
import { Random } from './random.js'
import { PATTERNS, type Region, type Weights } from './tissue.js'

export type SubstanceKind = 'compound' | 'fragment' | 'matrix' | 'ghost'

/** An ion of the section with its fine structure. */
export interface Substance {
  kind: SubstanceKind
  formula: string
  adduct: string
  ion: string
  /** Where it is. */
  regions: Weights
  /** Of ghosts, where each isotope peak is (by nominal mass above the lightest); other substances are together. */
  isotopeRegions?: readonly Weights[]
  /** Intensity of the main peak where the concentration is 1. */
  amplitude: number
  /** Fine structure, most intense first; intensities relative to it, in single precision. */
  masses: Float64Array
  intensities: Float64Array
}

export interface SubstanceOptions {
  seed: number
  /** Molecules to choose from, bytewise order. */
  formulas: readonly string[]
  /** How many of them are in the section. */
  compounds: number
  /** Noise ions that coincide with ions that are not there, targets and decoys alike. */
  ghosts: number
  polarity: '+' | '-'
  mzMin: number
  mzMax: number
}

/** Target adducts of a search by polarity, the most frequent first. */
export const ADDUCTS: Record<'+' | '-', readonly string[]> = { '+': ['+H', '+Na', '+K', ''], '-': ['-H', '+Cl'] }
/** Mean share of a compound's ions, in the order of `ADDUCTS`; the bare ion is rare. */
const SHARES = { '+': [0.6, 0.25, 0.15, 0.2], '-': [0.75, 0.25] }
/** DHB and its clusters, as formulas of ions. */
const MATRIX = {
  '+': [
    ...['C7H7O4', 'C7H6NaO4', 'C7H6KO4', 'C7H5Na2O4', 'C14H9O6', 'C14H11O7', 'C14H12NaO8', 'C14H11Na2O8', 'C14H11K2O8'],
    ...['C14H11NaKO8', 'C21H15O9', 'C21H16NaO11', 'C21H18NaO12', 'C28H21O13'],
  ],
  '-': ['C7H5O4', 'C14H9O7', 'C14H11O8', 'C14H10NaO8', 'C14H10KO8', 'C21H13O9', 'C21H16NaO12', 'C28H19O13'],
}
/** Small ones, so that many ghosts make few peaks. */
const GHOST_REGIONS = ['nucleus', 'lobe', 'border', 'vessels', 'spots', 'patches'] as const

export const chargeOf = (polarity: '+' | '-'): 1 | -1 => (polarity === '+' ? 1 : -1)

type IonPeaks = Pick<Substance, 'ion' | 'masses' | 'intensities'>

const writers = new Map<string, (formula: string) => string>()

/** The formula of the ion a formula forms with an adduct; '' when it cannot. */
export function writerOf(adduct: string): (formula: string) => string {
  const known = writers.get(adduct) ?? ionWriter([adduct])
  writers.set(adduct, known)
  return known
}

/** The ion and its peaks; undefined when the formula cannot take the adduct, or has too many isotopologues. */
export function ionPeaks(formula: string, adduct: string, polarity: '+' | '-'): IonPeaks | undefined {
  const ion = writerOf(adduct)(formula)
  if (ion === '') return undefined
  try {
    const { masses, intensities } = fineStructure(ion, { charge: chargeOf(polarity) })
    // Single precision hides the last bits, in which engines may differ.
    return { ion, masses, intensities: intensities.map(Math.fround) }
  } catch {
    return undefined
  }
}

/** Draws the substances; the same options give the same ones. */
export function drawSubstances(options: SubstanceOptions): Substance[] {
  const compounds = drawCompounds(options)
  const present = new Set(compounds.map(({ formula }) => formula))
  return [...compounds, ...drawMatrix(options), ...drawGhosts(options, present)]
}

function inRange({ masses }: { masses: Float64Array }, { mzMin, mzMax }: SubstanceOptions): boolean {
  return masses[0] > mzMin + 5 && masses[0] < mzMax - 5
}

/** 60 % lipid-sized molecules, 30 % small ones, the rest anything: what a positive-mode MALDI section shows. */
function chooseFormulas(options: SubstanceOptions): string[] {
  const { seed, polarity, formulas, compounds } = options
  const random = new Random(seed, 10)
  const weighed = formulas.flatMap((formula) => {
    const ion = ionPeaks(formula, ADDUCTS[polarity][0], polarity)
    return ion && inRange(ion, options) ? [{ formula, mass: ion.masses[0] }] : []
  })
  const classes = [
    { share: 0.6, members: weighed.filter(({ mass }) => mass >= 550 && mass <= 920) },
    { share: 0.3, members: weighed.filter(({ mass }) => mass < 500) },
    { share: 1, members: weighed },
  ]
  const chosen = new Set<string>()
  for (const { share, members } of classes) {
    const wanted = share === 1 ? compounds : Math.round(share * compounds)
    for (const { formula } of random.shuffled(members).slice(0, wanted))
      if (chosen.size < compounds) chosen.add(formula)
  }
  return [...chosen]
}

function drawCompounds(options: SubstanceOptions): Substance[] {
  const { seed, polarity } = options
  const random = new Random(seed, 13)
  const out: Substance[] = []
  const add = (substance: Omit<Substance, keyof IonPeaks>) => {
    const ion = ionPeaks(substance.formula, substance.adduct, polarity)
    if (ion && inRange(ion, options)) out.push({ ...substance, ...ion })
  }
  for (const formula of chooseFormulas(options)) {
    const regions = drawRegions(random)
    const amplitude = random.logUniform(1e3, 1e7)
    for (const [a, adduct] of ADDUCTS[polarity].entries()) {
      const share = SHARES[polarity][a] * random.logNormal(0.4)
      // The bare ion is rare.
      const forms = adduct !== '' || random.uniform() < 0.05
      if (forms) add({ kind: 'compound', formula, adduct, regions, amplitude: amplitude * share })
    }
    // Some lose water in the source; what is left looks like another molecule.
    const loss = random.between(0.05, 0.3) * SHARES[polarity][0] * amplitude
    const rest = writerOf('-H2O')(formula)
    if (random.uniform() < 0.25 && rest !== '')
      add({ kind: 'fragment', formula: rest, adduct: ADDUCTS[polarity][0], regions, amplitude: loss })
  }
  return out
}

/** One region mostly; a third have a second one at half strength, some are strong in specks. */
function drawRegions(random: Random): Weights {
  const regions: [Region, number][] = [[random.pick(PATTERNS), 1]]
  if (random.uniform() < 0.35) regions.push([random.pick(PATTERNS), 0.5])
  if (random.uniform() < 0.15) regions.push(['hot', 1])
  return regions
}

function drawMatrix(options: SubstanceOptions): Substance[] {
  const random = new Random(options.seed, 11)
  return MATRIX[options.polarity].flatMap((formula) => {
    const amplitude = random.logUniform(2e4, 1e6)
    const ion = ionPeaks(formula, '', options.polarity)
    if (!ion || !inRange(ion, options)) return []
    return [{ kind: 'matrix' as const, formula, adduct: '', ...ion, regions: [['matrix', 1]] as Weights, amplitude }]
  })
}

/**
 * Ions that are not there but seem to be: the isotope peaks of decoys and of absent targets, with wrong ratios and places that agree
 * only in part, so that the scores of targets and decoys overlap. Estimating a false discovery rate by decoys rests on false targets
 * behaving as decoys do; so every pair of an absent molecule and an adduct, of the target adducts or of the 80 of decoys, is as likely
 * as any other. Nothing here knows which decoys a search will draw, or how many.
 */
function drawGhosts(options: SubstanceOptions, present: ReadonlySet<string>): Substance[] {
  const { seed, formulas, polarity, ghosts } = options
  const random = new Random(seed, 12)
  const targets = ADDUCTS[polarity]
  const adducts = [...targets, ...decoyCandidates(targets)]
  const out: Substance[] = []
  for (let tries = 0; out.length < ghosts && tries < ghosts * 20; tries++) {
    const formula = random.pick(formulas)
    const adduct = random.pick(adducts)
    if (present.has(formula) && targets.includes(adduct)) continue
    const ion = ionPeaks(formula, adduct, polarity)
    if (!ion || !inRange(ion, options)) continue
    const shared = random.pick(GHOST_REGIONS)
    const likeness = random.uniform()
    const quality = likeness < 0.12 ? 0.15 : likeness < 0.4 ? 0.4 : 0.9
    const lightest = ion.masses.reduce((a, b) => Math.min(a, b))
    const isotopeOf = (mass: number) => Math.round(mass - lightest)
    const isotopes = ion.masses.reduce((most, mass) => Math.max(most, isotopeOf(mass)), 0) + 1
    const factors = Array.from({ length: isotopes }, () => random.logNormal(1.2 * quality))
    const isotopeRegions = Array.from(
      { length: isotopes },
      (): Weights => [[random.uniform() < quality * 0.8 ? random.pick(GHOST_REGIONS) : shared, 1]],
    )
    out.push({
      ...{ kind: 'ghost', formula, adduct, ion: ion.ion, masses: ion.masses, isotopeRegions },
      intensities: ion.intensities.map((value, i) => value * factors[isotopeOf(ion.masses[i])]),
      regions: [[shared, 1]],
      amplitude: random.logUniform(2.5e3, 2.5e4),
    })
  }
  return out
}
