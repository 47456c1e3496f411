'use client'
import { Copy } from 'lucide-react'
import { IconButton } from '../../ui/button'
import { toast } from '../../ui/toast'
import type { ErrorPlace, Output } from '../cells'
import { useNotebookStore } from '../store'
import { frames, splitTrace, type TracePart } from './error-place'

type ErrorData = Extract<Output, { output_type: 'error' }>

/** An error of a cell: what, where (a press shows the line), why to do next, and the stack. */
export function ErrorOutput({ error, cellId }: { error: ErrorData; cellId: string }) {
  const reveal = useReveal(cellId)
  const { ename, evalue, traceback, mayfly } = error
  const stack = frames(traceback, ename, evalue)
  return (
    <div className="group/error relative rounded-md border border-bad/30 border-l-4 border-l-bad bg-bad-soft px-3 py-2 text-[13px]">
      <p className="pr-8 [overflow-wrap:anywhere]">
        <strong className="font-semibold text-bad">{ename}</strong>
        {evalue && <span className="whitespace-pre-wrap">: {evalue}</span>}
      </p>
      {mayfly?.hint && <p className="mt-0.5 text-ink-2">→ {mayfly.hint}</p>}
      {(mayfly?.line !== undefined || mayfly?.code) && (
        <p className="mt-1 flex flex-wrap items-center gap-x-3 text-xs">
          {mayfly.line !== undefined && (
            <button
              type="button"
              className="min-h-6 font-medium text-accent underline"
              onClick={() =>
                reveal({ cellId: mayfly.cellId, cell: mayfly.cell, line: mayfly.line!, column: mayfly.column })
              }
            >
              {placeText(mayfly)}
            </button>
          )}
          {mayfly.code && <code className="text-ink-2">{mayfly.code}</code>}
        </p>
      )}
      {stack.length > 0 && (
        <pre className="mt-1.5 overflow-x-auto whitespace-pre-wrap text-ink-2 text-xs leading-5">
          {stack.map((line, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a trace never move
            <div key={i}>
              {splitTrace(line).map((part, k) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: nor do their parts
                <Part key={k} part={part} onReveal={reveal} />
              ))}
            </div>
          ))}
        </pre>
      )}
      <IconButton
        small
        label="Copy details"
        className="absolute top-1.5 right-1.5"
        onClick={() => {
          const text = [`${ename}: ${evalue}`, mayfly?.code, mayfly?.hint, ...stack].filter(Boolean).join('\n')
          navigator.clipboard.writeText(text).then(
            () => toast({ title: 'Error details copied' }),
            () => toast({ title: 'The browser does not allow copying here', tone: 'bad' }),
          )
        }}
      >
        <Copy size={13} />
      </IconButton>
    </div>
  )
}

function Part({ part, onReveal }: { part: TracePart; onReveal: (place: ErrorPlace & { line: number }) => void }) {
  if (typeof part === 'string') return part
  return (
    <button type="button" className="text-accent underline" onClick={() => onReveal(part)}>
      {part.text}
    </button>
  )
}

/** Goes to a line: by cell id, by execution count, else in the cell that shows the error. */
function useReveal(own: string) {
  const store = useNotebookStore()
  return (place: ErrorPlace & { line: number }) => {
    const { cells } = store.getState()
    const byCount = Object.values(cells).find((cell) => cell.executionCount === place.cell && place.cell !== undefined)
    const cellId = place.cellId !== undefined && cells[place.cellId] ? place.cellId : (byCount?.id ?? own)
    const reveal = { cellId, line: place.line, column: place.column ?? 1 }
    store.setState({ selected: cellId, mode: 'edit', reveal })
  }
}

function placeText({ cell, line, column }: ErrorPlace): string {
  const where = cell === undefined ? `Line ${line}` : `Cell ${cell}, line ${line}`
  return column === undefined ? where : `${where}, column ${column}`
}
