/** Jupyter messages → messages of cells. Pure; what a page does not care about becomes nothing. */
import type { Bundle, CellMessage, ErrorPlace, Output } from './cells'

/** The part of a Jupyter message that is read here, the same for iopub and shell. */
export interface WireMessage {
  header: { msg_type: string; date?: string }
  parent_header?: { msg_type?: string } | Record<string, never>
  metadata: Record<string, unknown>
  content: unknown
}

/** The runner's stamp on a message: which cell, and the message's number in the document. */
export interface Stamp {
  cellId?: string
  seq: number
}

/** Reads `metadata.mayfly`; undefined for messages that belong to no document. */
export function stampOf(message: WireMessage): Stamp | undefined {
  const stamp = message.metadata?.mayfly as Partial<Stamp> | undefined
  if (typeof stamp?.seq !== 'number') return undefined
  return { cellId: typeof stamp.cellId === 'string' ? stamp.cellId : undefined, seq: stamp.seq }
}

/** What a message means to its cell. */
export function toCellMessage(message: WireMessage): CellMessage | undefined {
  const type = message.header.msg_type
  const content = message.content as Record<string, unknown>
  const at = Date.parse(message.header.date ?? '') || Date.now()
  switch (type) {
    case 'status':
      if (message.parent_header?.msg_type !== 'execute_request') return undefined
      if (content.execution_state === 'busy') return { type: 'busy', at }
      return content.execution_state === 'idle' ? { type: 'idle', at } : undefined
    case 'execute_input':
      return {
        type: 'input',
        at,
        executionCount: Number(content.execution_count),
        ...(typeof content.code === 'string' ? { code: content.code } : {}),
      }
    case 'execute_reply':
      return { type: 'reply', at, status: content.status as 'ok' | 'error' | 'aborted' }
    case 'clear_output':
      // The runner marks a clearing by the user: it also takes the execution count away.
      if ((content.mayfly as { reset?: boolean } | undefined)?.reset) return { type: 'outputs.cleared' }
      return { type: 'clear', wait: content.wait === true }
    case 'update_display_data': {
      const displayId = displayIdOf(content)
      if (displayId === undefined) return undefined
      return { type: 'update', displayId, data: bundle(content.data), metadata: bundle(content.metadata) }
    }
    default: {
      const output = toOutput(type, content)
      return output && { type: 'output', output }
    }
  }
}

function toOutput(type: string, content: Record<string, unknown>): Output | undefined {
  switch (type) {
    case 'stream':
      return {
        output_type: 'stream',
        name: content.name === 'stderr' ? 'stderr' : 'stdout',
        text: String(content.text ?? ''),
      }
    case 'display_data':
    case 'execute_result':
      return {
        output_type: type,
        data: bundle(content.data),
        metadata: bundle(content.metadata),
        displayId: displayIdOf(content),
      }
    case 'error':
      return {
        output_type: 'error',
        ename: String(content.ename ?? 'Error'),
        evalue: String(content.evalue ?? ''),
        traceback: Array.isArray(content.traceback) ? content.traceback.map(String) : [],
        ...(content.mayfly && typeof content.mayfly === 'object' ? { mayfly: content.mayfly as ErrorPlace } : {}),
      }
    default:
      return undefined
  }
}

function displayIdOf(content: Record<string, unknown>): string | undefined {
  return (content.transient as { display_id?: string } | undefined)?.display_id
}

function bundle(value: unknown): Bundle {
  return value && typeof value === 'object' ? (value as Bundle) : {}
}
