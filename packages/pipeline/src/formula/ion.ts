/** Formula arithmetic of the annotation pipelines: base formula plus modifiers gives the formula of an ion. */
import { MayflyError } from '@mayfly/executor/errors'
import { type ElementCounts, eachPart, formatChnops, formatHill } from './counts.js'

/** How `ionFormula` reads modifiers and writes its result. */
export interface IonFormulaOptions {
  /** `hill` (Lithops-METASPACE, default) or `chnops` (METASPACE). The order decides chunk hashes, never masses. */
  order?: 'hill' | 'chnops'
  /**
   * `all` (default) applies every signed part of a modifier such as `-H2O+H`; `first` applies only the first, which is
   * what Lithops-METASPACE's own function does.
   */
  parts?: 'all' | 'first'
}

const MODIFIER = /^(?:[+-](?:[A-Z][a-z]*[0-9]*)+)+$/
const SIGNED_PART = /([+-])([A-Za-z0-9]+)/g
const FIRST_PART = /([+-]*)([A-Za-z0-9]+)/
/** METASPACE's name for "charge only". */
const CHARGE_ONLY = /^\[M\][+-]$/

/**
 * Element counts of a base formula. A repeated element overwrites (the last one wins: `CH3COOH` is C1 H1 O1), leading
 * multipliers and parentheses are ignored: databases are read so by the pipelines reproduced here.
 * @throws MayflyError `E_FORMULA_TEXT` for what is no text.
 */
export function parseFormula(formula: string): ElementCounts {
  const counts: ElementCounts = new Map()
  if (typeof formula !== 'string') {
    throw new MayflyError('E_FORMULA_TEXT', `Expected a formula as a text, got ${typeof formula}`, {
      hint: 'Write it as "C6H12O6".',
    })
  }
  eachPart(formula, (symbol, count) => counts.set(symbol, count))
  return counts
}

/**
 * The ion formula of a molecule after each modifier in turn, in Hill order, all signed parts applied. Empty modifiers
 * mean "none". `generateIonFormula('C6H12O6', '-H2O', '+Na')` is `C6H10NaO5`.
 *
 * @throws MayflyError `E_FORMULA_MODIFIER`, `E_FORMULA_NEGATIVE` or `E_FORMULA_EMPTY`.
 */
export function generateIonFormula(formula: string, ...modifiers: string[]): string {
  return ionFormula(formula, modifiers)
}

/** As `generateIonFormula`, with the order of the result and the reading of modifiers to choose. */
export function ionFormula(formula: string, modifiers: readonly string[], options: IonFormulaOptions = {}): string {
  return compileModifiers(modifiers, options)(formula)
}

/** The same for many molecules: modifiers are read once. Throws `E_FORMULA_MODIFIER` at once, the others on use. */
export function compileModifiers(
  modifiers: readonly string[],
  options: IonFormulaOptions = {},
): (formula: string) => string {
  const ionOf = ionWriter(modifiers, options)
  const steps = readModifiers(modifiers, options)
  return (formula) => {
    const text = ionOf(formula)
    if (text !== '') return text
    const lacking = applySteps(parseFormula(formula), steps)
    if (lacking !== undefined) {
      throw new MayflyError('E_FORMULA_NEGATIVE', `Negative total element count for ${lacking}`, {
        hint: `${formula} has too few ${lacking} for ${modifiers.join('')}; such ions are left out.`,
        where: { formula, modifier: modifiers.join('') },
      })
    }
    throw new MayflyError('E_FORMULA_EMPTY', 'No remaining elements', {
      hint: `Nothing is left of ${formula || 'an empty formula'} after ${modifiers.join('') || 'no modifier'}.`,
      where: { formula, modifier: modifiers.join('') },
    })
  }
}

/**
 * As `compileModifiers`, for loops over whole databases: ions that cannot exist (a negative count at any step, or nothing left)
 * are '' instead of an error, which would cost more than the arithmetic.
 *
 * @throws MayflyError `E_FORMULA_MODIFIER` at once.
 */
export function ionWriter(modifiers: readonly string[], options: IonFormulaOptions = {}): (formula: string) => string {
  const steps = readModifiers(modifiers, options)
  const write = options.order === 'chnops' ? formatChnops : formatHill
  return (formula) => {
    const counts = parseFormula(formula)
    return applySteps(counts, steps) === undefined ? write(counts) : ''
  }
}

/** What some modifiers change in all, by element; negative where they take away. @throws MayflyError `E_FORMULA_MODIFIER`. */
export function modifierCounts(modifiers: readonly string[], options: IonFormulaOptions = {}): ElementCounts {
  const counts: ElementCounts = new Map()
  for (const [symbol, change] of readModifiers(modifiers, options))
    counts.set(symbol, (counts.get(symbol) ?? 0) + change)
  return counts
}

type Step = [symbol: string, change: number]

/** Changes `counts` step by step; the symbol of which there were too few, when there were. */
function applySteps(counts: ElementCounts, steps: readonly Step[]): string | undefined {
  for (const [symbol, change] of steps) {
    const count = (counts.get(symbol) ?? 0) + change
    if (count < 0) return symbol
    counts.set(symbol, count)
  }
  return undefined
}

function readModifiers(modifiers: readonly string[], options: IonFormulaOptions): Step[] {
  return modifiers.flatMap((modifier) => readModifier(modifier, options))
}

/** `[symbol, change]` in order; the parts of one modifier add up before the next sign is read. */
function readModifier(modifier: string, options: IonFormulaOptions): Step[] {
  if (modifier === '') return []
  if (options.order === 'chnops' && CHARGE_ONLY.test(modifier)) return []
  // Lithops-METASPACE takes these two signs out of modifiers too, METASPACE out of base formulas only.
  const written = options.order === 'chnops' ? modifier : modifier.replaceAll(/[.=]/g, '')
  const signed = options.parts === 'first' ? firstPart(written) : allParts(written)
  return signed.flatMap(([sign, part]) => {
    const sums: ElementCounts = new Map()
    eachPart(part, (symbol, count) => sums.set(symbol, (sums.get(symbol) ?? 0) + count))
    return [...sums].map(([symbol, count]): Step => [symbol, sign === '+' ? count : -count])
  })
}

function allParts(modifier: string): [sign: string, part: string][] {
  if (!MODIFIER.test(modifier)) throw badModifier(modifier)
  return Array.from(modifier.matchAll(SIGNED_PART), ([, sign, part]) => [sign, part])
}

function firstPart(modifier: string): [sign: string, part: string][] {
  const [, sign, part] = FIRST_PART.exec(modifier) ?? []
  if (sign !== '+' && sign !== '-') throw badModifier(modifier)
  return [[sign, part]]
}

function badModifier(modifier: string): MayflyError {
  return new MayflyError('E_FORMULA_MODIFIER', `Adduct should be prefixed with + or -: ${JSON.stringify(modifier)}`, {
    hint: 'Write adducts and modifiers as +H, +Na, -H2O or +CH3CN; "" stands for the bare ion.',
    where: { modifier },
  })
}
