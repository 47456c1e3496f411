/** What is in the section: ions of real formulas, matrix clusters, and noise that looks like ions. */
import { serverlessDecoys } from '../fdr/index.js'
import { compileModifiers } from '../formula/index.js'
import { fineStructure } from '../isotopes/index.js'
import { Random } from './random.js'
import { PATTERNS, type Pattern } from './tissue.js'

/** An ion of the section with its fine structure. */
export interface Substance {
  kind: 'compound' | 'matrix' | 'ghost'
  formula: string
  adduct: string
  ion: string
  /** Where it is, most important first; of a ghost, the place of each isotope peak. */
  patterns: Pattern[]
  /** Intensity of the main peak where the pattern is 1. */
  amplitude: number
  masses: Float64Array
  /** Relative to the largest. */
  intensities: Float64Array
}

export interface SubstanceOptions {
  seed: number
  /** Molecules to choose from, bytewise order. */
  formulas: readonly string[]
  /** How many of them are in the section. */
  compounds: number
  /** Noise ions that coincide with decoys of a search with 20 rankings, and with targets that are not there. */
  ghosts: number
  charge: number
  mzMin: number
  mzMax: number
}

/** Target adducts of a search by polarity, the most frequent first. */
const ADDUCTS = { '+': ['+H', '+Na', '+K', ''], '-': ['-H', '+Cl'] }
/** DHB and its clusters, as formulas of ions. */
const MATRIX = {
  '+': [
    ...['C7H7O4', 'C7H6NaO4', 'C7H6KO4', 'C7H5Na2O4', 'C14H9O6', 'C14H11O7', 'C14H12NaO8', 'C14H11Na2O8', 'C14H11K2O8'],
    ...['C14H11NaKO8', 'C21H15O9', 'C21H16NaO11', 'C21H18NaO12', 'C28H21O13'],
  ],
  '-': ['C7H5O4', 'C14H9O7', 'C14H11O8', 'C14H10NaO8', 'C14H10KO8', 'C21H13O9', 'C21H16NaO12', 'C28H19O13'],
}
const RANKINGS = 20

const polarityOf = ({ charge }: SubstanceOptions) => (charge > 0 ? '+' : '-')

function ionOf(
  formula: string,
  adduct: string,
  charge: number,
): Pick<Substance, 'ion' | 'masses' | 'intensities'> | undefined {
  try {
    const ion = compileModifiers([adduct])(formula)
    return { ion, ...fineStructure(ion, { charge }) }
  } catch {
    // An adduct that the formula cannot take, or too many isotopologues: simply not one of our substances.
    return undefined
  }
}

/** Draws the substances; the same options give the same ones. */
export function drawSubstances(options: SubstanceOptions): Substance[] {
  const compounds = drawCompounds(options)
  const present = new Set(compounds.map(({ formula }) => formula))
  return [...compounds, ...drawMatrix(options), ...drawGhosts(options, present)]
}

function inRange(substance: { masses: Float64Array }, { mzMin, mzMax }: SubstanceOptions): boolean {
  const top = substance.masses[0] as number
  return top > mzMin + 5 && top < mzMax - 5
}

/** 60 % lipid-sized molecules, 30 % small ones, the rest anything: what a positive-mode MALDI section shows. */
function drawCompounds(options: SubstanceOptions): Substance[] {
  const random = new Random(options.seed, 10)
  const weighed = options.formulas.flatMap((formula) => {
    const ion = ionOf(formula, ADDUCTS[polarityOf(options)][0] as string, options.charge)
    return ion && inRange(ion, options) ? [{ formula, mass: ion.masses[0] as number }] : []
  })
  const classes = [
    { share: 0.6, members: weighed.filter(({ mass }) => mass >= 550 && mass <= 920) },
    { share: 0.3, members: weighed.filter(({ mass }) => mass < 500) },
    { share: 1, members: weighed },
  ]
  const chosen = new Set<string>()
  for (const { share, members } of classes) {
    const wanted = share === 1 ? options.compounds : Math.round(share * options.compounds)
    for (const { formula } of random.shuffled(members).slice(0, wanted))
      if (chosen.size < options.compounds) chosen.add(formula)
  }
  const out: Substance[] = []
  for (const formula of chosen) {
    const pattern = PATTERNS[random.below(PATTERNS.length)] as Pattern
    const second = random.uniform() < 0.35 ? [PATTERNS[random.below(PATTERNS.length)] as Pattern] : []
    const amplitude = random.logUniform(3e3, 6e5)
    // Protonated mostly; salt adducts follow the same distribution with a share of their own.
    const shares: [string, number][] =
      polarityOf(options) === '-'
        ? [
            ['-H', random.between(0.5, 1)],
            ['+Cl', random.uniform() < 0.4 ? random.between(0.1, 0.5) : 0],
          ]
        : [
            ['+H', random.between(0.5, 1)],
            ['+Na', random.uniform() < 0.6 ? random.between(0.1, 0.7) : 0],
            ['+K', random.uniform() < 0.5 ? random.between(0.1, 0.8) : 0],
            ['', random.uniform() < 0.05 ? 0.2 : 0],
          ]
    for (const [adduct, share] of shares) {
      const ion = share > 0 ? ionOf(formula, adduct, options.charge) : undefined
      if (ion)
        out.push({
          kind: 'compound',
          formula,
          adduct,
          ...ion,
          patterns: [pattern, ...second],
          amplitude: amplitude * share,
        })
    }
  }
  return out
}

function drawMatrix(options: SubstanceOptions): Substance[] {
  const random = new Random(options.seed, 11)
  return MATRIX[polarityOf(options)].flatMap((formula) => {
    const ion = ionOf(formula, '', options.charge)
    if (!ion || !inRange(ion, options)) return []
    return [
      {
        kind: 'matrix' as const,
        formula,
        adduct: '',
        ...ion,
        patterns: ['matrix' as const],
        amplitude: random.logUniform(2e4, 3e5),
      },
    ]
  })
}

/**
 * Ions that are not there but seem to be: the isotope peaks of decoys and of absent targets, with wrong ratios and places that
 * agree only in part. They make the scores of targets and decoys overlap, as real noise does.
 */
function drawGhosts(options: SubstanceOptions, present: ReadonlySet<string>): Substance[] {
  const random = new Random(options.seed, 12)
  const targets = ADDUCTS[polarityOf(options)]
  const decoys = serverlessDecoys(options.formulas.length, targets, RANKINGS)
  const out: Substance[] = []
  for (let tries = 0; out.length < options.ghosts && tries < options.ghosts * 20; tries++) {
    const i = random.below(options.formulas.length)
    const formula = options.formulas[i] as string
    // Per ranking a molecule has one decoy for each target adduct, so absent targets are rarer by the number of rankings.
    const target = random.uniform() < 3 / (RANKINGS + 3)
    if (target && present.has(formula)) continue
    const adduct = target
      ? (targets[random.below(Math.min(3, targets.length))] as string)
      : (decoys.adducts[decoys.adductIndex(i, random.below(RANKINGS))] as string)
    const ion = ionOf(formula, adduct, options.charge)
    if (!ion || !inRange(ion, options)) continue
    const shared = PATTERNS[random.below(PATTERNS.length)] as Pattern
    const likeness = random.uniform()
    const quality = likeness < 0.12 ? 0.15 : likeness < 0.4 ? 0.4 : 0.9
    const intensities = ion.intensities.map((value) => value * random.logNormal(1.2 * quality))
    const patterns = Array.from(ion.masses, () =>
      random.uniform() < quality * 0.8 ? (PATTERNS[random.below(PATTERNS.length)] as Pattern) : shared,
    )
    out.push({
      kind: 'ghost',
      formula,
      adduct,
      ion: ion.ion,
      masses: ion.masses,
      intensities,
      patterns,
      amplitude: random.logUniform(2.5e3, 2.5e4),
    })
  }
  return out
}
