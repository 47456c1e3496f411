/** References and renaming of a name over the cells of a notebook. */
import { MayflyError } from '@mayfly/executor/errors'
import type * as lsp from 'vscode-languageserver-protocol'
import type { LanguageCell } from './cells.js'
import type { Location, TextEdit } from './messages.js'
import { at, cellOf, type Desk, editsToCell, inFront, listOf, locations } from './operations.js'
import { columnOf, type Position, spanToCell } from './projection.js'

export interface CellEdits {
  cellId: string
  version: number
  edits: TextEdit[]
}

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u
const RESERVED = new Set(
  (
    'await break case catch class const continue debugger default delete do else enum export extends false finally for function if import ' +
    'in instanceof let new null return static super switch this throw true try typeof var void while with yield'
  ).split(' '),
)

/** The name under a place and its span, or null where nothing can be renamed. */
export async function renameable(desk: Desk, cell: LanguageCell, position: Position) {
  type Answer = { range: lsp.Range; placeholder: string } | lsp.Range | null
  const answer = await desk.ask<Answer>('textDocument/prepareRename', at(desk, cell, position)).catch(() => null)
  if (!answer) return null
  const range = 'range' in answer ? answer.range : answer
  const span = spanToCell(range)
  return span && { span, name: textAt(cell, range) }
}

/**
 * All edits that give the name under a place another one, by cell.
 * @throws `E_LANGUAGE_RENAME` when the new name is none, is taken, or the old one is declared outside the notebook.
 */
export async function rename(desk: Desk, cell: LanguageCell, position: Position, name: string): Promise<CellEdits[]> {
  if (!IDENTIFIER.test(name) || RESERVED.has(name))
    throw new MayflyError('E_LANGUAGE_RENAME', `${JSON.stringify(name)} is not a name`)
  const group = await groupOf(desk, cell, position)
  const taken = group && desk.cells.order.find(({ names }) => names.declared.has(name))
  if (taken && name !== group.name)
    throw new MayflyError(
      'E_LANGUAGE_RENAME',
      `'${name}' is already declared in code cell ${desk.cells.numberOf(taken)}`,
      {
        hint: 'Choose another name.',
      },
    )
  const seeds = group ? await seedsOf(desk, group) : [at(desk, cell, position)]
  const edits = new Map<LanguageCell, Map<string, lsp.TextEdit>>()
  for (const seed of seeds) {
    const answer = await desk.ask<lsp.WorkspaceEdit | null>('textDocument/rename', { ...seed, newName: name })
    for (const [uri, list] of Object.entries(answer?.changes ?? {})) {
      const owner = cellOf(desk, uri)
      if (!owner)
        throw new MayflyError('E_LANGUAGE_RENAME', 'this name is declared outside the notebook', {
          hint: 'Rename it in its own file.',
        })
      let known = edits.get(owner)
      if (!known) edits.set(owner, (known = new Map()))
      for (const edit of list) known.set(JSON.stringify(edit.range), edit)
    }
  }
  return [...edits].flatMap(([owner, list]) => {
    const own = editsToCell([...list.values()])
    return own.length > 0 ? [{ cellId: owner.id, version: owner.version, edits: own }] : []
  })
}

/** Every mention of the name under a place, its declaration included. */
export async function references(desk: Desk, cell: LanguageCell, position: Position): Promise<Location[]> {
  const group = await groupOf(desk, cell, position)
  const found = new Map<string, lsp.Location>()
  for (const seed of group ? await seedsOf(desk, group) : [at(desk, cell, position)]) {
    const answer = await desk.ask<lsp.Location[] | null>('textDocument/references', {
      ...seed,
      context: { includeDeclaration: true },
    })
    for (const location of answer ?? []) found.set(`${location.uri} ${JSON.stringify(location.range)}`, location)
  }
  return await locations(desk, [...found.values()])
}

/** A name of the notebook: the cell that declares it and those that take it from there. */
interface Group {
  name: string
  origin: LanguageCell
  users: LanguageCell[]
}

/** The group of the name under a place; none when it is an inner name, a member or a name from outside. */
async function groupOf(desk: Desk, cell: LanguageCell, position: Position): Promise<Group | undefined> {
  const mentions = await desk.ask<lsp.Location[] | null>('textDocument/references', {
    ...at(desk, cell, position),
    context: { includeDeclaration: true },
  })
  for (const { uri, range } of mentions ?? []) {
    const owner = cellOf(desk, uri)
    if (range.start.line !== 0 || !owner) continue
    const name = owner.prelude.text.slice(range.start.character, range.end.character)
    const imported = owner.prelude.imports.get(name)
    const origin = imported ? desk.cells.byFile(imported.file) : owner.names.declared.has(name) ? owner : undefined
    if (!origin) continue
    const users = desk.cells.order.filter(({ prelude }) => prelude.imports.get(name)?.file === origin.file)
    return { name, origin, users }
  }
  return undefined
}

/** Where to ask, so that the declaration and every user answer. The line in front holds aliases, which are renamed by themselves. */
async function seedsOf(desk: Desk, { name, origin, users }: Group) {
  const inUsers = users.map((user) => inFront(desk, user, columnOf(user.prelude, name)))
  // A name that the cell exports by itself does not stand in its line in front: a user's mention leads to it.
  const [user] = users
  const link = user?.prelude.links.find((each) => each.name === name)
  const question = origin.names.exported.has(name)
    ? user && inFront(desk, user, link?.origin ?? columnOf(user.prelude, name))
    : inFront(desk, origin, columnOf(origin.prelude, name))
  const declarations = question ? await desk.ask<lsp.Definition | null>('textDocument/definition', question) : null
  const own = listOf(declarations).map(({ uri, range }) => ({ textDocument: { uri }, position: range.start }))
  return [...own.filter(({ textDocument }) => cellOf(desk, textDocument.uri)), ...inUsers]
}

function textAt(cell: LanguageCell, range: lsp.Range): string {
  const line = cell.source.split('\n')[range.start.line - 1] ?? ''
  return line.slice(range.start.character, range.end.character)
}
