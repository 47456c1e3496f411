import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DocumentSchema, newCell } from './document'
import {
  convertCells,
  deleteCells,
  insertAt,
  insertBeside,
  mergeCells,
  moveCells,
  neighbour,
  pasteCells,
  type Structure,
  splitCell,
  undoStep,
} from './edit'
import type { WireMessage } from './messages'
import {
  createNotebookStore,
  foldMessages,
  loadDocument,
  pickedOf,
  setSource,
  toggleFold,
  transitionAll,
} from './store'

const document = (sources: Record<string, string>, rest: object = {}) =>
  DocumentSchema.parse({
    notebook: {
      metadata: { kernelspec: { name: 'mayfly' } },
      cells: Object.entries(sources).map(([id, source]) => ({ id, cell_type: 'code', source, metadata: {} })),
    },
    seq: 10,
    hash: 'h1',
    ...rest,
  })

const opened = (sources: Record<string, string> = { a: '1', b: '2', c: '3' }) =>
  loadDocument(createNotebookStore('x.ipynb').getState(), document(sources))

let seq = 10
const wire = (cellId: string, msg_type: string, content: object, number = ++seq): WireMessage => ({
  header: { msg_type, date: '2026-01-01T00:00:00.000Z' },
  parent_header: { msg_type: 'execute_request' },
  metadata: { mayfly: { cellId, seq: number } },
  content,
})

describe('foldMessages', () => {
  it('runs a cell from busy to idle and touches no other cell', () => {
    const before = opened()
    const after = foldMessages(before, [
      wire('b', 'status', { execution_state: 'busy' }, 11),
      wire('b', 'execute_input', { execution_count: 1 }, 12),
      wire('b', 'stream', { name: 'stdout', text: 'hi' }, 13),
      wire('b', 'execute_result', { data: { 'text/plain': '2' }, metadata: {}, execution_count: 1 }, 14),
      wire('b', 'status', { execution_state: 'idle' }, 15),
    ])
    expect(after.cells.b).toMatchObject({ state: 'done', executionCount: 1, outputs: [{ text: 'hi' }, {}] })
    expect(after.cells.a).toBe(before.cells.a)
    expect(after.seq).toBe(15)
  })

  it('skips what the document already holds, and messages without a stamp', () => {
    const before = opened()
    const old = wire('a', 'stream', { name: 'stdout', text: 'twice' }, 10)
    const bare = { ...wire('a', 'stream', { name: 'stdout', text: 'x' }), metadata: {} }
    expect(foldMessages(before, [old, bare])).toBe(before)
  })

  it('gives the same cells for any split of the messages', () => {
    const messages = [
      wire('a', 'status', { execution_state: 'busy' }, 11),
      wire('a', 'execute_input', { execution_count: 1 }, 12),
      wire('a', 'display_data', { data: { 'text/plain': '0' }, metadata: {}, transient: { display_id: 'd' } }, 13),
      wire('c', 'status', { execution_state: 'busy' }, 14),
      wire(
        'a',
        'update_display_data',
        { data: { 'text/plain': '1' }, metadata: {}, transient: { display_id: 'd' } },
        15,
      ),
      wire('a', 'error', { ename: 'E', evalue: 'v', traceback: ['t'] }, 16),
      wire('a', 'status', { execution_state: 'idle' }, 17),
    ]
    const whole = foldMessages(opened(), messages)
    for (let cut = 0; cut <= messages.length; cut += 1) {
      const split = foldMessages(foldMessages(opened(), messages.slice(0, cut)), messages.slice(cut))
      expect(split).toEqual(whole)
    }
    expect(whole.cells.a!.state).toBe('error')
  })

  it('updates a display that another cell holds', () => {
    const shown = foldMessages(opened(), [
      wire('a', 'display_data', { data: { x: 1 }, metadata: {}, transient: { display_id: 'd' } }, 11),
      wire('b', 'update_display_data', { data: { x: 2 }, metadata: {}, transient: { display_id: 'd' } }, 12),
    ])
    expect(shown.cells.a!.outputs).toMatchObject([{ data: { x: 2 } }])
  })

  it('tells a clearing by the user from one by the code', () => {
    const ran = foldMessages(opened(), [
      wire('a', 'status', { execution_state: 'busy' }, 11),
      wire('a', 'execute_input', { execution_count: 4 }, 12),
      wire('a', 'stream', { name: 'stdout', text: 'x' }, 13),
      wire('a', 'status', { execution_state: 'idle' }, 14),
    ])
    const byCode = foldMessages(ran, [wire('a', 'clear_output', { wait: false }, 15)])
    expect(byCode.cells.a).toMatchObject({ state: 'done', executionCount: 4, outputs: [] })
    const byUser = foldMessages(ran, [wire('a', 'clear_output', { wait: false, mayfly: { reset: true } }, 15)])
    expect(byUser.cells.a).toMatchObject({ state: 'idle', executionCount: null, outputs: [] })
  })

  it('takes an aborted reply for an end', () => {
    const queued = transitionAll(opened(), { type: 'queued' })
    expect(foldMessages(queued, [wire('a', 'execute_reply', { status: 'aborted' }, 11)]).cells.a!.state).toBe('aborted')
  })
})

describe('loadDocument', () => {
  it('selects the first cell and keeps unchanged cells the same objects', () => {
    const first = opened()
    expect(first).toMatchObject({ selected: 'a', order: ['a', 'b', 'c'], seq: 10, loaded: true })
    const again = loadDocument(first, document({ a: '1', b: '2', c: '3' }, { seq: 20 }))
    expect(again.cells.b).toBe(first.cells.b)
    expect(again.seq).toBe(20)
  })

  it('takes outputs that another version brought back, though no message came', () => {
    const shown = (text: string) => {
      const answer = document({ a: '1' })
      answer.notebook.cells[0]!.outputs = [{ output_type: 'stream', name: 'stdout', text }]
      return answer
    }
    const before = loadDocument(opened(), shown('new'))
    expect(loadDocument(before, shown('new')).cells.a).toBe(before.cells.a)
    expect(loadDocument(before, shown('old')).cells.a!.outputs).toMatchObject([{ text: 'old' }])
  })

  it('leaves a cell queued whose request is on its way, and believes the runner of all others', () => {
    const at = 1000
    const queued = transitionAll(opened(), { type: 'queued', at }, ({ id }) => id !== 'c')
    const answer = document(
      { a: '1', b: '2', c: '3' },
      { cells: { b: { state: 'idle', status: 'ok', startedAt: 1, finishedAt: 1001 } } },
    )
    expect(loadDocument(queued, answer, 900).cells).toMatchObject({
      a: { state: 'queued' },
      b: { state: 'done' },
      c: { state: 'idle' },
    })
    expect(loadDocument(queued, answer, 1100).cells.a!.state).toBe('idle')
  })

  it('keeps the text that is not saved yet, and takes the state of the runner', () => {
    const typed = setSource(opened(), 'a', 'mine')
    const inserted = { ...typed, ...insertAt(typed, 1, newCell('code', 'new')) }
    const merged = loadDocument(
      inserted,
      document({ a: '1', b: 'theirs' }, { cells: { a: { state: 'running', startedAt: 1 } } }),
    )
    expect(merged.order).toEqual(['a', 'new', 'b', 'c'])
    expect(merged.cells.a).toMatchObject({ source: 'mine', state: 'running' })
    expect(merged.hash).toBe('h1')
  })
})

describe('editing', () => {
  it('counts a revision per change of text, none for the same text', () => {
    const typed = setSource(opened(), 'a', 'x')
    expect(typed).toMatchObject({ revision: 1, save: 'unsaved' })
    expect(setSource(typed, 'a', 'x')).toBe(typed)
  })

  it('inserts, deletes and brings back', () => {
    const three = opened()
    const deleted = deleteCells(three, ['b'])
    expect(deleted).toMatchObject({ order: ['a', 'c'], selected: 'c' })
    expect(undoStep(deleted)).toMatchObject({ order: ['a', 'b', 'c'], selected: 'b', steps: [] })
    expect(undoStep(three)).toBe(three)
    const below = insertBeside(three, 'a', 'below', 'markdown')
    expect(below.order.indexOf(below.selected!)).toBe(1)
  })

  it('never leaves a notebook without a cell', () => {
    const empty = deleteCells(opened({ a: '1' }), ['a'])
    expect(empty.order).toHaveLength(1)
    expect(empty.cells[empty.order[0]!]!.source).toBe('')
  })

  it('moves within bounds and converts without losing the text', () => {
    const three = opened()
    expect(moveCells(three, ['a'], 1).order).toEqual(['b', 'a', 'c'])
    expect(moveCells(three, ['b', 'c'], -1).order).toEqual(['b', 'c', 'a'])
    expect(moveCells(three, ['a', 'b'], 1).order).toEqual(['c', 'a', 'b'])
    expect(moveCells(three, ['a'], -1)).toBe(three)
    expect(convertCells(three, ['a'], 'markdown').cells.a).toMatchObject({ kind: 'markdown', source: '1', outputs: [] })
    expect(neighbour(three, 'c', 1)).toBe('c')
    expect(neighbour(three, 'b', -1)).toBe('a')
  })

  it('splits and merges without losing a character of text', () => {
    const three = opened({ a: 'one\ntwo', b: '2', c: '3' })
    const split = splitCell(three, 'a', 4)
    expect(split.order.map((id) => split.cells[id]!.source)).toEqual(['one', 'two', '2', '3'])
    const merged = mergeCells(split, split.order.slice(0, 2))
    expect(merged.cells.a!.source).toBe('one\ntwo')
    expect(mergeCells(three, ['b']).cells.b!.source).toBe('2\n3')
    expect(mergeCells(three, ['c'])).toBe(three)
  })

  it('takes any run of changes back, one by one', () => {
    const id = fc.nat(9)
    const change = fc.oneof(
      id.map((n) => (state: Structure) => deleteCells(state, [state.order[n % state.order.length]!])),
      id.map((n) => (state: Structure) => splitCell(state, state.order[n % state.order.length]!, 1)),
      id.map((n) => (state: Structure) => mergeCells(state, [state.order[n % state.order.length]!])),
      id.map((n) => (state: Structure) => moveCells(state, [state.order[n % state.order.length]!], 1)),
      id.map((n) => (state: Structure) => convertCells(state, [state.order[n % state.order.length]!], 'markdown')),
      id.map(
        (n) => (state: Structure) =>
          pasteCells(state, [newCell('code', 'x', 'p')], state.order[n % state.order.length], 'below'),
      ),
    )
    const texts = (state: Structure) =>
      state.order.map((key) => [key, state.cells[key]!.kind, state.cells[key]!.source])
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
        const states: Structure[] = [opened({ a: 'one', b: 'two', c: 'three' })]
        for (const apply of changes) {
          const next = apply(states.at(-1)!)
          if (next !== states.at(-1)) states.push(next)
        }
        let state = states.at(-1)!
        for (const wanted of states.slice(0, -1).reverse()) {
          state = undoStep(state)
          expect(texts(state)).toEqual(texts(wanted))
        }
      }),
      { numRuns: 200 },
    )
  })

  it('keeps what was written into a new cell when its making is taken back', () => {
    const pasted = pasteCells(opened(), [newCell('code', 'x', 'p')], 'a', 'below')
    const typed = setSource({ ...opened(), ...pasted }, pasted.selected!, 'mine')
    expect(undoStep(typed).order).toContain(pasted.selected)
    expect(undoStep(pasted).order).toEqual(['a', 'b', 'c'])
  })

  it('chooses several cells until another selection ends it', () => {
    const state = { ...opened(), selected: 'c', picked: { anchor: 'b', head: 'c' } }
    expect(pickedOf(state)).toEqual(['b', 'c'])
    expect(pickedOf({ ...state, selected: 'a' })).toEqual(['a'])
  })

  it('folds and unfolds as JupyterLab does', () => {
    const folded = toggleFold(opened(), ['a', 'b'], 'outputs_hidden')
    expect(folded.cells.a!.metadata).toEqual({ jupyter: { outputs_hidden: true } })
    expect(toggleFold(folded, ['a'], 'outputs_hidden').cells.a!.metadata).toEqual({})
  })
})

describe('trouble with saving', () => {
  const fault = { code: 'E_DISK_FULL', message: 'The disk is full.' }

  it('is told while it lasts, by the document as by a message, and goes with either', () => {
    const troubled = loadDocument(opened(), document({ a: '1' }, { fault }))
    expect(troubled.notices).toMatchObject([{ ...fault, resolved: false }])
    expect(loadDocument(troubled, document({ a: '1' }, { fault })).notices).toHaveLength(1)
    expect(loadDocument(troubled, document({ a: '1' }, { fault: null })).notices).toEqual([])
    const mended = { header: { msg_type: 'mayfly_notice' }, metadata: {}, content: { ...fault, resolved: true } }
    expect(foldMessages(troubled, [mended]).notices).toEqual([])
  })

  it('leaves other notices alone', () => {
    const cull = { code: 'E_KERNEL_CULL', message: 'Ends soon.', action: 'keep' as const }
    const state = { ...opened(), notices: [cull] }
    expect(loadDocument(state, document({ a: '1' })).notices).toBe(state.notices)
  })
})
