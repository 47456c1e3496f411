/** Changes to the list of cells: pure functions from state to the part of it that is new. */
import type { Cell, CellKind } from './cells'
import { newCell } from './document'

/** What a change of the list took away, and what it made: enough to go back. */
export interface Step {
  order: readonly string[]
  selected: string | undefined
  /** Cells that went or changed, as they were. */
  lost: readonly Cell[]
  /** Cells that came, as they were then. */
  made: readonly Cell[]
}

/** What the notebook page keeps of the document; the rest of the store knows nothing of its structure. */
export interface Structure {
  readonly order: readonly string[]
  readonly cells: Readonly<Record<string, Cell>>
  readonly selected: string | undefined
  /** The changes that can be taken back, newest last. */
  readonly steps: readonly Step[]
}

/** How many changes can be taken back. */
const UNDO_DEPTH = 50

/** Puts a cell at `index` (counted in the new list) and selects it. */
export function insertAt(state: Structure, index: number, cell: Cell): Structure {
  const at = Math.max(0, Math.min(index, state.order.length))
  return {
    ...state,
    order: [...state.order.slice(0, at), cell.id, ...state.order.slice(at)],
    cells: { ...state.cells, [cell.id]: cell },
    selected: cell.id,
  }
}

/** A new empty cell above or below another one; without one, at the end. */
export function insertBeside(
  state: Structure,
  id: string | undefined,
  side: 'above' | 'below',
  kind: CellKind,
): Structure {
  const index = id === undefined ? state.order.length : state.order.indexOf(id) + (side === 'below' ? 1 : 0)
  return insertAt(state, index, newCell(kind))
}

/** Takes cells out; the last cell of a notebook is replaced by an empty one. */
export function deleteCells(state: Structure, ids: readonly string[]): Structure {
  const gone = new Set(ids.filter((id) => state.cells[id]))
  if (gone.size === 0) return state
  const first = state.order.findIndex((id) => gone.has(id))
  const order = state.order.filter((id) => !gone.has(id))
  const cells = Object.fromEntries(order.map((id) => [id, state.cells[id]!]))
  const selected = order[Math.min(first, order.length - 1)]
  const next = { ...state, order, cells, selected }
  return stepped(state, order.length > 0 ? next : insertAt(next, 0, newCell('code')))
}

/** Puts copies of cells beside another one and selects the last of them. Outputs stay with the originals. */
export function pasteCells(
  state: Structure,
  copies: readonly Pick<Cell, 'kind' | 'source' | 'metadata'>[],
  id: string | undefined,
  side: 'above' | 'below',
): Structure {
  if (copies.length === 0) return state
  const index = id === undefined ? state.order.length : state.order.indexOf(id) + (side === 'below' ? 1 : 0)
  const cells = copies.map(({ kind, source, metadata }) => ({ ...newCell(kind, undefined, source), metadata }))
  return stepped(
    state,
    cells.reduce<Structure>((next, cell, i) => insertAt(next, index + i, cell), state),
  )
}

/** Cuts a cell in two at an offset of its text; the second half is selected. A line break at the cut goes. */
export function splitCell(state: Structure, id: string, offset: number): Structure {
  const cell = state.cells[id]
  if (!cell) return state
  const before = cell.source.slice(0, offset).replace(/\n$/, '')
  const after = cell.source.slice(offset).replace(/^\n/, '')
  const second = { ...newCell(cell.kind, undefined, after), metadata: cell.metadata }
  const cells = { ...state.cells, [id]: { ...cell, source: before } }
  return stepped(state, insertAt({ ...state, cells }, state.order.indexOf(id) + 1, second))
}

/** Makes one cell of several: the first, with all texts. One alone is joined with the next. Attachments of text cells are kept. */
export function mergeCells(state: Structure, ids: readonly string[]): Structure {
  const all = ids.length > 1 ? ids : [ids[0], ids[0] && neighbour(state, ids[0], 1)]
  const cells = [...new Set(all)].map((id) => state.cells[id ?? '']).filter((cell) => cell !== undefined)
  const [first, ...others] = cells
  if (!first || others.length === 0) return state
  const gone = new Set(others.map(({ id }) => id))
  const source = cells.map((cell) => cell.source).join(first.kind === 'markdown' ? '\n\n' : '\n')
  const order = state.order.filter((id) => !gone.has(id))
  const kept = Object.fromEntries(order.map((id) => [id, state.cells[id]!]))
  return stepped(state, { ...state, order, cells: { ...kept, [first.id]: { ...first, source } }, selected: first.id })
}

/** Moves cells that stand together by one place. */
export function moveCells(state: Structure, ids: readonly string[], by: 1 | -1): Structure {
  const [from, to] = [state.order.indexOf(ids[0] ?? ''), state.order.indexOf(ids.at(-1) ?? '')]
  const other = by < 0 ? from - 1 : to + 1
  if (from < 0 || other < 0 || other >= state.order.length) return state
  const passed = state.order[other]!
  const rest = state.order.filter((id) => id !== passed)
  const at = by < 0 ? rest.indexOf(ids.at(-1)!) + 1 : rest.indexOf(ids[0]!)
  return stepped(state, { ...state, order: [...rest.slice(0, at), passed, ...rest.slice(at)] })
}

/** Turns cells into another kind; their outputs go, their sources stay. */
export function convertCells(state: Structure, ids: readonly string[], kind: CellKind): Structure {
  const converted = ids
    .map((id) => state.cells[id])
    .filter((cell) => cell !== undefined && cell.kind !== kind)
    .map((cell) => ({ ...newCell(kind, cell!.id, cell!.source), metadata: cell!.metadata }))
  if (converted.length === 0) return state
  const cells = { ...state.cells, ...Object.fromEntries(converted.map((cell) => [cell.id, cell])) }
  return stepped(state, { ...state, cells })
}

/** Takes the newest change of the list back. Cells that came meanwhile stay, and so do those that were written in since. */
export function undoStep(state: Structure): Structure {
  const step = state.steps.at(-1)
  if (!step) return state
  const untouched = new Set(
    step.made.filter(({ id, source }) => state.cells[id]?.source === source).map(({ id }) => id),
  )
  const lost = Object.fromEntries(step.lost.map((cell) => [cell.id, cell]))
  const here = (id: string) => state.cells[id] !== undefined || lost[id] !== undefined
  const order = step.order.filter(here)
  const known = new Set(order)
  for (const [i, id] of state.order.entries())
    if (!known.has(id) && !untouched.has(id)) order.splice(Math.min(i, order.length), 0, id)
  const cells = Object.fromEntries(order.map((id) => [id, lost[id] ?? state.cells[id]!]))
  const selected = step.lost.at(-1)?.id ?? step.selected
  return {
    ...state,
    order,
    cells,
    selected: selected !== undefined && cells[selected] ? selected : order[0],
    steps: state.steps.slice(0, -1),
  }
}

/** The changed list, with the way back. */
function stepped(before: Structure, after: Structure): Structure {
  const lost = before.order.map((id) => before.cells[id]!).filter((cell) => after.cells[cell.id] !== cell)
  const made = after.order.filter((id) => !before.cells[id]).map((id) => after.cells[id]!)
  const step: Step = { order: before.order, selected: before.selected, lost, made }
  return { ...after, steps: [...before.steps.slice(1 - UNDO_DEPTH), step] }
}

/** The cell `by` places away; stays at the ends. */
export function neighbour(state: Pick<Structure, 'order'>, id: string | undefined, by: number): string | undefined {
  if (id === undefined) return state.order[0]
  const index = state.order.indexOf(id)
  return state.order[Math.max(0, Math.min(state.order.length - 1, index + by))]
}
