/** Element counts of a molecule: the value that all formula arithmetic works on. */

/** Number of atoms by element symbol. */
export type ElementCounts = Map<string, number>

/**
 * Calls `visit` for every match of `[A-Z][a-z]*[0-9]*` in a formula from which `.` and `=` have been taken out; whatever else it
 * contains is skipped, as the reference does. Written out because databases times adducts make millions of calls.
 */
export function eachPart(text: string, visit: (symbol: string, count: number) => void): void {
  const formula = text.includes('.') || text.includes('=') ? text.replaceAll(/[.=]/g, '') : text
  const length = formula.length
  for (let at = 0; at < length; ) {
    const start = at
    if (!isBetween(formula.charCodeAt(at++), 65, 90)) continue
    while (at < length && isBetween(formula.charCodeAt(at), 97, 122)) at++
    const symbol = formula.slice(start, at)
    const digits = at
    let count = 0
    for (; at < length && isBetween(formula.charCodeAt(at), 48, 57); at++) {
      count = count * 10 + formula.charCodeAt(at) - 48
    }
    visit(symbol, at === digits ? 1 : count)
  }
}

function isBetween(code: number, first: number, last: number): boolean {
  return code >= first && code <= last
}

const CHNOPS = ['C', 'H', 'N', 'O', 'P', 'S']

/** Hill order: carbon, hydrogen, then alphabetical; purely alphabetical without carbon. Zero counts are left out. */
export function formatHill(counts: ElementCounts): string {
  if (!counts.get('C')) return formatRest(counts, '')
  return part('C', counts.get('C')) + part('H', counts.get('H')) + formatRest(counts, 'CH')
}

/** METASPACE's order: C, H, N, O, P, S, then alphabetical. Zero counts are left out. */
export function formatChnops(counts: ElementCounts): string {
  let text = ''
  for (const symbol of CHNOPS) text += part(symbol, counts.get(symbol))
  return text + formatRest(counts, 'CHNOPS')
}

/** The elements in alphabetical order without those of one letter that `written` names. */
function formatRest(counts: ElementCounts, written: string): string {
  const symbols: string[] = []
  for (const [symbol, count] of counts) {
    if (count <= 0 || (symbol.length === 1 && written.includes(symbol))) continue
    let at = symbols.length
    symbols.push(symbol)
    for (; at > 0 && symbols[at - 1] > symbol; at--) symbols[at] = symbols[at - 1]
    symbols[at] = symbol
  }
  let text = ''
  for (const symbol of symbols) text += part(symbol, counts.get(symbol))
  return text
}

function part(symbol: string, count = 0): string {
  return count <= 0 ? '' : count === 1 ? symbol : symbol + count
}
