/** Monaco's language features of code cells, answered by the runner. Registered once for all notebooks. */
import type { CancellationToken, editor, languages, Position } from 'monaco-editor'
import type { Monaco, TextModel } from '../monaco'
import { toKind, toPlace, toRange } from './places'
import type { AnswerOf, Location, Operation, TextEdit } from './protocol'
import { type CellModel, cellById, cellOfModel, cellOfUri } from './registry'
import { applyTogether } from './together'

const LANGUAGE = 'typescript'

type Item = languages.CompletionItem & { ref?: string }

let registered = false

export function registerProviders(monaco: Monaco): void {
  if (registered) return
  registered = true
  const { languages } = monaco
  languages.registerCompletionItemProvider(LANGUAGE, {
    triggerCharacters: ['.', '"', "'", '`', '/', '@', '#', '<'],
    provideCompletionItems: (model, position, _context, token) => complete(model, position, token),
    resolveCompletionItem: (item: Item, token) => resolve(item, token),
  })
  languages.registerHoverProvider(LANGUAGE, {
    async provideHover(model, position, token) {
      const told = await askAt('hover', model, position, token)
      return told && { contents: [{ value: told.text }], range: told.span && toRange(told.span) }
    },
  })
  languages.registerSignatureHelpProvider(LANGUAGE, {
    signatureHelpTriggerCharacters: ['(', ',', '<'],
    signatureHelpRetriggerCharacters: [')'],
    provideSignatureHelp: signature,
  })
  languages.registerDefinitionProvider(LANGUAGE, {
    provideDefinition: async (model, position, token) =>
      toLocations(monaco, model, await askAt('definition', model, position, token)),
  })
  languages.registerReferenceProvider(LANGUAGE, {
    provideReferences: async (model, position, _context, token) =>
      toLocations(monaco, model, await askAt('references', model, position, token)),
  })
  languages.registerDocumentFormattingEditProvider(LANGUAGE, {
    displayName: 'Mayfly',
    provideDocumentFormattingEdits: (model, _options, token) => format(model, token),
  })
  languages.registerRenameProvider(LANGUAGE, {
    resolveRenameLocation,
    provideRenameEdits: (model, position, name, token) => rename(monaco, model, position, name, token),
  })
  monaco.editor.registerEditorOpener({
    openCodeEditor: (source, resource, selection) => open(source, resource, selection),
  })
}

/** The edits that format a cell; none when it is no code cell or nobody answers. */
export async function format(model: TextModel, token?: CancellationToken): Promise<languages.TextEdit[]> {
  const cell = cellOfModel(model)
  if (!cell) return []
  const edits = await cell.connection.ask('format', { cellId: cell.cellId }, signalOf(token)).catch(() => [])
  return edits.map(toEdit)
}

const toEdit = (edit: TextEdit): languages.TextEdit => ({ range: toRange(edit), text: edit.text })

/** Asks about a place; null when there is no answer, which to Monaco is no answer, not an error. */
async function askAt<Op extends Operation>(
  op: Op,
  model: TextModel,
  position: Position,
  token: CancellationToken,
): Promise<AnswerOf<Op> | null> {
  const cell = cellOfModel(model)
  if (!cell) return null
  const place = { cellId: cell.cellId, ...toPlace(position) }
  return await cell.connection.ask(op, place, signalOf(token)).catch(() => null)
}

async function complete(model: TextModel, position: Position, token: CancellationToken) {
  const cell = cellOfModel(model)
  if (!cell) return null
  const answer = await askAt('complete', model, position, token)
  const word = model.getWordUntilPosition(position)
  const range = {
    startLineNumber: position.lineNumber,
    endLineNumber: position.lineNumber,
    startColumn: word.startColumn,
    endColumn: word.endColumn,
  }
  const suggestions: Item[] = (answer?.items ?? []).map((item) => ({
    label: item.label,
    kind: toKind(item.kind),
    sortText: item.sort,
    filterText: item.filter,
    insertText: item.insert ?? item.label,
    insertTextRules: item.snippet ? 4 : 0,
    range: item.span ? toRange(item.span) : range,
    tags: item.deprecated ? [1] : [],
    ref: `${cell.cellId} ${item.ref}`,
  }))
  // Where the types know nothing, the running kernel may: it has the value.
  if (!answer || answer.unknown) suggestions.push(...(await atRuntime(cell, model, position)))
  return { suggestions, incomplete: answer?.incomplete ?? false }
}

async function atRuntime(cell: CellModel, model: TextModel, position: Position): Promise<Item[]> {
  const found = await cell.atRuntime(model.getValue(), model.getOffsetAt(position)).catch(() => undefined)
  if (!found) return []
  const [start, end] = [model.getPositionAt(found.start), model.getPositionAt(found.end)]
  return found.matches.map(({ text, type }) => ({
    label: { label: text, description: 'kernel' },
    kind: RUNTIME_KINDS[type ?? ''] ?? 9,
    insertText: text,
    range: {
      startLineNumber: start.lineNumber,
      startColumn: start.column,
      endLineNumber: end.lineNumber,
      endColumn: end.column,
    },
  }))
}

const RUNTIME_KINDS: Record<string, number> = {
  function: 1,
  class: 5,
  module: 8,
  instance: 4,
  keyword: 17,
  statement: 17,
}

async function resolve(item: Item, token: CancellationToken): Promise<Item> {
  const [cellId, ref] = item.ref?.split(/ (.*)/s) ?? []
  const cell = cellId === undefined ? undefined : cellById(cellId)
  if (!cell || ref === undefined) return item
  const more = await cell.connection.ask('resolve', { ref }, signalOf(token)).catch(() => undefined)
  if (!more) return item
  return {
    ...item,
    ...(more.detail ? { detail: more.detail } : {}),
    ...(more.documentation ? { documentation: { value: more.documentation } } : {}),
    ...(more.edits ? { additionalTextEdits: more.edits.map(toEdit) } : {}),
  }
}

async function signature(
  model: TextModel,
  position: Position,
  token: CancellationToken,
): Promise<languages.SignatureHelpResult | null> {
  const help = await askAt('signature', model, position, token)
  if (!help) return null
  const signatures = help.signatures.map(({ label, documentation, parameters, active }) => ({
    label,
    documentation: { value: documentation },
    activeParameter: active,
    parameters: parameters.map((each) => ({ label: each.label, documentation: { value: each.documentation } })),
  }))
  const activeParameter = help.signatures[help.active]?.active ?? 0
  return { value: { signatures, activeSignature: help.active, activeParameter }, dispose() {} }
}

function toLocations(monaco: Monaco, model: TextModel, found: readonly Location[] | null): languages.Location[] {
  const cell = cellOfModel(model)
  return (found ?? []).flatMap((location) => {
    const target = location.cellId === undefined ? fileModel(monaco, location) : cell?.modelOf(monaco, location.cellId)
    return target ? [{ uri: target.uri, range: toRange(location) }] : []
  })
}

/** A file of the workspace or a library, to look at; it cannot be edited here. */
function fileModel(monaco: Monaco, { file, text }: Location): TextModel | undefined {
  if (file === undefined) return undefined
  const uri = monaco.Uri.file(file)
  const known = monaco.editor.getModel(uri)
  if (text !== undefined && known && known.getValue() !== text) known.setValue(text)
  return known ?? monaco.editor.createModel(text ?? '', LANGUAGE, uri)
}

/** Another cell is gone to; a file is shown in place. */
function open(
  source: editor.ICodeEditor,
  resource: { toString(): string },
  selection?: { startLineNumber: number; startColumn: number } | { lineNumber: number; column: number },
): boolean {
  const cell = cellOfUri(resource)
  if (!cell) {
    source.trigger('language', 'editor.action.peekDefinition', {})
    return true
  }
  const [line, column] =
    selection === undefined
      ? [1, 1]
      : 'lineNumber' in selection
        ? [selection.lineNumber, selection.column]
        : [selection.startLineNumber, selection.startColumn]
  cell.show(cell.cellId, line, column)
  return true
}

async function resolveRenameLocation(
  model: TextModel,
  position: Position,
  token: CancellationToken,
): Promise<languages.RenameLocation & languages.Rejection> {
  const found = await askAt('renameable', model, position, token)
  const nowhere = { startLineNumber: 1, startColumn: 1, endLineNumber: 1, endColumn: 1 }
  if (!found) return { range: nowhere, text: '', rejectReason: 'Nothing here can be renamed.' }
  return { range: toRange(found.span), text: found.name }
}

/** Applies the edits itself: Monaco would make one step to undo per cell, not one in all. */
async function rename(
  monaco: Monaco,
  model: TextModel,
  position: Position,
  name: string,
  token: CancellationToken,
): Promise<languages.WorkspaceEdit & languages.Rejection> {
  const cell = cellOfModel(model)
  if (!cell) return { edits: [], rejectReason: 'This is no cell.' }
  try {
    const place = { cellId: cell.cellId, ...toPlace(position), name }
    const cells = await cell.connection.ask('rename', place, signalOf(token))
    const changes = cells.flatMap(({ cellId, edits }) => {
      const target = cell.modelOf(monaco, cellId)
      return target ? [{ model: target, edits: edits.map(toEdit) }] : []
    })
    applyTogether(changes)
    return { edits: [] }
  } catch (error) {
    return { edits: [], rejectReason: error instanceof Error ? error.message : String(error) }
  }
}

function signalOf(token: CancellationToken | undefined): AbortSignal | undefined {
  if (!token) return undefined
  const controller = new AbortController()
  if (token.isCancellationRequested) controller.abort()
  token.onCancellationRequested(() => controller.abort())
  return controller.signal
}
