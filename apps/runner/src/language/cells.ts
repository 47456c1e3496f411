/** The cells of one open notebook and their modules, kept in step with the language service. */
import { MayflyError } from '@mayfly/executor/errors'
import { analyse, type CellNames, type Form } from './analyse.js'
import type { CellUpdate } from './messages.js'
import { type Prelude, project } from './projection.js'
import { VIRTUAL } from './service.js'
import { applyChanges, normalise, type TextChange } from './text.js'

export interface LanguageCell {
  readonly id: string
  /** Name of the module's file. */
  readonly file: string
  source: string
  version: number
  names: CellNames
  prelude: Prelude
}

/** What an update did: cells whose module changed, and whether modules came or went. */
export interface CellsChange {
  changed: LanguageCell[]
  gone: LanguageCell[]
  added: boolean
}

let notebooks = 0
const EMPTY: Prelude = { text: '', links: [], imports: new Map() }

export class LanguageCells {
  readonly #cells = new Map<string, LanguageCell>()
  readonly #byFile = new Map<string, LanguageCell>()
  readonly #others = new Map<string, { source: string }>()
  readonly #prefix = `${VIRTUAL}${++notebooks}~`
  #order: LanguageCell[] = []
  #made = 0

  /** The code cells in order. */
  get order(): readonly LanguageCell[] {
    return this.#order
  }

  get(id: string): LanguageCell {
    const cell = this.#cells.get(id)
    if (!cell) throw new MayflyError('E_LANGUAGE_CELL', `there is no code cell ${JSON.stringify(id)}`)
    return cell
  }

  byFile(file: string): LanguageCell | undefined {
    return this.#byFile.get(file)
  }

  /** The module as the server is shown it. */
  textOf(cell: LanguageCell): string {
    return `${cell.prelude.text}\n${cell.source}`
  }

  /** Takes over the notebook's cells. @throws `E_LANGUAGE_RESEND` when a source is missing. */
  replace(updates: readonly CellUpdate[]): CellsChange {
    for (const { id, source } of updates) {
      if (source === undefined && !this.#cells.has(id) && !this.#others.has(id))
        throw new MayflyError('E_LANGUAGE_RESEND', `the source of cell ${JSON.stringify(id)} is not known`)
    }
    const before = new Map(this.#cells)
    const order: LanguageCell[] = []
    let added = false
    const changed = new Set<LanguageCell>()
    this.#cells.clear()
    for (const { id, kind, source, version } of updates) {
      const known = before.get(id)
      const text = source === undefined ? (known ?? this.#others.get(id))!.source : normalise(source)
      if (kind !== 'code') {
        this.#others.set(id, { source: text })
        continue
      }
      this.#others.delete(id)
      const cell = known ?? this.#make(id)
      added ||= !known
      if (!known || known.source !== text) {
        cell.source = text
        cell.names = analyse(text, known?.names)
        changed.add(cell)
      }
      cell.version = version
      this.#cells.set(id, cell)
      order.push(cell)
    }
    const gone = [...before.values()].filter(({ id }) => !this.#cells.has(id))
    for (const { file } of gone) this.#byFile.delete(file)
    this.#order = order
    for (const cell of this.#project()) changed.add(cell)
    return { changed: [...changed], gone, added }
  }

  /** Edits one cell. Text cells are remembered only. */
  edit(id: string, version: number, changes: readonly TextChange[]): CellsChange {
    const other = this.#others.get(id)
    if (other) {
      other.source = applyChanges(other.source, changes)
      return { changed: [], gone: [], added: false }
    }
    const cell = this.get(id)
    cell.source = applyChanges(cell.source, changes)
    cell.version = version
    const names = analyse(cell.source, cell.names)
    const same = sameNames(names, cell.names)
    cell.names = names
    const changed = new Set([cell])
    if (!same) for (const other of this.#project()) changed.add(other)
    return { changed: [...changed], gone: [], added: false }
  }

  /** Cells that use names of this one, directly or not. */
  dependents(cell: LanguageCell): LanguageCell[] {
    const reached = new Set([cell.file])
    // Imports point backwards only: one pass in order is enough.
    return this.#order.filter((other) => {
      const depends = [...other.prelude.imports.values()].some(({ file }) => reached.has(file))
      if (depends) reached.add(other.file)
      return depends && other !== cell
    })
  }

  /** The names a cell sees from the cells before it. */
  visibleTo(cell: LanguageCell): Map<string, { cell: LanguageCell; form: Form }> {
    const visible = new Map<string, { cell: LanguageCell; form: Form }>()
    for (const earlier of this.#order) {
      if (earlier === cell) break
      for (const [name, form] of earlier.names.declared) visible.set(name, { cell: earlier, form })
    }
    return visible
  }

  /** Cells after this one that declare a name. */
  laterDeclarer(cell: LanguageCell, name: string): LanguageCell | undefined {
    return this.#order.slice(this.#order.indexOf(cell) + 1).find(({ names }) => names.declared.has(name))
  }

  /** Number of a code cell as the user counts, from 1. */
  numberOf(cell: LanguageCell): number {
    return this.#order.indexOf(cell) + 1
  }

  #make(id: string): LanguageCell {
    const file = `${this.#prefix}${++this.#made}.ts`
    const cell: LanguageCell = { id, file, source: '', version: 0, names: analyse(''), prelude: EMPTY }
    this.#byFile.set(file, cell)
    return cell
  }

  #project(): LanguageCell[] {
    const preludes = project(this.#order)
    return this.#order.filter((cell, i) => {
      const same = cell.prelude.text === preludes[i]!.text
      if (!same) cell.prelude = preludes[i]!
      return !same
    })
  }
}

/** True when the projection cannot differ: most key strokes change no name. */
function sameNames(a: CellNames, b: CellNames): boolean {
  if (a.declared.size !== b.declared.size || a.mentioned.size !== b.mentioned.size) return false
  if (a.exported.size !== b.exported.size || a.merged.size !== b.merged.size) return false
  const declared = [...a.declared]
  let i = 0
  for (const [name, form] of b.declared) {
    const [other, otherForm] = declared[i++]!
    if (name !== other || form !== otherForm) return false
  }
  for (const name of a.mentioned) if (!b.mentioned.has(name)) return false
  for (const name of a.exported) if (!b.exported.has(name)) return false
  return true
}
