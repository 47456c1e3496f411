/** What a page and the language service say to each other over the socket. Positions count from 0, columns in UTF-16 code units. */
import { z } from 'zod'

const MAX_SOURCE = 5_000_000
const MAX_CELLS = 5000

const CellId = z.string().min(1).max(200)
const Count = z.number().int().nonnegative()
const Place = { cellId: CellId, line: Count, character: Count }
const Id = z.number().int().nonnegative()

const CellState = z.object({
  id: CellId,
  kind: z.enum(['code', 'markdown', 'raw']),
  /** Left out when the runner has it already. */
  source: z.string().max(MAX_SOURCE).optional(),
  /** The page's number of this text; comes back with diagnostics. */
  version: Count,
})

/** Without `id`: changes of the notebook. With one: questions, each answered once. */
export const RequestSchema = z.discriminatedUnion('op', [
  /** All cells in their order; also after cells were added, removed or moved. */
  z.object({ op: z.literal('cells'), cells: z.array(CellState).max(MAX_CELLS) }),
  z.object({
    op: z.literal('edit'),
    cellId: CellId,
    version: Count,
    changes: z.array(z.object({ offset: Count, length: Count, text: z.string().max(MAX_SOURCE) })).max(10_000),
  }),
  z.object({ op: z.literal('cancel'), id: Id }),
  z.object({ op: z.literal('complete'), id: Id, ...Place }),
  z.object({ op: z.literal('resolve'), id: Id, ref: z.string().max(300) }),
  z.object({ op: z.literal('hover'), id: Id, ...Place }),
  z.object({ op: z.literal('signature'), id: Id, ...Place }),
  z.object({ op: z.literal('definition'), id: Id, ...Place }),
  z.object({ op: z.literal('references'), id: Id, ...Place }),
  z.object({ op: z.literal('renameable'), id: Id, ...Place }),
  z.object({ op: z.literal('rename'), id: Id, ...Place, name: z.string().min(1).max(200) }),
  z.object({ op: z.literal('format'), id: Id, cellId: CellId }),
])

export type LanguageRequest = z.infer<typeof RequestSchema>
export type Question = Exclude<LanguageRequest, { op: 'cells' | 'edit' | 'cancel' }>
export type CellUpdate = z.infer<typeof CellState>

export interface Span {
  start: { line: number; character: number }
  end: { line: number; character: number }
}

export interface Diagnostic extends Span {
  severity: 'error' | 'warning' | 'info' | 'hint'
  message: string
  code: number
  deprecated?: boolean
}

export interface CompletionItem {
  label: string
  /** As the Language Server Protocol numbers them. */
  kind: number
  sort: string
  insert?: string
  filter?: string
  snippet?: boolean
  span?: Span
  deprecated?: boolean
  /** To ask for more with `resolve`. */
  ref: string
}

export interface CompletionAnswer {
  items: CompletionItem[]
  /** More match than were sent: ask again when more is typed. */
  incomplete: boolean
  /** The types know nothing of this value: the kernel may. */
  unknown: boolean
}

export interface TextEdit extends Span {
  text: string
}

/** In a cell, or in a file: then with its text, when it is not too long. */
export type Location = Span & ({ cellId: string } | { file: string; path: string; text?: string })

/** What comes back: an answer, or news. */
export type Reply =
  | { id: number; result: unknown }
  | { id: number; error: { code: string; message: string; hint?: string } }
  | { push: 'diagnostics'; cellId: string; version: number; items: Diagnostic[] }
  | { push: 'state'; state: 'starting' | 'ready' | 'failed'; message?: string; hint?: string }
  /** The runner lost track: the page sends all cells with their sources. */
  | { push: 'resend' }
