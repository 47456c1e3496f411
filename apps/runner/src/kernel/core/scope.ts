/** The names of the notebook as its cells made them: what compiling the next cell needs, and what is told of them. */

import type { Question } from '../protocol.js'
import type { CompiledCell, Kind } from '../transform/index.js'
import { compileCell } from '../transform/index.js'
import { renameOf } from '../transform/names.js'
import { Declared } from './declared.js'
import { compileFault } from './replies.js'

type Expressions = Extract<Question, { about: 'evaluate' }>['expressions']

export class CellScope {
  readonly declared = new Declared()
  #kinds = new Map<string, Kind>()
  #renamed: ReadonlySet<string> = new Set()
  #globals: ReadonlySet<string> = new Set()

  /** A new life of the child, with these names on its global object. */
  reset(globals: readonly string[]): void {
    this.#globals = new Set(globals)
    this.#kinds = new Map()
    this.#renamed = new Set()
    this.declared.clear()
  }

  compile(code: string, script: string): Promise<CompiledCell> {
    return compileCell(code, { kinds: this.#kinds, renamed: this.#renamed, globals: this.#globals }, script)
  }

  /**
   * What a cell declared counts from the moment it ran.
   * @param kinds how V8 holds the names in fact, where it refused the cell.
   */
  commit(
    compiled: CompiledCell,
    kinds: Record<string, Kind | null> | undefined,
    cell: { source: string; cellId: string | undefined },
  ): void {
    const held = kinds ?? Object.fromEntries(compiled.declared)
    for (const [name, kind] of Object.entries(held)) {
      if (kind) this.#kinds.set(name, kind)
      else this.#kinds.delete(name)
    }
    this.declared.commit(held, cell)
    const stands = (name: string) => this.#renamed.has(name) || held[renameOf(name)] !== null
    this.#renamed = new Set([...compiled.renamed].filter(stands))
  }

  /** The name the runtime has for a user's name. */
  runtimeName(name: string): string {
    return this.#renamed.has(name) ? renameOf(name) : name
  }

  /** Compiles `user_expressions` like cells; one that does not compile is an error of its own. */
  async compileExpressions(
    expressions: Record<string, unknown>,
  ): Promise<{ compiled: Expressions; faults: Record<string, unknown> }> {
    const compiled: Expressions = {}
    const faults: Record<string, unknown> = {}
    for (const [name, expression] of Object.entries(expressions)) {
      const cell = { script: 'expression', code: String(expression), count: 0, cellId: undefined }
      try {
        compiled[name] = (await this.compile(cell.code, cell.script)).code
      } catch (error) {
        faults[name] = { status: 'error', ...compileFault(error, cell) }
      }
    }
    return { compiled, faults }
  }
}
