/** The language service of one open notebook, put together: connection, providers, markers. */
import type { RunnerClient } from '../client'
import type { CellModels } from '../models'
import { type Monaco, onMonaco, type TextModel } from '../monaco'
import type { NotebookStore } from '../store'
import { connectLanguage, type LanguageConnection, type LanguageState } from './connection'
import { toRange } from './places'
import type { Diagnostic } from './protocol'
import { format, registerProviders } from './providers'
import { type RuntimeCompletion, registerModel } from './registry'
import { applyTogether } from './together'

export interface Language {
  readonly connection: LanguageConnection
  /** Formats all code cells, as one step to undo. */
  formatAll(): Promise<void>
  dispose(): void
}

export interface LanguageOptions {
  store: NotebookStore
  client: RunnerClient
  models: CellModels
  /** Address of the runner as the browser sees it. */
  base: string
  /** Completions of the running kernel. */
  atRuntime: (code: string, offset: number) => Promise<RuntimeCompletion | undefined>
}

const OWNER = 'mayfly'
/** Monaco's numbers. */
const SEVERITIES = { error: 8, warning: 4, info: 2, hint: 1 } as const
const DEPRECATED = 2

export function createLanguage({ store, client, models, base, atRuntime }: LanguageOptions): Language {
  const connection = connectLanguage(store, client, base)
  let monaco: Monaco | undefined

  const forgetMonaco = onMonaco((loaded) => {
    monaco = loaded
    registerProviders(loaded)
  })
  const forgetModels = models.onModel((id, model) => {
    registerModel(model, {
      cellId: id,
      connection,
      atRuntime,
      modelOf: (loaded, cellId) => (store.getState().cells[cellId] ? models.of(loaded, cellId) : undefined),
      show: (cellId, line, column) => reveal(store, cellId, line, column),
    })
    mark(id, model)
  })
  const forgetProblems = connection.state.subscribe((now, before) => {
    if (now.problems === before.problems) return
    for (const id of new Set([...Object.keys(now.problems), ...Object.keys(before.problems)])) {
      const model = now.problems[id] === before.problems[id] ? undefined : models.known(id)
      if (model) mark(id, model)
    }
  })

  function mark(id: string, model: TextModel) {
    const items = connection.state.getState().problems[id] ?? []
    monaco?.editor.setModelMarkers(model, OWNER, items.map(toMarker))
  }

  return {
    connection,
    async formatAll() {
      if (!monaco) return
      const { order, cells } = store.getState()
      const codeModels = order.filter((id) => cells[id]?.kind === 'code').map((id) => models.of(monaco!, id))
      const changes = await Promise.all(codeModels.map(async (model) => ({ model, edits: await format(model) })))
      applyTogether(changes.filter(({ model, edits }) => edits.length > 0 && !model.isDisposed()))
    },
    dispose() {
      forgetMonaco()
      forgetModels()
      forgetProblems()
      connection.dispose()
    },
  }
}

/** Leads to a place in a cell, from 1. */
export function reveal(store: NotebookStore, cellId: string, line: number, column: number): void {
  store.setState({ selected: cellId, mode: 'edit', reveal: { cellId, line, column } })
}

/** How many errors and warnings a notebook has. */
export function countProblems({ problems }: LanguageState): { errors: number; warnings: number } {
  const all = Object.values(problems).flat()
  return {
    errors: all.filter(({ severity }) => severity === 'error').length,
    warnings: all.filter(({ severity }) => severity === 'warning').length,
  }
}

function toMarker(item: Diagnostic) {
  return {
    ...toRange(item),
    severity: SEVERITIES[item.severity],
    message: item.message,
    code: `TS${item.code}`,
    tags: item.deprecated ? [DEPRECATED] : [],
  }
}
