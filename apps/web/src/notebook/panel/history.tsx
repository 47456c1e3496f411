'use client'
import { History, RefreshCw } from 'lucide-react'
import { useCallback, useEffect, useState } from 'react'
import { formatAgo, formatBytes, plural } from '../../lib/format'
import { Button, IconButton } from '../../ui/button'
import { Dialog } from '../../ui/dialog'
import { toast } from '../../ui/toast'
import { settingsOf } from '../backend/settings'
import { useServices } from '../context'
import type { DiffCell } from '../diff'
import type { Notebook } from '../document'
import { joinText } from '../document'
import type { Version } from '../runner-schemas'
import { cellsOf, type NotebookState, useNotebook, useNotebookStore } from '../store'
import { DiffView, SETTINGS_KIND } from './diff-view'

const CAUSES: Record<Version['cause'], string> = {
  autosave: 'Saved by itself',
  checkpoint: 'Saved by you',
  restore: 'Before going back',
  conflict: 'Before a change from outside',
}

/** The notebook's history: what was kept, when and why; each version can be looked at and gone back to. */
export function HistoryPanel() {
  const { client } = useServices()
  const path = useNotebook((state) => state.path)
  const saved = useNotebook((state) => state.hash)
  const [versions, setVersions] = useState<Version[]>()
  const [problem, setProblem] = useState<string>()
  const [shown, setShown] = useState<Version>()

  const load = useCallback(() => {
    client.versions(path).then(
      (list) => {
        setVersions(list)
        setProblem(undefined)
      },
      (error: Error) => setProblem(error.message),
    )
  }, [client, path])
  // biome-ignore lint/correctness/useExhaustiveDependencies: every save may have made a version
  useEffect(load, [load, saved])

  if (problem) return <p className="py-2 text-[13px] text-bad">{problem}</p>
  if (!versions) return <p className="py-2 text-[13px] text-ink-2">…</p>
  return (
    <div className="text-[13px]">
      <div className="mb-1 flex items-center">
        <p className="grow text-ink-2 text-xs">{plural(versions.length, 'version')}. Ctrl+S keeps one for 30 days.</p>
        <IconButton small label="Refresh" onClick={load}>
          <RefreshCw size={13} />
        </IconButton>
      </div>
      {versions.length === 0 && <p className="text-ink-2">Versions appear here once the notebook has been changed.</p>}
      <ol>
        {versions.map((version) => (
          <li key={version.id} className="border-line border-b last:border-b-0">
            <button
              type="button"
              onClick={() => setShown(version)}
              className="flex w-full flex-col rounded px-2 py-1.5 text-left hover:bg-sunken"
            >
              <span className="flex w-full gap-2">
                <time dateTime={new Date(version.at).toISOString()} className="tabular grow font-medium">
                  {timeText(version.at)}
                </time>
                <span className="text-ink-2 text-xs">{formatAgo(version.at)}</span>
              </span>
              <span className="text-ink-2 text-xs">
                {CAUSES[version.cause]} · {plural(version.cells, 'cell')} · {formatBytes(version.bytes)}
              </span>
            </button>
          </li>
        ))}
      </ol>
      {shown && <Preview key={shown.id} version={shown} onClose={() => setShown(undefined)} onRestored={load} />}
    </div>
  )
}

function Preview(props: { version: Version; onClose: () => void; onRestored: () => void }) {
  const { version, onClose, onRestored } = props
  const { client, context } = useServices()
  const store = useNotebookStore()
  const [notebook, setNotebook] = useState<Notebook>()
  const [problem, setProblem] = useState<string>()
  const [busy, setBusy] = useState(false)
  const path = store.getState().path

  useEffect(() => {
    client.version(path, version.id).then(setNotebook, (error: Error) => setProblem(error.message))
  }, [client, path, version.id])

  const restore = async () => {
    setBusy(true)
    try {
      await context.saver.flush()
      await client.restoreVersion(path, version.id)
      await context.saver.resolve('reload')
      toast({
        title: `Back to the version of ${timeText(version.at)}`,
        detail: 'The state before it is in the history, too.',
      })
      onRestored()
      onClose()
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error))
      setBusy(false)
    }
  }
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Version of ${timeText(version.at)}`}
      description="What going back to it would change. Outputs come back, too."
    >
      {problem && <p className="mb-3 text-[13px] text-bad">{problem}</p>}
      {notebook ? <DiffView before={present(store.getState())} after={diffCellsOf(notebook)} /> : !problem && <p>…</p>}
      <div className="sticky bottom-0 -mx-5 mt-4 -mb-4 flex justify-end gap-2 border-line border-t bg-raised px-5 py-3">
        <Button onClick={onClose}>Close</Button>
        <Button tone="primary" disabled={!notebook || busy} onClick={() => void restore()}>
          <History size={14} /> Go back to this version
        </Button>
      </div>
    </Dialog>
  )
}

/** What is compared of a notebook: its settings and its cells. */
export function diffCellsOf(notebook: Notebook): DiffCell[] {
  const cells = notebook.cells.map(({ id, cell_type, source }, i) => ({
    id: id ?? `#${i}`,
    kind: cell_type,
    source: joinText(source),
  }))
  return [...settingsCell(notebook.metadata), ...cells]
}

/** What is compared of the page. */
export function present(state: Pick<NotebookState, 'order' | 'cells' | 'selected' | 'steps' | 'metadata'>): DiffCell[] {
  const cells = cellsOf(state).map(({ id, kind, source }) => ({ id, kind, source }))
  return [...settingsCell(state.metadata), ...cells]
}

/** The settings of the notebook's executors, a line each, where there are any. */
function settingsCell(metadata: Record<string, unknown>): DiffCell[] {
  const lines = Object.entries(settingsOf(metadata)).map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
  return lines.length > 0 ? [{ id: SETTINGS_KIND, kind: SETTINGS_KIND, source: lines.sort().join('\n') }] : []
}

function timeText(at: number): string {
  return new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })
}
