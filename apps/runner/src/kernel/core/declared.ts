/** What the cells have declared: for each name where, in which form, and what stands above it. Sources are read when asked. */
import { parseSync } from 'oxc-parser'
import { isErased, type Node } from '../transform/ast.js'
import { listDeclarations, renameOf, unwrapExport } from '../transform/names.js'
import type { VariableKind } from '../variables.js'

export interface DeclaredName {
  /** As the user wrote it. */
  name: string
  kind: VariableKind
  cellId?: string
  /** Head of a function or class as written, with its types. */
  signature?: string
  /** Text of the comment above. */
  doc?: string
}

interface Place {
  source: string
  cellId: string | undefined
}

type Facts = Omit<DeclaredName, 'name' | 'cellId'>

const PREFIX = renameOf('')

/** A runtime name as the user wrote it: `__nb$URL` is `URL`. */
export const userName = (name: string): string => (name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name)

export class Declared {
  /** Runtime names, in order of first definition. */
  readonly #places = new Map<string, Place>()
  /** What was read of a cell; all its names share one place. */
  readonly #read = new WeakMap<Place, Map<string, Facts>>()

  clear(): void {
    this.#places.clear()
  }

  /** The cell declared these runtime names; `null` for one that is not there in the end. */
  commit(names: Record<string, unknown>, place: Place): void {
    for (const [name, kind] of Object.entries(names)) {
      if (kind === null) this.#places.delete(name)
      else this.#places.set(name, place)
    }
  }

  names(): string[] {
    return [...this.#places.keys()]
  }

  /** What is known of runtime names; names no cell declared were assigned, and count as `var`. */
  lookUp(names: readonly string[]): Map<string, DeclaredName> {
    const found = new Map<string, DeclaredName>()
    for (const runtime of names) {
      const name = userName(runtime)
      const place = this.#places.get(runtime)
      const facts = (place && this.#factsOf(place).get(name)) ?? { kind: 'var' as const }
      found.set(runtime, { name, ...facts, ...(place?.cellId === undefined ? {} : { cellId: place.cellId }) })
    }
    return found
  }

  #factsOf(place: Place): Map<string, Facts> {
    let facts = this.#read.get(place)
    if (!facts) this.#read.set(place, (facts = readDeclarations(place.source)))
    return facts
  }
}

/** Forms, heads and comments of the top-level declarations of a cell. */
export function readDeclarations(source: string): Map<string, Facts> {
  const found = new Map<string, Facts>()
  const { program, comments } = parseSync('cell.ts', source, { lang: 'ts', sourceType: 'module' })
  const statements = (program as unknown as Node).body as Node[]
  for (const statement of statements) {
    const node = unwrapExport(statement)
    if (isErased(node)) continue
    const doc = docAbove(source, comments, statement.start)
    for (const { name, form } of listDeclarations({ ...(program as unknown as Node), body: [statement] })) {
      const kind = form === 'variable' ? (node.kind === 'let' ? 'let' : 'const') : form
      const signature = headOf(source, node)
      found.set(name, { kind, ...(signature ? { signature } : {}), ...(doc ? { doc } : {}) })
    }
  }
  return found
}

/** What stands before the body; of `const f = (…) => …` up to the arrow. */
function headOf(source: string, node: Node): string | undefined {
  if (node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') {
    return node.body ? source.slice(node.start, node.body.start).trim() : undefined
  }
  const [declarator] = node.type === 'VariableDeclaration' ? node.declarations : []
  const value = declarator?.init
  if (node.declarations?.length !== 1 || !/Function/.test(value?.type ?? '')) return undefined
  return source.slice(node.start, value.body.start).trim()
}

interface Comment {
  type: string
  value: string
  start: number
  end: number
}

/** The documentation comment right above a statement, without its stars. */
function docAbove(source: string, comments: readonly Comment[], start: number): string | undefined {
  const above = comments.findLast(({ end }) => end <= start)
  if (above?.type !== 'Block' || !above.value.startsWith('*')) return undefined
  if (source.slice(above.end, start).trim() !== '') return undefined
  const lines = above.value.slice(1).split('\n')
  return (
    lines
      .map((line) => line.replace(/^\s*\*? ?/, '').trimEnd())
      .join('\n')
      .trim() || undefined
  )
}
