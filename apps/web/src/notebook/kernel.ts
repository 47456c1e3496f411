/**
 * The notebook's live side: a session at the runner, its kernel's messages, and the requests of the user. Outputs belong
 * to the runner's document; this page and any other only watch it.
 */
import type { Kernel, KernelMessage } from '@jupyterlab/services'
import type { RunnerClient } from './client'
import { createInbox } from './inbox'
import type { RuntimeCompletion } from './language/registry'
import type { WireMessage } from './messages'
import { KernelFactsSchema, withoutActions } from './notices'
import { type KernelState, loadDocument, type NotebookState, type NotebookStore, transitionAll } from './store'

type Services = typeof import('@jupyterlab/services')

/** Tickets live 12 h; a new one is taken well before. */
const RENEW_TICKET_MS = 6 * 3_600_000
/** After the client's own attempts have failed, this often, ms. */
const RECONNECT_MS = 3000
/** Cells that still look queued when the kernel falls idle are asked about after this time, ms. */
const SETTLE_MS = 400
/** A request may be so long on its way to the runner: a document without it does not mean that it was not made. */
const UNDERWAY_MS = 3000

export interface Session {
  /** Starts or joins the notebook's kernel. */
  open(): Promise<void>
  /** Queues code cells in order; the kernel skips the rest when one fails. */
  run(cellIds: readonly string[]): void
  /** Takes a cell out of the queue. */
  cancel(cellId: string): Promise<void>
  /** Answers what a running cell asks; `null` is no answer. */
  answer(value: string | null): void
  /** Asks the runner not to stop an idle kernel. */
  keep(): Promise<void>
  interrupt(): Promise<void>
  /** Fetches the document again and goes on from there. */
  catchUp(): Promise<void>
  restart(): Promise<void>
  /** What the kernel can complete at an offset of the code, in UTF-16 code units; nothing while it is busy or away. */
  complete(code: string, offset: number): Promise<RuntimeCompletion | undefined>
  dispose(): void
}

export interface SessionOptions {
  store: NotebookStore
  client: RunnerClient
  /** Address of the runner as the browser sees it, for example `http://localhost:4200/runner`. */
  base: string
  /** Makes the runner know what cells run with: undefined when it does already, else whether it could be done. */
  settled: () => Promise<boolean> | undefined
  /** Told of what the user asked for and did not get. */
  onProblem: (title: string, error: unknown) => void
}

export function createSession({ store, client, base, settled, onProblem }: SessionOptions): Session {
  const inbox = createInbox(store)
  let services: Services | undefined
  let kernel: Kernel.IKernelConnection | undefined
  let settings: ReturnType<Services['ServerConnection']['makeSettings']> | undefined
  let disposed = false
  /** Cells that were run before there was a kernel. */
  let early: string[] = []
  let reconnectTimer: ReturnType<typeof setTimeout> | undefined
  let settleTimer: ReturnType<typeof setTimeout> | undefined
  const renewTimer = setInterval(() => void renew(), RENEW_TICKET_MS)

  async function open(): Promise<void> {
    const first = client.document(store.getState().path).then(
      (document) => !disposed && store.setState((state) => (state.loaded ? state : loadDocument(state, document))),
      (error) => !disposed && store.setState({ problem: problemOf(error) }),
    )
    try {
      await connect()
    } catch (error) {
      await first
      if (disposed || store.getState().problem) return
      store.setState({ kernel: 'disconnected' })
      retryLater()
      if (!services) onProblem('The kernel client could not be loaded', error)
    }
  }

  /** Joins the session of this notebook, which starts its kernel where there is none, then catches up with the document. */
  async function connect(): Promise<void> {
    const [loaded, token] = await Promise.all([import('@jupyterlab/services'), client.ticket()])
    if (disposed) return
    services = loaded
    settings = loaded.ServerConnection.makeSettings({
      baseUrl: `${base}/`,
      wsUrl: `${base.replace(/^http/, 'ws')}/`,
      token,
      appendToken: true,
    })
    const path = store.getState().path
    const session = await loaded.SessionAPI.startSession(
      {
        path,
        name: path.split('/').at(-1)!,
        type: 'notebook',
        kernel: { name: await defaultKernel(loaded, settings) },
      },
      settings,
    )
    if (disposed || !session.kernel) return
    kernel?.dispose()
    const connection = new loaded.KernelConnection({
      model: session.kernel,
      serverSettings: settings,
      handleComms: false,
    })
    kernel = connection
    connection.anyMessage.connect((_, { msg, direction }) => {
      if (direction !== 'recv') return
      const type = msg.header.msg_type as string
      if (type === 'mayfly_document') {
        if (isNews(msg.content as Record<string, unknown>)) void resync().catch(() => {})
      } else if (msg.channel === 'iopub' || type === 'execute_reply' || type === 'input_request')
        receive(msg as unknown as WireMessage)
    })
    connection.statusChanged.connect(() => connection === kernel && showStatus())
    inbox.hold()
    try {
      await connected(connection)
      await resync()
    } finally {
      inbox.release()
    }
    connection.connectionStatusChanged.connect((_, status) => connection === kernel && onConnection(status))
    store.setState({ kernelId: connection.id })
    void learnFacts(connection)
    const wanted = early
    early = []
    if (wanted.length > 0) run(wanted)
  }

  /** What the kernel says of itself, also after a restart. */
  async function learnFacts(connection: Kernel.IKernelConnection): Promise<void> {
    try {
      const reply = (await connection.requestKernelInfo())?.content as { mayfly?: unknown } | undefined
      const facts = KernelFactsSchema.safeParse(reply?.mayfly).data
      if (disposed || connection !== kernel || !facts) return
      store.setState((state) => ({ facts, notices: withoutActions(state.notices) }))
    } catch {
      // The kernel went away meanwhile; whoever starts the next one asks again.
    }
  }

  function receive(message: WireMessage) {
    inbox.receive(message)
    const content = message.content as { execution_state?: string }
    if (message.header.msg_type === 'status' && content.execution_state === 'idle') settleSoon()
  }

  /** Settings that this page has just saved are none; where it has edits of its own, saving them finds out. */
  function isNews({ cause, hash }: Record<string, unknown>): boolean {
    const state = store.getState()
    return cause !== 'settings' || (state.save === 'saved' && state.hash !== hash)
  }

  /** Fetches the document and goes on from its number; what arrives meanwhile waits. */
  async function resync(): Promise<void> {
    inbox.hold()
    const since = Date.now() - UNDERWAY_MS
    try {
      const document = await client.document(store.getState().path)
      if (!disposed) store.setState((state) => loadDocument(state, document, since))
    } finally {
      inbox.release()
      showStatus()
    }
  }

  /** Replies to another page's requests never reach this one; the document knows how they ended. */
  function settleSoon() {
    clearTimeout(settleTimer)
    settleTimer = setTimeout(() => {
      if (kernel?.status === 'idle' && Object.values(store.getState().cells).some(isWaiting))
        // What is still on its way to the runner is asked about again.
        void resync().then(settleSoon, () => {})
    }, SETTLE_MS)
  }

  function onConnection(status: Kernel.ConnectionStatus) {
    showStatus()
    clearTimeout(reconnectTimer)
    if (status === 'connected') void resync().catch(() => {})
    if (status === 'disconnected') retryLater()
  }

  function retryLater() {
    clearTimeout(reconnectTimer)
    reconnectTimer = setTimeout(async () => {
      if (disposed) return
      try {
        await renew()
        await connect()
      } catch {
        store.setState({ kernel: 'disconnected' })
        retryLater()
      }
    }, RECONNECT_MS)
  }

  async function renew(): Promise<void> {
    const token = await client.renew()
    // The connection reads its settings at every attempt, so a reconnect after a day uses the new ticket.
    if (settings) Object.assign(settings, { token })
  }

  function showStatus() {
    if (disposed) return
    const state = kernelState(kernel)
    if (store.getState().kernel !== state) store.setState({ kernel: state })
  }

  function run(cellIds: readonly string[]) {
    const wanted = cellIds.filter((id) => store.getState().cells[id]?.kind === 'code')
    store.setState((state) =>
      transitionAll(state, { type: 'queued', at: Date.now() }, (cell) => wanted.includes(cell.id)),
    )
    const pending = settled()
    if (!pending) request(wanted)
    else void pending.then((good) => (good ? request(wanted) : refuse(wanted)))
  }

  /** Cells must not run with other settings than the page shows: a budget may be among them. */
  function refuse(cellIds: readonly string[]) {
    const aborted = { type: 'reply', status: 'aborted', at: Date.now() } as const
    store.setState((state) => transitionAll(state, aborted, (cell) => cellIds.includes(cell.id)))
    onProblem('Nothing was run', new Error('The settings of this notebook could not be saved.'))
  }

  function request(wanted: readonly string[]) {
    const connection = kernel
    if (!connection || connection.isDisposed) {
      early.push(...wanted)
      return
    }
    // A cell that fails at once can overtake the requests behind it: the kernel knows by the batch that they must not run.
    const batch = crypto.randomUUID()
    for (const cellId of wanted) {
      const code = store.getState().cells[cellId]?.source
      if (code === undefined) continue
      const request = { code, store_history: true, allow_stdin: true, stop_on_error: true }
      // Rejected when the kernel restarts or dies; the document then says how the cell ended.
      connection.requestExecute(request, true, { cellId, batch }).done.catch(() => {})
    }
  }

  async function cancel(cellId: string): Promise<void> {
    const { kernelId } = store.getState()
    if (kernelId === undefined) return
    await client.cancelCell(kernelId, cellId).catch((error) => onProblem('The cell could not be taken out', error))
  }

  function answer(value: string | null) {
    const { input } = store.getState()
    if (!input || !kernel) return
    store.setState({ input: undefined })
    // The runner takes a reply without a value as none; Jupyter has no other word for it.
    const content =
      value === null ? { status: 'error', ename: 'NoAnswer', evalue: '', traceback: [] } : { status: 'ok', value }
    const header = input.header as unknown as KernelMessage.IInputRequestMsg['header']
    kernel.sendInputReply(content as KernelMessage.IInputReplyMsg['content'], header)
  }

  async function keep(): Promise<void> {
    const { kernelId } = store.getState()
    if (kernelId === undefined) return
    try {
      await client.keepKernel(kernelId)
      store.setState(({ notices }) => ({ notices: notices.filter(({ action }) => action !== 'keep') }))
    } catch (error) {
      onProblem('The kernel could not be kept', error)
    }
  }

  async function interrupt(): Promise<void> {
    await kernel?.interrupt().catch((error) => onProblem('The kernel could not be interrupted', error))
  }

  async function restart(): Promise<void> {
    try {
      if (!kernel || kernel.isDisposed) await connect()
      else await kernel.restart()
      await resync()
      const at = Date.now()
      store.setState((state) => ({ ...transitionAll(state, { type: 'kernel.lost', at }), kernelLostAt: at }))
      if (kernel) void learnFacts(kernel)
    } catch (error) {
      onProblem('The kernel could not be restarted', error)
    }
  }

  async function complete(code: string, offset: number): Promise<RuntimeCompletion | undefined> {
    if (!kernel || kernel.isDisposed || kernel.status !== 'idle') return undefined
    // Jupyter counts code points.
    const count = [...code.slice(0, offset)].length
    const { content } = await kernel.requestComplete({ code, cursor_pos: count })
    if (content.status !== 'ok') return undefined
    const unitsOf = (points: number) => [...code].slice(0, points).join('').length
    const types = content.metadata._jupyter_types_experimental as { text: string; type?: string }[] | undefined
    const matches = content.matches.map((text) => ({ text, type: types?.find((each) => each.text === text)?.type }))
    return { matches, start: unitsOf(content.cursor_start), end: unitsOf(content.cursor_end) }
  }

  return {
    open,
    run,
    cancel,
    answer,
    keep,
    complete,
    interrupt,
    catchUp: resync,
    restart,
    dispose() {
      disposed = true
      clearInterval(renewTimer)
      clearTimeout(reconnectTimer)
      clearTimeout(settleTimer)
      inbox.dispose()
      kernel?.dispose()
    },
  }
}

async function defaultKernel(services: Services, settings: Parameters<Services['KernelSpecAPI']['getSpecs']>[0]) {
  return (await services.KernelSpecAPI.getSpecs(settings)).default
}

function connected(connection: Kernel.IKernelConnection): Promise<void> {
  if (connection.connectionStatus === 'connected') return Promise.resolve()
  return new Promise((resolve, reject) => {
    const listen = (_: unknown, status: Kernel.ConnectionStatus) => {
      if (status === 'connecting') return
      connection.connectionStatusChanged.disconnect(listen)
      if (status === 'connected') resolve()
      else reject(new Error('The kernel’s socket could not be opened.'))
    }
    connection.connectionStatusChanged.connect(listen)
  })
}

function kernelState(kernel: Kernel.IKernelConnection | undefined): KernelState {
  if (!kernel) return 'connecting'
  if (kernel.status === 'dead') return 'dead'
  if (kernel.connectionStatus !== 'connected') return kernel.connectionStatus
  switch (kernel.status) {
    case 'idle':
    case 'busy':
    case 'starting':
    case 'restarting':
      return kernel.status
    case 'autorestarting':
      return 'restarting'
    default:
      return 'starting'
  }
}

function isWaiting(cell: NotebookState['cells'][string]): boolean {
  return cell.state === 'queued' || cell.state === 'running'
}

function problemOf(error: unknown): NonNullable<NotebookState['problem']> {
  const { message, hint, code } = error as { message: string; hint?: string; code?: string }
  return { message, hint, code }
}
