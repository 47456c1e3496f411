/** Molecular databases as Lithops-METASPACE has them: CSV with a column `sf`; molecules are the set of its values. */
import { MayflyError } from '@mayfly/executor/errors'
import { eachPart } from '../formula/counts.js'
import { ELEMENT_INDEX } from '../isotopes/elements.js'

const FORMULA = /^[0-9]*(?:[A-Z][a-z]*[0-9]*|[()]|[.=])+[0-9]*$/

function parseLine(line: string): string[] {
  if (!line.includes('"')) return line.split(',')
  const cells: string[] = []
  for (const [, quoted, plain] of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    cells.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'))
  }
  return cells
}

/**
 * Distinct formulas of a database in the order of the file. Other columns than `sf` are ignored, blank lines too.
 * @param file name used in messages.
 * @throws MayflyError E_DB_EMPTY, E_DB_COLUMN, E_DB_FORMULA (with the line).
 */
export function readMolecularDatabase(csv: string, file: string): string[] {
  const lines = csv.replace(/^\uFEFF/, '').split(/\r?\n/)
  const header = parseLine(lines[0] ?? '').map((cell) => cell.trim())
  const column = header.indexOf('sf')
  if (lines.every((line) => line.trim() === '')) throw empty(file)
  if (column < 0) {
    throw new MayflyError('E_DB_COLUMN', `${file}: the header has no column "sf" (it has: ${header.join(', ')})`, {
      hint: 'The first line must be ",sf": an index column and the sum formulas.',
      where: { file, line: 1 },
    })
  }
  const formulas = new Set<string>()
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] as string
    if (line.trim() === '') continue
    const formula = (parseLine(line)[column] ?? '').trim()
    if (!FORMULA.test(formula)) {
      throw new MayflyError('E_DB_FORMULA', `${file}:${i + 1}: "${formula}" is not a sum formula`, {
        hint: 'Formulas look like C6H12O6; correct or remove the line.',
        where: { file, line: i + 1 },
      })
    }
    if (formulas.has(formula)) continue
    const unknown = unknownPart(formula)
    if (unknown !== undefined) {
      throw new MayflyError('E_DB_FORMULA', `${file}:${i + 1}: "${formula}" names ${unknown}`, {
        hint: 'Only elements of the periodic table have an isotope pattern; correct or remove the line.',
        where: { file, line: i + 1 },
      })
    }
    formulas.add(formula)
  }
  if (formulas.size === 0) throw empty(file)
  return [...formulas]
}

/** The isotope code reads no larger number. */
const LARGEST_COUNT = 29_999

/** The part of a formula that can have no isotope pattern, in words. */
function unknownPart(formula: string): string | undefined {
  let problem: string | undefined
  eachPart(formula, (symbol, count) => {
    if (!ELEMENT_INDEX.has(symbol)) problem ??= `the unknown element ${symbol}`
    else if (count > LARGEST_COUNT) problem ??= `more than ${LARGEST_COUNT} atoms of ${symbol}`
  })
  return problem
}

function empty(file: string): MayflyError {
  return new MayflyError('E_DB_EMPTY', `${file}: the molecular database holds no formula`, {
    hint: 'Give a CSV with the header ",sf" and one formula a line.',
    where: { file },
  })
}
