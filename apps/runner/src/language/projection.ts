/**
 * The projection: every code cell becomes a module of its own, so that names may be declared again and again. One line in front of the
 * cell's text exports what it declares and imports the newest earlier declaration of each name it mentions; the text itself is untouched.
 * A line of the cell is therefore the next line of the module, and columns are equal. Pure.
 */
import type { CellNames, Form } from './analyse.js'

/** One code cell as the projection sees it, in the order of the notebook. */
export interface ProjectedCell {
  /** Name of the module's file. */
  readonly file: string
  readonly names: CellNames
}

/**
 * A variable of another cell is declared with that cell's type, so that it can be assigned; an import could not be. The compiler does
 * not see the two as one name, we do: columns, in the line in front, of the declaration and of the mention of the original.
 */
export interface Link {
  readonly name: string
  /** File of the cell that declares the variable. */
  readonly from: string
  readonly local: number
  readonly origin: number
}

export interface Prelude {
  /** The line in front, without its end. */
  readonly text: string
  readonly links: readonly Link[]
  /** Imported name → file and form of its declaration. */
  readonly imports: ReadonlyMap<string, { file: string; form: Form }>
}

/** The lines in front of all cells. Time is linear in the mentions. */
export function project(cells: readonly ProjectedCell[]): Prelude[] {
  const newest = new Map<string, { file: string; form: Form; merged: boolean }>()
  return cells.map(({ file, names }) => {
    const prelude = preludeOf(names, newest)
    for (const [name, form] of names.declared) newest.set(name, { file, form, merged: names.merged.has(name) })
    return prelude
  })
}

function preludeOf(
  names: CellNames,
  newest: ReadonlyMap<string, { file: string; form: Form; merged: boolean }>,
): Prelude {
  const exports = [...names.declared.keys()].filter((name) => !names.exported.has(name))
  const imports = new Map<string, { file: string; form: Form }>()
  const links: Link[] = []
  let text = `export { ${exports.join(', ')} };`
  for (const name of names.mentioned) {
    const source = newest.get(name)
    if (!source || names.declared.has(name)) continue
    imports.set(name, { file: source.file, form: source.form })
    const path = JSON.stringify(`./${source.file}`)
    if ((source.form === 'let' || source.form === 'var') && !source.merged) {
      const start = `${text} declare let `
      const middle = `${start}${name}: typeof import(${path}).`
      links.push({ name, from: source.file, local: start.length, origin: middle.length })
      text = `${middle}${name};`
    } else text += ` import { ${name} } from ${path};`
  }
  return { text, links, imports }
}

/** A place in a cell or module, as the language server counts: from 0, columns in UTF-16 code units. */
export interface Position {
  line: number
  character: number
}

export interface Span {
  start: Position
  end: Position
}

export const toModule = ({ line, character }: Position): Position => ({ line: line + 1, character })

/** Undefined for places in the line in front. */
export function toCell({ line, character }: Position): Position | undefined {
  return line > 0 ? { line: line - 1, character } : undefined
}

/** Undefined for what is not wholly in the cell. */
export function spanToCell({ start, end }: Span): Span | undefined {
  const from = toCell(start)
  const to = toCell(end)
  return from && to && { start: from, end: to }
}

/** Where a declaration of this name stands in the line in front, as an export or in an import. */
export function columnOf(prelude: Prelude, name: string): number {
  const link = prelude.links.find((each) => each.name === name)
  if (link) return link.local
  const at = prelude.text.search(new RegExp(`(?<=[{,] )${name.replace(/\$/g, '\\$')}(?=[ ,])`))
  return Math.max(at, 0)
}
