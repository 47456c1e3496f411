import type { NotebookStore } from '../store'

/** Selects a cell and brings it into sight. */
export function goToCell(store: NotebookStore, id: string): void {
  if (!store.getState().cells[id]) return
  store.setState({ selected: id, mode: 'command' })
  document.getElementById(`cell-${id}`)?.scrollIntoView({ block: 'center' })
}
