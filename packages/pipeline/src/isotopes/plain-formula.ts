/** Quick reader of formulas as the pipelines write them: elements in any order, each at most once, no signs, no groups. */

import { ELEMENTS } from './elements.js'
import type { IndexedCounts } from './fine-structure.js'

/** Element index + 1 by first letter and second letter (0 = none): 26 × 27 entries. All symbols have one or two letters. */
const LOOKUP = new Uint8Array(26 * 27)
ELEMENTS.forEach(({ symbol }, index) => {
  LOOKUP[slot(symbol.charCodeAt(0) - 65, symbol.length > 1 ? symbol.charCodeAt(1) - 96 : 0)] = index + 1
})

/** Counts above this are left to the full grammar, which knows which numbers the reference refuses. */
const LARGEST_COUNT = 3000

/** Reusable counts; valid until the next call of `read`. */
export class PlainFormula implements IndexedCounts {
  readonly elements = new Int32Array(ELEMENTS.length)
  readonly counts = new Int32Array(ELEMENTS.length)
  size = 0

  /** Reads `text`; false when it needs the full grammar of `parseComplex`. */
  read(text: string): boolean {
    this.size = 0
    const length = text.length
    for (let at = 0; at < length; ) {
      const first = text.charCodeAt(at++) - 65
      if (first < 0 || first > 25) return false
      let second = at < length ? text.charCodeAt(at) - 96 : 0
      if (second > 0 && second < 27) at++
      else second = 0
      const index = LOOKUP[slot(first, second)] - 1
      if (index < 0) return false
      let count = 0
      const digits = at
      for (let digit = 0; at < length; at++) {
        digit = text.charCodeAt(at) - 48
        if (digit < 0 || digit > 9) break
        count = count * 10 + digit
        if (count > LARGEST_COUNT) return false
      }
      if (at === digits) count = 1
      if (count === 0 || !this.#insert(index, count)) return false
    }
    return length > 0
  }

  /** Keeps the elements in ascending order, which is alphabetical; false for one that is there already. */
  #insert(index: number, count: number): boolean {
    const { elements, counts } = this
    let i = this.size
    while (i > 0 && elements[i - 1] > index) i--
    if (i > 0 && elements[i - 1] === index) return false
    elements.copyWithin(i + 1, i, this.size)
    counts.copyWithin(i + 1, i, this.size)
    elements[i] = index
    counts[i] = count
    this.size++
    return true
  }
}

function slot(first: number, second: number): number {
  return first * 27 + second
}
