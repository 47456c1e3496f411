/** Edits of several cells as one step: undoing or redoing it in one cell does so in all. */
import type { languages } from 'monaco-editor'
import type { TextModel } from '../monaco'

export interface ModelChange {
  model: TextModel
  edits: languages.TextEdit[]
}

/** Applies the edits. Cells edited since keep their own history: only those that still stand at this step follow. */
export function applyTogether(changes: readonly ModelChange[]): void {
  const steps = changes.map(({ model, edits }) => {
    const before = model.getAlternativeVersionId()
    model.pushStackElement()
    model.pushEditOperations([], edits, () => null)
    model.pushStackElement()
    return { model, before, after: model.getAlternativeVersionId() }
  })
  let leading = false
  for (const own of steps) {
    own.model.onDidChangeContent((event) => {
      if (leading || !(event.isUndoing || event.isRedoing)) return
      const version = own.model.getAlternativeVersionId()
      const undone = event.isUndoing && version === own.before
      const redone = event.isRedoing && version === own.after
      if (!undone && !redone) return
      leading = true
      for (const { model, before, after } of steps) {
        if (model === own.model || model.isDisposed()) continue
        if (undone && model.getAlternativeVersionId() === after) model.undo()
        if (redone && model.getAlternativeVersionId() === before) model.redo()
      }
      leading = false
    })
  }
}
