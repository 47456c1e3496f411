/** Which cell a Monaco model is, and who answers for it. Monaco's providers are registered once, models come and go. */
import type { Monaco, TextModel } from '../monaco'
import type { LanguageConnection } from './connection'

/** A cell's model, and what its notebook can do for it. */
export interface CellModel {
  cellId: string
  connection: LanguageConnection
  /** The model of another cell of the notebook, made when there is none. */
  modelOf: (monaco: Monaco, cellId: string) => TextModel | undefined
  /** Leads the user to a place in a cell, from 1. */
  show: (cellId: string, line: number, column: number) => void
  /** What the running kernel can complete at an offset; nothing when there is none. */
  atRuntime: (code: string, offset: number) => Promise<RuntimeCompletion | undefined>
}

export interface RuntimeCompletion {
  matches: { text: string; type?: string }[]
  /** Offsets, in UTF-16 code units, of what the matches replace. */
  start: number
  end: number
}

const models = new Map<string, CellModel>()

export function registerModel(model: TextModel, cell: CellModel): void {
  const key = model.uri.toString()
  models.set(key, cell)
  model.onWillDispose(() => models.delete(key))
}

export function cellOfModel(model: TextModel): CellModel | undefined {
  return models.get(model.uri.toString())
}

export function cellOfUri(uri: { toString(): string }): CellModel | undefined {
  return models.get(uri.toString())
}

export function cellById(cellId: string): CellModel | undefined {
  return [...models.values()].find((cell) => cell.cellId === cellId)
}
