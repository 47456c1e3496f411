// @vitest-environment happy-dom
import { expect, it } from 'vitest'
import { createInbox } from './inbox'
import type { WireMessage } from './messages'
import { createNotebookStore, loadDocument } from './store'

const tick = (seq: number): WireMessage => ({
  header: { msg_type: 'stream' },
  metadata: { mayfly: { cellId: 'c', seq } },
  content: { name: 'stdout', text: `${seq} ` },
})
const documentAt = (seq: number) => {
  const text = Array.from({ length: seq }, (_, i) => `${i + 1} `).join('')
  const outputs = [{ output_type: 'stream', name: 'stdout', text }]
  const cell = { id: 'c', cell_type: 'code', source: '', metadata: {}, execution_count: 1, outputs }
  return {
    notebook: { nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [cell] },
    seq,
    hash: 'h',
    kernelId: 'k',
    cells: { c: { state: 'running' as const, startedAt: 1 } },
  }
}

it('loses nothing when two fetches of the document overlap', () => {
  const store = createNotebookStore('n.ipynb')
  const inbox = createInbox(store)
  const load = (seq: number) => store.setState((state) => loadDocument(state, documentAt(seq) as never))
  inbox.hold()
  inbox.receive(tick(1))
  inbox.hold()
  inbox.receive(tick(2))
  load(2)
  inbox.release()
  inbox.receive(tick(3))
  // The second answer was made before message 3: it must not take it back.
  load(2)
  inbox.release()
  inbox.receive(tick(4))
  inbox.hold()
  inbox.release()
  expect(store.getState().cells.c?.outputs).toMatchObject([{ text: '1 2 3 4 ' }])
  inbox.dispose()
})
