import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { haveReference, readJson } from '../fixtures/reference.js'
import {
  compileModifiers,
  formatHill,
  generateIonFormula,
  IonLookup,
  ionFormula,
  ionWriter,
  parseComplex,
  parseFormula,
} from './index.js'

const reference = haveReference()

/** The result as text, or the code of the typed error. */
function attempt(compute: () => string): string {
  try {
    return compute()
  } catch (error) {
    return (error as { code: string }).code
  }
}

const element = fc.constantFrom('C', 'H', 'N', 'O', 'P', 'S', 'Na', 'K', 'Cl', 'Br', 'Se')
const counts = fc.dictionary(element, fc.integer({ min: 1, max: 120 }), { minKeys: 1 })
const textOf = (parts: Record<string, number>) =>
  Object.entries(parts)
    .map(([symbol, count]) => symbol + (count === 1 ? '' : count))
    .join('')

describe('generateIonFormula', () => {
  it.each([
    [['H2O', '+H'], 'H3O'],
    [['C6H12O6', '-H2O', '+Na'], 'C6H10NaO5'],
    [['C6H12O6', '', '+K'], 'C6H12KO6'],
    [['C6H12O6', '-H2O+H'], 'C6H11O5'],
    [['C6H12O6', '+CH3CN'], 'C8H15NO6'],
    [['CH3COOH', '+Na'], 'CHNaO'],
    [['2C21H12O7', '+H'], 'C21H13O7'],
    [['C2H6O', '-H10+H10'], 'E_FORMULA_NEGATIVE'],
    [['HBr', '-HBr'], 'E_FORMULA_EMPTY'],
    [['C2H6O', '[M]+'], 'E_FORMULA_MODIFIER'],
    [['C2H6O', '+CH3.CN'], 'C4H9NO'],
    [['C2H6O', 'H'], 'E_FORMULA_MODIFIER'],
    [['C2H6O', '++H'], 'E_FORMULA_MODIFIER'],
    [['C2H6O', '+h'], 'E_FORMULA_MODIFIER'],
  ])('%j is %s', ([formula, ...modifiers], expected) => {
    expect(attempt(() => generateIonFormula(formula, ...modifiers))).toBe(expected)
  })

  it('writes in the order asked for', () => {
    expect(ionFormula('C6H12O6', ['+Na'], { order: 'chnops' })).toBe('C6H12O6Na')
    expect(ionFormula('C2H6O', ['[M]+'], { order: 'chnops' })).toBe('C2H6O')
  })

  it('names the formula and the modifier in its errors', () => {
    expect(() => generateIonFormula('C2H6O', '-C3')).toThrowError(
      expect.objectContaining({
        message: 'Negative total element count for C',
        where: { formula: 'C2H6O', modifier: '-C3' },
      }),
    )
  })

  it('takes away what it added', () => {
    fc.assert(
      fc.property(counts, counts, (base, extra) => {
        const formula = textOf(base)
        const part = textOf(extra)
        expect(generateIonFormula(formula, `+${part}`, `-${part}`)).toBe(formatHill(parseFormula(formula)))
      }),
    )
  })

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(counts, (base) => {
        const written = formatHill(parseFormula(textOf(base)))
        expect(formatHill(parseFormula(written))).toBe(written)
        expect(new Map(Object.entries(base))).toEqual(parseFormula(written))
      }),
    )
  })

  it('reads any text as the reference expression does', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'CHNaelz019.=() é') }))
    fc.assert(
      fc.property(text, (formula) => {
        const matches = formula.replaceAll(/[.=]/g, '').matchAll(/([A-Z][a-z]*)([0-9]*)/g)
        const expected = new Map(Array.from(matches, ([, symbol, digits]) => [symbol, digits ? Number(digits) : 1]))
        expect(parseFormula(formula)).toEqual(expected)
      }),
    )
  })

  it('never throws anything untyped', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (formula, modifier) => {
        const result = attempt(() => compileModifiers([modifier])(formula))
        expect(typeof result).toBe('string')
      }),
    )
  })
})

describe('parseComplex', () => {
  it.each([
    ['(CH3)2CO', 'C3H6O'],
    ['2H2O', 'H4O2'],
    ['C6H12O6.H2O', 'C6H14O7'],
    ['C6H12O6+Na-H', 'C6H11NaO6'],
    ['((CH2))3', 'C3H6'],
    ['(CH(OH))2', 'E_FORMULA_SYNTAX'],
    ['H3+H.O', 'E_FORMULA_SYNTAX'],
    ['2999HH12', 'E_FORMULA_NUMBER'],
    ['C3000H2', 'C3000H2'],
    ['H0', ''],
    ['', 'E_FORMULA_SYNTAX'],
    ['H2O.2', 'E_FORMULA_SYNTAX'],
    ['C2(H3O', 'E_FORMULA_SYNTAX'],
    ['C2HzO3', 'E_FORMULA_ELEMENT'],
    ['C30000', 'E_FORMULA_NUMBER'],
    ['C4-H', 'E_FORMULA_NEGATIVE'],
  ])('%j is %s', (text, expected) => {
    expect(attempt(() => formatHill(parseComplex(text)))).toBe(expected)
  })

  it('agrees with the database parser where both apply', () => {
    fc.assert(
      fc.property(counts, (base) => {
        expect(parseComplex(textOf(base))).toEqual(parseFormula(textOf(base)))
      }),
    )
  })

  it('multiplies and adds groups', () => {
    fc.assert(
      fc.property(counts, counts, fc.integer({ min: 1, max: 20 }), (base, group, times) => {
        const sum = parseComplex(textOf(base))
        for (const [symbol, count] of Object.entries(group)) sum.set(symbol, (sum.get(symbol) ?? 0) + count * times)
        expect(parseComplex(`${textOf(base)}(${textOf(group)})${times}`)).toEqual(sum)
        expect(parseComplex(`${textOf(base)}.${times}${textOf(group)}`)).toEqual(sum)
      }),
    )
  })

  it('never throws anything untyped', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'CHNOa12.()+-') }))
    fc.assert(
      fc.property(text, (input) => {
        expect(typeof attempt(() => formatHill(parseComplex(input)))).toBe('string')
      }),
    )
  })
})

describe.skipIf(!reference)('reference cases', () => {
  const cases = reference ? readJson('formula_cases.json') : { generate_ion_formula: [], isotope_inputs: [] }
  const codes: [RegExp, string][] = [
    [/^Negative total/, 'E_FORMULA_NEGATIVE'],
    [/^No remaining/, 'E_FORMULA_EMPTY'],
    [/^Adduct should|^Invalid adduct/, 'E_FORMULA_MODIFIER'],
  ]
  const expectedOf = (result: { ok?: string; msg?: string }) =>
    result.ok ?? codes.find(([pattern]) => pattern.test(result.msg ?? ''))![1]

  it('generates the ion formulas of both pipelines', () => {
    for (const { args, ...expected } of cases.generate_ion_formula) {
      const [formula, ...modifiers] = args
      const lithops = attempt(() => ionFormula(formula, modifiers, { parts: 'first' }))
      expect([args, lithops]).toEqual([args, expectedOf(expected.lithops_generate_ion_formula)])
      const metaspace = attempt(() => ionFormula(formula, modifiers, { order: 'chnops' }))
      expect([args, metaspace]).toEqual([args, expectedOf(expected.metaspace_generate_ion_formula)])
    }
  })

  it('differs from the Lithops function only where that drops parts of a modifier', () => {
    const different = cases.generate_ion_formula
      .filter(({ args }: { args: string[] }) => {
        const [formula, ...modifiers] = args
        return (
          attempt(() => generateIonFormula(formula, ...modifiers)) !==
          attempt(() => ionFormula(formula, modifiers, { parts: 'first' }))
        )
      })
      .map(({ args }: { args: string[] }) => args.join(' '))
    expect(different).toEqual(['C6H12O6 -H2O+H', 'C6H12O6 +H+Na'])
  })

  it('reports the errors of the isotope code word by word', () => {
    for (const { formula, lithops_035: expected } of cases.isotope_inputs) {
      if (!expected.error || /too many isotopic/.test(expected.error)) continue
      expect(() => parseComplex(formula)).toThrowError(expect.objectContaining({ message: expected.error }))
    }
  })
})

describe('ionWriter', () => {
  const modifier = fc.constantFrom('', '-H2O', '-CO2', '+CH3CN', '-NH3', '+C2H2O-H', '-CH3COOH', '-H10+H10')
  const adduct = fc.constantFrom('', '+H', '+Na', '-H', '+Cl', '+Sn')

  it("writes what generateIonFormula writes, and '' where that throws", () => {
    fc.assert(
      fc.property(counts, modifier, adduct, (parts, ...modifiers) => {
        const formula = textOf(parts)
        const expected = attempt(() => generateIonFormula(formula, ...modifiers))
        expect(ionWriter(modifiers)(formula)).toBe(expected.startsWith('E_') ? '' : expected)
      }),
      { numRuns: 2000 },
    )
  })

  it('goes below zero at no step, as the specification says', () => {
    expect(ionWriter(['-H10+H10'])('C2H6O')).toBe('')
    expect(ionWriter(['+H10-H10'])('C2H6O')).toBe('C2H6O')
    expect(ionWriter(['-C2H6O'])('C2H6O')).toBe('')
  })

  it('refuses what is no modifier', () => {
    expect(() => ionWriter(['H'])).toThrowError(expect.objectContaining({ code: 'E_FORMULA_MODIFIER' }))
  })
})

describe('IonLookup', () => {
  it('finds what writing every ion finds', () => {
    const modifier = fc.constantFrom('', '+H', '+Na', '-H2O', '-H2O+K', '+Cl', '-CO2', '+Cx')
    fc.assert(
      fc.property(
        fc.array(counts, { minLength: 1, maxLength: 12 }),
        fc.array(modifier, { minLength: 1, maxLength: 3 }),
        fc.constantFrom('hill' as const, 'chnops' as const),
        (parts, modifiers, order) => {
          const molecules = parts.map(textOf)
          const written = molecules.map(ionWriter(modifiers, { order }))
          const ions = [...new Set([...written.filter((ion, i) => ion !== '' && i % 2 === 0), 'C99'])]
          const rowOf = new IonLookup(ions, molecules, { order }).by(modifiers)
          expect(molecules.map((_, i) => rowOf(i))).toEqual(written.map((ion) => ions.indexOf(ion)))
        },
      ),
      { numRuns: 200 },
    )
  })

  it('reads a database formula as the pipelines do', () => {
    const rowOf = new IonLookup(['CH3O'], ['CH3COOH2', '2CH2O']).by(['+H'])
    expect([rowOf(0), rowOf(1)]).toEqual([0, 0])
  })
})
