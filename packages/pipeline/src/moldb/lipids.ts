/**
 * Lipid classes by rule: the elemental formula follows from the class, the carbons n and the double bonds d of all chains
 * together (LIPID MAPS shorthand `PC 34:1` = class PC, n = 34, d = 1). In `SM`, `Cer` and the glycosphingolipids n and d
 * include the sphingoid base. Checked against well-known members in the tests.
 */

export interface LipidClass {
  /** Shorthand, for example `PC` or `PC O-`. */
  name: string
  /** Atoms besides the chains: C = n + c, H = 2n − 2d + h, and the rest as it stands. */
  c: number
  h: number
  rest: string
  /** Carbons of all chains, inclusive; every `step`-th one (odd chains are rare). */
  chains: [from: number, to: number, step: number]
  /** Most double bonds for a chain length. */
  maxBonds: (n: number) => number
}

const upTo = (most: number) => () => most
/** Highly unsaturated chains are long: two more bonds for every two carbons above `from`, at most `most`. */
const growing = (from: number, most: number) => (n: number) =>
  Math.max(0, Math.min(most, Math.floor((n - from) / 2) + 1))

export const LIPID_CLASSES: readonly LipidClass[] = [
  { name: 'FA', c: 0, h: 0, rest: 'O2', chains: [8, 26, 1], maxBonds: growing(14, 6) },
  { name: 'FA;O', c: 0, h: 0, rest: 'O3', chains: [12, 24, 2], maxBonds: growing(16, 4) },
  { name: 'FAHFA', c: 0, h: -2, rest: 'O4', chains: [32, 40, 2], maxBonds: upTo(3) },
  { name: 'NAE', c: 2, h: 5, rest: 'NO2', chains: [14, 24, 2], maxBonds: growing(16, 6) },
  { name: 'CAR', c: 7, h: 13, rest: 'NO4', chains: [2, 24, 1], maxBonds: growing(10, 3) },
  { name: 'MG', c: 3, h: 6, rest: 'O4', chains: [12, 24, 2], maxBonds: growing(14, 6) },
  { name: 'DG', c: 3, h: 4, rest: 'O5', chains: [28, 44, 2], maxBonds: growing(28, 8) },
  { name: 'TG', c: 3, h: 2, rest: 'O6', chains: [42, 64, 1], maxBonds: growing(42, 10) },
  { name: 'CE', c: 27, h: 44, rest: 'O2', chains: [14, 24, 1], maxBonds: growing(14, 6) },
  { name: 'PA', c: 3, h: 5, rest: 'O8P', chains: [28, 44, 1], maxBonds: growing(28, 8) },
  { name: 'PC', c: 8, h: 16, rest: 'NO8P', chains: [26, 46, 1], maxBonds: growing(28, 10) },
  { name: 'PC O-', c: 8, h: 18, rest: 'NO7P', chains: [28, 44, 1], maxBonds: growing(28, 8) },
  { name: 'PE', c: 5, h: 10, rest: 'NO8P', chains: [28, 46, 1], maxBonds: growing(28, 10) },
  { name: 'PE O-', c: 5, h: 12, rest: 'NO7P', chains: [30, 44, 1], maxBonds: growing(30, 8) },
  { name: 'PS', c: 6, h: 10, rest: 'NO10P', chains: [30, 46, 1], maxBonds: growing(30, 8) },
  { name: 'PG', c: 6, h: 11, rest: 'O10P', chains: [28, 44, 1], maxBonds: growing(28, 8) },
  { name: 'PI', c: 9, h: 15, rest: 'O13P', chains: [30, 44, 1], maxBonds: growing(30, 8) },
  { name: 'PIP', c: 9, h: 16, rest: 'O16P2', chains: [34, 40, 2], maxBonds: growing(32, 6) },
  { name: 'CL', c: 9, h: 14, rest: 'O17P2', chains: [64, 80, 2], maxBonds: growing(60, 10) },
  { name: 'LPA', c: 3, h: 7, rest: 'O7P', chains: [14, 24, 1], maxBonds: growing(14, 6) },
  { name: 'LPC', c: 8, h: 18, rest: 'NO7P', chains: [12, 26, 1], maxBonds: growing(14, 6) },
  { name: 'LPC O-', c: 8, h: 20, rest: 'NO6P', chains: [14, 24, 1], maxBonds: growing(16, 3) },
  { name: 'LPE', c: 5, h: 12, rest: 'NO7P', chains: [14, 26, 1], maxBonds: growing(14, 6) },
  { name: 'LPE O-', c: 5, h: 14, rest: 'NO6P', chains: [16, 22, 2], maxBonds: growing(16, 3) },
  { name: 'LPS', c: 6, h: 12, rest: 'NO9P', chains: [16, 24, 2], maxBonds: growing(16, 6) },
  { name: 'LPG', c: 6, h: 13, rest: 'O9P', chains: [14, 24, 2], maxBonds: growing(16, 6) },
  { name: 'LPI', c: 9, h: 17, rest: 'O12P', chains: [14, 24, 2], maxBonds: growing(16, 6) },
  { name: 'SPB', c: 0, h: 3, rest: 'NO2', chains: [14, 22, 1], maxBonds: upTo(2) },
  { name: 'S1P', c: 0, h: 4, rest: 'NO5P', chains: [16, 20, 1], maxBonds: upTo(2) },
  { name: 'Cer', c: 0, h: 1, rest: 'NO3', chains: [30, 46, 1], maxBonds: upTo(3) },
  { name: 'Cer;O3', c: 0, h: 1, rest: 'NO4', chains: [34, 46, 1], maxBonds: upTo(1) },
  { name: 'CerP', c: 0, h: 2, rest: 'NO6P', chains: [32, 44, 2], maxBonds: upTo(2) },
  { name: 'SM', c: 5, h: 13, rest: 'N2O6P', chains: [30, 46, 1], maxBonds: upTo(3) },
  { name: 'PE-Cer', c: 2, h: 7, rest: 'N2O6P', chains: [32, 42, 2], maxBonds: upTo(2) },
  { name: 'HexCer', c: 6, h: 11, rest: 'NO8', chains: [32, 46, 1], maxBonds: upTo(3) },
  { name: 'HexCer;O3', c: 6, h: 11, rest: 'NO9', chains: [34, 46, 1], maxBonds: upTo(2) },
  { name: 'Hex2Cer', c: 12, h: 21, rest: 'NO13', chains: [34, 44, 2], maxBonds: upTo(2) },
  { name: 'Hex3Cer', c: 18, h: 31, rest: 'NO18', chains: [34, 42, 2], maxBonds: upTo(2) },
  { name: 'SHexCer', c: 6, h: 11, rest: 'NO11S', chains: [32, 46, 1], maxBonds: upTo(2) },
  { name: 'SHexCer;O3', c: 6, h: 11, rest: 'NO12S', chains: [34, 46, 1], maxBonds: upTo(2) },
  { name: 'GM3', c: 23, h: 38, rest: 'N2O21', chains: [34, 44, 2], maxBonds: upTo(2) },
  { name: 'MGDG', c: 9, h: 14, rest: 'O10', chains: [32, 38, 2], maxBonds: growing(30, 6) },
  { name: 'DGDG', c: 15, h: 24, rest: 'O15', chains: [32, 38, 2], maxBonds: growing(30, 6) },
  { name: 'SQDG', c: 9, h: 14, rest: 'O12S', chains: [32, 38, 2], maxBonds: growing(30, 6) },
]

/** Formula in Hill order of one member, for example `lipidFormula(PC, 34, 1)` = `C42H82NO8P`. */
export function lipidFormula(lipid: LipidClass, n: number, d: number): string {
  return `C${n + lipid.c}H${2 * n - 2 * d + lipid.h}${lipid.rest}`
}

/** Every member of every class, as class, shorthand and formula; formulas repeat where classes are isomers. */
export function* lipids(): Generator<{ lipid: string; name: string; formula: string }> {
  for (const lipid of LIPID_CLASSES) {
    const [from, to, step] = lipid.chains
    for (let n = from; n <= to; n += step) {
      for (let d = 0; d <= lipid.maxBonds(n); d++) {
        yield { lipid: lipid.name, name: `${lipid.name} ${n}:${d}`, formula: lipidFormula(lipid, n, d) }
      }
    }
  }
}
