/**
 * The grammar of the isotope code: `count? fragment+ ("." complex)* ([+-] complex)*`, where a fragment is an element or a
 * parenthesised group with an optional multiplier. Unlike `parseFormula` it adds up repeated elements and reads every
 * character. Error texts and positions are those of the reference (positions count from 0, those of unknown elements from 1).
 */
import { MayflyError } from '@mayfly/executor/errors'
import { ELEMENT_INDEX } from '../isotopes/elements.js'
import type { ElementCounts } from './counts.js'

/** The reference refuses a further digit once the number read so far has reached this. */
const LARGEST_PREFIX = 3000

/**
 * Element counts of an isotope code formula, zero counts removed: `(CH3)2CO.H2O-H` is C3 H7 O2.
 *
 * @throws MayflyError `E_FORMULA_SYNTAX`, `E_FORMULA_ELEMENT`, `E_FORMULA_NUMBER` or `E_FORMULA_NEGATIVE`.
 */
export function parseComplex(text: string): ElementCounts {
  let at = 0

  const fail = (code: string, what: string, position: number): MayflyError =>
    new MayflyError(code, `${what} at position ${position}`, {
      hint: `Check the formula ${JSON.stringify(text)}; a valid one looks like C6H12O6, (CH3)2CO or C6H12O6+Na-H.`,
      where: { formula: text, position },
    })

  const number = (): number | undefined => {
    if (!isDigit(text[at])) return undefined
    const start = at
    let value = 0
    while (isDigit(text[at])) {
      if (value >= LARGEST_PREFIX) throw fail('E_FORMULA_NUMBER', 'the number is too big', start)
      value = value * 10 + Number(text[at++])
    }
    return value
  }

  const element = (): string => {
    const start = at++
    while (at < text.length && text[at] >= 'a' && text[at] <= 'z') at++
    const symbol = text.slice(start, at)
    if (!ELEMENT_INDEX.has(symbol)) throw fail('E_FORMULA_ELEMENT', `unknown element ${symbol}`, start + 1)
    return symbol
  }

  const startsFragment = (): boolean => at < text.length && (text[at] === '(' || isUpper(text[at]))

  const fragments = (counts: ElementCounts, multiplier: number): void => {
    if (at >= text.length) throw fail('E_FORMULA_SYNTAX', 'unexpected end of input', at)
    if (!startsFragment()) throw fail('E_FORMULA_SYNTAX', `unexpected character '${text[at]}'`, at)
    while (startsFragment()) {
      const group: ElementCounts = new Map()
      if (text[at] === '(') {
        at++
        fragments(group, 1)
        if (text[at] !== ')') throw fail('E_FORMULA_SYNTAX', 'expected closing parenthesis', at - 1)
        at++
      } else {
        group.set(element(), 1)
      }
      addTo(counts, group, multiplier * (number() ?? 1))
    }
  }

  const complex = (counts: ElementCounts, sign: number): void => {
    fragments(counts, sign * (number() ?? 1))
    while (text[at] === '.') {
      at++
      fragments(counts, sign * (number() ?? 1))
    }
  }

  const counts: ElementCounts = new Map()
  complex(counts, 1)
  while (at < text.length) {
    const sign = text[at]
    if (sign !== '+' && sign !== '-') throw fail('E_FORMULA_SYNTAX', `unexpected character '${sign}'`, at)
    at++
    complex(counts, sign === '+' ? 1 : -1)
  }
  return positive(counts, text)
}

function positive(counts: ElementCounts, formula: string): ElementCounts {
  for (const [symbol, count] of counts) {
    if (count < 0) {
      throw new MayflyError('E_FORMULA_NEGATIVE', `total number of ${symbol} elements (${count}) is less than zero`, {
        hint: 'A part is taken away that the formula does not contain.',
        where: { formula },
      })
    }
    if (count === 0) counts.delete(symbol)
  }
  return counts
}

function addTo(counts: ElementCounts, group: ElementCounts, multiplier: number): void {
  for (const [symbol, count] of group) counts.set(symbol, (counts.get(symbol) ?? 0) + count * multiplier)
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9'
}

function isUpper(character: string): boolean {
  return character >= 'A' && character <= 'Z'
}
