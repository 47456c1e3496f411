/** Questions about one place in a cell, put to the language server and told in the cell's own places. */
import { readFile, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type * as lsp from 'vscode-languageserver-protocol'
import type { LanguageCell, LanguageCells } from './cells.js'
import type { Location, TextEdit } from './messages.js'
import { type Position, spanToCell, toModule } from './projection.js'
import { uriOf } from './tsc.js'
import { cleanHover } from './words.js'

/** What an operation works with. */
export interface Desk {
  readonly workspace: string
  readonly folder: string
  readonly cells: LanguageCells
  ask<Result>(method: string, parameters: object): Promise<Result>
}

/** Texts of files longer than this are not sent along. */
const MAX_TEXT = 400_000

const documentOf = (desk: Desk, cell: LanguageCell) => ({ uri: uriOf(join(desk.folder, cell.file)) })

/** The parameters of most questions. */
export const at = (desk: Desk, cell: LanguageCell, position: Position) => ({
  textDocument: documentOf(desk, cell),
  position: toModule(position),
})

/** The same for a column of the line in front. */
export const inFront = (desk: Desk, cell: LanguageCell, character: number) => ({
  textDocument: documentOf(desk, cell),
  position: { line: 0, character },
})

export async function hover(desk: Desk, cell: LanguageCell, position: Position) {
  const answer = await desk.ask<lsp.Hover | null>('textDocument/hover', at(desk, cell, position))
  if (!answer) return null
  const span = answer.range && spanToCell(answer.range)
  return { text: cleanHover(markdownOf(answer.contents)), ...(span ? { span } : {}) }
}

export async function signature(desk: Desk, cell: LanguageCell, position: Position) {
  const answer = await desk.ask<lsp.SignatureHelp | null>('textDocument/signatureHelp', {
    ...at(desk, cell, position),
    context: { triggerKind: 1, isRetrigger: false },
  })
  if (!answer?.signatures.length) return null
  return {
    active: answer.activeSignature ?? 0,
    signatures: answer.signatures.map((each) => ({
      label: each.label,
      documentation: markdownOf(each.documentation),
      active: each.activeParameter ?? answer.activeParameter ?? 0,
      parameters: (each.parameters ?? []).map(({ label, documentation }) => ({
        label,
        documentation: markdownOf(documentation),
      })),
    })),
  }
}

export async function definition(desk: Desk, cell: LanguageCell, position: Position): Promise<Location[]> {
  const answer = await desk.ask<lsp.Definition | null>('textDocument/definition', at(desk, cell, position))
  const found: lsp.Location[] = []
  for (const location of listOf(answer)) {
    const owner = cellOf(desk, location.uri)
    const link = owner?.prelude.links.find(
      ({ local }) => location.range.start.line === 0 && local === location.range.start.character,
    )
    if (!owner || !link) found.push(location)
    else {
      const next = await desk.ask<lsp.Definition | null>('textDocument/definition', inFront(desk, owner, link.origin))
      found.push(...listOf(next))
    }
  }
  return await locations(desk, found)
}

export async function format(desk: Desk, cell: LanguageCell): Promise<TextEdit[]> {
  const edits = await desk.ask<lsp.TextEdit[] | null>('textDocument/formatting', {
    textDocument: documentOf(desk, cell),
    options: { tabSize: 2, insertSpaces: true, trimTrailingWhitespace: true },
  })
  return editsToCell(edits ?? [])
}

export function editsToCell(edits: readonly lsp.TextEdit[]): TextEdit[] {
  return edits.flatMap(({ range, newText }) => {
    const span = spanToCell(range)
    return span ? [{ ...span, text: newText }] : []
  })
}

/** The cell a file of the server stands for. */
export function cellOf(desk: Desk, uri: string): LanguageCell | undefined {
  return desk.cells.byFile(basename(fileURLToPath(uri)))
}

/** Places in cells and files; those in lines in front, and in other notebooks, are left out. */
export async function locations(desk: Desk, found: readonly lsp.Location[]): Promise<Location[]> {
  const result: Location[] = []
  for (const { uri, range } of found) {
    const cell = cellOf(desk, uri)
    if (cell) {
      const span = spanToCell(range)
      if (span) result.push({ cellId: cell.id, ...span })
      continue
    }
    if (!uri.startsWith('file:')) continue
    const file = fileURLToPath(uri)
    if (basename(file).startsWith('.mayfly~')) continue
    const inside = relative(desk.workspace, file)
    const path = inside.startsWith('..') ? file : inside.split(sep).join('/')
    const text = await textOf(file)
    result.push({ file, path, start: range.start, end: range.end, ...(text === undefined ? {} : { text }) })
  }
  return result
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return (await stat(file)).size > MAX_TEXT ? undefined : await readFile(file, 'utf8')
  } catch {
    return undefined
  }
}

export function listOf(definition: lsp.Definition | null): lsp.Location[] {
  if (!definition) return []
  return Array.isArray(definition) ? definition : [definition]
}

export function markdownOf(contents: lsp.Hover['contents'] | string | undefined): string {
  if (contents === undefined) return ''
  if (typeof contents === 'string') return contents
  if (Array.isArray(contents)) return contents.map((each) => markdownOf(each)).join('\n\n')
  return 'language' in contents ? `\`\`\`${contents.language}\n${contents.value}\n\`\`\`` : contents.value
}
