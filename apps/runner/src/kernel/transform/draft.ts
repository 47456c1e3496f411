/** A cell while it is being rewritten: its text with edits, and what has been learned about it. */
import MagicString from 'magic-string'
import type { Node } from './ast.js'
import { type Kind, type NotebookNames, renameOf } from './names.js'

/** What a local name was imported from; `imported` is `default`, `*` or an export's name. */
export interface ImportedName {
  specifier: string
  imported: string
}

export class Draft {
  readonly source: string
  readonly text: MagicString
  readonly names: NotebookNames
  /** Script name of the evaluation, unique in the kernel's life; makes temporaries unique too. */
  readonly cell: string
  /** Runtime names this cell declares. */
  readonly declared = new Map<string, Kind>()
  readonly imports: Record<string, ImportedName> = {}
  /** Identifiers whose renaming is already part of another edit. */
  readonly settled = new Set<Node>()
  /** Names of this notebook that stand in for a global of the runtime, those of this cell included. */
  readonly renamed: Set<string>
  /** Where hoisted code goes: in front of the first statement that is not an import. */
  anchor = 0
  #hoisted = ''

  constructor(source: string, names: NotebookNames, cell: string) {
    this.source = source
    this.text = new MagicString(source)
    this.names = names
    this.cell = cell
    this.renamed = new Set(names.renamed)
  }

  /** The name at run time. */
  runtime(name: string): string {
    return this.renamed.has(name) ? renameOf(name) : name
  }

  /** How the name is held already, by earlier cells or by this one. */
  kindOf(name: string): Kind | undefined {
    const runtime = this.runtime(name)
    return this.declared.get(runtime) ?? this.names.kinds.get(runtime)
  }

  /** Declares a name lexically unless an earlier cell holds it as `var`; returns the keyword to write. */
  bind(name: string): 'let' | 'var' {
    const kind = this.kindOf(name) ?? 'lexical'
    this.declared.set(this.runtime(name), kind)
    return kind === 'var' ? 'var' : 'let'
  }

  /** Puts declarations in front of everything. */
  hoist(code: string): void {
    this.#hoisted += code
  }

  /** Moves a statement in front of the first one that is not an import, unless it stands there. */
  moveUp(start: number, end: number): void {
    if (start <= this.anchor) return
    // What stood before may have ended only because this statement began.
    this.text.appendLeft(start, ';')
    this.text.move(start, end, this.anchor)
  }

  finish(): MagicString {
    if (this.#hoisted) this.text.prepend(this.#hoisted)
    return this.text
  }
}
