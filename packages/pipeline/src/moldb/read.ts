/** Molecular databases: the CSV files of Lithops-METASPACE (column `sf`) and the TSV files of METASPACE (`id`, `name`, `formula`). */
import { MayflyError } from '@mayfly/executor/errors'
import { eachPart } from '../formula/counts.js'
import { ELEMENT_INDEX } from '../isotopes/elements.js'
import { LABEL_MASSES } from '../isotopes/labels.js'
import { readTargetTable } from './table.js'

/** What a file says. */
export interface MolecularDatabase {
  /** Distinct formulas in the order of the file. */
  formulas: string[]
  /**
   * Formulas with an unknown element or a number that is too big. They stay in `formulas`, since the reference draws decoys for them
   * too, but no ion of theirs has an isotope pattern.
   */
  impossible: string[]
  /** Formulas with isotope labels, which only METASPACE's modes know. */
  labelled: string[]
  /** A METASPACE database of at most 1,000 formulas: its annotations are kept also with an MSM of 0. */
  targeted: boolean
}

/** METASPACE calls a database of no more formulas targeted. */
const MOST_TARGETED = 1000
/** At least one element; what else the reference skips may stand anywhere. */
const FORMULA = /^(?=.*[A-Z])(?:[A-Z][a-z]*|[0-9().=])+$/

function parseLine(line: string): string[] {
  if (!line.includes('"')) return line.split(',')
  const cells: string[] = []
  for (const [, quoted, plain] of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    cells.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'))
  }
  return cells
}

/**
 * Reads a database; a tab in its first line makes it a TSV of METASPACE.
 * @param file name used in messages.
 * @throws MayflyError E_DB_EMPTY, E_DB_COLUMN, E_DB_FORMULA (with the line); of a TSV also E_DB_ROWS (too many), E_DB_ROW (with
 * the rows that are wrong).
 */
export function readMolecularDatabase(text: string, file: string): MolecularDatabase {
  const plain = text.replace(/^\uFEFF/, '')
  const table = plain.slice(0, (plain.indexOf('\n') + 1 || plain.length + 1) - 1).includes('\t')
  const formulas = [...new Set(table ? readTargetTable(plain, file) : readSumFormulas(plain, file))]
  const impossible: string[] = []
  const labelled: string[] = []
  for (const formula of formulas) {
    const kind = kindOf(formula)
    if (kind === 'impossible') impossible.push(formula)
    else if (kind === 'labelled') labelled.push(formula)
  }
  return { formulas, impossible, labelled, targeted: table && formulas.length <= MOST_TARGETED }
}

/** The column `sf` of a CSV; other columns and blank lines are ignored. */
function readSumFormulas(csv: string, file: string): Set<string> {
  const lines = csv.split(/\r?\n/)
  const header = parseLine(lines[0] ?? '').map((cell) => cell.trim())
  const column = header.indexOf('sf')
  if (lines.every((line) => line.trim() === '')) throw empty(file)
  if (column < 0) {
    throw new MayflyError('E_DB_COLUMN', `${file}: the header has no column "sf" (it has: ${header.join(', ')})`, {
      hint: 'The first line must be ",sf" (an index column and the sum formulas), or "id", "name" and "formula" between tabs.',
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
    formulas.add(formula)
  }
  if (formulas.size === 0) throw empty(file)
  return formulas
}

/** The isotope code reads no larger number. */
const LARGEST_COUNT = 29_999

function kindOf(formula: string): 'plain' | 'labelled' | 'impossible' {
  let kind: 'plain' | 'labelled' | 'impossible' = 'plain'
  eachPart(formula, (symbol, count) => {
    if (count > LARGEST_COUNT) kind = 'impossible'
    else if (ELEMENT_INDEX.has(symbol)) return
    else if (!LABEL_MASSES.has(symbol)) kind = 'impossible'
    else if (kind === 'plain') kind = 'labelled'
  })
  return kind
}

function empty(file: string): MayflyError {
  return new MayflyError('E_DB_EMPTY', `${file}: the molecular database holds no formula`, {
    hint: 'Give a CSV with the header ",sf" and one formula a line.',
    where: { file },
  })
}
