'use client'
import {
  ArrowDown,
  ArrowUp,
  ChevronRight,
  Code,
  CopyPlus,
  MoreHorizontal,
  Play,
  Square,
  Trash2,
  Type,
} from 'lucide-react'
import { memo, useEffect, useRef, useState } from 'react'
import { cx } from '../lib/cx'
import { IconButton } from '../ui/button'
import { Menu } from '../ui/menu'
import type { CellKind } from './cells'
import { commandOf } from './commands'
import { useCommand } from './context'
import { CellEditor } from './editor'
import { Gutter } from './gutter'
import { CellInput } from './input'
import { MarkdownOutput } from './outputs/markdown'
import { CellOutputs } from './outputs/outputs'
import { isFolded, pickedOf, toggleFold, useNotebook, useNotebookStore } from './store'

const KIND_NAMES: Record<CellKind, string> = { code: 'code', markdown: 'text', raw: 'raw' }

/** One cell: gutter, source, outputs. Draws again only when something of this cell changes. */
export const CellView = memo(function CellView({ id, number }: { id: string; number: number }) {
  const element = useRef<HTMLElement>(null)
  const [hovered, setHovered] = useState(false)
  const store = useNotebookStore()
  const kind = useNotebook((state) => state.cells[id]?.kind ?? 'code')
  const state = useNotebook((state) => state.cells[id]?.state ?? 'idle')
  const selected = useNotebook((state) => state.selected === id)
  const editing = useNotebook((state) => state.selected === id && state.mode === 'edit')
  const picked = useNotebook((state) => state.picked?.head === state.selected && pickedOf(state).includes(id))
  const sourceFolded = useNotebook((state) => isFolded(state.cells[id], 'source_hidden'))

  useEffect(() => {
    if (!selected || editing || !element.current) return
    // Keyboard focus follows the selection, but is not taken from a button inside this cell or from the page's bars.
    const active = document.activeElement
    const free = active === document.body || active?.closest('[data-testid="cell"]')
    if (
      free &&
      !(active !== element.current && element.current.contains(active) && active?.matches('button, input, a'))
    ) {
      element.current.focus({ preventScroll: true })
      element.current.scrollIntoView({ block: 'nearest' })
    }
  }, [selected, editing])

  const label = `Cell ${number}, ${KIND_NAMES[kind]}`
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys of cells are handled once, for the whole notebook
    <section
      ref={element}
      id={`cell-${id}`}
      aria-label={label}
      tabIndex={selected ? 0 : -1}
      data-testid="cell"
      data-cell-id={id}
      data-kind={kind}
      data-state={state}
      data-selected={selected || undefined}
      data-picked={picked || undefined}
      onClick={(event) => {
        const { selected: head, picked: range } = store.getState()
        if (event.shiftKey && head !== undefined && head !== id) {
          const anchor = range?.head === head ? range.anchor : head
          store.setState({ selected: id, mode: 'command', picked: { anchor, head: id } })
        } else if (head !== id) store.setState({ selected: id, mode: 'command' })
      }}
      onPointerEnter={() => setHovered(true)}
      onPointerLeave={() => setHovered(false)}
      className="group/cell relative grid scroll-mt-28 scroll-mb-16 grid-cols-[4.75rem_minmax(0,1fr)] outline-none"
    >
      <Gutter id={id} />
      <div
        className={cx(
          'min-w-0 rounded-lg border transition-colors',
          kind === 'code' || editing ? 'bg-surface' : 'bg-transparent',
          frame(kind, selected, editing),
          picked && 'border-accent bg-accent-soft',
        )}
      >
        {kind === 'code' ? (
          <>
            {sourceFolded && !editing ? (
              <FoldedSource id={id} />
            ) : (
              <CellEditor id={id} label={`Source of cell ${number}`} />
            )}
            <CellOutputs id={id} />
            <CellInput id={id} />
          </>
        ) : (
          <TextCell id={id} number={number} editing={editing} />
        )}
      </div>
      {(selected || hovered) && <CellMenu id={id} kind={kind} />}
    </section>
  )
})

function frame(kind: CellKind, selected: boolean, editing: boolean): string {
  if (editing) return 'border-accent shadow-[0_0_0_1px_var(--accent)]'
  if (selected) return 'border-line-strong shadow-[-3px_0_0_0_var(--accent)]'
  return kind === 'code'
    ? 'border-line group-hover/cell:border-line-strong'
    : 'border-transparent group-hover/cell:border-line'
}

/** One line in place of a source that is folded away. */
function FoldedSource({ id }: { id: string }) {
  const store = useNotebookStore()
  const first = useNotebook((state) => state.cells[id]?.source.trimStart().split('\n', 1)[0] ?? '')
  return (
    <button
      type="button"
      title="Unfold the source"
      onClick={() => store.setState((state) => toggleFold(state, [id], 'source_hidden'))}
      className="flex min-h-8 w-full items-center gap-2 px-3 text-left text-ink-2 hover:text-ink"
    >
      <ChevronRight size={13} aria-hidden="true" className="shrink-0" />
      <code className="truncate text-xs">{first || 'Empty cell'} …</code>
    </button>
  )
}

/** A Markdown or raw cell: set as prose until it is edited. */
function TextCell({ id, number, editing }: { id: string; number: number; editing: boolean }) {
  const store = useNotebookStore()
  const source = useNotebook((state) => state.cells[id]?.source ?? '')
  const raw = useNotebook((state) => state.cells[id]?.kind === 'raw')
  if (editing) return <CellEditor id={id} label={`Source of cell ${number}`} />
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a convenience for the mouse; Enter does the same
    <div className="min-h-9 px-3 py-1.5" onDoubleClick={() => store.setState({ selected: id, mode: 'edit' })}>
      {raw ? (
        <pre className="whitespace-pre-wrap text-[13px]">{source}</pre>
      ) : source.trim() === '' ? (
        <p className="py-0.5 text-ink-2 italic">Empty text cell. Double-click or press Enter to write.</p>
      ) : (
        <MarkdownOutput text={source} />
      )}
    </div>
  )
}

/** Actions at the cell's upper right corner, there only when it is selected or pointed at: two hundred would be slow. */
function CellMenu({ id, kind }: { id: string; kind: CellKind }) {
  const store = useNotebookStore()
  const run = useCommand()
  const busy = useNotebook((state) => state.cells[id]?.state === 'running')
  const act = (commandId: string) => {
    store.setState({ selected: id })
    run(commandId)
  }
  const item = (commandId: string, icon: React.ReactNode, extra: { separated?: boolean; danger?: boolean } = {}) => {
    const { title, keys } = commandOf(commandId)
    return { id: commandId, title, keys: keys[0], icon, onSelect: () => act(commandId), ...extra }
  }
  return (
    <div className="absolute -top-3.5 right-3 z-10 flex gap-0.5 rounded-md border border-line bg-raised p-0.5 shadow-float">
      {kind === 'code' &&
        (busy ? (
          <IconButton small label="Interrupt" keys="i i" onClick={() => act('kernel.interrupt')}>
            <Square size={13} />
          </IconButton>
        ) : (
          <IconButton small label="Run the cell" keys="mod+enter" onClick={() => act('cell.run')}>
            <Play size={13} />
          </IconButton>
        ))}
      <IconButton small label="Delete the cell" keys="d d" onClick={() => act('cell.delete')}>
        <Trash2 size={13} />
      </IconButton>
      <Menu
        items={[
          item('notebook.run-above', <ArrowUp size={14} />),
          item('notebook.run-below', <ArrowDown size={14} />),
          item('cell.insert-above', <CopyPlus size={14} />, { separated: true }),
          item('cell.insert-below', <CopyPlus size={14} />),
          item('cell.move-up', <ArrowUp size={14} />),
          item('cell.move-down', <ArrowDown size={14} />),
          kind === 'code' ? item('cell.to-markdown', <Type size={14} />) : item('cell.to-code', <Code size={14} />),
          item('cell.delete', <Trash2 size={14} />, { separated: true, danger: true }),
        ]}
      >
        <IconButton small label="More actions">
          <MoreHorizontal size={14} />
        </IconButton>
      </Menu>
    </div>
  )
}
