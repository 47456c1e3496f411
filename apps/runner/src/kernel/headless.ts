/** Runs a notebook's code cells in a kernel, without a server, and gives the notebook back with its outputs. */
import type { Notebook, NotebookCell } from '../nbformat.js'
import { Kernel, type KernelOptions } from './kernel.js'
import { type JupyterMessage, makeHeader } from './messages.js'
import { applyOutput, type NbOutput } from './outputs.js'
import { hasTag } from './parameters.js'

export interface HeadlessEvents {
  /** A code cell begins; `index` from 1 of `total`. */
  onCell(index: number, total: number, cell: NotebookCell): void
  onStream(name: 'stdout' | 'stderr', text: string): void
  onCellEnd(status: 'ok' | 'error' | 'aborted', elapsedMs: number, error: JupyterMessage['content'] | undefined): void
}

export interface HeadlessResult {
  notebook: Notebook
  /** The cell that stopped the run, if one did. A cell tagged `raises-exception` may fail. */
  failed?: NotebookCell
}

/**
 * Runs the cells in order, up to the first that fails. Outputs of cells that were not reached are emptied.
 * @param signal Interrupts the running cell, which then counts as failed.
 */
export async function runNotebook(
  notebook: Notebook,
  options: KernelOptions,
  events: HeadlessEvents,
  signal?: AbortSignal,
): Promise<HeadlessResult> {
  const code = notebook.cells.filter((cell) => cell.cell_type === 'code' && cell.source.trim() !== '')
  const outputs = new Map<string, NbOutput[]>(notebook.cells.map((cell) => [cell.id, []]))
  const counts = new Map<string, number>()
  const kernel = new Kernel(options)
  kernel.onMessage((message) => {
    collect(outputs, message)
    if (message.header.msg_type === 'stream') {
      events.onStream(message.content.name as 'stdout' | 'stderr', String(message.content.text))
    }
  })
  const interrupt = () => void kernel.interrupt()
  signal?.addEventListener('abort', interrupt)
  let failed: NotebookCell | undefined
  try {
    await kernel.start()
    for (const [i, cell] of code.entries()) {
      if (signal?.aborted) break
      events.onCell(i + 1, code.length, cell)
      const started = performance.now()
      const { content } = await execute(kernel, cell)
      const status = content.status as 'ok' | 'error' | 'aborted'
      counts.set(cell.id, Number(content.execution_count))
      events.onCellEnd(status, performance.now() - started, status === 'error' ? content : undefined)
      if (status === 'ok' || hasTag(cell, 'raises-exception')) continue
      failed = cell
      break
    }
  } finally {
    signal?.removeEventListener('abort', interrupt)
    await kernel.shutdown()
  }
  const cells = notebook.cells.map((cell) =>
    cell.cell_type === 'code'
      ? { ...cell, execution_count: counts.get(cell.id) ?? null, outputs: outputs.get(cell.id)! }
      : cell,
  )
  return { notebook: { ...notebook, cells }, ...(failed ? { failed } : {}) }
}

/** Sends a cell and waits for its reply and for the idle status behind its last output. */
function execute(kernel: Kernel, cell: NotebookCell): Promise<JupyterMessage> {
  const header = makeHeader('execute_request', kernel.id)
  return new Promise((resolve) => {
    let reply: JupyterMessage | undefined
    const stop = kernel.onMessage((message) => {
      if (message.parent_header.msg_id !== header.msg_id) return
      if (message.header.msg_type === 'execute_reply') reply = message
      else if (message.header.msg_type === 'status' && message.content.execution_state === 'idle' && reply) {
        stop()
        resolve(reply)
      }
    })
    const content = {
      code: cell.source,
      silent: false,
      store_history: true,
      stop_on_error: true,
      allow_stdin: false,
    }
    kernel.send({ channel: 'shell', header, parent_header: {}, metadata: { cellId: cell.id }, content })
  })
}

function collect(outputs: Map<string, NbOutput[]>, message: JupyterMessage): void {
  if (message.channel !== 'iopub') return
  if (message.header.msg_type === 'update_display_data') {
    for (const [id, list] of outputs) outputs.set(id, applyOutput(list, message))
    return
  }
  const id = message.metadata.cellId
  const list = typeof id === 'string' ? outputs.get(id) : undefined
  if (list) outputs.set(id as string, applyOutput(list, message))
}
