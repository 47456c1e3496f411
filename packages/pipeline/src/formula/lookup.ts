/** Finding the ions of whole databases among the few that were scored. */
import { type ElementCounts, eachPart } from './counts.js'
import { type IonFormulaOptions, ionWriter, modifierCounts, parseFormula } from './ion.js'

/**
 * Which of some known ions a molecule forms. Most form none of them: a sum over the elements, which for an ion is that of its molecule
 * plus that of its modifiers, says so without the formula being written.
 */
export class IonLookup {
  readonly #rows: Map<string, number>
  readonly #known: Set<number>
  readonly #molecules: Int32Array

  /**
   * @param ions formulas in the order of `options`, each once.
   * @param molecules formulas of the database.
   */
  constructor(
    ions: readonly string[],
    private readonly molecules: readonly string[],
    private readonly options: IonFormulaOptions = {},
  ) {
    this.#rows = new Map(ions.map((ion, row) => [ion, row]))
    this.#known = new Set(ions.map(sumOfText))
    this.#molecules = Int32Array.from(molecules, (molecule) => sumOf(parseFormula(molecule)))
  }

  /**
   * A function from the index of a molecule to the index of its ion, −1 where that is not among the known ones or cannot exist.
   * @throws MayflyError `E_FORMULA_MODIFIER` at once.
   */
  by(modifiers: readonly string[]): (molecule: number) => number {
    const ionOf = ionWriter(modifiers, this.options)
    const shift = sumOf(modifierCounts(modifiers, this.options))
    return (i) => {
      if (!this.#known.has(((this.#molecules[i] as number) + shift) | 0)) return -1
      return this.#rows.get(ionOf(this.molecules[i] as string)) ?? -1
    }
  }
}

/** Σ count · weight of the element, modulo 2³². */
function sumOf(counts: ElementCounts): number {
  let sum = 0
  for (const [symbol, count] of counts) sum = (sum + Math.imul(count, weightOf(symbol))) | 0
  return sum
}

/** The same of a formula in which every element stands once. */
function sumOfText(formula: string): number {
  let sum = 0
  eachPart(formula, (symbol, count) => {
    sum = (sum + Math.imul(count, weightOf(symbol))) | 0
  })
  return sum
}

/** A well-mixed number for an element's symbol (the finaliser of MurmurHash3 over its letters). */
function weightOf(symbol: string): number {
  let h = 0
  for (let i = 0; i < symbol.length; i++) h = (Math.imul(h, 31) + symbol.charCodeAt(i)) | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
