// @vitest-environment happy-dom
import { IMAGE_MIME, PROGRESS_MIME, TABLE_MIME } from '@mayfly/executor/events'
import { act, cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react'
import { renderToStaticMarkup } from 'react-dom/server'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { TooltipProvider } from '../../ui/tooltip'
import type { Output } from '../cells'
import { type NotebookServices, NotebookServicesProvider } from '../context'
import { DocumentSchema } from '../document'
import { createNotebookStore, loadDocument, NotebookStoreProvider, toggleFold } from '../store'
import { ansiToHtml, applyReturns, tail } from './ansi'
import { frames, splitTrace } from './error-place'
import { HtmlOutput } from './html'
import { stripDelimiters } from './latex'
import { CellOutputs } from './outputs'
import { remainingText } from './progress'
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
  const client = {
    outputHref: (file: string) => `/runner/outputs/${file}`,
    fileHref: (file: string) => `/runner/files/${file}`,
    allowLinks: async () => {},
  }
  const services = { renderers, client } as unknown as NotebookServices
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

  it('shows the last 2,000 lines until more are asked for', () => {
    const text = Array.from({ length: 5000 }, (_, i) => `line ${i}`).join('\n')
    const { container } = show([{ output_type: 'stream', name: 'stdout', text }])
    expect(container.querySelector('pre')!.textContent!.split('\n')).toHaveLength(2000)
    expect(container.querySelector('pre')!.tabIndex).toBe(0)
    fireEvent.click(screen.getByRole('button', { name: /3.000 earlier lines: show all/ }))
    expect(container.querySelector('pre')!.textContent!.split('\n')).toHaveLength(5000)
    fireEvent.click(screen.getByRole('button', { name: 'Show at full height' }))
    expect(container.querySelector('pre')!.tabIndex).toBe(-1)
  })

  it('cuts a line of megabytes', () => {
    expect(tail(`a\nb\n${'x'.repeat(100)}`, 5, 10)).toEqual({ text: 'x'.repeat(10), hidden: 2 })
    const { container } = show([{ output_type: 'stream', name: 'stdout', text: 'y'.repeat(3_000_000) }])
    expect(container.querySelector('pre')!.textContent).toHaveLength(200_000)
  })

  it('draws the first and the last of ten thousand outputs', () => {
    show(Array.from({ length: 10_000 }, (_, i) => display({ 'text/plain': `value ${i}` })))
    expect(screen.getAllByText(/^value/)).toHaveLength(100)
    screen.getByText('value 0')
    screen.getByText('value 9999')
    screen.getByRole('button', { name: /9.900 more outputs/ })
  })

  it('can be folded away', () => {
    const { store } = show([display({ 'text/plain': 'hidden?' })])
    fireEvent.click(screen.getByText('hidden?'))
    act(() => store.setState((state) => toggleFold(state, ['c'], 'outputs_hidden')))
    expect(screen.queryByText('hidden?')).toBeNull()
    fireEvent.click(screen.getByRole('button', { name: '1 output folded' }))
    screen.getByText('hidden?')
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

  it('tell what caused them although the stack is folded away', () => {
    const mayfly = { cell: 1, cellId: 'c', line: 1, column: 1, frames: [{ cell: 1, cellId: 'c', line: 1, column: 1 }] }
    const traceback = ['Error: outer', '    at cell-1.ts:1:1', 'Caused by: TypeError: inner', '    at cell-1.ts:1:9']
    show([{ output_type: 'error', ename: 'Error', evalue: 'outer', traceback, mayfly }])
    expect(screen.getAllByText('Caused by: TypeError: inner').some((line) => !line.closest('details'))).toBe(true)
  })

  it('lead along the frames, in cells and in files', () => {
    const frames = [
      { file: 'lib/util.ts', line: 12, column: 3, name: 'parse' },
      { cell: 2, cellId: 'd', line: 4, column: 5 },
    ]
    const mayfly = { cell: 1, cellId: 'c', line: 1, column: 1, code: 'E_X', frames }
    const { store } = show([
      { output_type: 'error', ename: 'Error', evalue: 'no', traceback: ['Error: no', '  at node:fs:1:1'], mayfly },
    ])
    expect(screen.getByRole('link', { name: 'lib/util.ts:12:3' }).getAttribute('href')).toBe(
      '/runner/files/lib/util.ts',
    )
    screen.getByText('in parse')
    screen.getByText('E_X')
    expect(screen.getByText('Whole stack').closest('details')!.open).toBe(false)
    fireEvent.click(screen.getByRole('button', { name: 'Cell 2, line 4, column 5' }))
    expect(store.getState().reveal).toEqual({ cellId: 'd', line: 4, column: 5 })
  })

  it('say in words how a cell was ended, and what helps', () => {
    const ended = (ename: string): Output => ({ output_type: 'error', ename, evalue: `${ename} said`, traceback: [] })
    show([ended('KeyboardInterrupt'), ended('KernelDied'), ended('MemoryLimitError')])
    for (const text of ['Interrupted', 'The kernel died', 'Stopped at the memory limit', 'KernelDied said'])
      screen.getByText(text)
    expect(screen.getAllByRole('button', { name: /Restart the kernel|Run the cells above/ })).toHaveLength(2)
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
    screen.getByText(/^columns/)
    screen.getByText('No way to show x/unknown')
    screen.getByText(/No way to show application\/vnd.mayfly.table/)
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
    screen.getByText(/the table has 99, the first 25 are here/)
    fireEvent.click(screen.getByRole('button', { name: 'n' }))
    fireEvent.click(screen.getByRole('button', { name: 'n' }))
    expect(screen.getAllByRole('row')[1]!.textContent).toBe('C24H2424')
    expect(screen.getByRole('columnheader', { name: 'n' }).getAttribute('aria-sort')).toBe('descending')
    fireEvent.change(screen.getByPlaceholderText('Filter rows'), { target: { value: 'c7' } })
    expect(screen.getAllByRole('row')[1]!.textContent).toBe('C7H77')
    screen.getByText(/^1 of 25 rows/)
  })

  it('draw only the rows in sight, and go to any of them by keyboard', () => {
    const numbers = Array.from({ length: 10_000 }, (_, i) => i)
    const columns = [
      { name: 'n', type: 'number' },
      { name: 'twice', type: 'number', unit: 'm' },
    ]
    show([
      display({ [TABLE_MIME]: { columns, data: [numbers, numbers.map((n) => 2 * n)], rows: 10_000, shown: 10_000 } }),
    ])
    expect(screen.getAllByRole('row').length).toBeLessThan(60)
    expect(screen.getByRole('table').getAttribute('aria-rowcount')).toBe('10001')
    const view = screen.getByRole('region')
    fireEvent.keyDown(view, { key: 'ArrowDown' })
    fireEvent.keyDown(view, { key: 'ArrowRight' })
    fireEvent.keyDown(view, { key: 'ArrowDown' })
    screen.getByText('Row 2, twice: 2')
    fireEvent.keyDown(view, { key: 'ArrowDown', ctrlKey: true })
    screen.getByText('Row 10000, twice: 19998')
    fireEvent.click(screen.getByRole('button', { name: 'Filter columns' }))
    fireEvent.change(screen.getByLabelText('Filter twice'), { target: { value: '10..14' } })
    screen.getByText(/^3 of 10.000 rows/)
  })

  it('show images by data address, in the size their metadata names', () => {
    show([display({ 'image/png': 'AAAA\n' }, { 'image/png': { width: 64 } })])
    const png = screen.getByRole('img')
    expect(png.getAttribute('src')).toBe('data:image/png;base64,AAAA')
    expect(png.getAttribute('width')).toBe('64')
  })

  it('show numbers as a picture that the arrow keys read', () => {
    const data = Buffer.from(new Float32Array([1, 2, 3, Number.NaN]).buffer).toString('base64')
    const image = { width: 2, height: 2, min: 1, max: 3, colorMap: 'viridis', data, unit: 'cps', title: 'm/z 301' }
    show([display({ [IMAGE_MIME]: image, 'image/png': 'AAAA' })])
    const picture = screen.getByRole('img', { name: /m\/z 301. 2 by 2 pixels, values from 1 cps to 3 cps/ })
    screen.getByText('2 × 2')
    fireEvent.keyDown(picture, { key: 'ArrowDown' })
    screen.getByText('1, 1: no value cps')
    fireEvent.keyDown(picture, { key: 'ArrowLeft' })
    screen.getByText('0, 1: 3 cps')
    fireEvent.keyDown(picture, { key: 'ArrowUp', shiftKey: true })
    screen.getByText('0, 0: 1 cps')
    fireEvent.click(screen.getByRole('button', { name: 'Zoom in' }))
    expect((screen.getByRole('img') as HTMLElement).style.width).toBe('64px')
  })

  it('say so when a picture has the wrong length, and fall back when it is none', () => {
    show([
      display({ [IMAGE_MIME]: { width: 2, height: 2, min: 0, max: 1, colorMap: 'grey', data: 'AAAA' } }),
      display({ [IMAGE_MIME]: { width: -1 }, 'text/plain': 'instead' }),
    ])
    screen.getByText(/does not have the length/)
    screen.getByText('instead')
  })

  it('show progress with a remaining time only when it can be told', () => {
    const at = { label: 'ions', total: 200, startedAt: 0, elapsedMs: 10_000, state: 'running' }
    expect(remainingText(0.05, 10_000)).toBeUndefined()
    expect(remainingText(1, 10_000)).toBeUndefined()
    expect(remainingText(0.5, 10_000)).toBe('8.5 s – 13 s left')
    show([
      display({ [PROGRESS_MIME]: { ...at, done: 100 } }),
      display({ [PROGRESS_MIME]: { ...at, total: undefined, done: 7 } }),
    ])
    const [bar, endless] = screen.getAllByRole('progressbar')
    expect(bar!.getAttribute('aria-valuenow')).toBe('100')
    expect(bar!.getAttribute('aria-valuetext')).toMatch(/^100 of 200, 50 %, 10 s, 8.5 s – 13 s left$/)
    expect(endless!.getAttribute('aria-valuenow')).toBeNull()
    expect(endless!.getAttribute('aria-valuetext')).toBe('7, 10 s')
  })

  it('lead to the rest of a flood', () => {
    show([
      display({
        'application/vnd.mayfly.rest+json': { file: 'k/c 1-2.txt', bytes: 2_097_152, lines: 9000, complete: true },
      }),
    ])
    expect(screen.getByRole('link', { name: /Open the rest/ }).getAttribute('href')).toBe('/runner/outputs/k/c 1-2.txt')
    screen.getByText(/2.0 MiB, 9.000 lines/)
  })

  it('set formulas', async () => {
    show([display({ 'text/latex': '$$\\frac{a}{b}$$', 'text/plain': 'a/b' })])
    await waitFor(() => expect(document.querySelector('.katex-display')).not.toBeNull())
    expect(stripDelimiters(' \\(x\\) ')).toBe('x')
    expect(stripDelimiters('x$')).toBe('x$')
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
