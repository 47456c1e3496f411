'use client'
import { Ban, Check, Clock, Pencil, Play, X } from 'lucide-react'
import { useEffect, useState } from 'react'
import { cx } from '../lib/cx'
import { formatDuration } from '../lib/format'
import { Keys } from '../ui/keys'
import { type CellState, durationOf } from './cells'
import { useCommand, useServices } from './context'
import { CellProblems } from './language/problems'
import { type NotebookState, useNotebook, useNotebookStore } from './store'

const STATES: Record<CellState, { text: string; look: string }> = {
  idle: { text: 'Not run in this session', look: 'text-ink-2' },
  queued: { text: 'Waiting for the cells before it', look: 'text-ink-2' },
  running: { text: 'Running', look: 'text-warn' },
  done: { text: 'Done', look: 'text-ok' },
  error: { text: 'Stopped with an error', look: 'text-bad' },
  aborted: { text: 'Not run: an earlier cell failed or the kernel stopped', look: 'text-ink-2' },
}

/** Left of a cell: a run button or its execution count, its state, and how long it took. */
export function Gutter({ id }: { id: string }) {
  const kind = useNotebook((state) => state.cells[id]?.kind)
  const state = useNotebook((state) => state.cells[id]?.state ?? 'idle')
  const count = useNotebook((state) => state.cells[id]?.executionCount)
  const stale = useNotebook((state) => state.cells[id]?.stale ?? false)
  const changed = useNotebook(
    ({ cells }) => cells[id]?.ranSource !== undefined && cells[id].ranSource !== cells[id].source,
  )
  const finishedAt = useNotebook((state) => state.cells[id]?.finishedAt)
  const store = useNotebookStore()
  const run = useCommand()
  const editing = useNotebook((state) => state.selected === id && state.mode === 'edit')
  // The editor keeps Tab for itself; the way out must be in sight.
  const hint = editing && (
    <div className="mt-auto flex items-center gap-1.5 pb-1 text-[11px] text-ink-2">
      <Keys keys="escape" /> leaves
    </div>
  )
  if (kind !== 'code') return <div className="flex flex-col items-end pr-2.5">{hint}</div>
  const { text, look } = STATES[state]
  const tone = stale ? 'text-ink-2' : look
  return (
    <div className="flex flex-col items-end gap-0.5 pt-1.5 pr-2.5 text-xs">
      <div className="flex h-6 items-center gap-1">
        <button
          type="button"
          aria-label="Run this cell"
          title="Run the cell"
          tabIndex={-1}
          className="flex size-6 items-center justify-center rounded text-ink-2 opacity-0 hover:bg-accent-soft hover:text-accent group-hover/cell:opacity-100"
          onClick={(event) => {
            event.stopPropagation()
            store.setState({ selected: id, mode: 'command' })
            run('cell.run')
          }}
        >
          <Play size={13} fill="currentColor" />
        </button>
        <span className="tabular font-mono text-ink-2">[{count ?? ' '}]</span>
      </div>
      <div className={cx('flex items-center gap-1', tone)} title={whenText(text, finishedAt)}>
        <StateIcon state={state} />
        <span className="sr-only">{text}</span>
        {state === 'queued' ? <Place id={id} /> : <Duration id={id} />}
      </div>
      {changed && state !== 'queued' && state !== 'running' && (
        <span
          className="flex items-center gap-1 text-[11px] text-warn"
          title="The source was changed after its last run"
        >
          <Pencil size={10} aria-hidden="true" /> edited
        </span>
      )}
      <CellProblems id={id} />
      {hint}
    </div>
  )
}

/** The place of a waiting cell in the queue, and the way out of it. */
function Place({ id }: { id: string }) {
  const { context } = useServices()
  const place = useNotebook((state) => queuePlace(state, id))
  return (
    <span className="flex items-center gap-0.5 text-ink-2">
      <span className="tabular" title={`Number ${place} of the cells that wait`}>
        #{place}
      </span>
      <button
        type="button"
        aria-label="Do not run this cell"
        title="Do not run this cell"
        className="flex size-6 items-center justify-center rounded hover:bg-line/60 hover:text-ink"
        onClick={() => void context.session.cancel(id)}
      >
        <X size={12} />
      </button>
    </span>
  )
}

/** Place from 1 of a cell among those that wait, by the time it was asked for. */
export function queuePlace({ cells, order }: Pick<NotebookState, 'cells' | 'order'>, id: string): number {
  const mine = cells[id]?.queuedAt ?? 0
  const at = order.indexOf(id)
  return (
    1 +
    order.filter((other, i) => {
      const cell = cells[other]
      if (cell?.state !== 'queued' || other === id) return false
      const theirs = cell.queuedAt ?? 0
      return theirs < mine || (theirs === mine && i < at)
    }).length
  )
}

function whenText(text: string, finishedAt: number | undefined): string {
  return finishedAt === undefined ? text : `${text}, ${new Date(finishedAt).toLocaleString('en-GB')}`
}

function StateIcon({ state }: { state: CellState }) {
  switch (state) {
    case 'queued':
      return <Clock size={13} aria-hidden="true" />
    case 'running':
      return (
        <span
          aria-hidden="true"
          className="size-3 animate-spin rounded-full border-2 border-warn border-t-transparent motion-reduce:animate-none"
        />
      )
    case 'done':
      return <Check size={13} aria-hidden="true" />
    case 'error':
      return <X size={13} aria-hidden="true" />
    case 'aborted':
      return <Ban size={12} aria-hidden="true" />
    default:
      return null
  }
}

/** The duration; counts up while the cell runs. */
function Duration({ id }: { id: string }) {
  const running = useNotebook((state) => state.cells[id]?.state === 'running')
  const cell = useNotebook((state) => state.cells[id])
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    if (!running) return
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), 100)
    return () => clearInterval(timer)
  }, [running])
  const duration = cell && durationOf(cell, now)
  return (
    <span data-testid="cell-duration" className="tabular whitespace-nowrap">
      {duration === undefined ? '' : formatDuration(running ? Math.max(100, duration) : duration)}
    </span>
  )
}
