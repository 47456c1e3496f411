import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DECOY_ADDUCTS } from '../fdr/index.js'
import { generateIonFormula } from '../formula/index.js'
import { ionWriter, parseMolecules } from './ions.js'

const elements = fc.constantFrom('C', 'H', 'N', 'O', 'P', 'S', 'Cl', 'Br', 'Na', 'K', 'Se', 'He')
const formula = fc
  .array(fc.tuple(elements, fc.integer({ min: 0, max: 60 })), { minLength: 1, maxLength: 7 })
  .map((parts) => parts.map(([symbol, n]) => (n === 1 ? symbol : symbol + n)).join(''))
const modifier = fc.constantFrom('', '-H2O', '-CO2', '+CH3CN', '-NH3', '+C2H2O-H', '-CH3COOH')
const adduct = fc.constantFrom('', '+H', '+Na', '+K', '-H', '+Cl', ...DECOY_ADDUCTS)

const reference = (molecule: string, ...modifiers: string[]) => {
  try {
    return generateIonFormula(molecule, ...modifiers)
  } catch {
    return ''
  }
}

describe('ionWriter', () => {
  it('writes what generateIonFormula writes', () => {
    fc.assert(
      fc.property(formula, modifier, adduct, (molecule, ...modifiers) => {
        const [parsed] = parseMolecules([molecule])
        expect(ionWriter(modifiers)(parsed!)).toBe(reference(molecule, ...modifiers))
      }),
      { numRuns: 3000 },
    )
  })

  it('refuses what is no modifier', () => {
    expect(() => ionWriter(['H'])).toThrowError(expect.objectContaining({ code: 'E_FORMULA_MODIFIER' }))
  })
})
