'use client'
import {
  Check,
  CircleAlert,
  CloudOff,
  Eraser,
  History,
  Keyboard,
  LoaderCircle,
  Pencil,
  Play,
  Plus,
  RotateCcw,
  Square,
  Variable,
} from 'lucide-react'
import { cx } from '../lib/cx'
import { Button, IconButton } from '../ui/button'
import { TOP_BAR_HEIGHT } from '../ui/top-bar'
import { BackendButton } from './backend/backend'
import { useCommand } from './context'
import { KernelStatus } from './kernel-status'
import { Problems } from './language/problems'
import { type SaveState, useNotebook } from './store'

/** The bar above the cells: what concerns the whole notebook. `onClear` empties all outputs. */
export function Toolbar({ onClear }: { onClear: () => void }) {
  const run = useCommand()
  const name = useNotebook((state) => state.path)
  const panel = useNotebook((state) => state.panel)
  const working = useNotebook((state) => Object.values(state.cells).some((cell) => cell.state === 'running'))
  return (
    <div className="sticky z-20 border-line border-b bg-bg/95 backdrop-blur" style={{ top: TOP_BAR_HEIGHT }}>
      <div role="toolbar" aria-label="Notebook" className="mx-auto flex h-11 max-w-[76rem] items-center gap-1 px-4">
        <Button tone="primary" data-testid="run-all" onClick={() => run('notebook.run-all')}>
          <Play size={14} fill="currentColor" /> Run all
        </Button>
        <IconButton label="Interrupt" keys="i i" data-testid="interrupt" onClick={() => run('kernel.interrupt')}>
          <Square size={15} className={cx(working && 'text-bad')} fill={working ? 'currentColor' : 'none'} />
        </IconButton>
        <IconButton label="Restart the kernel" keys="0 0" data-testid="restart" onClick={() => run('kernel.restart')}>
          <RotateCcw size={15} />
        </IconButton>
        <span className="mx-1.5 h-5 w-px bg-line" />
        <IconButton label="Insert a cell below" keys="b" onClick={() => run('cell.insert-below')}>
          <Plus size={16} />
        </IconButton>
        <IconButton label="Clear all outputs" onClick={onClear}>
          <Eraser size={15} />
        </IconButton>
        <IconButton label="Shortcuts" keys="?" onClick={() => run('notebook.help')}>
          <Keyboard size={16} />
        </IconButton>
        <span className="mx-1.5 h-5 w-px bg-line" />
        <IconButton
          label="Variables"
          keys="g v"
          aria-pressed={panel === 'variables'}
          className={cx(panel === 'variables' && 'bg-accent-soft text-accent')}
          onClick={() => run('panel.variables')}
        >
          <Variable size={16} />
        </IconButton>
        <IconButton
          label="History of the notebook"
          keys="g h"
          aria-pressed={panel === 'history'}
          className={cx(panel === 'history' && 'bg-accent-soft text-accent')}
          onClick={() => run('panel.history')}
        >
          <History size={16} />
        </IconButton>
        <h1 className="min-w-0 grow truncate px-3 text-center font-medium text-[13px] max-lg:sr-only">{name}</h1>
        <span className="grow lg:hidden" />
        <Problems />
        <BackendButton />
        <SaveStatus />
        <KernelStatus />
      </div>
      <Progress />
    </div>
  )
}

const SAVES: Record<SaveState, { text: string; icon: React.ReactNode }> = {
  saved: { text: 'Saved', icon: <Check size={13} /> },
  unsaved: { text: 'Edited', icon: <Pencil size={12} /> },
  saving: { text: 'Saving', icon: <LoaderCircle size={13} className="animate-spin" /> },
  conflict: { text: 'Conflict', icon: <CircleAlert size={13} /> },
  failed: { text: 'Not saved', icon: <CloudOff size={13} /> },
}

function SaveStatus() {
  const save = useNotebook((state) => state.save)
  const bad = save === 'conflict' || save === 'failed'
  return (
    <span
      data-testid="save-state"
      data-state={save}
      className={cx(
        'flex w-20 shrink-0 items-center justify-end gap-1 text-xs max-md:w-6',
        bad ? 'text-bad' : 'text-ink-2',
      )}
    >
      {SAVES[save].icon} <span className="max-md:sr-only">{SAVES[save].text}</span>
    </span>
  )
}

/** How many of the queued cells are through; only while some run. */
function Progress() {
  const left = useNotebook((state) => count(state.cells, 'running') + count(state.cells, 'queued'))
  const total = useNotebook((state) => Object.values(state.cells).filter((cell) => cell.kind === 'code').length)
  if (left === 0) return null
  return (
    <div
      role="progressbar"
      aria-label="Cells run"
      aria-valuemin={0}
      aria-valuemax={total}
      aria-valuenow={total - left}
      className="-mb-px h-0.5 bg-line"
    >
      <div className="h-full bg-warn transition-[width]" style={{ width: `${(100 * (total - left)) / total}%` }} />
    </div>
  )
}

function count(cells: Record<string, { state: string }>, state: string): number {
  let sum = 0
  for (const cell of Object.values(cells)) if (cell.state === state) sum += 1
  return sum
}
