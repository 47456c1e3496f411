/** How iopub messages become the outputs of a cell (nbformat 4.5). Pure: the service and the command line both fold with it. */
import type { JupyterMessage } from './messages.js'

type Bundle = Record<string, unknown>

/** One output as nbformat 4.5 stores it, plus the display id that later updates look for (not stored in files). */
export type NbOutput =
  | { output_type: 'stream'; name: 'stdout' | 'stderr'; text: string }
  | { output_type: 'display_data'; data: Bundle; metadata: Bundle; transient?: { display_id?: string } }
  | {
      output_type: 'execute_result'
      data: Bundle
      metadata: Bundle
      execution_count: number | null
      transient?: { display_id?: string }
    }
  | { output_type: 'error'; ename: string; evalue: string; traceback: string[]; mayfly?: ErrorPlace }

/** Where in the user's source an error arose: the cell's execution count, and line and column from 1. */
export interface ErrorPlace {
  cell?: number
  cellId?: string
  line?: number
  column?: number
  /** Mayfly's code of the error, and what to do next. */
  code?: string
  hint?: string
  /** The way there, innermost first; only places the user can go to. */
  frames?: ErrorFrame[]
}

/** A place on the stack: in a cell, or in a file, whose path is relative to the workspace. */
export interface ErrorFrame {
  cell?: number
  cellId?: string
  file?: string
  line: number
  column: number
  /** The function, when it has a name. */
  name?: string
}

/** Set on the list by `clear_output` with `wait`: the next output replaces everything before it. */
const pendingClear = new WeakSet<readonly NbOutput[]>()

/**
 * Applies one iopub message and returns the new list; the given list is never changed, and is itself returned when the
 * message is no output. Streams of one name merge when they are neighbours; a carriage return is kept as it came.
 * `update_display_data` replaces every output of the same display id in this list (call it for each cell of a document).
 */
export function applyOutput(outputs: NbOutput[], message: Pick<JupyterMessage, 'header' | 'content'>): NbOutput[] {
  const type = message.header.msg_type
  const content = message.content as Record<string, never>
  if (type === 'clear_output') {
    if (!content.wait) return []
    const marked = [...outputs]
    pendingClear.add(marked)
    return marked
  }
  if (type === 'update_display_data') return updateDisplay(outputs, content)
  const output = toOutput(type, content)
  if (!output) return outputs
  const base = pendingClear.has(outputs) ? [] : outputs
  const last = base.at(-1)
  if (output.output_type === 'stream' && last?.output_type === 'stream' && last.name === output.name) {
    return [...base.slice(0, -1), { ...last, text: last.text + output.text }]
  }
  return [...base, output]
}

function toOutput(type: string, content: Record<string, never>): NbOutput | undefined {
  switch (type) {
    case 'stream':
      return { output_type: 'stream', name: content.name, text: content.text }
    case 'display_data':
      return {
        output_type: 'display_data',
        data: content.data ?? {},
        metadata: content.metadata ?? {},
        ...(content.transient ? { transient: content.transient } : {}),
      }
    case 'execute_result':
      return {
        output_type: 'execute_result',
        data: content.data ?? {},
        metadata: content.metadata ?? {},
        execution_count: content.execution_count ?? null,
        ...(content.transient ? { transient: content.transient } : {}),
      }
    case 'error':
      return {
        output_type: 'error',
        ename: content.ename,
        evalue: content.evalue,
        traceback: content.traceback ?? [],
        ...(content.mayfly ? { mayfly: content.mayfly } : {}),
      }
    default:
      return undefined
  }
}

function updateDisplay(outputs: NbOutput[], content: Record<string, never>): NbOutput[] {
  const id = (content.transient as { display_id?: string } | undefined)?.display_id
  const hit = (output: NbOutput) => id !== undefined && 'transient' in output && output.transient?.display_id === id
  if (!outputs.some(hit)) return outputs
  return outputs.map((output) =>
    hit(output) ? ({ ...output, data: content.data ?? {}, metadata: content.metadata ?? {} } as NbOutput) : output,
  )
}
