/** Saves the document a moment after the last edit: one request at a time, always the newest state. */
import { mergeMetadata, settingsKey } from './backend/settings'
import type { RunnerClient } from './client'
import { type NotebookDocument, type SavedCell, sameSources, toSaved } from './document'
import { cellsOf, loadDocument, type NotebookStore } from './store'

/** Quiet time before a save, ms. */
export const SAVE_AFTER_MS = 800
const RETRY_AFTER_MS = 4000

export interface Saver {
  /** Saves now what is unsaved; resolves when it is saved or has failed. */
  flush(): Promise<void>
  /**
   * Sees to it that the runner knows the notebook's settings: undefined when it does, else whether it does once they are saved.
   */
  settled(): Promise<boolean> | undefined
  /** Answers a conflict: take the file's text, or put the page's in its place. */
  resolve(choice: 'reload' | 'overwrite'): Promise<void>
  /** Hands the last state to the browser to send while the page goes away. */
  leave(): void
  dispose(): void
}

export function createSaver(store: NotebookStore, client: RunnerClient): Saver {
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: Promise<void> | undefined
  /** What the file is known to hold, to tell a change of the text outside from a change of its outputs. */
  let base: SavedCell[] | undefined
  /** The metadata, and so the settings, that the file is known to hold. */
  let known = store.getState().metadata

  const unsubscribe = store.subscribe((state, before) => {
    if (state.revision !== before.revision && state.save !== 'conflict') schedule(SAVE_AFTER_MS)
    if (state.metadata !== before.metadata && state.save === 'saved') known = state.metadata
    if (state.hash !== before.hash && state.save === 'saved') base = toSaved(cellsOf(state))
  })

  function schedule(ms: number) {
    clearTimeout(timer)
    timer = setTimeout(() => void flush(), ms)
  }

  function flush(): Promise<void> {
    clearTimeout(timer)
    running = (running ?? Promise.resolve()).then(saveNow)
    return running
  }

  async function saveNow(): Promise<void> {
    const { save, revision, path, metadata, hash } = store.getState()
    if (save === 'saved' || save === 'conflict') return
    const cells = toSaved(cellsOf(store.getState()))
    store.setState({ save: 'saving' })
    try {
      const answer = await client.save(path, { cells, metadata, hash })
      base = cells
      known = metadata
      const newer = store.getState().revision !== revision
      store.setState({ hash: answer.hash, save: newer ? 'unsaved' : 'saved' })
      if (newer) schedule(SAVE_AFTER_MS)
    } catch (error) {
      if (isConflict(error)) return reconcile(cells)
      store.setState({ save: 'failed' })
      schedule(RETRY_AFTER_MS)
    }
  }

  /**
   * The file changed under us. Its text did not, or is what we have: save on top, with the settings that another page has set
   * meanwhile. This page shows them then.
   */
  async function reconcile(mine: SavedCell[]): Promise<void> {
    const document = await client.document(store.getState().path).catch(() => undefined)
    const theirs = document?.notebook.cells.map((cell) => ({
      id: cell.id ?? '',
      cell_type: cell.cell_type,
      source: Array.isArray(cell.source) ? cell.source.join('') : cell.source,
      metadata: cell.metadata,
    }))
    const sameText = theirs && ((base && sameSources(theirs, base)) || sameSources(theirs, mine))
    if (document && sameText && document.hash !== store.getState().hash) {
      takeOver(document, mergeMetadata(known, store.getState().metadata, document.notebook.metadata))
      return saveNow()
    }
    store.setState({ save: 'conflict' })
  }

  async function resolve(choice: 'reload' | 'overwrite'): Promise<void> {
    const document = await client.document(store.getState().path)
    if (choice === 'reload') {
      store.setState((state) => loadDocument({ ...state, save: 'saved' }, document))
      return
    }
    // The page's wins, but what was never touched here is nobody's to overwrite.
    takeOver(document, mergeMetadata(known, document.notebook.metadata, store.getState().metadata))
    await flush()
  }

  /** What this page saves next builds on this document. */
  function takeOver({ hash, notebook }: NotebookDocument, metadata: Record<string, unknown>) {
    known = notebook.metadata
    store.setState({ hash, metadata, save: 'unsaved' })
  }

  function settled(): Promise<boolean> | undefined {
    const wanted = settingsKey(store.getState().metadata)
    if (settingsKey(known) === wanted) return undefined
    return flush().then(() => settingsKey(known) === wanted)
  }

  function leave() {
    const state = store.getState()
    if (state.save !== 'unsaved' && state.save !== 'failed') return
    const body = { cells: toSaved(cellsOf(state)), metadata: state.metadata, hash: state.hash }
    client.save(state.path, body, { leaving: true }).catch(() => {})
  }

  return {
    flush,
    settled,
    resolve,
    leave,
    dispose() {
      clearTimeout(timer)
      unsubscribe()
    },
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'E_DOCUMENT_CONFLICT'
}
