/**
 * A notebook while it is open: sources as the client last saved them, outputs as the kernel's messages made them. The client owns
 * the former, the runner the latter; both meet only when the notebook is read or written. Nothing here does I/O or reads the clock,
 * so replaying the same messages gives the same document.
 */
import { createHash } from 'node:crypto'
import { type NotebookSettings, notebookSettings } from '@mayfly/executor/host'
import { type Header, type JupyterMessage, makeHeader } from '../kernel/messages.js'
import { applyOutput, type NbOutput } from '../kernel/outputs.js'
import type { Notebook, NotebookCell } from '../nbformat.js'

export interface CellState {
  state: 'idle' | 'queued' | 'running'
  /** Milliseconds since the epoch. */
  startedAt?: number
  finishedAt?: number
  status?: 'ok' | 'error' | 'aborted'
}

/** A cell as a client saves it: everything but the outputs. */
export type CellSource = Pick<NotebookCell, 'id' | 'cell_type' | 'source' | 'metadata'>

interface Result {
  outputs: NbOutput[]
  executionCount: number | null
  state: CellState
}

interface Request {
  cellId: string
  header: Header
}

/** What became of a message: as it goes out to clients, and whether it changed what a file or a journal must hold. */
export interface Applied {
  message: JupyterMessage
  changed: boolean
}

/** A question of a running cell that nobody has answered yet. */
export interface PendingInput {
  cellId: string | null
  /** Header of the `input_request`, which the `input_reply` names as its parent. */
  header: Header
  prompt: string
  password: boolean
  /** What the kernel says of its own question beyond Jupyter's words: its bare prompt, the default, whether it is yes or no. */
  mayfly?: unknown
}

/** Longest text of one stream output; of a longer one only the end is kept. */
const MAX_STREAM = 8 * 1024 * 1024
const DROPPED = '… earlier output was dropped …\n'

export class Document {
  /** Number of the last message that was stamped. */
  seq = 0
  private sources: Notebook
  private readonly results = new Map<string, Result>()
  private readonly requests = new Map<string, Request>()
  /** Display id → cells that show it. */
  private readonly displays = new Map<string, Set<string>>()
  /** Cells whose results are newer than the file. */
  private readonly unsaved = new Set<string>()
  private cachedHash: string | undefined
  private question: (PendingInput & { request: string }) | undefined

  constructor(notebook: Notebook) {
    this.sources = notebook
    for (const cell of notebook.cells) if (cell.cell_type === 'code') this.results.set(cell.id, resultOf(cell))
  }

  /** sha256 of sources, order and metadata, but not of outputs and timings: it changes when someone edits, not when something runs. */
  get hash(): string {
    const content = [
      this.sources.cells.map((c) => [c.id, c.cell_type, c.source, ownMetadata(c)]),
      this.sources.metadata,
    ]
    this.cachedHash ??= createHash('sha256').update(JSON.stringify(content)).digest('hex')
    return this.cachedHash
  }

  /** What the notebook says of its executors. */
  get settings(): NotebookSettings {
    return notebookSettings(this.sources.metadata)
  }

  /** The whole notebook. Outputs still carry display ids, which clients need for updates and files must not have. */
  notebook(): Notebook {
    return {
      ...this.sources,
      cells: this.sources.cells.map((cell) => {
        if (cell.cell_type !== 'code') return cell
        const result = this.results.get(cell.id)
        return {
          ...cell,
          metadata: { ...ownMetadata(cell), ...timings(result?.state) },
          execution_count: result?.executionCount ?? null,
          outputs: result?.outputs ?? [],
        }
      }),
    }
  }

  /** The state of every code cell, and of cells that were run before the client saved them. */
  states(): Record<string, CellState> {
    return Object.fromEntries([...this.results].map(([id, result]) => [id, result.state]))
  }

  /** What a cell waits to be told, so that any page can answer, also one that was opened later. */
  input(): PendingInput | null {
    if (!this.question) return null
    const { request: _, ...pending } = this.question
    return pending
  }

  /** Notes that the question was answered. */
  answered(): void {
    this.question = undefined
  }

  /** Notes an `execute_request` on its way to the kernel; requests without a cell and silent ones concern no cell. */
  request(message: JupyterMessage): void {
    const cellId = message.metadata.cellId
    if (typeof cellId !== 'string' || message.content.silent === true) return
    this.requests.set(message.header.msg_id, { cellId, header: message.header })
    const result = this.result(cellId)
    // The outputs, and with them the end of the last run, stay until the next one begins.
    if (result.state.state === 'idle') result.state = { ...result.state, state: 'queued' }
  }

  /** Folds a message of the kernel and stamps it. `at` is milliseconds since the epoch. */
  apply(message: JupyterMessage, at: number): Applied {
    const type = message.header.msg_type
    const isReply = message.channel === 'shell' && type === 'execute_reply'
    if (type === 'input_request') this.ask(message)
    // Whatever a cell asked is settled when it, or its kernel, has ended.
    else if (isReply && message.parent_header.msg_id === this.question?.request) this.question = undefined
    if (message.channel !== 'iopub' && !isReply) return { message, changed: false }
    const cellId = this.cellOf(message)
    const changed = isReply ? this.finish(message, cellId, at) : this.fold(message, cellId, at)
    const mayfly = { ...(message.metadata.mayfly as object | undefined), cellId, seq: ++this.seq }
    return { message: { ...message, metadata: { ...message.metadata, mayfly } }, changed }
  }

  /** Messages that tell in words, in every running cell, why its kernel goes; they have yet to be applied. */
  explaining(ename: string, evalue: string): JupyterMessage[] {
    const running = [...this.requests.values()].filter(({ cellId }) => this.result(cellId).state.state === 'running')
    return running.map(({ cellId, header }) => ({
      channel: 'iopub',
      header: makeHeader('error', header.session),
      parent_header: header,
      metadata: { cellId },
      content: { ename, evalue, traceback: [`${ename}: ${evalue}`] },
    }))
  }

  /** Cells that run now, with their start times: what a journal must know that begins in the middle of an execution. */
  running(): Record<string, number> {
    const running = [...this.results].filter(([, result]) => result.state.state === 'running')
    return Object.fromEntries(running.map(([id, result]) => [id, result.state.startedAt ?? 0]))
  }

  /** The counterpart of `running`, before a replay. */
  resume(running: Record<string, number>): void {
    for (const [cellId, startedAt] of Object.entries(running))
      this.result(cellId).state = { state: 'running', startedAt }
  }

  /** After a replay: cells that still run have no kernel any more and get an error output in words. */
  abandonRecovered(ename: string, evalue: string): void {
    for (const [cellId, result] of this.results) {
      if (result.state.state === 'idle') continue
      if (result.state.state === 'running')
        result.outputs = [
          ...result.outputs,
          { output_type: 'error', ename, evalue, traceback: [`${ename}: ${evalue}`] },
        ]
      result.state = { ...result.state, state: 'idle', status: 'aborted' }
      this.unsaved.add(cellId)
    }
  }

  /** The messages that clear the outputs of these cells, or of all; they have yet to be applied. */
  clearing(cellIds?: readonly string[]): JupyterMessage[] {
    return [...this.results]
      .filter(([id, result]) => (cellIds ? cellIds.includes(id) : true) && result.state.state === 'idle')
      .map(([cellId]) => ({
        channel: 'iopub',
        header: makeHeader('clear_output', ''),
        parent_header: {},
        metadata: { cellId },
        content: { wait: false, mayfly: { reset: true } },
      }))
  }

  /**
   * Takes sources, order and metadata from a client; the outputs stay the runner's. Returns what takes the edit back, or undefined when
   * nothing differs.
   */
  edit(cells: readonly CellSource[], metadata: Record<string, unknown>): (() => void) | undefined {
    const [before, sources] = [this.hash, this.sources]
    const known = new Map(this.sources.cells.map((cell) => [cell.id, cell]))
    this.sources = {
      ...this.sources,
      metadata,
      cells: cells.map(({ id, cell_type, source, metadata }) => {
        const attachments = known.get(id)?.attachments
        const kept = attachments && cell_type !== 'code' ? { attachments } : {}
        return { id, cell_type, source, metadata, ...kept }
      }),
    }
    this.cachedHash = undefined
    if (this.hash === before) return undefined
    return () => {
      this.sources = sources
      this.cachedHash = before
    }
  }

  /**
   * Takes over a notebook that was written by someone else; results that are newer than the last file stay. Returns what takes that
   * back.
   */
  adopt(notebook: Notebook): () => void {
    const [sources, results] = [this.sources, new Map(this.results)]
    this.sources = notebook
    this.cachedHash = undefined
    for (const cell of notebook.cells) {
      const pending = this.unsaved.has(cell.id) || this.results.get(cell.id)?.state.state !== 'idle'
      if (cell.cell_type === 'code' && !(this.results.has(cell.id) && pending))
        this.results.set(cell.id, resultOf(cell))
    }
    return () => {
      this.sources = sources
      this.cachedHash = undefined
      for (const [id, result] of results) this.results.set(id, result)
    }
  }

  /** The file is about to hold everything; the returned function takes that back, for when writing fails. */
  saved(): () => void {
    const cells = [...this.unsaved]
    this.unsaved.clear()
    return () => {
      for (const cell of cells) this.unsaved.add(cell)
    }
  }

  private ask(message: JupyterMessage): void {
    const { header, parent_header, content } = message
    this.question = {
      cellId: this.cellOf(message) ?? null,
      request: parent_header.msg_id ?? '',
      header,
      prompt: String(content.prompt ?? ''),
      password: content.password === true,
      ...(content.mayfly ? { mayfly: content.mayfly } : {}),
    }
  }

  private fold(message: JupyterMessage, cellId: string | undefined, at: number): boolean {
    const type = message.header.msg_type
    if (type === 'update_display_data') return this.updateDisplay(message, cellId)
    if (cellId === undefined) return false
    if (type === 'execute_input') {
      const result = this.result(cellId)
      result.outputs = []
      result.executionCount = numberOr(message.content.execution_count, null)
      result.state = { state: 'running', startedAt: at }
      this.unsaved.add(cellId)
      return true
    }
    return this.applyTo(cellId, message)
  }

  private applyTo(cellId: string, message: JupyterMessage): boolean {
    const before = this.results.get(cellId)?.outputs ?? []
    const outputs = capStream(applyOutput(before, message))
    const reset = message.header.msg_type === 'clear_output' && isReset(message.content.mayfly)
    if (outputs === before && !reset) return false
    const result = this.result(cellId)
    result.outputs = outputs
    if (reset) Object.assign(result, { executionCount: null, state: { state: 'idle' } })
    const displayId = displayIdOf(message)
    if (displayId !== undefined) this.displaysOf(displayId).add(cellId)
    this.unsaved.add(cellId)
    return true
  }

  private updateDisplay(message: JupyterMessage, cellId: string | undefined): boolean {
    const displayId = displayIdOf(message)
    const cells = displayId === undefined ? [] : [...(this.displays.get(displayId) ?? [])]
    if (cellId !== undefined && !cells.includes(cellId)) cells.push(cellId)
    return cells.map((id) => this.applyTo(id, message)).includes(true)
  }

  private finish(message: JupyterMessage, cellId: string | undefined, at: number): boolean {
    const parent = message.parent_header.msg_id ?? ''
    this.requests.delete(parent)
    if (cellId === undefined) return false
    const result = this.result(cellId)
    const status =
      message.content.status === 'ok' || message.content.status === 'error' ? message.content.status : 'aborted'
    const again = [...this.requests.values()].some((request) => request.cellId === cellId)
    const ran = result.state.state === 'running' ? { startedAt: result.state.startedAt!, finishedAt: at } : {}
    result.state = { state: again ? 'queued' : 'idle', status, ...ran }
    this.unsaved.add(cellId)
    return true
  }

  private cellOf(message: JupyterMessage): string | undefined {
    const { cellId: own, mayfly } = message.metadata
    const request = this.requests.get(message.parent_header.msg_id ?? '')
    // A message from the journal has lost its request, but carries the stamp.
    const given = own ?? request?.cellId ?? (mayfly as { cellId?: unknown } | undefined)?.cellId
    const cellId = typeof given === 'string' ? given : undefined
    if (message.header.msg_type !== 'update_display_data') return cellId
    // An update belongs to the cell that shows the display, whichever cell made it.
    const cells = this.displays.get(displayIdOf(message) ?? '')
    return cells && (cellId === undefined || !cells.has(cellId)) ? [...cells][0] : cellId
  }

  private result(cellId: string): Result {
    let result = this.results.get(cellId)
    if (!result) this.results.set(cellId, (result = { outputs: [], executionCount: null, state: { state: 'idle' } }))
    return result
  }

  private displaysOf(displayId: string): Set<string> {
    let cells = this.displays.get(displayId)
    if (!cells) this.displays.set(displayId, (cells = new Set()))
    return cells
  }
}

const START = 'iopub.execute_input'
const END = 'shell.execute_reply'

// Times are kept where JupyterLab keeps them (cell metadata `execution`, ISO 8601), so that durations survive a restart.
function resultOf(cell: NotebookCell): Result {
  const execution = (cell.metadata.execution ?? {}) as Record<string, unknown>
  const [startedAt, finishedAt] = [Date.parse(String(execution[START])), Date.parse(String(execution[END]))]
  const failed = cell.outputs?.some((output) => output.output_type === 'error')
  const state: CellState = {
    state: 'idle',
    ...(startedAt && finishedAt ? { startedAt, finishedAt, status: failed ? 'error' : 'ok' } : {}),
  }
  return { outputs: cell.outputs ?? [], executionCount: cell.execution_count ?? null, state }
}

function timings(state: CellState | undefined): Record<string, unknown> {
  if (!state?.startedAt || !state.finishedAt) return {}
  const [start, end] = [state.startedAt, state.finishedAt].map((time) => new Date(time).toISOString())
  return { execution: { [START]: start, [END]: end } }
}

function ownMetadata(cell: NotebookCell): Record<string, unknown> {
  const { execution: _, ...metadata } = cell.metadata
  return metadata
}

function capStream(outputs: NbOutput[]): NbOutput[] {
  const last = outputs.at(-1)
  if (last?.output_type !== 'stream' || last.text.length <= MAX_STREAM) return outputs
  const kept = last.text.slice(-MAX_STREAM / 2)
  return [...outputs.slice(0, -1), { ...last, text: DROPPED + kept.slice(kept.indexOf('\n') + 1) }]
}

function displayIdOf(message: JupyterMessage): string | undefined {
  const id = (message.content.transient as { display_id?: unknown } | undefined)?.display_id
  return typeof id === 'string' ? id : undefined
}

function isReset(mayfly: unknown): boolean {
  return (mayfly as { reset?: unknown } | undefined)?.reset === true
}

function numberOr<T>(value: unknown, otherwise: T): number | T {
  return typeof value === 'number' ? value : otherwise
}
