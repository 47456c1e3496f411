import { beforeEach, describe, expect, it, vi } from 'vitest'
import { bindingsOf, COMMANDS, type CommandContext, commandOf, commandsFor } from './commands'
import { DocumentSchema } from './document'
import { createNotebookStore, loadDocument } from './store'

let context: CommandContext
const state = () => context.store.getState()
const run = (id: string) => commandOf(id).run(context)

beforeEach(() => {
  const store = createNotebookStore('x.ipynb')
  const cells = ['a', 'b', 'c'].map((id) => ({ id, cell_type: 'code', source: id, metadata: {} }))
  const document = DocumentSchema.parse({ notebook: { cells }, seq: 0, hash: '' })
  store.setState((current) => loadDocument(current, document))
  const session = {
    open: vi.fn(),
    run: vi.fn(),
    cancel: vi.fn(),
    answer: vi.fn(),
    keep: vi.fn(),
    interrupt: vi.fn(),
    restart: vi.fn(),
    catchUp: vi.fn(),
    complete: vi.fn(),
    dispose: vi.fn(),
  }
  const saver = { flush: vi.fn(async () => {}), settled: vi.fn(), resolve: vi.fn(), leave: vi.fn(), dispose: vi.fn() }
  context = {
    store,
    session,
    saver,
    help: vi.fn(),
    palette: vi.fn(),
    restart: vi.fn(),
    checkpoint: vi.fn(),
    cursor: () => 0,
    format: vi.fn(),
  }
})

describe('the table', () => {
  it('has no id twice, and no keys twice in one mode', () => {
    expect(new Set(COMMANDS.map(({ id }) => id)).size).toBe(COMMANDS.length)
    for (const mode of ['command', 'edit'] as const) {
      const keys = COMMANDS.filter(({ when }) => when === mode || when === 'always').flatMap((entry) => entry.keys)
      expect(new Set(keys).size).toBe(keys.length)
      expect(bindingsOf(mode).size).toBe(keys.length)
    }
  })

  it('leaves plain keys to the editor while one types', () => {
    for (const keys of bindingsOf('edit').keys()) expect(keys).toMatch(/^(mod|alt|shift)\+|^escape$/)
  })
})

describe('finding a command', () => {
  const ids = (text: string) => commandsFor(text).map(({ id }) => id)

  it('shows all without a text', () => expect(ids(' ')).toEqual(COMMANDS.map(({ id }) => id)))

  it('takes words in any order, parts of words, and the group', () => {
    expect(ids('all run')).toContain('notebook.run-all')
    expect(ids('ariab')).toEqual(['panel.variables'])
    expect(ids('KERNEL restart')[0]).toBe('kernel.restart')
    expect(ids('no such thing')).toEqual([])
  })

  it('puts titles that begin so first', () => {
    expect(ids('run all')[0]).toBe('notebook.run-all')
    expect(ids('cell')[0]).not.toBe('cell.delete')
    expect(ids('find')[0]).toBe('notebook.find')
  })
})

describe('running', () => {
  it('advances, and makes a new cell after the last', () => {
    run('cell.run-advance')
    expect(context.session.run).toHaveBeenLastCalledWith(['a'])
    expect(state()).toMatchObject({ selected: 'b', mode: 'command' })
    context.store.setState({ selected: 'c' })
    run('cell.run-advance')
    expect(state().order).toHaveLength(4)
    expect(state()).toMatchObject({ selected: state().order[3], mode: 'edit' })
  })

  it('stays, or inserts below', () => {
    run('cell.run')
    expect(state()).toMatchObject({ selected: 'a', mode: 'command' })
    run('cell.run-insert')
    expect(state().order[1]).toBe(state().selected)
    expect(state().mode).toBe('edit')
  })

  it('saves before it runs', () => {
    run('notebook.run-all')
    expect(context.saver.flush).toHaveBeenCalled()
    expect(context.session.run).toHaveBeenCalledWith(['a', 'b', 'c'])
  })

  it('runs above and below', () => {
    context.store.setState({ selected: 'b' })
    run('notebook.run-above')
    run('notebook.run-below')
    expect(vi.mocked(context.session.run).mock.calls).toEqual([[['a']], [['b', 'c']]])
  })
})

describe('cells', () => {
  it('are inserted, moved, converted, deleted and brought back, each a revision', () => {
    run('cell.insert-above')
    run('cell.to-markdown')
    run('cell.move-down')
    expect(state().order[1]).toBe(state().selected)
    expect(state().cells[state().selected!]!.kind).toBe('markdown')
    run('cell.delete')
    expect(state().order).toEqual(['a', 'b', 'c'])
    run('cell.undo')
    expect(state().order).toHaveLength(4)
    expect(state()).toMatchObject({ revision: 5, save: 'unsaved' })
  })

  it('that cannot change count no revision', () => {
    run('cell.move-up')
    run('cell.undo')
    run('cell.to-code')
    expect(state()).toMatchObject({ revision: 0, save: 'saved' })
  })

  it('are walked through with the keys', () => {
    run('cell.next')
    run('cell.next')
    run('cell.next')
    expect(state().selected).toBe('c')
    run('cell.previous')
    expect(state().selected).toBe('b')
    run('cell.edit')
    expect(state().mode).toBe('edit')
    run('cell.leave')
    expect(state().mode).toBe('command')
  })
})

it('kernel, saving and help reach their owners', () => {
  run('kernel.interrupt')
  run('kernel.restart')
  run('notebook.save')
  run('notebook.help')
  run('notebook.palette')
  expect(context.session.interrupt).toHaveBeenCalledOnce()
  expect(context.restart).toHaveBeenCalledOnce()
  expect(context.checkpoint).toHaveBeenCalledOnce()
  expect(context.help).toHaveBeenCalledOnce()
  expect(context.palette).toHaveBeenCalledOnce()
})
