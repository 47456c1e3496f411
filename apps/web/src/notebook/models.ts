/**
 * Monaco's text models of the cells. A model outlives its editor, so that undo history and cursor stay when a cell scrolls
 * away; it is made when the cell first gets an editor and dies with the cell.
 */
import type { CellKind } from './cells'
import type { CodeEditor, Monaco, TextModel } from './monaco'
import { type NotebookStore, setSource } from './store'

type ViewState = ReturnType<CodeEditor['saveViewState']>

type ModelListener = (id: string, model: TextModel) => void

export interface CellModels {
  /** The model of a cell, made on first use. */
  of(monaco: Monaco, id: string): TextModel
  /** The model of a cell, if it has one. */
  known(id: string): TextModel | undefined
  /** Calls back with every model that is there and that is made; returns how to stop. */
  onModel(listener: ModelListener): () => void
  /** Cursor and selection of the cell's last editor. */
  view(id: string): ViewState | undefined
  keepView(id: string, view: ViewState): void
  /** Offset of the cursor in the cell's text, where an editor shows it; else the text's end. */
  cursor(id: string): number
  dispose(): void
}

export function createModels(store: NotebookStore): CellModels {
  const models = new Map<string, TextModel>()
  const views = new Map<string, ViewState>()
  let api: Monaco | undefined
  const listeners = new Set<ModelListener>()

  // The store is the truth: a change that did not come from the model (reload, undo) is written into it.
  const unsubscribe = store.subscribe((state, before) => {
    if (state.cells === before.cells) return
    for (const [id, model] of models) {
      const cell = state.cells[id]
      if (!cell) {
        model.dispose()
        models.delete(id)
        views.delete(id)
      } else if (cell !== before.cells[id] && model.getValue() !== cell.source) {
        model.setValue(cell.source)
      }
    }
  })

  return {
    of(monaco, id) {
      api = monaco
      const cell = store.getState().cells[id]
      const language = languageOf(cell?.kind ?? 'code')
      const known = models.get(id)
      if (known && !known.isDisposed()) {
        if (known.getLanguageId() !== language) monaco.editor.setModelLanguage(known, language)
        return known
      }
      const model = monaco.editor.createModel(cell?.source ?? '', language)
      model.setEOL(0)
      model.updateOptions(MODEL_OPTIONS)
      model.onDidChangeContent(() => store.setState((state) => setSource(state, id, model.getValue())))
      models.set(id, model)
      for (const listener of listeners) listener(id, model)
      return model
    },
    known: (id) => models.get(id),
    onModel(listener) {
      listeners.add(listener)
      for (const [id, model] of models) listener(id, model)
      return () => listeners.delete(listener)
    },
    view: (id) => views.get(id),
    keepView: (id, view) => views.set(id, view),
    cursor(id) {
      const model = models.get(id)
      const editor = api?.editor.getEditors().find((candidate) => candidate.getModel() === model)
      const position = editor?.getPosition()
      return model && position ? model.getOffsetAt(position) : (store.getState().cells[id]?.source.length ?? 0)
    },
    dispose() {
      unsubscribe()
      for (const model of models.values()) model.dispose()
      models.clear()
    },
  }
}

/** Monaco writes its own options over these when the first editor is made; the editor sets them again. */
export const MODEL_OPTIONS: Parameters<TextModel['updateOptions']>[0] = {
  tabSize: 2,
  insertSpaces: true,
  bracketColorizationOptions: { enabled: false, independentColorPoolPerBracketType: false },
}

/** Monaco's language of a kind of cell. */
export function languageOf(kind: CellKind): string {
  return kind === 'code' ? 'typescript' : kind === 'markdown' ? 'markdown' : 'plaintext'
}
