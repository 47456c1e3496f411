/** Changes to the list of cells: pure functions from state to the part of it that is new. */
import type { Cell, CellKind } from './cells'
import { newCell } from './document'

export interface Deleted {
  cell: Cell
  index: number
}

/** What the notebook page keeps of the document; the rest of the store knows nothing of its structure. */
export interface Structure {
  readonly order: readonly string[]
  readonly cells: Readonly<Record<string, Cell>>
  readonly selected: string | undefined
  /** Newest last. */
  readonly deleted: readonly Deleted[]
}

/** How many deleted cells can be brought back. */
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

/** Takes a cell out; it can be brought back. The last cell of a notebook is replaced by an empty one. */
export function deleteCell(state: Structure, id: string): Structure {
  const index = state.order.indexOf(id)
  const cell = state.cells[id]
  if (index < 0 || !cell) return state
  const order = state.order.filter((other) => other !== id)
  const { [id]: _, ...cells } = state.cells
  const next: Structure = {
    order,
    cells,
    selected: order[Math.min(index, order.length - 1)],
    deleted: [...state.deleted.slice(1 - UNDO_DEPTH), { cell, index }],
  }
  return order.length > 0 ? next : insertAt(next, 0, newCell('code'))
}

/** Brings back the cell deleted last, where it was. */
export function undoDelete(state: Structure): Structure {
  const last = state.deleted.at(-1)
  if (!last) return state
  return insertAt({ ...state, deleted: state.deleted.slice(0, -1) }, last.index, last.cell)
}

/** Swaps a cell with its neighbour. */
export function moveCell(state: Structure, id: string, by: 1 | -1): Structure {
  const from = state.order.indexOf(id)
  const to = from + by
  if (from < 0 || to < 0 || to >= state.order.length) return state
  const order = [...state.order]
  order[from] = order[to]!
  order[to] = id
  return { ...state, order }
}

/** Turns a cell into another kind; its outputs go, its source stays. */
export function convertCell(state: Structure, id: string, kind: CellKind): Structure {
  const cell = state.cells[id]
  if (!cell || cell.kind === kind) return state
  const converted = { ...newCell(kind, id, cell.source), metadata: cell.metadata }
  return { ...state, cells: { ...state.cells, [id]: converted } }
}

/** The cell `by` places away; stays at the ends. */
export function neighbour(state: Pick<Structure, 'order'>, id: string | undefined, by: number): string | undefined {
  if (id === undefined) return state.order[0]
  const index = state.order.indexOf(id)
  return state.order[Math.max(0, Math.min(state.order.length - 1, index + by))]
}
