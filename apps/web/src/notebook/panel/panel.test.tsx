// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react'
import type { ReactNode } from 'react'
import { afterEach, beforeAll, expect, it, vi } from 'vitest'
import { TooltipProvider } from '../../ui/tooltip'
import { Banners } from '../banners'
import type { RunnerClient } from '../client'
import { type NotebookServices, NotebookServicesProvider } from '../context'
import { DocumentSchema } from '../document'
import { CellInput, questionOf } from '../input'
import type { VariableDetail, VariableList, Version } from '../runner-schemas'
import { createNotebookStore, foldMessages, loadDocument, NotebookStoreProvider } from '../store'
import { memoryShare } from '../usage'
import { DiffView } from './diff-view'
import { diffCellsOf, HistoryPanel } from './history'
import { OutlinePanel } from './outline'
import { sizeText, VariablesPanel } from './variables'

beforeAll(() => {
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }))
})
afterEach(cleanup)

function show(content: ReactNode, client: Partial<RunnerClient> = {}) {
  const cells = [
    { id: 't', cell_type: 'markdown', source: '# One' },
    { id: 'c', cell_type: 'code', source: 'let x = 1' },
  ]
  const store = createNotebookStore('x.ipynb')
  const document = { notebook: { cells }, seq: 5, hash: 'h', kernelId: 'k' }
  act(() => store.setState((state) => loadDocument(state, DocumentSchema.parse(document))))
  const session = { answer: vi.fn(), keep: vi.fn(), restart: vi.fn() }
  const saver = { flush: vi.fn(async () => {}), resolve: vi.fn(async () => {}) }
  const services = { client, context: { store, session, saver }, renderers: [] } as unknown as NotebookServices
  const view = render(
    <TooltipProvider>
      <NotebookStoreProvider value={store}>
        <NotebookServicesProvider value={services}>{content}</NotebookServicesProvider>
      </NotebookStoreProvider>
    </TooltipProvider>,
  )
  return { store, session, saver, ...view }
}

const LIST: VariableList = {
  busy: false,
  at: '2026-01-01T00:00:00Z',
  variables: [
    { name: 'x', kind: 'let', type: 'number', preview: '1', expandable: false, cellId: 'c' },
    { name: 'm', kind: 'const', type: 'Map', length: 2, bytes: 128, preview: 'Map(2) {…}', expandable: true },
  ],
}

it('lists variables, filters them, opens them and goes to where they are defined', async () => {
  const variable = vi.fn(
    async (_kernel: string, _name: string, _path: unknown, from: number): Promise<VariableDetail> => {
      const keys = from === 0 ? [0] : [1, 2]
      const children = keys.map((key) => ({
        key,
        label: `'${'abc'[key]}'`,
        type: 'number',
        preview: '7',
        expandable: false,
      }))
      return { children, from, total: 3 }
    },
  )
  const { store } = show(<VariablesPanel />, { variables: async () => LIST, variable })
  const table = await screen.findByRole('table', { name: 'Variables' })
  expect(within(table).getAllByRole('row')).toHaveLength(3)
  fireEvent.click(screen.getByRole('button', { name: 'Contents of m' }))
  await screen.findByText("'a'")
  expect(variable).toHaveBeenLastCalledWith('k', 'm', [], 0)
  fireEvent.click(screen.getByRole('button', { name: '2 more' }))
  await screen.findByText("'c'")
  expect(variable).toHaveBeenLastCalledWith('k', 'm', [], 1)
  fireEvent.click(screen.getByRole('button', { name: 'x' }))
  expect(store.getState().selected).toBe('c')
  fireEvent.change(screen.getByLabelText('Filter variables'), { target: { value: 'map' } })
  expect(screen.queryByRole('button', { name: 'x' })).toBeNull()
})

it('asks for the variables again after an execution, and says when the kernel is busy', async () => {
  let list = LIST
  const { store } = show(<VariablesPanel />, { variables: async () => list })
  await screen.findByText('2 variables')
  list = { ...LIST, busy: true, variables: [] }
  act(() => store.setState((state) => ({ cells: { ...state.cells, c: { ...state.cells.c!, finishedAt: 99 } } })))
  await screen.findByText(/The kernel is computing; as of/)
})

it.each([
  [{ length: 200, bytes: 1600 }, '200 · 1.6 KiB'],
  [{ length: 1000, shape: [1000, 3] }, '1\u202f000 × 3'],
  [{}, ''],
])('writes the size of %j', (value, text) => expect(sizeText(value)).toBe(text))

it('shows what a version would change, and goes back to it', async () => {
  const version: Version = { id: 'v1', at: Date.now() - 60_000, cause: 'checkpoint', cells: 1, bytes: 10, hash: 'x' }
  const restoreVersion = vi.fn(async () => {})
  const notebook = { cells: [{ id: 'c', cell_type: 'code' as const, source: 'let x = 2', metadata: {} }], metadata: {} }
  const { saver } = show(<HistoryPanel />, {
    versions: async () => [version],
    version: async () => notebook,
    restoreVersion,
  })
  fireEvent.click(await screen.findByRole('button', { name: /Saved by you/ }))
  const diff = await screen.findByTestId('diff')
  expect(diff.textContent).toContain('Text cell, removed')
  expect(within(diff).getByText('let x = 2')).toBeTruthy()
  fireEvent.click(screen.getByRole('button', { name: /Go back to this version/ }))
  await waitFor(() => expect(saver.resolve).toHaveBeenCalledWith('reload'))
  expect(restoreVersion).toHaveBeenCalledWith('x.ipynb', 'v1')
})

it('leads along the headings', () => {
  const { store } = show(<OutlinePanel />)
  fireEvent.click(screen.getByRole('button', { name: 'One' }))
  expect(store.getState().selected).toBe('t')
})

const iopub = (msg_type: string, content: object, mayfly?: object, metadata: object = {}) => ({
  header: { msg_type, msg_id: 'm1' },
  metadata: { ...metadata, ...(mayfly ? { mayfly } : {}) },
  content,
})

it('shows a question below its cell until somebody has answered', () => {
  const { store, session } = show(<CellInput id="c" />)
  const ask = (content: object) =>
    act(() =>
      store.setState((state) => foldMessages(state, [iopub('input_request', content, undefined, { cellId: 'c' })])),
    )
  ask({ prompt: 'Name?', password: false })
  const field = screen.getByLabelText('Name?')
  expect(document.activeElement).toBe(field)
  fireEvent.change(field, { target: { value: 'Ada' } })
  fireEvent.submit(screen.getByTestId('cell-input'))
  expect(session.answer).toHaveBeenLastCalledWith('Ada')
  fireEvent.keyDown(field, { key: 'Escape' })
  expect(session.answer).toHaveBeenLastCalledWith(null)
  // Another tab has answered: the cell goes on.
  act(() =>
    store.setState((state) =>
      foldMessages(state, [iopub('stream', { name: 'stdout', text: 'hi' }, { cellId: 'c', seq: 6 })]),
    ),
  )
  expect(screen.queryByTestId('cell-input')).toBeNull()
  ask({ prompt: 'Sure? [y/n] ' })
  fireEvent.click(screen.getByRole('button', { name: 'No' }))
  expect(session.answer).toHaveBeenLastCalledWith('n')
})

it('reads what the kernel says of its own questions', () => {
  const input = { header: { msg_id: '' }, prompt: 'Name? [Ada] ', password: false }
  expect(questionOf(input)).toEqual({ text: 'Name? [Ada] ', confirm: false })
  const mayfly = { prompt: 'Name?', confirm: false, default: 'Ada' }
  expect(questionOf({ ...input, mayfly })).toEqual({ text: 'Name?', confirm: false, fallback: 'Ada' })
})

it('shows notices with what may be done, and drops those that are resolved', () => {
  const { store, session } = show(<Banners onConflict={() => {}} />)
  const tell = (content: object) =>
    act(() => store.setState((state) => foldMessages(state, [iopub('mayfly_notice', content)])))
  const until = new Date(Date.now() + 60_000).toISOString()
  tell({ code: 'E_KERNEL_CULL', message: 'Stops soon.', action: 'keep', until })
  tell({ code: 'E_DISK', message: 'Disk is full.', resolved: false })
  fireEvent.click(screen.getByRole('button', { name: 'Keep it running' }))
  expect(session.keep).toHaveBeenCalled()
  screen.getByText('Disk is full.')
  tell({ code: 'E_DISK', message: 'Saved again.', resolved: true })
  expect(screen.queryByText(/Disk is full/)).toBeNull()
  expect(store.getState().notices).toHaveLength(1)
})

it('measures memory by the limit that is nearest', () => {
  const usage = { pid: 1, rss: 512 << 20, heapUsed: 300 << 20, cpu: 0 }
  expect(memoryShare(usage, undefined)).toBeUndefined()
  expect(memoryShare(usage, { rssLimitMb: 1024, notices: [] })).toBe(0.5)
  expect(memoryShare(usage, { rssLimitMb: 1024, heapLimitMb: 400, notices: [] })).toBe(0.75)
})

it('compares the settings of executors beside the cells', () => {
  const cells = [{ id: 'a', cell_type: 'code' as const, source: '1', metadata: {} }]
  const at = (mayfly: object) => diffCellsOf({ cells, metadata: { mayfly } })
  const view = render(<DiffView before={at({ workers: 2 })} after={at({ backend: 'aws_lambda', workers: 2 })} />)
  expect(view.getByTestId('diff').textContent).toContain('Settings, changed')
  expect(view.getByText('backend: "aws_lambda"')).toBeTruthy()
  expect(view.getByText('1 more cell unchanged.')).toBeTruthy()
})
