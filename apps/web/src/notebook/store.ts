/**
 * The state of one open notebook. One store per page, handed down by context, so that a component subscribes to exactly
 * one cell. Everything that changes a cell goes through `transition` (messages) or `edit.ts` (the user).
 */
import { createContext, useContext } from 'react'
import { createStore, type StoreApi, useStore } from 'zustand'
import { addOutputs, type Cell, type Output, transition } from './cells'
import { InputSchema, type NotebookDocument, newCellId, type PendingInput, toCells } from './document'
import type { Structure } from './edit'
import { stampOf, toCellMessage, type WireMessage } from './messages'
import { type KernelFacts, type Notice, NoticeSchema, withFault, withNotice } from './notices'

/** `command`: keys act on cells; `edit`: they type into one. */
export type Mode = 'command' | 'edit'
export type KernelState = 'connecting' | 'starting' | 'idle' | 'busy' | 'restarting' | 'disconnected' | 'dead'
export type PanelName = 'variables' | 'outline' | 'history'
export type SaveState = 'saved' | 'unsaved' | 'saving' | 'conflict' | 'failed'

export interface NotebookState extends Structure {
  readonly path: string
  /** False until the document has arrived. */
  readonly loaded: boolean
  /** Why the document could not be loaded. */
  readonly problem?: { message: string; hint?: string; code?: string }
  readonly metadata: Record<string, unknown>
  /** Hash of the file that the cells are based on. */
  readonly hash: string
  /** Number of the last message folded in. */
  readonly seq: number
  readonly mode: Mode
  readonly kernel: KernelState
  /** The kernel's id at the runner. */
  readonly kernelId?: string
  /** What the kernel says of itself. */
  readonly facts?: KernelFacts
  /** News of the kernel that the user has neither dismissed nor settled. */
  readonly notices: readonly Notice[]
  /** What a running cell waits to be told. */
  readonly input?: PendingInput
  /** When the last kernel was lost, ms since the epoch; 0 when none was since the page was opened. */
  readonly kernelLostAt: number
  /** Several cells are chosen: from `anchor` to `head`, which is the selected one; any other selection ends it. */
  readonly picked?: { anchor: string; head: string }
  /** What is open beside the cells. */
  readonly panel?: PanelName
  /** The bar that finds and replaces is open. */
  readonly finding: boolean
  readonly save: SaveState
  /** Counts the user's changes to sources and order; saving follows it. */
  readonly revision: number
  /** A line of a cell that an error link asks to show; cleared by the editor. */
  readonly reveal?: { cellId: string; line: number; column: number }
}

export type NotebookStore = StoreApi<NotebookState>

export function createNotebookStore(path: string): NotebookStore {
  return createStore<NotebookState>(() => ({
    path,
    loaded: false,
    metadata: {},
    hash: '',
    seq: 0,
    order: [],
    cells: {},
    selected: undefined,
    steps: [],
    finding: false,
    mode: 'command',
    kernel: 'connecting',
    notices: [],
    kernelLostAt: 0,
    save: 'saved',
    revision: 0,
  }))
}

/**
 * Takes the runner's document over. Sources and order of the page win while it has changes that are not saved yet;
 * outputs and states always come from the runner; but a cell that was asked for after `since` (ms since the epoch) and that the
 * runner does not know to be asked for stays queued: the request is on its way.
 */
export function loadDocument(
  state: NotebookState,
  document: NotebookDocument,
  since = Number.POSITIVE_INFINITY,
): NotebookState {
  const fresh = toCells(document, newCellId).map((cell) => stillQueued(state.cells[cell.id], cell, since))
  const byId = Object.fromEntries(fresh.map((cell) => [cell.id, reuse(state.cells[cell.id], cell)]))
  const own = state.loaded && state.save !== 'saved'
  const order = own ? state.order : fresh.map((cell) => cell.id)
  const cells = own
    ? Object.fromEntries(
        order.map((id) => {
          const mine = state.cells[id]!
          const theirs = byId[id]
          return [id, theirs ? { ...theirs, kind: mine.kind, source: mine.source, metadata: mine.metadata } : mine]
        }),
      )
    : byId
  return {
    ...state,
    loaded: true,
    problem: undefined,
    metadata: own ? state.metadata : document.notebook.metadata,
    hash: own ? state.hash : document.hash,
    seq: document.seq,
    order,
    cells,
    kernelId: document.kernelId ?? undefined,
    input: document.input ?? undefined,
    notices: withFault(state.notices, document.fault),
    selected: state.selected !== undefined && cells[state.selected] ? state.selected : order[0],
  }
}

/** Folds messages of the kernel into the cells; those already in the document are skipped. */
export function foldMessages(state: NotebookState, messages: readonly WireMessage[]): NotebookState {
  let cells = state.cells
  let { seq, input, notices } = state
  const change = (cell: Cell | undefined, next: Cell | undefined) => {
    if (cell && next && next !== cell) {
      if (cells === state.cells) cells = { ...cells }
      ;(cells as Record<string, Cell>)[cell.id] = next
    }
  }
  let waiting: { id: string; outputs: Output[] } | undefined
  const flush = () => {
    const cell = waiting && cells[waiting.id]
    if (waiting && cell) change(cell, addOutputs(cell, waiting.outputs))
    waiting = undefined
  }
  for (const message of messages) {
    const stamp = stampOf(message)
    if (stamp && stamp.seq <= seq) continue
    const notice = noticeOf(message)
    if (notice) notices = withNotice(notices, notice)
    const question = questionOf(message)
    if (question) input = question
    if (!stamp) continue
    seq = stamp.seq
    const meaning = toCellMessage(message)
    if (!meaning) continue
    // A cell that waits for an answer says nothing; once it does, somebody has answered.
    if (input && stamp.cellId === input.cellId && meaning.type !== 'busy') input = undefined
    if (meaning.type === 'output') {
      if (stamp.cellId === undefined) continue
      if (waiting?.id !== stamp.cellId) flush()
      waiting ??= { id: stamp.cellId, outputs: [] }
      waiting.outputs.push(meaning.output)
      continue
    }
    flush()
    if (meaning.type === 'update') for (const cell of Object.values(cells)) change(cell, transition(cell, meaning))
    else if (stamp.cellId !== undefined && cells[stamp.cellId]) {
      change(cells[stamp.cellId], transition(cells[stamp.cellId]!, meaning))
    }
  }
  flush()
  const same = seq === state.seq && input === state.input && notices === state.notices
  return same ? state : { ...state, cells, seq, input, notices }
}

function noticeOf({ header, content }: WireMessage): Notice | undefined {
  return header.msg_type === 'mayfly_notice' ? NoticeSchema.safeParse(content).data : undefined
}

function questionOf({ header, metadata, content }: WireMessage): PendingInput | undefined {
  if (header.msg_type !== 'input_request') return undefined
  return InputSchema.safeParse({ ...(content as object), header, cellId: metadata.cellId }).data
}

/** Applies one message to all cells for which `which` holds. */
export function transitionAll(
  state: NotebookState,
  message: Parameters<typeof transition>[1],
  which: (cell: Cell) => boolean = () => true,
): NotebookState {
  const cells: Record<string, Cell> = {}
  for (const [id, cell] of Object.entries(state.cells)) cells[id] = which(cell) ? transition(cell, message) : cell
  return { ...state, cells }
}

/** A change by the user: counts a revision, which is what makes it saved. */
export function edited(state: NotebookState, change: Partial<NotebookState>): NotebookState {
  return { ...state, ...change, revision: state.revision + 1, save: state.save === 'conflict' ? 'conflict' : 'unsaved' }
}

/** The change of one cell's text. */
export function setSource(state: NotebookState, id: string, source: string): NotebookState {
  const cell = state.cells[id]
  if (!cell || cell.source === source) return state
  return edited(state, { cells: { ...state.cells, [id]: { ...cell, source } } })
}

/** Whether a part of a cell is folded away, as JupyterLab keeps it in the file. */
export function isFolded(cell: Cell | undefined, part: FoldedPart): boolean {
  return (cell?.metadata.jupyter as Partial<Record<FoldedPart, unknown>> | undefined)?.[part] === true
}

export type FoldedPart = 'source_hidden' | 'outputs_hidden'

/** Folds a part of all the cells away, or unfolds it when it is folded in each. */
export function toggleFold(state: NotebookState, ids: readonly string[], part: FoldedPart): NotebookState {
  const mine = ids.map((id) => state.cells[id]).filter((cell) => cell?.kind === 'code')
  if (mine.length === 0) return state
  const fold = !mine.every((cell) => isFolded(cell, part))
  const cells = { ...state.cells }
  for (const cell of mine) {
    const { [part]: _, ...others } = (cell!.metadata.jupyter ?? {}) as Record<string, unknown>
    const { jupyter: __, ...rest } = cell!.metadata
    const jupyter = fold ? { ...others, [part]: true } : others
    cells[cell!.id] = { ...cell!, metadata: Object.keys(jupyter).length > 0 ? { ...rest, jupyter } : rest }
  }
  return edited(state, { cells })
}

/** The ids of the chosen cells, in order: the selected one, or all between it and where the choice began. */
export function pickedOf(state: Pick<NotebookState, 'order' | 'selected' | 'picked'>): string[] {
  const { order, selected, picked } = state
  if (selected === undefined) return []
  const [from, to] = [order.indexOf(picked?.head === selected ? picked.anchor : selected), order.indexOf(selected)]
  return from < 0 ? [selected] : order.slice(Math.min(from, to), Math.max(from, to) + 1)
}

/** The cells in order. */
export function cellsOf(state: Structure): Cell[] {
  return state.order.map((id) => state.cells[id]!)
}

const StoreContext = createContext<NotebookStore | undefined>(undefined)
export const NotebookStoreProvider = StoreContext.Provider

/** The store of the notebook around this component. */
export function useNotebookStore(): NotebookStore {
  const store = useContext(StoreContext)
  if (!store) throw new Error('useNotebookStore needs a NotebookStoreProvider above it')
  return store
}

/** A part of the notebook's state; the component draws again only when that part changes. */
export function useNotebook<T>(select: (state: NotebookState) => T): T {
  return useStore(useNotebookStore(), select)
}

function stillQueued(old: Cell | undefined, fresh: Cell, since: number): Cell {
  const { state, queuedAt = 0 } = old ?? {}
  const ended = fresh.finishedAt !== undefined && fresh.finishedAt >= queuedAt
  if (
    state !== 'queued' ||
    queuedAt < since ||
    ended ||
    (fresh.state !== 'idle' && fresh.state !== 'done' && fresh.state !== 'error')
  )
    return fresh
  return { ...fresh, state, startedAt: undefined, finishedAt: undefined, entered: false, stale: true }
}

/** Keeps the old object where nothing differs, so that a resync does not draw every cell again. */
function reuse(old: Cell | undefined, fresh: Cell): Cell {
  if (!old) return fresh
  const { ranSource, queuedAt } = old
  const known = {
    ...fresh,
    ranSource,
    queuedAt,
    outputs: alike(old.outputs, fresh.outputs) ? old.outputs : fresh.outputs,
  }
  return alike(old, known) ? old : known
}

/** Whether two JSON values are the same; an absent field is as good as an undefined one. Stops at the first difference. */
function alike(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [x, y] = [a as Record<string, unknown>, b as Record<string, unknown>]
  return (
    Object.keys(x).every((key) => alike(x[key], y[key])) &&
    Object.keys(y).every((key) => key in x || y[key] === undefined)
  )
}
