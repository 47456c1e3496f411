'use client'
import { Plus } from 'lucide-react'
import { useEffect, useMemo, useState } from 'react'
import { announce } from '../lib/announce'
import { Button } from '../ui/button'
import { ErrorNote } from '../ui/panel'
import { toast } from '../ui/toast'
import { settingsNews } from './backend/settings'
import { Banners } from './banners'
import { CellView } from './cell'
import { createRunnerClient } from './client'
import type { CommandContext } from './commands'
import { ConflictDialog } from './conflict'
import { NotebookServicesProvider, useServices } from './context'
import { newCell } from './document'
import { insertAt } from './edit'
import { FindBar } from './find-bar'
import { HelpDialog } from './help'
import { createSession } from './kernel'
import { useNotebookKeys } from './keyboard'
import { createLanguage } from './language/language'
import { createModels } from './models'
import { loadMonaco } from './monaco'
import type { Renderer } from './outputs/renderer'
import { PaletteDialog } from './palette'
import { SidePanel } from './panel/side-panel'
import { holdsVariables, RestartDialog } from './restart'
import { createSaver } from './save'
import { createNotebookStore, edited, NotebookStoreProvider, useNotebook, useNotebookStore } from './store'
import { useNotebookTitle } from './title'
import { Toolbar } from './toolbar'

export interface NotebookProps {
  /** Path of the notebook in the workspace. */
  path: string
  /** Asks the web server for a ticket of the runner. */
  getTicket: () => Promise<string>
  /** Renderers of other features. */
  renderers: readonly Renderer[]
}

/** The notebook page. Everything of one open notebook lives and dies with this component. */
export function Notebook({ path, getTicket, renderers }: NotebookProps) {
  const [open, setOpen] = useState<Open>()
  const [helping, setHelping] = useState(false)
  const [asking, setAsking] = useState(false)
  const [choosing, setChoosing] = useState(false)
  useEffect(() => {
    const opened = openNotebook(path, getTicket, {
      help: () => setHelping(true),
      ask: () => setAsking(true),
      palette: () => setChoosing(true),
    })
    setOpen(opened)
    return () => opened.close()
  }, [path, getTicket])
  const services = useMemo(
    () =>
      open && { context: open.context, client: open.client, models: open.models, language: open.language, renderers },
    [open, renderers],
  )
  if (!open || !services) return <Skeleton />
  return (
    <NotebookStoreProvider value={open.context.store}>
      <NotebookServicesProvider value={services}>
        <Page />
        <HelpDialog open={helping} onOpenChange={setHelping} />
        <PaletteDialog open={choosing} onOpenChange={setChoosing} />
        <RestartDialog open={asking} onOpenChange={setAsking} />
      </NotebookServicesProvider>
    </NotebookStoreProvider>
  )
}

type Open = ReturnType<typeof openNotebook>

type Dialogs = Record<'help' | 'ask' | 'palette', () => void>

function openNotebook(path: string, getTicket: () => Promise<string>, dialogs: Dialogs) {
  const store = createNotebookStore(path)
  const base = `${location.origin}/runner`
  const client = createRunnerClient(base, getTicket)
  const onProblem = (title: string, error: unknown) =>
    toast({ title, detail: error instanceof Error ? error.message : String(error), tone: 'bad' })
  const saver = createSaver(store, client)
  const unwatch = store.subscribe((state, before) => {
    // Edits of this page have a number.
    if (!before.loaded || state.revision !== before.revision || state.metadata === before.metadata) return
    const news = settingsNews(before.metadata, state.metadata)
    if (news) toast({ title: 'Settings of this notebook were changed on another page', detail: `Now ${news}.` })
  })
  const session = createSession({ store, client, base, settled: () => saver.settled(), onProblem })
  const models = createModels(store)
  const language = createLanguage({
    store,
    client,
    models,
    base,
    atRuntime: (code, offset) => session.complete(code, offset),
  })
  const restart = () => (holdsVariables(store.getState()) ? dialogs.ask() : void session.restart())
  const checkpoint = async () => {
    await saver.flush()
    if (store.getState().save !== 'saved') return
    await client.checkpoint(path).then(
      () => toast({ title: 'Saved, and kept as a version' }),
      (error) => onProblem('Saved, but not kept as a version', error),
    )
  }
  const context: CommandContext = {
    store,
    session,
    saver,
    help: dialogs.help,
    palette: dialogs.palette,
    restart,
    checkpoint: () => void checkpoint(),
    cursor: (cellId) => models.cursor(cellId),
    format: () => void language.formatAll(),
  }
  const leave = () => saver.leave()
  window.addEventListener('pagehide', leave)
  void session.open()
  loadMonaco().catch((error) =>
    onProblem('The editor could not be loaded; the notebook can still be read and run', error),
  )
  return {
    context,
    client,
    models,
    language,
    close() {
      window.removeEventListener('pagehide', leave)
      saver.leave()
      unwatch()
      session.dispose()
      saver.dispose()
      language.dispose()
      models.dispose()
    },
  }
}

function Page() {
  const { context, client } = useServices()
  const store = useNotebookStore()
  const loaded = useNotebook((state) => state.loaded)
  const problem = useNotebook((state) => state.problem)
  const order = useNotebook((state) => state.order)
  const [choosing, setChoosing] = useState(false)
  useNotebookKeys(context)
  useNotebookTitle(store)
  useAnnouncements()
  useAddressedCell(loaded)
  if (problem && !loaded) {
    return (
      <main className="mx-auto max-w-2xl px-6 py-16">
        <h1 className="mb-4 font-semibold text-xl">{store.getState().path}</h1>
        <ErrorNote
          title="The notebook could not be opened"
          {...problem}
          action={<Button onClick={() => location.reload()}>Try again</Button>}
        />
      </main>
    )
  }
  if (!loaded) return <Skeleton />
  const clear = () =>
    client
      .clear(store.getState().path)
      .then(() => context.session.catchUp())
      .catch((error: Error) => toast({ title: 'The outputs could not be cleared', detail: error.message, tone: 'bad' }))
  return (
    <main>
      <Toolbar onClear={clear} />
      <Banners onConflict={() => setChoosing(true)} />
      <div className="flex items-start">
        <div className="min-w-0 grow">
          <div className="mx-auto max-w-[76rem] px-4 pt-5 pb-40">
            <InsertLine index={0} />
            {order.map((id, i) => (
              <div key={id}>
                <CellView id={id} number={i + 1} />
                <InsertLine index={i + 1} last={i === order.length - 1} />
              </div>
            ))}
          </div>
        </div>
        <SidePanel />
      </div>
      <FindBar />
      <ConflictDialog open={choosing} onOpenChange={setChoosing} />
    </main>
  )
}

/** The gap between cells: shows what can be put there when it is pointed at; always after the last cell. */
function InsertLine({ index, last = false }: { index: number; last?: boolean }) {
  const store = useNotebookStore()
  const insert = (kind: 'code' | 'markdown') => {
    store.setState((state) => edited(state, insertAt(state, index, newCell(kind))))
    store.setState({ mode: 'edit' })
  }
  return (
    <div className={`group/gap relative ml-[4.75rem] flex items-center justify-center ${last ? 'h-14' : 'h-4'}`}>
      <div
        className={`absolute z-10 flex gap-1.5 ${last ? '' : 'opacity-0 focus-within:opacity-100 group-hover/gap:opacity-100'}`}
      >
        {(['code', 'markdown'] as const).map((kind) => (
          <button
            key={kind}
            type="button"
            onClick={() => insert(kind)}
            className="flex h-6 items-center gap-1 rounded-full border border-line bg-raised px-2.5 text-ink-2 text-xs hover:border-accent hover:text-accent"
          >
            <Plus size={12} /> {kind === 'code' ? 'Code' : 'Text'}
          </button>
        ))}
      </div>
    </div>
  )
}

/** Shows the cell that the address names (`#cellId`, as links from runs do), once. */
function useAddressedCell(loaded: boolean) {
  const store = useNotebookStore()
  useEffect(() => {
    const id = decodeURIComponent(location.hash.slice(1))
    if (!loaded || !store.getState().cells[id]) return
    store.setState({ selected: id })
    document.getElementById(`cell-${id}`)?.scrollIntoView({ block: 'center' })
  }, [loaded, store])
}

/** Tells screen readers how the cells fare. */
function useAnnouncements() {
  const store = useNotebookStore()
  useEffect(
    () =>
      store.subscribe((state, before) => {
        if (state.cells === before.cells) return
        for (const [i, id] of state.order.entries()) {
          const now = state.cells[id]?.state
          if (now === before.cells[id]?.state) continue
          if (now === 'error') announce(`Cell ${i + 1} stopped with an error`, { urgent: true })
          else if (now === 'done') announce(`Cell ${i + 1} is done`)
        }
      }),
    [store],
  )
}

function Skeleton() {
  return (
    <main aria-busy="true" aria-label="Opening the notebook" className="mx-auto max-w-[76rem] px-4 pt-16 pl-24">
      {[14, 28, 20].map((height) => (
        <div key={height} className="mb-4 animate-pulse rounded-lg bg-sunken" style={{ height: height * 4 }} />
      ))}
    </main>
  )
}
