/** Element counts of a molecule: the value that all formula arithmetic works on. */

/** Number of atoms by element symbol. */
export type ElementCounts = Map<string, number>

const PART = /([A-Z][a-z]*)([0-9]*)/g

/** Calls `visit` for every `Element[count]` of a formula; whatever else it contains is skipped, as the reference does. */
export function eachPart(formula: string, visit: (symbol: string, count: number) => void): void {
  for (const [, symbol, digits] of formula.replaceAll(/[.=]/g, '').matchAll(PART)) {
    visit(symbol, digits === '' ? 1 : Number(digits))
  }
}

/** Hill order: carbon, hydrogen, then alphabetical; purely alphabetical without carbon. Zero counts are left out. */
export function formatHill(counts: ElementCounts): string {
  const symbols = sortedSymbols(counts)
  if (!counts.get('C')) return format(counts, symbols)
  return format(counts, ['C', 'H', ...symbols.filter((symbol) => symbol !== 'C' && symbol !== 'H')])
}

/** METASPACE's order: C, H, N, O, P, S, then alphabetical. Zero counts are left out. */
export function formatChnops(counts: ElementCounts): string {
  const first = ['C', 'H', 'N', 'O', 'P', 'S']
  return format(counts, [...first, ...sortedSymbols(counts).filter((symbol) => !first.includes(symbol))])
}

function sortedSymbols(counts: ElementCounts): string[] {
  return [...counts.keys()].sort((a, b) => (a < b ? -1 : 1))
}

function format(counts: ElementCounts, symbols: string[]): string {
  let text = ''
  for (const symbol of symbols) {
    const count = counts.get(symbol) ?? 0
    if (count > 0) text += count === 1 ? symbol : symbol + count
  }
  return text
}
