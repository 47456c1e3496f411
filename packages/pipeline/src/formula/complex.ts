/**
 * The grammar of the isotope code: `complex ("." complex)* ([+-] complex)*`, a complex being `count? fragment+` and a fragment a run
 * of elements or a group in parentheses with an optional multiplier, which holds exactly one fragment: `((CH3))2` is one, `(CH(OH))2`
 * is refused. Unlike `parseFormula` it adds up repeated elements and reads every character. Error texts and positions are those of
 * the reference (positions count from 0, those of unknown elements from 1).
 */
import { MayflyError } from '@mayfly/executor/errors'
import { ELEMENT_INDEX } from '../isotopes/elements.js'
import type { ElementCounts } from './counts.js'

/** The reference refuses a further digit once the number read so far has reached this. */
const LARGEST_PREFIX = 3000

/** The reference counts in 16 bits with a sign, and wraps beyond. */
const LARGEST_COUNT = 32_767

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

  const elements = (counts: ElementCounts): void => {
    while (isUpper(text[at])) {
      const start = at++
      while (text[at] >= 'a' && text[at] <= 'z') at++
      const symbol = text.slice(start, at)
      const count = number() ?? 1
      if (!ELEMENT_INDEX.has(symbol)) throw fail('E_FORMULA_ELEMENT', `unknown element ${symbol}`, start + 1)
      addTo(counts, [[symbol, count]], 1)
    }
  }

  const fragment = (counts: ElementCounts): void => {
    if (at >= text.length) throw fail('E_FORMULA_SYNTAX', 'unexpected end of input', at)
    if (isUpper(text[at])) {
      elements(counts)
      return
    }
    if (text[at] !== '(') throw fail('E_FORMULA_SYNTAX', `unexpected character '${text[at]}'`, at)
    at++
    const group: ElementCounts = new Map()
    fragment(group)
    if (text[at] !== ')') {
      throw fail('E_FORMULA_SYNTAX', 'expected closing parenthesis', Math.min(at, text.length - 1))
    }
    at++
    addTo(counts, group, number() ?? 1)
  }

  const counts: ElementCounts = new Map()
  const complex = (sign: number): void => {
    const multiplier = sign * (number() ?? 1)
    const sum: ElementCounts = new Map()
    do fragment(sum)
    while (at < text.length && !'.+-'.includes(text[at]))
    addTo(counts, sum, multiplier)
  }

  complex(1)
  while (text[at] === '.') {
    at++
    complex(1)
  }
  while (at < text.length) {
    const sign = text[at]
    if (sign === '.') throw fail('E_FORMULA_SYNTAX', 'expected +/-', at)
    at++
    complex(sign === '+' ? 1 : -1)
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
    if (count > LARGEST_COUNT) {
      throw new MayflyError('E_FORMULA_NUMBER', `total number of ${symbol} elements (${count}) is too big`, {
        hint: `An ion has at most ${LARGEST_COUNT} atoms of an element.`,
        where: { formula },
      })
    }
    if (count === 0) counts.delete(symbol)
  }
  return counts
}

function addTo(counts: ElementCounts, group: Iterable<[string, number]>, multiplier: number): void {
  for (const [symbol, count] of group) counts.set(symbol, (counts.get(symbol) ?? 0) + count * multiplier)
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9'
}

function isUpper(character: string | undefined): boolean {
  return character !== undefined && character >= 'A' && character <= 'Z'
}
