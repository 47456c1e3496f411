/** The periodic table as the isotope code walks it: indexed columns, isotopes by decreasing abundance. */
import { ISOTOPES } from './element-data.js'

/** One element; index 0 of its isotopes is the most abundant one, not the lightest. */
export interface Element {
  readonly symbol: string
  /** Unified atomic mass units. */
  readonly masses: Float64Array
  /** Abundance relative to the most abundant isotope, so the first is 1. */
  readonly ratios: Float64Array
}

/** All elements in bytewise order of their symbols, the order in which fine structures are combined. */
export const ELEMENTS: readonly Element[] = Object.keys(ISOTOPES)
  .sort((a, b) => (a < b ? -1 : 1))
  .map((symbol) => {
    const isotopes = ISOTOPES[symbol].toSorted((a, b) => b[1] - a[1])
    const most = isotopes[0][1]
    return {
      symbol,
      masses: Float64Array.from(isotopes, ([mass]) => mass),
      ratios: Float64Array.from(isotopes, ([, abundance]) => abundance / most),
    }
  })

/** Position in `ELEMENTS` by symbol. */
export const ELEMENT_INDEX: ReadonlyMap<string, number> = new Map(ELEMENTS.map(({ symbol }, index) => [symbol, index]))
