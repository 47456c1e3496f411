/** Decoy adducts: implausible elements in place of the target's adduct, and who gets which. */
import { MayflyError } from '@mayfly/executor/errors'
import { MersenneTwister } from './mersenne-twister.js'

/** Decoy adducts in METASPACE's order (Palmer et al., Nature Methods 2017, 14, 57); the order matters for shuffles. */
export const DECOY_ADDUCTS: readonly string[] = (
  '+He +Li +Be +B +C +N +O +F +Ne +Mg +Al +Si +P +S +Cl +Ar +Ca +Sc +Ti +V +Cr +Mn +Fe +Co +Ni +Cu +Zn +Ga +Ge +As +Se +Br ' +
  '+Kr +Rb +Sr +Y +Zr +Nb +Mo +Ru +Rh +Pd +Ag +Cd +In +Sn +Sb +Te +I +Xe +Cs +Ba +La +Ce +Pr +Nd +Sm +Eu +Gd +Tb +Dy +Ho +Ir ' +
  '+Th +Pt +Os +Yb +Lu +Bi +Pb +Re +Tl +Tm +U +W +Au +Er +Hf +Hg +Ta'
).split(' ')

const SERVERLESS_SEED = 123
const SHUFFLE_SEED = 42

/** Decoy adducts in METASPACE's order without those that are targets. */
export function decoyCandidates(targetModifiers: readonly string[]): string[] {
  return DECOY_ADDUCTS.filter((adduct) => !targetModifiers.includes(adduct))
}

/**
 * Decoys of the pure serverless pipeline (LM-S): ranking k gives molecule i the candidate `(r_i + k) mod n`, with r_i drawn from
 * 0 … n (both included, as the reference does) by seed 123. The same for every modifier and target adduct.
 */
export interface ServerlessDecoys {
  /** Candidates in bytewise order. */
  readonly adducts: readonly string[]
  readonly rankings: number
  readonly molecules: number
  /** Index in `adducts` of the decoy of molecule `i` (position in the sorted list) in ranking `k`. */
  adductIndex(i: number, k: number): number
  /** Whether any ranking gives candidate `adduct` to molecule `i`: only these ions need isotope patterns. */
  isUsed(i: number, adduct: number): boolean
}

/**
 * @param molecules number of molecules of one database.
 * @param targetAdducts adducts searched for; those that are candidates are taken out.
 * @param rankings number of decoy rankings, 1 … number of candidates.
 * @throws MayflyError `E_FDR_DECOYS` when there are fewer candidates than rankings, `E_FDR_MOLECULES`.
 */
export function serverlessDecoys(
  molecules: number,
  targetAdducts: readonly string[],
  rankings: number,
): ServerlessDecoys {
  checkMolecules(molecules)
  const adducts = decoyCandidates(targetAdducts).sort((a, b) => (a < b ? -1 : 1))
  const n = adducts.length
  if (!(Number.isInteger(rankings) && rankings >= 1 && rankings <= n)) {
    throw badDecoys(`Expected 1 to ${n} decoys, got ${rankings}`)
  }
  const random = new MersenneTwister(SERVERLESS_SEED)
  const draws = Uint8Array.from({ length: molecules }, () => random.bounded(n))
  return {
    adducts,
    rankings,
    molecules,
    adductIndex: (i, k) => (draws[i] + k) % n,
    isUsed: (i, adduct) => (adduct - draws[i] + 2 * n) % n < rankings,
  }
}

/** What precedes the adduct in a target modifier. */
export interface Prefix {
  /** `chemMod + neutralLoss`; `''` is none. */
  text: string
  chemMod: string
  neutralLoss: string
}

/** Every chemical modification with every neutral loss, none of either first; `''` need not be among them. */
export function prefixesOf(chemMods: readonly string[], neutralLosses: readonly string[]): Prefix[] {
  return ['', ...chemMods].flatMap((chemMod) =>
    ['', ...neutralLosses].map((neutralLoss) => ({ text: chemMod + neutralLoss, chemMod, neutralLoss })),
  )
}

/** How `shuffledDecoys` builds target modifiers and draws decoys. */
export interface ShuffleOptions {
  adducts: readonly string[]
  /** Without `""`, which always comes first. Default none. */
  neutralLosses?: readonly string[]
  /** Without `""`, which always comes first. Default none. */
  chemMods?: readonly string[]
  /** Decoys per target ion, at most the number of candidates. Default 20. */
  sampleSize?: number
  /** `true` draws once per formula for all its modifiers (METASPACE v3), `false` (default) once per ion (LM-H, v1). */
  sharedByModifiers?: boolean
}

/** Decoys of shuffled assignments. Ion (f, m) has decoys `decoyModifier(f, m, 0 … sampleSize − 1)`. */
export interface ShuffledDecoys {
  /** Target modifiers, chem mod + neutral loss + adduct. */
  readonly modifiers: readonly string[]
  /** What precedes the adduct in modifier m: entry ⌊m / number of adducts⌋. */
  readonly prefixes: readonly string[]
  readonly sampleSize: number
  readonly formulas: number
  /** Decoy adducts that are no target, in METASPACE's order. */
  readonly candidates: readonly string[]
  /** Index in `candidates` of decoy `k` of ion (formula, modifier). */
  candidateIndex(formula: number, modifier: number, k: number): number
  decoyModifier(formula: number, modifier: number, k: number): string
}

/**
 * Decoys of the hybrid pipeline (LM-H) and of METASPACE: a seeded shuffle of the candidates per ion or per formula.
 * @throws MayflyError `E_FDR_DECOYS`, `E_FDR_MOLECULES`.
 */
export function shuffledDecoys(formulas: number, options: ShuffleOptions): ShuffledDecoys {
  const { adducts, neutralLosses = [], chemMods = [], sharedByModifiers = false } = options
  const prefixes = prefixesOf(chemMods, neutralLosses).map(({ text }) => text)
  const candidates = decoyCandidates([...adducts, ...neutralLosses, ...chemMods])
  checkMolecules(formulas)
  const wanted = options.sampleSize ?? 20
  if (!(Number.isInteger(wanted) && wanted >= 1)) throw badDecoys(`Expected at least 1 decoy, got ${wanted}`)
  const sampleSize = Math.min(wanted, candidates.length)
  const modifiers = prefixes.flatMap((prefix) => adducts.map((adduct) => prefix + adduct))
  const random = new MersenneTwister(SHUFFLE_SEED)
  const drawsPerFormula = sharedByModifiers ? 1 : modifiers.length
  const draws = new Uint8Array(formulas * drawsPerFormula * sampleSize)
  const pack = new Uint8Array(candidates.length)
  for (let draw = 0; draw < formulas * drawsPerFormula; draw++) {
    for (let i = 0; i < pack.length; i++) pack[i] = i
    for (let i = pack.length - 1; i > 0; i--) {
      const j = random.bounded(i)
      const swapped = pack[i]
      pack[i] = pack[j]
      pack[j] = swapped
    }
    draws.set(pack.subarray(0, sampleSize), draw * sampleSize)
  }
  const candidateIndex = (formula: number, modifier: number, k: number): number => {
    const draw = formula * drawsPerFormula + (sharedByModifiers ? 0 : modifier)
    return draws[draw * sampleSize + k]
  }
  return {
    modifiers,
    prefixes,
    sampleSize,
    formulas,
    candidates,
    candidateIndex,
    decoyModifier(formula, modifier, k) {
      return prefixes[Math.floor(modifier / adducts.length)] + candidates[candidateIndex(formula, modifier, k)]
    },
  }
}

function checkMolecules(n: number): void {
  if (Number.isInteger(n) && n >= 0) return
  throw new MayflyError('E_FDR_MOLECULES', `Expected a number of molecules, got ${n}`, {
    hint: 'Give the number of molecules of one database.',
  })
}

function badDecoys(message: string): MayflyError {
  return new MayflyError('E_FDR_DECOYS', message, { hint: 'Set num_decoys to 20, as METASPACE does.' })
}
