/**
 * The message core: Jupyter requests in, replies and iopub messages out, frames to and from the child. It knows neither sockets nor
 * processes. Executions run one after another; everything else is answered at once, also while a cell runs. Long, for here alone the
 * order of messages is decided; what can be told apart from that is in the files beside.
 */

import { type Channel, type Header, type JupyterMessage, makeHeader } from '../messages.js'
import type { ErrorContent, FromChild, Notice, ToChild } from '../protocol.js'
import type { CompiledCell } from '../transform/index.js'
import type { VariableDetail, VariableList } from '../variables.js'
import { Aftermath } from './aftermath.js'
import { CommRelay } from './comms.js'
import { completeness } from './cursor.js'
import { History } from './history.js'
import { Questions } from './questions.js'
import { compileFault, errorReply, inputRequest, kernelInfo, noDebugger, okReply } from './replies.js'
import { CellScope } from './scope.js'
import { OutputJoiner } from './streams.js'

export interface CoreOptions {
  /** Session id in the headers of what the kernel says. */
  id: string
  send(frame: ToChild): void
  emit(message: JupyterMessage): void
  /** A client asks, by message, for what the owner of the process does. */
  onInterrupt(): void
  onShutdown(restart: boolean): void
  /** What `kernel_info_reply` tells our own page, in its field `mayfly`. */
  facts(): Content
}

interface Execution {
  run: number
  request: JupyterMessage
  cellId: string | undefined
  silent: boolean
  /** Whether it has a count of its own, and a place in the history. */
  counts: boolean
  count: number
  code: string
  compiled?: CompiledCell
  /** The user is asked something and has not answered. */
  asking?: boolean
}

type Content = Record<string, unknown>
type DoneFrame = Extract<FromChild, { op: 'done' }>

/** Executions whose late output still finds its cell. */
const REMEMBERED = 10_000

export class KernelCore {
  readonly #options: CoreOptions
  readonly #outputs: OutputJoiner
  readonly #queue: JupyterMessage[] = []
  readonly #executions = new Map<number, { header: Header; cellId: string | undefined; silent: boolean }>()
  readonly #history = new History()
  readonly #comms = new CommRelay()
  readonly #scope = new CellScope()
  readonly #questions: Questions
  #running: Execution | undefined
  #ready = false
  #node = process.version
  #runs = 0
  #count = 0
  readonly #aftermath = new Aftermath()

  constructor(options: CoreOptions) {
    this.#options = options
    this.#questions = new Questions({
      send: (frame) => options.send(frame),
      ready: () => this.#ready,
      running: () => this.#running !== undefined,
      scope: this.#scope,
    })
    this.#outputs = new OutputJoiner((run, type, content) => this.#show(run, type, content))
  }

  get busy(): boolean {
    return this.#running !== undefined || this.#queue.length > 0
  }

  /** Takes a request of a client. */
  handle(message: JupyterMessage): void {
    if (message.channel === 'stdin') {
      if (message.header.msg_type === 'input_reply') this.#answerInput(message.content.value)
      return
    }
    if (message.header.msg_type !== 'execute_request') {
      void this.#answer(message)
      return
    }
    if (this.#aftermath.covers(message)) {
      this.#abort(message)
      return
    }
    this.#aftermath.arrived(message)
    this.#queue.push(message)
    this.#pump()
  }

  /** The notebook's variables; those of before, marked `busy`, while the child computes. */
  variables(): Promise<VariableList> {
    return this.#questions.variables()
  }

  /** What is inside a variable: null when there is no such thing, undefined while the child computes. */
  variable(name: string, path: (string | number)[], from: number): Promise<VariableDetail | null | undefined> {
    return this.#questions.children(name, path, from)
  }

  /** The child is up: a new life with no names. */
  childReady(frame: Extract<FromChild, { op: 'ready' }>): void {
    this.#ready = true
    this.#node = frame.node
    this.#scope.reset(frame.globals)
    this.#history.restart()
    this.#count = 0
    this.status('idle')
    this.#pump()
  }

  /** The child is gone: what ran ends with `error`, or is aborted like all that waited. */
  childGone(error?: ErrorContent): void {
    this.#ready = false
    this.#outputs.flush()
    const running = this.#running
    this.#running = undefined
    this.#questions.giveUp()
    this.#comms.clear()
    if (running) {
      if (error) this.#publish(running.run, 'error', { ...error })
      this.#conclude(
        running,
        error ? errorReply(error, running.count) : { status: 'aborted', execution_count: running.count },
      )
    }
    this.#stopBatch(running?.request)
  }

  /** A cell that is still being compiled ends here: the child has not heard of it and could not stop it. */
  interrupt(): void {
    const running = this.#running
    if (!running || running.compiled) return
    const evalue = 'The cell was interrupted before it began.'
    const error = { ename: 'KeyboardInterrupt', evalue, traceback: [`KeyboardInterrupt: ${evalue}`] }
    void this.#done({ op: 'done', run: running.run, status: 'error', error })
  }

  /** An iopub status that answers no request. */
  status(state: string): void {
    this.#outputs.flush()
    this.#emit('iopub', 'status', {}, { execution_state: state })
  }

  /** Tells the user of the kernel; below the running cell too, for clients that do not know the message. */
  notice(notice: Notice): void {
    const running = this.#running
    const { message, hint } = notice
    if (running) this.#outputs.write(running.run, 'stderr', `${hint ? `${message} ${hint}` : message}\n`)
    this.#outputs.flush()
    this.#emit('iopub', 'mayfly_notice', running?.request.header ?? {}, { ...notice }, { cellId: running?.cellId })
  }

  /** Output that came through the process's own pipes: native code, or children that inherited them. */
  nativeOutput(name: 'stdout' | 'stderr', text: string): void {
    this.#outputs.writeNative(this.#running?.run ?? this.#runs, name, text)
  }

  /** Takes a frame of the child. */
  frame(frame: FromChild): void {
    switch (frame.op) {
      case 'stream':
        this.#outputs.write(frame.run, frame.name, frame.text)
        break
      case 'display': {
        const { data, metadata, displayId } = frame
        const content = { data, metadata, transient: displayId ? { display_id: displayId } : {} }
        this.#outputs.display(frame.run, frame.update ? 'update_display_data' : 'display_data', displayId, content)
        break
      }
      case 'clear':
        this.#outputs.clear(frame.run, frame.wait)
        break
      case 'done':
        void this.#done(frame)
        break
      case 'comm': {
        const { type, content, buffers } = this.#comms.fromChild(frame)
        this.#publish(frame.run, type, content, { metadata: frame.metadata, buffers })
        break
      }
      case 'input':
        this.#askUser(frame)
        break
      case 'answer':
        this.#questions.answered(frame)
        break
    }
  }

  #pump(): void {
    if (!this.#ready || this.#running) return
    const request = this.#queue.shift()
    if (request) void this.#execute(request)
  }

  async #execute(request: JupyterMessage): Promise<void> {
    const {
      code = '',
      silent = false,
      store_history: store = true,
    } = request.content as {
      code?: string
      silent?: boolean
      store_history?: boolean
    }
    const run = ++this.#runs
    const counts = !silent && store
    if (counts) this.#count++
    const execution: Execution = { run, request, cellId: cellIdOf(request), silent, counts, count: this.#count, code }
    this.#running = execution
    this.#remember(execution)
    this.#emit('iopub', 'status', request.header, { execution_state: 'busy' }, { cellId: execution.cellId })
    if (!silent) this.#publish(run, 'execute_input', { code, execution_count: this.#count })
    if (counts) this.#history.add(this.#count, code)
    const script = counts ? `cell-${this.#count}` : `cell-s${run}`
    const compiled = await this.#compile(execution, code, script)
    if (!compiled || this.#running !== execution) return
    execution.compiled = compiled
    for (const warning of compiled.warnings) this.#outputs.write(run, 'stderr', `${warning}\n`)
    this.#options.send({
      op: 'execute',
      run,
      script,
      executionCount: this.#count,
      ...(execution.cellId === undefined ? {} : { cellId: execution.cellId }),
      code: compiled.code,
      maps: compiled.maps,
      declared: [...compiled.declared.keys()],
      imports: compiled.imports,
      showsValue: compiled.showsValue && !silent,
    })
  }

  /** A cell that does not compile ends here, before it can change anything. */
  async #compile(execution: Execution, code: string, script: string): Promise<CompiledCell | undefined> {
    try {
      return await this.#scope.compile(code, script)
    } catch (error) {
      if (this.#running !== execution) return undefined
      void this.#done({
        op: 'done',
        run: execution.run,
        status: 'error',
        error: compileFault(error, { script, code, count: execution.count, cellId: execution.cellId }),
      })
      return undefined
    }
  }

  async #done(frame: DoneFrame): Promise<void> {
    const execution = this.#running
    if (!execution || execution.run !== frame.run) return
    const { count, silent, request, compiled, code, cellId } = execution
    if (compiled) this.#scope.commit(compiled, frame.kinds, { source: code, cellId })
    execution.asking = false
    if (frame.data && !silent) {
      const content = { data: frame.data, metadata: frame.metadata ?? {}, execution_count: count }
      this.#publish(frame.run, 'execute_result', content)
      if (execution.counts) this.#history.setOutput(count, frame.data['text/plain'])
    }
    const wanted = frame.error ? undefined : expressionsOf(request)
    const expressions = wanted ? await this.#evaluate(wanted) : {}
    // The child may have died over them.
    if (this.#running !== execution) return
    this.#running = undefined
    if (frame.error) {
      const error = { ...frame.error, ...(frame.error.mayfly ? { mayfly: { ...frame.error.mayfly } } : {}) }
      if (!silent) this.#publish(frame.run, 'error', error)
      this.#conclude(execution, errorReply(frame.error, count))
      if (request.content.stop_on_error !== false) this.#stopBatch(request)
    } else this.#conclude(execution, okReply(count, expressions))
    this.#pump()
  }

  /** `user_expressions`: bundles or errors, by name. */
  async #evaluate(expressions: Record<string, unknown>): Promise<Content> {
    const { compiled, faults } = await this.#scope.compileExpressions(expressions)
    return { ...faults, ...(await this.#questions.evaluate(compiled)) }
  }

  #conclude(execution: Execution, reply: Content): void {
    this.#outputs.flush()
    const { request, cellId } = execution
    this.#emit(request.channel, 'execute_reply', request.header, reply, { cellId })
    this.#emit('iopub', 'status', request.header, { execution_state: 'idle' }, { cellId })
  }

  /** Aborts what waits, and what is still on its way of the same *Run all*: a quick failure overtakes the requests behind it. */
  #stopBatch(request: JupyterMessage | undefined): void {
    if (request) this.#aftermath.failed(request)
    for (const waiting of this.#queue.splice(0)) this.#abort(waiting)
  }

  /** Takes the waiting requests of a cell out of the queue, as aborted; false when there were none. */
  cancel(cellId: string): boolean {
    const waiting = this.#queue.filter((request) => cellIdOf(request) === cellId)
    for (const request of waiting) this.#queue.splice(this.#queue.indexOf(request), 1)
    for (const request of waiting) this.#abort(request)
    return waiting.length > 0
  }

  #abort(request: JupyterMessage): void {
    const cellId = cellIdOf(request)
    const reply = { status: 'aborted', execution_count: this.#count }
    this.#emit('iopub', 'status', request.header, { execution_state: 'busy' }, { cellId })
    this.#emit(request.channel, 'execute_reply', request.header, reply, { cellId })
    this.#emit('iopub', 'status', request.header, { execution_state: 'idle' }, { cellId })
  }

  /** Every request but `execute_request`. Status goes back to busy afterwards where a cell runs on. */
  async #answer(request: JupyterMessage): Promise<void> {
    const { msg_type: type } = request.header
    this.#emit('iopub', 'status', request.header, { execution_state: 'busy' })
    const reply = await this.#replyTo(type, request)
    if (reply) this.#emit(request.channel, type.replace(/_request$/, '_reply'), request.header, reply)
    this.#outputs.flush()
    this.#emit('iopub', 'status', request.header, { execution_state: 'idle' })
    const running = this.#running
    if (running)
      this.#emit('iopub', 'status', running.request.header, { execution_state: 'busy' }, { cellId: running.cellId })
    if (type === 'interrupt_request') this.#options.onInterrupt()
    if (type === 'shutdown_request') this.#options.onShutdown(request.content.restart === true)
  }

  async #replyTo(type: string, request: JupyterMessage): Promise<Content | undefined> {
    const { content } = request
    switch (type) {
      case 'kernel_info_request':
        return { ...kernelInfo(this.#node), mayfly: this.#options.facts() }
      case 'complete_request':
        return this.#questions.complete(content)
      case 'inspect_request':
        return this.#questions.inspect(content)
      case 'is_complete_request':
        return completeness(String(content.code ?? ''))
      case 'history_request':
        return { status: 'ok', history: this.#history.select(content) }
      case 'comm_info_request':
        return this.#comms.info(content.target_name)
      case 'comm_open':
      case 'comm_msg':
      case 'comm_close': {
        const frame = this.#comms.fromClient(request)
        if (frame) this.#options.send(frame)
        return undefined
      }
      case 'debug_request':
        return noDebugger(content)
      case 'connect_request':
      case 'interrupt_request':
        return { status: 'ok' }
      case 'shutdown_request':
        return { status: 'ok', restart: content.restart === true }
      default:
        return undefined
    }
  }

  /** Only the cell that runs may ask, and only a client that takes questions. */
  #askUser(frame: Extract<FromChild, { op: 'input' }>): void {
    const running = this.#running
    if (running?.run !== frame.run || running.request.content.allow_stdin !== true) {
      this.#options.send({ op: 'input', value: null, refused: true })
      return
    }
    running.asking = true
    this.#outputs.flush()
    this.#emit('stdin', 'input_request', running.request.header, inputRequest(frame), { cellId: running.cellId })
  }

  /** The first answer counts; others come too late. */
  #answerInput(value: unknown): void {
    if (!this.#running?.asking) return
    this.#running.asking = false
    this.#options.send({ op: 'input', value: typeof value === 'string' ? value : null })
  }

  #publish(run: number, type: string, content: Content, extra?: Extra): void {
    this.#outputs.flush()
    this.#show(run, type, content, extra)
  }

  #show(run: number, type: string, content: Content, extra?: Extra): void {
    const execution = this.#executions.get(run)
    if (execution?.silent && !LOUD.has(type)) return
    this.#emit('iopub', type, execution?.header ?? {}, content, { ...extra, cellId: execution?.cellId })
  }

  #remember(execution: Execution): void {
    const { run, request, cellId, silent } = execution
    this.#executions.set(run, { header: request.header, cellId, silent })
    this.#executions.delete(run - REMEMBERED)
    this.#outputs.forget(run - REMEMBERED)
  }

  #emit(channel: Channel, type: string, parent: Partial<Header>, content: Content, extra: Extra = {}): void {
    const { cellId, metadata = {}, buffers = [] } = extra
    this.#options.emit({
      channel,
      header: makeHeader(type, this.#options.id),
      parent_header: parent,
      metadata: cellId === undefined ? metadata : { ...metadata, cellId },
      content,
      ...(buffers.length > 0 ? { buffers } : {}),
    })
  }
}

interface Extra {
  cellId?: string | undefined
  metadata?: Content
  buffers?: Uint8Array[]
}

/** What a silent execution says all the same: it concerns displays and lines that were there before it. */
const LOUD = new Set(['update_display_data', 'comm_open', 'comm_msg', 'comm_close'])

/** Undefined when there are none, as in nearly all executions. */
function expressionsOf(request: JupyterMessage): Record<string, unknown> | undefined {
  const { user_expressions: given } = request.content
  return typeof given === 'object' && given !== null && Object.keys(given).length > 0
    ? (given as Record<string, unknown>)
    : undefined
}

function cellIdOf(request: JupyterMessage): string | undefined {
  const id = request.metadata.cellId
  return typeof id === 'string' ? id : undefined
}
