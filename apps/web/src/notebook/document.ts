/** nbformat 4.5 ↔ the cells of the page. Pure. */
import { z } from 'zod'
import type { Cell, CellKind, Output } from './cells'

const Text = z.union([z.string(), z.array(z.string())])
const Bundle = z.record(z.string(), z.unknown())

const NbCellSchema = z.looseObject({
  id: z.string().min(1).optional(),
  cell_type: z.enum(['code', 'markdown', 'raw']),
  source: Text.default(''),
  metadata: Bundle.default({}),
  outputs: z.array(Bundle).optional(),
  execution_count: z.number().nullable().optional(),
})

export const NotebookSchema = z.looseObject({
  cells: z.array(NbCellSchema).default([]),
  metadata: Bundle.default({}),
})
export type Notebook = z.infer<typeof NotebookSchema>

/** What the runner knows of a cell beyond its outputs; see docs/architecture.md. Times in ms since the epoch. */
export const CellStatusSchema = z.looseObject({
  state: z.enum(['idle', 'queued', 'running']),
  startedAt: z.number().nullish(),
  finishedAt: z.number().nullish(),
  status: z.enum(['ok', 'error', 'aborted']).nullish(),
})
export type CellStatus = z.infer<typeof CellStatusSchema>

/** A question that a running cell waits to have answered. `header` is that of its `input_request`, the parent of an answer. */
export const InputSchema = z.looseObject({
  cellId: z.string().nullish(),
  header: z.looseObject({ msg_id: z.string() }),
  prompt: z.string().default(''),
  password: z.boolean().default(false),
  /** What the kernel says of its own questions; `prompt` of this is without `[y/n]` and the like. */
  mayfly: z
    .looseObject({ prompt: z.string(), confirm: z.boolean().default(false), default: z.string().optional() })
    .nullish()
    .catch(undefined),
})
export type PendingInput = z.infer<typeof InputSchema>

/** Answer of `GET /api/mayfly/documents/<path>`. */
export const DocumentSchema = z.looseObject({
  notebook: NotebookSchema,
  seq: z.number().int(),
  hash: z.string(),
  kernelId: z.string().nullish(),
  cells: z.record(z.string(), CellStatusSchema).default({}),
  input: InputSchema.nullish(),
  fault: z.looseObject({ code: z.string(), message: z.string(), hint: z.string().nullish() }).nullish(),
})
export type NotebookDocument = z.infer<typeof DocumentSchema>

/** A cell as it is sent to be saved: outputs stay with the runner. */
export interface SavedCell {
  id: string
  cell_type: CellKind
  source: string
  metadata: Record<string, unknown>
}

/** The cells of a document, in order. Cells without an id (older notebooks) or with one already seen get a new one. */
export function toCells(document: Pick<NotebookDocument, 'notebook' | 'cells'>, newId: () => string): Cell[] {
  const seen = new Set<string>()
  return document.notebook.cells.map((raw) => {
    const id = raw.id === undefined || seen.has(raw.id) ? newId() : raw.id
    seen.add(id)
    const status = document.cells[id]
    const outputs = (raw.outputs ?? []).map(toOutput).filter((output) => output !== undefined)
    return {
      id,
      kind: raw.cell_type,
      source: joinText(raw.source),
      metadata: raw.metadata,
      outputs,
      executionCount: raw.execution_count ?? null,
      state: stateOf(status),
      startedAt: status?.startedAt ?? undefined,
      finishedAt: status?.state === 'running' ? undefined : (status?.finishedAt ?? undefined),
      entered: status?.state === 'running',
      failed: status?.status === 'error' || outputs.some((output) => output.output_type === 'error'),
      stale: status?.state === 'queued',
      clearNext: false,
    }
  })
}

/** The cells as `PUT /api/mayfly/documents/<path>` wants them. */
export function toSaved(cells: readonly Cell[]): SavedCell[] {
  return cells.map(({ id, kind, source, metadata }) => ({ id, cell_type: kind, source, metadata }))
}

/** Whether two lists of cells are the same text in the same order. */
export function sameSources(a: readonly SavedCell[], b: readonly SavedCell[]): boolean {
  return (
    a.length === b.length &&
    a.every((cell, i) => {
      const other = b[i]!
      return cell.id === other.id && cell.cell_type === other.cell_type && cell.source === other.source
    })
  )
}

/** An empty cell. Ids are eight hexadecimal digits, as nbformat recommends. */
export function newCell(kind: CellKind, id: string = newCellId(), source = ''): Cell {
  return {
    id,
    kind,
    source,
    metadata: {},
    outputs: [],
    executionCount: null,
    state: 'idle',
    entered: false,
    failed: false,
    stale: false,
    clearNext: false,
  }
}

export function newCellId(): string {
  return crypto.randomUUID().slice(0, 8)
}

/** Text that nbformat may hold as a list of lines. */
export function joinText(text: unknown): string {
  return Array.isArray(text) ? text.join('') : typeof text === 'string' ? text : ''
}

function stateOf(status: CellStatus | undefined): Cell['state'] {
  if (!status) return 'idle'
  if (status.state !== 'idle') return status.state
  return status.status === 'ok' ? 'done' : (status.status ?? 'idle')
}

function toOutput(raw: Record<string, unknown>): Output | undefined {
  const data = (raw.data ?? {}) as Record<string, unknown>
  const metadata = (raw.metadata ?? {}) as Record<string, unknown>
  const displayId = (raw.transient as { display_id?: string } | undefined)?.display_id
  switch (raw.output_type) {
    case 'stream':
      return {
        output_type: 'stream',
        name: raw.name === 'stderr' ? 'stderr' : 'stdout',
        text: joinText(raw.text),
      }
    case 'display_data':
      return { output_type: 'display_data', data, metadata, displayId }
    case 'execute_result':
      return { output_type: 'execute_result', data, metadata, displayId }
    case 'error':
      return {
        output_type: 'error',
        ename: String(raw.ename ?? 'Error'),
        evalue: String(raw.evalue ?? ''),
        traceback: Array.isArray(raw.traceback) ? raw.traceback.map(String) : [],
        ...(raw.mayfly && typeof raw.mayfly === 'object' ? { mayfly: raw.mayfly } : {}),
      }
    default:
      return undefined
  }
}
