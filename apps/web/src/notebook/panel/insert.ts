import type { CellModels } from '../models'
import { loadMonaco } from '../monaco'
import type { NotebookStore } from '../store'

/** Types a text where the cursor of a cell is or was last, and goes on editing there. */
export async function insertText(
  store: NotebookStore,
  models: CellModels,
  cellId: string,
  text: string,
): Promise<void> {
  const monaco = await loadMonaco()
  store.setState({ selected: cellId, mode: 'edit' })
  const model = models.of(monaco, cellId)
  const editor = monaco.editor.getEditors().find((candidate) => candidate.getModel() === model)
  const [selection] = editor?.getSelections() ?? []
  const end = model.getFullModelRange().getEndPosition()
  const range = selection ?? new monaco.Range(end.lineNumber, end.column, end.lineNumber, end.column)
  if (editor) {
    editor.pushUndoStop()
    editor.executeEdits('variables', [{ range, text, forceMoveMarkers: true }])
    editor.focus()
  } else model.pushEditOperations(null, [{ range, text, forceMoveMarkers: true }], () => null)
}
