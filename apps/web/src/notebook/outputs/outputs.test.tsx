// @vitest-environment happy-dom
import { TABLE_MIME } from '@mayfly/executor/events'
import { cleanup, fireEvent, render, screen, within } from '@testing-library/react'
import { renderToStaticMarkup } from 'react-dom/server'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { TooltipProvider } from '../../ui/tooltip'
import type { Output } from '../cells'
import { type NotebookServices, NotebookServicesProvider } from '../context'
import { DocumentSchema } from '../document'
import { createNotebookStore, loadDocument, NotebookStoreProvider } from '../store'
import { ansiToHtml, applyReturns, tail } from './ansi'
import { frames, splitTrace } from './error-place'
import { HtmlOutput } from './html'
import { CellOutputs } from './outputs'
import type { Renderer } from './renderer'

beforeAll(() => {
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }))
})
afterEach(cleanup)

function show(outputs: Output[], renderers: Renderer[] = []) {
  const cells = ['c', 'd'].map((id) => ({
    id,
    cell_type: 'code',
    source: 'x',
    metadata: {},
    execution_count: id === 'c' ? 1 : 2,
  }))
  const store = createNotebookStore('x.ipynb')
  store.setState((state) => loadDocument(state, DocumentSchema.parse({ notebook: { cells }, seq: 0, hash: '' })))
  store.setState((state) => ({ cells: { ...state.cells, c: { ...state.cells.c!, outputs } } }))
  const services = { renderers } as unknown as NotebookServices
  const view = render(
    <TooltipProvider>
      <NotebookStoreProvider value={store}>
        <NotebookServicesProvider value={services}>
          <CellOutputs id="c" />
        </NotebookServicesProvider>
      </NotebookStoreProvider>
    </TooltipProvider>,
  )
  return { store, ...view }
}

const display = (data: Record<string, unknown>, metadata = {}): Output => ({
  output_type: 'display_data',
  data,
  metadata,
})

describe('text', () => {
  it('is escaped and coloured', () => {
    expect(ansiToHtml('\u001b[31m<b>red</b>\u001b[0m')).toBe('<span class="ansi-red-fg">&lt;b&gt;red&lt;/b&gt;</span>')
  })

  it('follows carriage returns', () => {
    expect(applyReturns('10 %\r20 %\r100 %\nnext\r\n')).toBe('100 %\nnext\n')
    expect(applyReturns('abcdef\rxy')).toBe('xycdef')
  })

  it.each([
    ['a\nb\nc\n', 2, 'b\nc\n', 1],
    ['a\nb\nc', 2, 'b\nc', 1],
    ['a\nb', 5, 'a\nb', 0],
    ['\n\n\n', 1, '\n', 2],
    ['', 3, '', 0],
  ])('keeps the tail of %j', (text, most, kept, hidden) => expect(tail(text, most)).toEqual({ text: kept, hidden }))

  it('shows the last 2,000 lines until all are asked for', () => {
    const text = Array.from({ length: 5000 }, (_, i) => `line ${i}`).join('\n')
    const { container } = show([{ output_type: 'stream', name: 'stdout', text }])
    expect(container.querySelector('pre')!.textContent!.split('\n')).toHaveLength(2000)
    fireEvent.click(screen.getByRole('button', { name: /3.000 earlier lines/ }))
    expect(container.querySelector('pre')!.textContent!.split('\n')).toHaveLength(5000)
  })
})

describe('errors', () => {
  it('find places in cells in every spelling', () => {
    expect(splitTrace('    at broken (cell-3.ts:2:9)')).toEqual([
      '    at broken (',
      { text: 'cell-3.ts:2:9', cell: 3, line: 2, column: 9 },
      ')',
    ])
    expect(splitTrace('Cell 4, line 12')).toEqual([{ text: 'Cell 4, line 12', cell: 4, line: 12, column: 1 }])
    expect(splitTrace('at node:fs:12:3')).toEqual(['at node:fs:12:3'])
  })

  it('leave out the head that is shown already', () => {
    expect(frames(['\u001b[31mTypeError: no\nway\u001b[0m', '  at cell-1.ts:1:1'], 'TypeError', 'no\nway')).toEqual([
      '  at cell-1.ts:1:1',
    ])
  })

  it('show name, message, hint and code, and lead to the line', () => {
    const { store } = show([
      {
        output_type: 'error',
        ename: 'TypeError',
        evalue: 'no such ion',
        traceback: ['TypeError: no such ion', '    at cell-2.ts:7:3'],
        mayfly: { cell: 1, cellId: 'c', line: 2, column: 9, code: 'E_USER', hint: 'Check the formula.' },
      },
    ])
    for (const text of ['TypeError', ': no such ion', '→ Check the formula.', 'E_USER']) screen.getByText(text)
    fireEvent.click(screen.getByRole('button', { name: 'Cell 1, line 2, column 9' }))
    expect(store.getState()).toMatchObject({ selected: 'c', mode: 'edit', reveal: { cellId: 'c', line: 2, column: 9 } })
    fireEvent.click(screen.getByRole('button', { name: 'cell-2.ts:7:3' }))
    expect(store.getState().reveal).toEqual({ cellId: 'd', line: 7, column: 3 })
  })
})

describe('rich outputs', () => {
  it('choose the richest type they know', () => {
    const table = { columns: [{ name: 'mz', type: 'number' }], data: [[1.5, 2]], rows: 2, shown: 2 }
    show([display({ 'text/plain': 'plain', [TABLE_MIME]: table })])
    expect(screen.queryByText('plain')).toBeNull()
    expect(within(screen.getByRole('table')).getAllByRole('row')).toHaveLength(3)
  })

  it('take renderers of other features first', () => {
    show(
      [display({ 'x/y': 5, 'text/plain': 'plain' })],
      [{ mime: 'x/y', render: ({ data }) => <i>mine {String(data)}</i> }],
    )
    screen.getByText('mine 5')
  })

  it('show a table that is malformed as a tree, and say what cannot be shown', () => {
    show([display({ [TABLE_MIME]: { columns: 1 } }), display({ 'x/unknown': 1 })])
    screen.getByText(/columns/)
    screen.getByText('No way to show x/unknown')
  })

  it('sort, filter and turn the pages of a table', () => {
    const numbers = Array.from({ length: 25 }, (_, i) => i)
    show([
      display({
        [TABLE_MIME]: {
          columns: [
            { name: 'formula', type: 'string' },
            { name: 'n', type: 'number' },
          ],
          data: [numbers.map((i) => `C${i}H${i}`), numbers],
          rows: 99,
          shown: 25,
        },
      }),
    ])
    screen.getByText(/the table has 99/)
    fireEvent.click(screen.getByRole('button', { name: 'n' }))
    fireEvent.click(screen.getByRole('button', { name: 'n' }))
    expect(screen.getAllByRole('row')[1]!.textContent).toBe('C24H2424')
    expect(screen.getByRole('columnheader', { name: 'n' }).getAttribute('aria-sort')).toBe('descending')
    fireEvent.click(screen.getByRole('button', { name: 'Next page' }))
    expect(screen.getAllByRole('row')[1]!.textContent).toBe('C14H1414')
  })

  it('show images by data address, in the size their metadata names', () => {
    show([display({ 'image/png': 'AAAA\n' }, { 'image/png': { width: 64 } })])
    const png = screen.getByRole('img')
    expect(png.getAttribute('src')).toBe('data:image/png;base64,AAAA')
    expect(png.getAttribute('width')).toBe('64')
  })

  it('put html into a frame without this origin', () => {
    const markup = renderToStaticMarkup(<HtmlOutput html="<b>x</b>" />)
    expect(markup).toMatch(/^<iframe [^>]*src="\/frame" sandbox="allow-scripts allow-popups"/)
    expect(markup).not.toContain('same-origin')
  })

  it('open a json tree', () => {
    show([display({ 'application/json': { list: [1, 2], name: 'x' } })])
    screen.getByText('"x"')
    fireEvent.click(screen.getByRole('button', { name: /list/ }))
    screen.getByText('2')
  })
})

it('puts pictures that follow one another into one row, each with its title', () => {
  const png = (title: string): Output =>
    ({
      output_type: 'display_data',
      data: { 'image/png': 'iVBORw0KGgo=', 'text/plain': 'PNG' },
      metadata: { 'image/png': { title, width: 220, pixelated: true } },
    }) as Output
  show([png('one'), png('two'), { output_type: 'stream', name: 'stdout', text: 'between' }, png('three')])
  const rows = screen.getAllByTestId('picture-row').map((row) => within(row).getAllByRole('figure'))
  expect(rows.map((row) => row.map((figure) => figure.textContent))).toEqual([['one', 'two'], ['three']])
  expect(screen.getByAltText('two').getAttribute('width')).toBe('220')
})
