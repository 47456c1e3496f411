/** What can be written at a place: what the compiler knows, and the names of earlier cells. */
import type * as lsp from 'vscode-languageserver-protocol'
import type { Form } from './analyse.js'
import type { LanguageCell } from './cells.js'
import type { CompletionAnswer, CompletionItem, TextEdit } from './messages.js'
import { at, type Desk, editsToCell, hover, inFront, listOf, markdownOf } from './operations.js'
import { columnOf, type Position, spanToCell, toCell } from './projection.js'
import { clean } from './words.js'

/** Sent at most; more are asked for as more is typed. */
const MAX_ITEMS = 300
/** How the server sorts names in scope. */
const IN_SCOPE = '11'
/** `CompletionItemKind` of a name by how it was declared. */
const KINDS: Record<Form, number> = {
  const: 6,
  let: 6,
  var: 6,
  import: 6,
  function: 3,
  class: 7,
  enum: 13,
  namespace: 9,
  type: 8,
}

/** A completion that was given, to answer further questions about its items. */
export interface Given {
  number: number
  cell: LanguageCell
  items: readonly lsp.CompletionItem[]
}

export async function complete(
  desk: Desk,
  cell: LanguageCell,
  position: Position,
  number: number,
): Promise<{ answer: CompletionAnswer; given: Given }> {
  const question = { ...at(desk, cell, position), context: { triggerKind: 1 } }
  const reply = await desk.ask<lsp.CompletionList | lsp.CompletionItem[] | null>('textDocument/completion', question)
  const items = Array.isArray(reply) ? reply : (reply?.items ?? [])
  const before = (cell.source.split('\n')[position.line] ?? '').slice(0, position.character)
  const prefix = /[\p{ID_Continue}$]*$/u.exec(before)![0]
  const member = /\.\s*$/.test(before.slice(0, before.length - prefix.length))
  const found: CompletionItem[] = []
  const known = new Set<string>()
  for (const [i, item] of items.entries()) {
    if (item.label.includes('.mayfly~')) continue
    known.add(item.label)
    if (matches(item.filterText ?? item.label, prefix)) found.push(itemOf(item, `${number}:${i}`))
  }
  // In a place for names, not for members, texts or keywords of their own.
  if (!member && known.has('globalThis')) {
    for (const [name, { form, cell: owner }] of desk.cells.visibleTo(cell)) {
      if (known.has(name) || !matches(name, prefix)) continue
      found.push({ label: name, kind: KINDS[form], sort: IN_SCOPE, ref: `name:${owner.id}:${name}` })
    }
  }
  found.sort((a, b) => compare(a.sort, b.sort) || compare(a.label, b.label))
  const answer = {
    items: found.slice(0, MAX_ITEMS),
    incomplete: found.length > MAX_ITEMS,
    unknown: member && items.length === 0,
  }
  return { answer, given: { number, cell, items } }
}

export interface Resolved {
  detail?: string
  documentation?: string
  /** Beside the insertion itself, such as an import. */
  edits?: TextEdit[]
}

/** More about an item; nothing when its list is no longer the newest. */
export async function resolve(desk: Desk, ref: string, given: Given | undefined): Promise<Resolved> {
  const name = /^name:(.+):([^:]+)$/.exec(ref)
  if (name) return await resolveName(desk, name[1]!, name[2]!)
  const [number, index] = ref.split(':').map(Number)
  const item = number === given?.number ? given?.items[index!] : undefined
  if (!item) return {}
  const full = await desk.ask<lsp.CompletionItem>('completionItem/resolve', item)
  const edits = importEdits(full.additionalTextEdits ?? [])
  return {
    ...(full.detail ? { detail: clean(full.detail).replace(/^\(alias\) /, '') } : {}),
    ...(full.documentation ? { documentation: clean(markdownOf(full.documentation)) } : {}),
    ...(edits.length > 0 ? { edits } : {}),
  }
}

async function resolveName(desk: Desk, cellId: string, name: string): Promise<Resolved> {
  const owner = desk.cells.get(cellId)
  const question = inFront(desk, owner, columnOf(owner.prelude, name))
  const [declaration] = listOf(await desk.ask<lsp.Definition | null>('textDocument/definition', question))
  const place = declaration && toCell(declaration.range.start)
  const told = place && (await hover(desk, owner, place))
  if (!told) return {}
  const [, code, rest = ''] = /^```typescript\n([\s\S]*?)\n```\s*([\s\S]*)$/.exec(told.text) ?? []
  const where = `Code cell ${desk.cells.numberOf(owner)}`
  return { ...(code ? { detail: code } : {}), documentation: [where, rest.trim()].filter(Boolean).join('\n\n') }
}

/** Edits for the cell; an import that would stand in the line in front goes to the top of the cell. */
function importEdits(edits: readonly lsp.TextEdit[]): TextEdit[] {
  const top = { line: 0, character: 0 }
  return edits.flatMap((edit) => {
    if (edit.range.start.line > 0) return editsToCell([edit])
    const text = edit.newText.trim()
    return text.startsWith('import ') ? [{ start: top, end: top, text: `${text}\n` }] : []
  })
}

function itemOf(item: lsp.CompletionItem, ref: string): CompletionItem {
  const edit = item.textEdit
  const range = edit && ('range' in edit ? edit.range : edit.replace)
  const span = range && spanToCell(range)
  const insert = edit?.newText ?? item.insertText
  return {
    label: item.label,
    kind: item.kind ?? 1,
    sort: item.sortText ?? item.label,
    ref,
    ...(insert !== undefined && insert !== item.label ? { insert } : {}),
    ...(item.filterText !== undefined && item.filterText !== item.label ? { filter: item.filterText } : {}),
    ...(item.insertTextFormat === 2 ? { snippet: true } : {}),
    ...(span ? { span } : {}),
    ...(item.tags?.includes(1) ? { deprecated: true } : {}),
  }
}

/** True when the letters of `prefix` come in this order, whatever their case. */
function matches(label: string, prefix: string): boolean {
  if (prefix === '') return true
  const text = label.toLowerCase()
  let from = 0
  for (const letter of prefix.toLowerCase()) {
    const found = text.indexOf(letter, from)
    if (found < 0) return false
    from = found + 1
  }
  return true
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
