/**
 * A cell and what messages make of it. `transition` is pure and total: every message is allowed in every state, since a
 * second page, a reload or a restart can bring any order.
 */
export type CellKind = 'code' | 'markdown' | 'raw'
export type CellState = 'idle' | 'queued' | 'running' | 'done' | 'error' | 'aborted'
export type Bundle = Record<string, unknown>

/** Where in the user's source an error arose; line and column from 1, `cell` is the execution count. */
export interface ErrorPlace {
  cell?: number
  cellId?: string
  line?: number
  column?: number
  code?: string
  hint?: string
  /** The frames that lie in cells or workspace files, innermost first. */
  frames?: ErrorFrame[]
}

/** A frame of a stack: in a cell, or in a file whose path is relative to the workspace. */
export interface ErrorFrame {
  cell?: number
  cellId?: string
  file?: string
  line: number
  column: number
  name?: string
}

export type Output =
  | { output_type: 'stream'; name: 'stdout' | 'stderr'; text: string }
  | { output_type: 'display_data' | 'execute_result'; data: Bundle; metadata: Bundle; displayId?: string }
  | { output_type: 'error'; ename: string; evalue: string; traceback: string[]; mayfly?: ErrorPlace }

export interface Cell {
  readonly id: string
  readonly kind: CellKind
  readonly source: string
  readonly metadata: Bundle
  readonly outputs: readonly Output[]
  readonly executionCount: number | null
  /** The source that was run last; unknown for runs before the page was opened. */
  readonly ranSource?: string
  readonly state: CellState
  /** When this page asked for the execution, ms since the epoch. */
  readonly queuedAt?: number
  /** When the kernel took the cell up and put it down, ms since the epoch. */
  readonly startedAt?: number
  readonly finishedAt?: number
  /** The kernel has begun to evaluate this execution; one that it skips never enters. */
  readonly entered: boolean
  /** This execution has shown an error. */
  readonly failed: boolean
  /** The outputs belong to an earlier execution or kernel. */
  readonly stale: boolean
  /** `clear_output` with `wait`: the next output replaces all before it. */
  readonly clearNext: boolean
}

export type CellMessage =
  | { type: 'queued'; at?: number }
  | { type: 'busy'; at: number }
  | { type: 'input'; at: number; executionCount: number; code?: string }
  | { type: 'output'; output: Output }
  | { type: 'update'; displayId: string; data: Bundle; metadata: Bundle }
  | { type: 'clear'; wait: boolean }
  | { type: 'reply'; status: 'ok' | 'error' | 'aborted'; at: number }
  | { type: 'idle'; at: number }
  /** The kernel that held the variables is gone: what waits is aborted, what is shown is stale. */
  | { type: 'kernel.lost'; at: number }
  | { type: 'outputs.cleared' }

/** The cell after a message; the same object when nothing changes. */
export function transition(cell: Cell, message: CellMessage): Cell {
  switch (message.type) {
    case 'queued':
      return {
        ...cell,
        state: 'queued',
        queuedAt: message.at,
        startedAt: undefined,
        finishedAt: undefined,
        entered: false,
        stale: true,
      }
    case 'busy':
      // Said again after the kernel has answered something else while the cell runs.
      if (cell.state === 'running' && cell.entered) return cell
      return { ...cell, state: 'running', startedAt: message.at, finishedAt: undefined, entered: false, failed: false }
    case 'input':
      return {
        ...cell,
        state: 'running',
        startedAt: cell.state === 'running' ? (cell.startedAt ?? message.at) : message.at,
        finishedAt: undefined,
        executionCount: message.executionCount,
        ranSource: message.code,
        outputs: [],
        entered: true,
        failed: false,
        stale: false,
        clearNext: false,
      }
    case 'output':
      return addOutputs(cell, [message.output])
    case 'update':
      return updateDisplay(cell, message.displayId, message.data, message.metadata)
    case 'clear':
      return message.wait ? { ...cell, clearNext: true } : { ...cell, outputs: [], clearNext: false }
    case 'reply':
      return reply(cell, message.status, message.at)
    case 'idle':
      if (cell.state !== 'running') return cell
      return { ...cell, state: cell.entered ? (cell.failed ? 'error' : 'done') : 'aborted', finishedAt: message.at }
    case 'kernel.lost': {
      const waiting = cell.state === 'queued' || cell.state === 'running'
      if (cell.kind !== 'code' || (!waiting && cell.stale)) return cell
      return {
        ...cell,
        ...(waiting ? { state: 'aborted' as const, finishedAt: message.at } : {}),
        stale: cell.outputs.length > 0,
      }
    }
    case 'outputs.cleared':
      return {
        ...cell,
        outputs: [],
        executionCount: null,
        ranSource: undefined,
        failed: false,
        stale: false,
        clearNext: false,
        ...settled(cell),
      }
  }
}

/** How long the last execution took or takes, ms; undefined when it never began. */
export function durationOf(cell: Cell, now: number): number | undefined {
  if (cell.startedAt === undefined || (cell.state === 'aborted' && !cell.entered)) return undefined
  return Math.max(0, (cell.finishedAt ?? now) - cell.startedAt)
}

function reply(cell: Cell, status: 'ok' | 'error' | 'aborted', at: number): Cell {
  const waiting = cell.state === 'queued' || cell.state === 'running'
  if (status === 'aborted') return waiting ? { ...cell, state: 'aborted', finishedAt: at } : cell
  const failed = cell.failed || status === 'error'
  if (waiting) return failed === cell.failed ? cell : { ...cell, failed }
  // The reply may come after idle, and knows more than the outputs did.
  return failed && cell.state === 'done' ? { ...cell, state: 'error', failed } : cell
}

function settled(cell: Cell): Partial<Cell> {
  const waiting = cell.state === 'queued' || cell.state === 'running'
  return waiting ? {} : { state: 'idle', startedAt: undefined, finishedAt: undefined }
}

/**
 * The cell with more outputs, all at once: a loop that displays sends thousands in one frame. Neighbouring chunks of one stream
 * become one output, as nbformat stores them.
 */
export function addOutputs(cell: Cell, added: readonly Output[]): Cell {
  const outputs = cell.clearNext ? [] : [...cell.outputs]
  for (const output of added) {
    const last = outputs.at(-1)
    if (output.output_type === 'stream' && last?.output_type === 'stream' && last.name === output.name)
      outputs[outputs.length - 1] = { ...last, text: capped(last.text + output.text) }
    else outputs.push(output)
  }
  const failed = cell.failed || added.some(({ output_type }) => output_type === 'error')
  return { ...cell, outputs, failed, clearNext: false }
}

/** Characters of one stream kept in the page; a loop that prints forever must not eat the browser. */
export const MOST_STREAM_CHARS = 8_000_000
export const STREAM_CUT = '[earlier output left out]\n'

function capped(text: string): string {
  if (text.length <= MOST_STREAM_CHARS) return text
  const from = text.indexOf('\n', text.length - MOST_STREAM_CHARS / 2) + 1
  return STREAM_CUT + text.slice(from === 0 ? -MOST_STREAM_CHARS / 2 : from)
}

function updateDisplay(cell: Cell, displayId: string, data: Bundle, metadata: Bundle): Cell {
  const shown = (output: Output) => 'displayId' in output && output.displayId === displayId
  if (!cell.outputs.some(shown)) return cell
  return {
    ...cell,
    outputs: cell.outputs.map((output) => (shown(output) ? ({ ...output, data, metadata } as Output) : output)),
  }
}
