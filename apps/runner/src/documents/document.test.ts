import { beforeEach, describe, expect, test } from 'vitest'
import { type JupyterMessage, makeHeader } from '../kernel/index.js'
import { type Notebook, toNotebook } from '../nbformat.js'
import { Document } from './document.js'

const header = makeHeader('execute_request', 'session')
let document: Document

beforeEach(() => {
  document = new Document(book(['a', 'b']))
})

function book(ids: string[], source = 'x'): Notebook {
  return toNotebook({ nbformat: 4, metadata: {}, cells: ids.map((id) => ({ id, cell_type: 'code', source })) }, '')
}

function request(cellId: string, id = cellId, content = {}): JupyterMessage {
  return {
    channel: 'shell',
    header: { ...header, msg_id: id },
    parent_header: {},
    metadata: { cellId },
    content: { code: '', ...content },
  }
}

function message(type: string, content: object, parent: string, metadata: object = {}): JupyterMessage {
  return {
    channel: type === 'execute_reply' ? 'shell' : 'iopub',
    header: makeHeader(type, 'session'),
    parent_header: { ...header, msg_id: parent },
    metadata: { ...metadata },
    content: { ...content },
  }
}

const input = (parent: string) => message('execute_input', { code: '', execution_count: 7 }, parent)
const print = (parent: string, text: string) => message('stream', { name: 'stdout', text }, parent)
const reply = (parent: string, status = 'ok') => message('execute_reply', { status }, parent)
const outputs = (id: string) => document.notebook().cells.find((cell) => cell.id === id)?.outputs

describe('running a cell', () => {
  test('goes through queued, running and idle, with times', () => {
    document.request(request('a'))
    expect(document.states().a).toEqual({ state: 'queued' })
    document.apply(input('a'), 1000)
    expect(document.states().a).toEqual({ state: 'running', startedAt: 1000 })
    document.apply(print('a', 'hello'), 1500)
    document.apply(reply('a'), 2000)
    expect(document.states().a).toEqual({ state: 'idle', startedAt: 1000, finishedAt: 2000, status: 'ok' })
    expect(document.states().b).toEqual({ state: 'idle' })
    const [cell] = document.notebook().cells
    expect(cell).toMatchObject({ execution_count: 7, outputs: [{ output_type: 'stream', text: 'hello' }] })
    expect(cell?.metadata.execution).toEqual({
      'iopub.execute_input': '1970-01-01T00:00:01.000Z',
      'shell.execute_reply': '1970-01-01T00:00:02.000Z',
    })
  })

  test('times and failure are read back from a file', () => {
    document.request(request('a'))
    document.apply(input('a'), 1000)
    document.apply(message('error', { ename: 'E', evalue: '', traceback: [] }, 'a'), 1500)
    document.apply(reply('a', 'error'), 2000)
    const again = new Document(document.notebook())
    expect(again.states()).toEqual(document.states())
    expect(again.hash).toBe(document.hash)
  })

  test('old outputs stay until the cell runs, and for good when it is aborted', () => {
    document.apply(print('x', 'old'), 0)
    document.apply({ ...print('x', 'old'), metadata: { cellId: 'a' } }, 0)
    document.request(request('a'))
    expect(outputs('a')).toHaveLength(1)
    document.apply(reply('a', 'aborted'), 0)
    expect(document.states().a).toEqual({ state: 'idle', status: 'aborted' })
    expect(outputs('a')).toHaveLength(1)
    document.request(request('a', 'again'))
    document.apply(input('again'), 0)
    expect(outputs('a')).toEqual([])
  })

  test('requested twice, it is queued again after the first run', () => {
    document.request(request('a', '1'))
    document.request(request('a', '2'))
    document.apply(input('1'), 1)
    document.apply(reply('1'), 2)
    expect(document.states().a).toMatchObject({ state: 'queued', status: 'ok' })
    document.apply(reply('2'), 3)
    expect(document.states().a?.state).toBe('idle')
  })

  test('silent requests and requests without a cell concern no cell', () => {
    document.request(request('a', '1', { silent: true }))
    document.request({ ...request('a', '2'), metadata: {} })
    expect(document.states().a).toEqual({ state: 'idle' })
  })

  test('a cell the client has not saved yet keeps its outputs until it is', () => {
    document.request(request('new'))
    document.apply(input('new'), 1)
    document.apply(print('new', 'early'), 2)
    expect(document.states().new).toMatchObject({ state: 'running' })
    document.edit([{ id: 'new', cell_type: 'code', source: '', metadata: {} }], {})
    expect(outputs('new')).toHaveLength(1)
  })
})

describe('stamps', () => {
  test('count iopub messages and replies to executions, one by one, and nothing else', () => {
    document.request(request('a'))
    const stamp = (m: JupyterMessage) => document.apply(m, 0).message.metadata.mayfly
    expect(stamp(message('status', { execution_state: 'busy' }, 'a'))).toEqual({ cellId: 'a', seq: 1 })
    expect(stamp(input('a'))).toEqual({ cellId: 'a', seq: 2 })
    expect(stamp(reply('a'))).toEqual({ cellId: 'a', seq: 3 })
    expect(stamp(message('status', { execution_state: 'idle' }, 'a', { cellId: 'a' }))).toEqual({ cellId: 'a', seq: 4 })
    expect(stamp(message('status', { execution_state: 'idle' }, 'other'))).toEqual({ cellId: undefined, seq: 5 })
    const info = { ...message('kernel_info_reply', {}, 'other'), channel: 'shell' as const }
    expect(document.apply(info, 0)).toEqual({ message: info, changed: false })
    expect(document.seq).toBe(5)
  })

  test('folding the messages behind a snapshot gives the live document', () => {
    document.request(request('a'))
    const sent = [input('a'), print('a', '1'), print('a', '2'), reply('a')].map((m, i) => document.apply(m, i).message)
    for (let cut = 0; cut <= sent.length; cut++) {
      const page = new Document(book(['a', 'b']))
      for (const m of sent.slice(0, cut)) page.apply(m, sent.indexOf(m))
      expect(page.seq).toBe(cut)
      for (const m of sent) if ((m.metadata.mayfly as { seq: number }).seq > page.seq) page.apply(m, sent.indexOf(m))
      expect(page.notebook()).toEqual(document.notebook())
    }
  })
})

describe('displays', () => {
  const show = (cell: string) =>
    message('display_data', { data: { 'text/plain': '0' }, metadata: {}, transient: { display_id: 'd' } }, 'x', {
      cellId: cell,
    })
  const update = (cell?: string) =>
    message('update_display_data', { data: { 'text/plain': '1' }, metadata: {}, transient: { display_id: 'd' } }, 'x', {
      ...(cell ? { cellId: cell } : {}),
    })

  test('an update from another cell changes, and is stamped with, the cell that shows the display', () => {
    document.apply(show('a'), 0)
    const { message: stamped, changed } = document.apply(update('b'), 0)
    expect(changed).toBe(true)
    expect(stamped.metadata.mayfly).toMatchObject({ cellId: 'a' })
    expect(outputs('a')).toMatchObject([{ data: { 'text/plain': '1' } }])
    expect(outputs('b')).toEqual([])
  })

  test('all cells that show it change', () => {
    document.apply(show('a'), 0)
    document.apply(show('b'), 0)
    document.apply(update(), 0)
    expect([outputs('a'), outputs('b')]).toMatchObject([
      [{ data: { 'text/plain': '1' } }],
      [{ data: { 'text/plain': '1' } }],
    ])
  })
})

test('very long streams keep their end', () => {
  const line = `${'x'.repeat(1 << 20)}\n`
  for (let i = 0; i < 10; i++) document.apply({ ...print('x', line), metadata: { cellId: 'a' } }, 0)
  const stream = outputs('a')?.[0] as { text: string }
  expect(stream.text.length).toBeLessThanOrEqual(8 << 20)
  expect(stream.text).toMatch(/^… earlier output was dropped …\nx/)
  expect(stream.text.endsWith(line)).toBe(true)
})

test('explaining puts an error in words into the running cell only', () => {
  document.request(request('a'))
  document.request(request('b'))
  document.apply(input('a'), 1)
  for (const m of document.explaining('KernelRestarted', 'It was restarted.')) document.apply(m, 5)
  for (const id of ['a', 'b']) document.apply(reply(id, 'aborted'), 6)
  expect(document.states()).toEqual({
    a: { state: 'idle', startedAt: 1, finishedAt: 6, status: 'aborted' },
    b: { state: 'idle', status: 'aborted' },
  })
  expect(outputs('a')).toMatchObject([{ output_type: 'error', ename: 'KernelRestarted', evalue: 'It was restarted.' }])
  expect(outputs('b')).toEqual([])
})

describe('editing', () => {
  const cells = [
    { id: 'b', cell_type: 'code' as const, source: 'new', metadata: {} },
    { id: 'c', cell_type: 'markdown' as const, source: '# c', metadata: {} },
  ]

  test('takes sources and order, keeps outputs', () => {
    document.apply({ ...print('x', 'kept'), metadata: { cellId: 'b' } }, 0)
    const before = document.hash
    expect(document.edit(cells, { title: 't' })).toBeTypeOf('function')
    expect(document.hash).not.toBe(before)
    expect(document.notebook()).toMatchObject({ metadata: { title: 't' }, cells })
    expect(outputs('b')).toHaveLength(1)
    expect(document.edit(cells, { title: 't' })).toBeUndefined()
  })

  test('the hash changes with edits, not with outputs', () => {
    const before = document.hash
    document.request(request('a'))
    document.apply(input('a'), 1)
    document.apply(reply('a'), 2)
    expect(document.hash).toBe(before)
    expect(new Document(document.notebook()).hash).toBe(before)
  })

  test('a cell that was deleted and comes back still has its outputs', () => {
    document.apply({ ...print('x', 'kept'), metadata: { cellId: 'a' } }, 0)
    document.edit(cells, {})
    document.edit([{ id: 'a', cell_type: 'code', source: '', metadata: {} }], {})
    expect(outputs('a')).toHaveLength(1)
  })

  test('adopting an outside version keeps only results that are newer than the file', () => {
    document.apply({ ...print('x', 'newer'), metadata: { cellId: 'a' } }, 0)
    const outside = book(['a', 'b'], 'edited outside')
    outside.cells[1]!.outputs = [{ output_type: 'stream', name: 'stdout', text: 'from outside' }]
    document.adopt(outside)
    expect(document.notebook().cells).toMatchObject([
      { source: 'edited outside', outputs: [{ text: 'newer' }] },
      { source: 'edited outside', outputs: [{ text: 'from outside' }] },
    ])
  })
})

test('clearing resets cells that are not under way', () => {
  document.request(request('a'))
  document.apply(input('a'), 1)
  for (const id of ['a', 'b']) document.apply({ ...print('x', 'text'), metadata: { cellId: id } }, 2)
  for (const m of document.clearing()) document.apply(m, 3)
  expect(outputs('a')).toHaveLength(1)
  expect(outputs('b')).toEqual([])
  document.apply(reply('a'), 4)
  for (const m of document.clearing(['a'])) document.apply(m, 5)
  expect(document.notebook().cells[0]).toMatchObject({ outputs: [], execution_count: null, metadata: {} })
  expect(document.states().a).toEqual({ state: 'idle' })
})

test('settings of executors are those in the metadata of the moment', () => {
  expect(document.settings).toEqual({})
  document.edit([], { mayfly: { backend: 'aws_lambda', other: 1 } })
  expect(document.settings).toEqual({ backend: 'aws_lambda' })
})
