import { MayflyError } from '@mayfly/executor/errors'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { withSetting } from './backend/settings'
import type { RunnerClient } from './client'
import { DocumentSchema } from './document'
import { createSaver, SAVE_AFTER_MS, type Saver } from './save'
import { createNotebookStore, edited, loadDocument, type NotebookStore, setSource } from './store'

const document = (source: string, hash: string) =>
  DocumentSchema.parse({
    notebook: { cells: [{ id: 'a', cell_type: 'code', source, metadata: {} }] },
    seq: 0,
    hash,
  })
const conflict = () => new MayflyError('E_DOCUMENT_CONFLICT', 'changed outside')

let store: NotebookStore
let saver: Saver
const save = vi.fn<RunnerClient['save']>()
const fetchDocument = vi.fn<RunnerClient['document']>()

beforeEach(() => {
  vi.useFakeTimers()
  save.mockReset().mockResolvedValue({ hash: 'h2', seq: 1 })
  fetchDocument.mockReset()
  store = createNotebookStore('x.ipynb')
  saver = createSaver(store, { save, document: fetchDocument } as unknown as RunnerClient)
  store.setState((state) => loadDocument(state, document('1', 'h1')))
})
afterEach(() => {
  saver.dispose()
  vi.useRealTimers()
})

const type = (source: string) => store.setState((state) => setSource(state, 'a', source))

it('saves once, a moment after the last edit', async () => {
  type('2')
  await vi.advanceTimersByTimeAsync(SAVE_AFTER_MS - 1)
  type('3')
  await vi.advanceTimersByTimeAsync(SAVE_AFTER_MS - 1)
  expect(save).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  expect(save).toHaveBeenCalledOnce()
  expect(save.mock.calls[0]![1]).toMatchObject({ hash: 'h1', cells: [{ id: 'a', source: '3' }] })
  expect(store.getState()).toMatchObject({ save: 'saved', hash: 'h2' })
})

it('saves again what was typed during a save, on the new hash', async () => {
  let answer: (value: { hash: string; seq: number }) => void = () => {}
  save.mockImplementationOnce(() => new Promise((resolve) => (answer = resolve)))
  type('2')
  await vi.advanceTimersByTimeAsync(SAVE_AFTER_MS)
  type('3')
  answer({ hash: 'h2', seq: 1 })
  await vi.advanceTimersByTimeAsync(SAVE_AFTER_MS)
  expect(save).toHaveBeenCalledTimes(2)
  expect(save.mock.calls[1]![1]).toMatchObject({ hash: 'h2', cells: [{ source: '3' }] })
  expect(store.getState().save).toBe('saved')
})

it('tries again after a failure', async () => {
  save.mockRejectedValueOnce(new Error('down'))
  type('2')
  await vi.advanceTimersByTimeAsync(SAVE_AFTER_MS)
  expect(store.getState().save).toBe('failed')
  await vi.advanceTimersByTimeAsync(5000)
  expect(store.getState().save).toBe('saved')
})

it('saves on top when only outputs have changed in the file', async () => {
  save.mockRejectedValueOnce(conflict())
  fetchDocument.mockResolvedValue(document('1', 'h9'))
  type('2')
  await vi.advanceTimersByTimeAsync(SAVE_AFTER_MS)
  expect(save.mock.calls[1]![1]).toMatchObject({ hash: 'h9', cells: [{ source: '2' }] })
  expect(store.getState().save).toBe('saved')
})

it.each(['reload', 'overwrite'] as const)('asks when the text has changed outside: %s', async (choice) => {
  save.mockRejectedValueOnce(conflict())
  fetchDocument.mockResolvedValue(document('theirs', 'h9'))
  type('mine')
  await vi.advanceTimersByTimeAsync(SAVE_AFTER_MS)
  expect(store.getState().save).toBe('conflict')
  type('mine too')
  await vi.advanceTimersByTimeAsync(SAVE_AFTER_MS)
  expect(save).toHaveBeenCalledOnce()

  await saver.resolve(choice)
  expect(store.getState().save).toBe('saved')
  if (choice === 'reload') expect(store.getState()).toMatchObject({ hash: 'h9', cells: { a: { source: 'theirs' } } })
  else expect(save.mock.calls[1]![1]).toMatchObject({ hash: 'h9', cells: [{ source: 'mine too' }] })
})

it('keeps the settings that another page has saved meanwhile, and shows them', async () => {
  const set = (key: 'workers' | 'runtimeMemory', value: number) =>
    store.setState((state) => edited(state, { metadata: withSetting(state.metadata, key, value) }))
  const theirs = document('1', 'h9')
  theirs.notebook.metadata = { mayfly: { workers: 4, budget: { usd: 2 } } }
  fetchDocument.mockResolvedValue(theirs)
  save.mockRejectedValueOnce(conflict())
  set('runtimeMemory', 512)
  expect(await saver.settled()).toBe(false)
  const both = { mayfly: { workers: 4, budget: { usd: 2 }, runtimeMemory: 512 } }
  expect(save.mock.lastCall![1]).toMatchObject({ hash: 'h9', metadata: both })
  expect(store.getState()).toMatchObject({ save: 'saved', metadata: both })
  expect(saver.settled()).toBeUndefined()

  const later = document('1', 'h10')
  later.notebook.metadata = { mayfly: { ...both.mayfly, workers: 6 } }
  fetchDocument.mockResolvedValue(later)
  save.mockRejectedValueOnce(conflict())
  set('workers', 100)
  await saver.flush()
  expect(store.getState().metadata).toEqual(later.notebook.metadata)
})

it('hands unsaved text to the browser when the page goes', () => {
  saver.leave()
  expect(save).not.toHaveBeenCalled()
  type('2')
  saver.leave()
  expect(save.mock.calls[0]![2]).toEqual({ leaving: true })
})

it('saves settings before a cell is run, and says when it could not', async () => {
  const choose = (backend: string) =>
    store.setState((state) => edited(state, { metadata: withSetting(state.metadata, 'backend', backend) }))
  expect(saver.settled()).toBeUndefined()
  type('2')
  expect(saver.settled()).toBeUndefined()
  choose('aws_lambda')
  expect(await saver.settled()).toBe(true)
  expect(save.mock.lastCall![1]).toMatchObject({ metadata: { mayfly: { backend: 'aws_lambda' } } })
  expect(saver.settled()).toBeUndefined()
  choose('localhost')
  save.mockRejectedValueOnce(new MayflyError('E_NETWORK', 'gone'))
  expect(await saver.settled()).toBe(false)
  expect(await saver.settled()).toBe(true)
})
