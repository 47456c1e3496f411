'use client'
import { CircleX, TriangleAlert } from 'lucide-react'
import { useStore } from 'zustand'
import { useServices } from '../context'
import { useNotebookStore } from '../store'
import { countProblems, reveal } from './language'
import { nextProblem } from './next'

/** What the compiler found in the notebook: a button that leads from one problem to the next. They never keep a cell from running. */
export function Problems() {
  const { language } = useServices()
  const store = useNotebookStore()
  const state = useStore(language.connection.state)
  const { errors, warnings } = countProblems(state)
  if (state.state === 'failed')
    return (
      <span className="flex items-center gap-1 px-1.5 text-ink-2 text-xs" title={state.message}>
        <TriangleAlert size={13} aria-hidden="true" /> No types
      </span>
    )
  if (errors + warnings === 0) return null
  const text = [count(errors, 'type error'), count(warnings, 'warning')].filter(Boolean).join(', ')
  const go = () => {
    const { order, selected } = store.getState()
    const next = nextProblem(order, state.problems, selected)
    if (next) reveal(store, next.cellId, next.item.start.line + 1, next.item.start.character + 1)
  }
  return (
    <button
      type="button"
      data-testid="problems"
      data-errors={errors}
      data-warnings={warnings}
      aria-label={`${text}. Go to the next`}
      title={`${text}. Go to the next (F8 in a cell)`}
      onClick={go}
      className="flex h-7 shrink-0 items-center gap-2 rounded-md px-2 text-xs tabular hover:bg-accent-soft"
    >
      {errors > 0 && (
        <span className="flex items-center gap-1 text-bad">
          <CircleX size={13} aria-hidden="true" /> {errors}
        </span>
      )}
      {warnings > 0 && (
        <span className="flex items-center gap-1 text-warn">
          <TriangleAlert size={13} aria-hidden="true" /> {warnings}
        </span>
      )}
    </button>
  )
}

/** The same for one cell, small, at its side. */
export function CellProblems({ id }: { id: string }) {
  const { language } = useServices()
  const store = useNotebookStore()
  const items = useStore(language.connection.state, (state) => state.problems[id])
  const errors = items?.filter(({ severity }) => severity === 'error').length ?? 0
  const first = items?.find(({ severity }) => severity === 'error')
  if (!first) return null
  return (
    <button
      type="button"
      tabIndex={-1}
      data-testid="cell-problems"
      aria-label={`${count(errors, 'type error')} in this cell. Go to the first`}
      title={first.message}
      onClick={(event) => {
        event.stopPropagation()
        reveal(store, id, first.start.line + 1, first.start.character + 1)
      }}
      className="flex items-center gap-1 rounded px-1 text-bad text-xs tabular hover:bg-bad-soft"
    >
      <CircleX size={12} aria-hidden="true" /> {errors}
    </button>
  )
}

function count(n: number, what: string): string {
  return n === 0 ? '' : `${n} ${what}${n === 1 ? '' : 's'}`
}
