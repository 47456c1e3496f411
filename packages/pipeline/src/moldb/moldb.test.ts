import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { coreCsv, coreFormulas } from './compile.js'
import { LIPID_CLASSES, lipidFormula } from './lipids.js'
import { dipeptides, metabolites } from './metabolites.js'
import { readMolecularDatabase } from './read.js'

const member = (name: string, n: number, d: number) => {
  const lipid = LIPID_CLASSES.find((c) => c.name === name)
  if (!lipid) throw new Error(`no class ${name}`)
  return lipidFormula(lipid, n, d)
}

describe('rules', () => {
  it.each<[string, number, number, string]>([
    ['FA', 18, 1, 'C18H34O2'],
    ['FAHFA', 36, 1, 'C36H68O4'],
    ['NAE', 20, 4, 'C22H37NO2'],
    ['CAR', 16, 0, 'C23H45NO4'],
    ['DG', 36, 2, 'C39H72O5'],
    ['TG', 52, 2, 'C55H102O6'],
    ['CE', 18, 1, 'C45H78O2'],
    ['PA', 36, 2, 'C39H73O8P'],
    ['PC', 34, 1, 'C42H82NO8P'],
    ['PC O-', 34, 1, 'C42H84NO7P'],
    ['PE', 38, 4, 'C43H78NO8P'],
    ['PS', 36, 1, 'C42H80NO10P'],
    ['PG', 34, 1, 'C40H77O10P'],
    ['PI', 38, 4, 'C47H83O13P'],
    ['CL', 72, 8, 'C81H142O17P2'],
    ['LPC', 16, 0, 'C24H50NO7P'],
    ['LPE', 18, 0, 'C23H48NO7P'],
    ['SPB', 18, 1, 'C18H37NO2'],
    ['S1P', 18, 1, 'C18H38NO5P'],
    ['Cer', 34, 1, 'C34H67NO3'],
    ['CerP', 34, 1, 'C34H68NO6P'],
    ['SM', 34, 1, 'C39H79N2O6P'],
    ['PE-Cer', 34, 1, 'C36H73N2O6P'],
    ['HexCer', 34, 1, 'C40H77NO8'],
    ['SHexCer', 42, 2, 'C48H91NO11S'],
    ['GM3', 36, 1, 'C59H108N2O21'],
    ['MGDG', 36, 6, 'C45H74O10'],
    ['SQDG', 34, 3, 'C43H76O12S'],
  ])('%s %i:%i is %s', (name, n, d, formula) => {
    expect(member(name, n, d)).toBe(formula)
  })

  it('names every metabolite once, with a formula in Hill order', () => {
    const list = metabolites()
    expect(new Set(list.map((m) => m.name)).size).toBe(list.length)
    for (const { formula } of list) expect(formula).toMatch(/^C\d*(H\d*)?([A-Z][a-z]?\d*)*$/)
    const peptide = Object.fromEntries([...dipeptides()].map((d) => [d.name, d.formula]))
    expect(peptide).toMatchObject({ GG: 'C4H8N2O3', CM: 'C8H16N2O3S2', FW: 'C20H21N3O3' })
  })
})

describe('the shipped database', () => {
  it('is what the rules say, and large enough', () => {
    const file = fileURLToPath(new URL('../../data/mayfly_core.csv', import.meta.url))
    const shipped = readFileSync(file, 'utf8')
    expect(shipped).toBe(coreCsv())
    expect(readMolecularDatabase(shipped, file)).toEqual({
      ...{ formulas: coreFormulas(), impossible: [], labelled: [], targeted: false },
    })
    expect(coreFormulas().length).toBeGreaterThan(2000)
  })
})

describe('reading', () => {
  const code = (csv: string) => {
    try {
      readMolecularDatabase(csv, 'db.csv')
    } catch (error) {
      return error
    }
    return undefined
  }

  const formulas = (csv: string) => readMolecularDatabase(csv, 'db.csv').formulas

  it('takes distinct formulas in the order of the file', () => {
    expect(formulas('\uFEFF,sf,name\r\n0,CH4,"a, b"\r\n1,C2H6,x\r\n\r\n2,CH4,y\r\n')).toEqual(['CH4', 'C2H6'])
    expect(formulas('"x","sf"\n"say ""hi"", you",H2O\n0,2C21H12O7\n')).toEqual(['H2O', '2C21H12O7'])
    expect(formulas(',sf\n0,(CH3)2CO\n1,CuSO4.5H2O\n')).toEqual(['(CH3)2CO', 'CuSO4.5H2O'])
  })

  it('has a code and a line for what is wrong', () => {
    expect(code('')).toMatchObject({ code: 'E_DB_EMPTY', where: { file: 'db.csv' } })
    expect(code(',sf\n\n')).toMatchObject({ code: 'E_DB_EMPTY' })
    expect(code('id,formula\n0,CH4\n')).toMatchObject({ code: 'E_DB_COLUMN' })
    expect(code(',sf\n0,CH4\n1,c6h6\n')).toMatchObject({ code: 'E_DB_FORMULA', where: { file: 'db.csv', line: 3 } })
    expect(code(',sf\n0\n')).toMatchObject({ code: 'E_DB_FORMULA', where: { line: 2 } })
  })

  it('keeps formulas that have no pattern, as they take part in the draw of decoys, and says which', () => {
    const csv = ',sf\n0,CH4\n1,C6H12Zz6\n2,C99999999999999999999H2\n3,C30000\n4,C3H8Cx2\n5,C3H8Cx2Q\n6,D2O\n'
    const { formulas: all, impossible, labelled, targeted } = readMolecularDatabase(csv, 'db.csv')
    expect(all).toEqual(['CH4', 'C6H12Zz6', 'C99999999999999999999H2', 'C30000', 'C3H8Cx2', 'C3H8Cx2Q', 'D2O'])
    expect(impossible).toEqual(['C6H12Zz6', 'C99999999999999999999H2', 'C30000', 'C3H8Cx2Q', 'D2O'])
    expect([labelled, targeted]).toEqual([['C3H8Cx2'], false])
  })

  it("reads METASPACE's tables", () => {
    const tsv = (n: number) =>
      `id\tname\tformula\n${Array.from({ length: n }, (_, i) => `${i}\tm${i}\tC${i + 1}H4`).join('\n')}\n`
    expect(readMolecularDatabase(tsv(1000), 'a.tsv')).toMatchObject({ targeted: true, impossible: [] })
    expect(readMolecularDatabase(tsv(1001), 'a.tsv').targeted).toBe(false)
    const other = 'inchi\tformula\tname\tid\r\n1\t"C3H8Cx2"\tx\t2\r\n1\t(CH3)2CO\tx\t2\r\n1\tC3D6O\tx\t3\r\n'
    expect(readMolecularDatabase(other, 'a.tsv')).toMatchObject({
      formulas: ['C3H8Cx2', '(CH3)2CO', 'C3D6O'],
      impossible: ['C3D6O'],
      labelled: ['C3H8Cx2'],
    })
  })

  it.each([
    ['E_DB_COLUMN', 'id\tname\n1\tx\n', 'missing columns: formula'],
    ['E_DB_EMPTY', 'id\tname\tformula\n', 'no data rows found'],
    ['E_DB_ROWS', `id\tname\tformula\n${'1\tx\tCH4\n'.repeat(100_001)}`, '100001 rows'],
    [
      'E_DB_ROW',
      'id\tname\tformula\n1\t \tCH4\n2\tx\tCH4\n3\tx\n',
      '2 rows cannot be read: line 2: the cell "name" is empty; line 4: 2 cells',
    ],
    ['E_DB_ROW', `id\tname\tformula\n1\t${'x'.repeat(2501)}\tCH4\n`, 'longer than 2500'],
    ['E_DB_ROW', 'id\tname\tformula\n1\tx\tCH4.H2O\n', 'line 2: a formula with "."'],
    ['E_DB_ROW', 'id\tname\tformula\n1\tx\tCH4Zz\n', 'line 2: unknown element Zz'],
    ['E_DB_ROW', 'id\tname\tformula\n1\tx\tC2(H3\n', 'line 2: expected closing parenthesis'],
  ])('%s of a table that is wrong', (expected, text, message) => {
    expect(code(text)).toMatchObject({
      code: expected,
      message: expect.stringContaining(message),
      where: { file: 'db.csv' },
    })
  })

  it('any text gives formulas or a typed error', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(',', '\n', '"', 'C', 'h', '2', 'sf', '\r') }), (text) => {
        try {
          expect(formulas(`,sf\n${text}`).length).toBeGreaterThan(0)
        } catch (error) {
          expect((error as { code?: string }).code).toMatch(/^E_DB_/)
        }
      }),
    )
  })
})
