/** Ion formulas of many molecules: each molecule is parsed once, each ion is one pass over its few elements. */
import { compileModifiers, parseFormula } from '../formula/index.js'

/** A molecule ready for arithmetic: symbols in alphabetical order with their counts. */
interface Parsed {
  symbols: string[]
  counts: number[]
}

/** Molecules, parsed. */
export function parseMolecules(molecules: readonly string[]): Parsed[] {
  return molecules.map((molecule) => {
    const counts = [...parseFormula(molecule)].sort(([a], [b]) => (a < b ? -1 : 1))
    return { symbols: counts.map(([symbol]) => symbol), counts: counts.map(([, n]) => n) }
  })
}

/**
 * Ion formulas in Hill order, '' where the ion cannot exist (a negative count, or nothing left). The same texts as
 * `generateIonFormula(molecule, modifier, adduct)`.
 *
 * @throws MayflyError E_FORMULA_MODIFIER when a modifier cannot be read.
 */
export function ionWriter(modifiers: readonly string[]): (molecule: Parsed) => string {
  // Reads the modifiers with the one implementation of the rules: a molecule of everything in plenty, and what changed in it.
  const steps = modifiers.flatMap((modifier) => changesOf(modifier))
  return (molecule) => {
    if (steps.length === 0) return write(molecule.symbols, molecule.counts)
    const symbols = molecule.symbols.slice()
    const counts = molecule.counts.slice()
    for (const [symbol, change] of steps) {
      let at = 0
      while (at < symbols.length && (symbols[at] as string) < symbol) at++
      if (symbols[at] !== symbol) {
        symbols.splice(at, 0, symbol)
        counts.splice(at, 0, 0)
      }
      const count = (counts[at] as number) + change
      if (count < 0) return ''
      counts[at] = count
    }
    return write(symbols, counts)
  }
}

const PLENTY = 500_000

function changesOf(modifier: string): [symbol: string, change: number][] {
  const named = [...new Set(modifier.match(/[A-Z][a-z]*/g) ?? [])]
  if (named.length === 0) {
    compileModifiers([modifier])
    return []
  }
  const changed = parseFormula(compileModifiers([modifier])(named.map((symbol) => symbol + PLENTY).join('')))
  return named.map((symbol) => [symbol, (changed.get(symbol) ?? 0) - PLENTY])
}

function write(symbols: readonly string[], counts: readonly number[]): string {
  const carbon = symbols.indexOf('C')
  const organic = carbon >= 0 && (counts[carbon] as number) > 0
  const hydrogen = organic ? symbols.indexOf('H') : -1
  let text = ''
  if (organic) {
    text = part('C', counts[carbon] as number)
    if (hydrogen >= 0) text += part('H', counts[hydrogen] as number)
  }
  for (let i = 0; i < symbols.length; i++) {
    if (!organic || (i !== carbon && i !== hydrogen)) text += part(symbols[i] as string, counts[i] as number)
  }
  return text
}

function part(symbol: string, count: number): string {
  return count === 0 ? '' : count === 1 ? symbol : symbol + count
}
