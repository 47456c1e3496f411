/**
 * The promise of durable documents, kept against SIGKILL: a real runner with a real kernel is killed at random moments while a client
 * runs cells and saves. What the client saw, and what was answered to it, must be there afterwards, once.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeWorkspace, startTestRunner, type TestRunner } from '../fixtures/runner.js'
import { connectPlain, type Stamped } from '../fixtures/socket.js'
import { type NotebookCell, parseNotebook } from '../nbformat.js'

/** More rounds for a long look: KILL_ROUNDS=200. */
const ROUNDS = Number(process.env.KILL_ROUNDS ?? 5)
const CELLS = ['a', 'b', 'c']
const SEEN = 5
const URL = '/api/mayfly/documents/k.ipynb'

/** mulberry32, a small generator with a seed (T. Ettinger, public domain): a failure names its round and can be repeated. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

interface Round {
  seen: Stamped[]
  /** Number in the last source whose saving was answered, and in the last that was sent. */
  saved: number
  sent: number
}

// Text that says which run it belongs to and in which place: `run:0 run:1 …`, with displays in between and one that is updated.
const code = (run: number) => `
for (let i = 0; i < 400; i++) {
  console.log('${run}:' + i)
  if (i % 50 === 7) display('${run}:' + i)
  if (i % 20 === 3) await new Promise((done) => setTimeout(done, 5))
}`

async function live(runner: TestRunner, round: number, next: () => number): Promise<Round> {
  const kernel = { name: 'mayfly' }
  const session = await runner.http('POST', '/api/sessions', { body: { path: 'k.ipynb', type: 'notebook', kernel } })
  const client = await connectPlain(runner, session.json.kernel.id, `s${round}`)
  const result: Round = { seen: client.seen, saved: -1, sent: -1 }
  let alive = true
  const running = (async () => {
    for (let run = 0; alive; run++) {
      const ids = CELLS.map((cell) => client.execute(code(round * 1000 + run), cell))
      for (const id of ids) await client.reply(id)
    }
  })().catch(() => undefined)
  const saving = (async () => {
    let { hash } = (await runner.http('GET', URL)).json
    while (alive) {
      const source = `${round * 1000 + ++result.sent}`
      const cells = [...CELLS, 'text'].map((id) => ({ id, cell_type: id === 'text' ? 'markdown' : 'code', source }))
      const answer = await runner.http('PUT', URL, { body: { cells, metadata: {}, hash } })
      expect(answer).toMatchObject({ status: 200 })
      result.saved = result.sent
      hash = answer.json.hash
    }
  })().catch((error) => {
    alive = false
    if (error.name === 'AssertionError') throw error
  })
  // In two rounds of three something has been seen and saved by then, however slow the machine is.
  while (round % 3 > 0 && alive && (client.seen.length < SEEN || result.saved < 0))
    await new Promise((resolve) => setTimeout(resolve, 5))
  await new Promise((resolve) => setTimeout(resolve, next() * 500))
  if (next() < 0.3) {
    const { pid } = (await runner.http('GET', `/api/mayfly/kernels/${session.json.kernel.id}/usage`)).json
    if (pid) process.kill(pid, 'SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, next() * 300))
  }
  alive = false
  await runner.stop('SIGKILL')
  client.socket.terminate()
  await Promise.all([running, saving])
  return result
}

/** The tokens of the last run of a cell, in the messages a client saw or in the outputs of a document. */
function lastRun(tokens: string[]): { run: number; places: number[] } {
  const run = Number(tokens.at(-1)?.split(':')[0] ?? -1)
  const own = tokens.filter((token) => token.startsWith(`${run}:`))
  return { run, places: own.map((token) => Number(token.split(':')[1])) }
}

const TOKEN = /\d+:\d+/g

function checkCell(cell: NotebookCell, state: { status?: string }, seen: Stamped[]): void {
  const outputs = cell.outputs ?? []
  const printed = outputs.flatMap((o) => (o.output_type === 'stream' ? o.text : [])).join('')
  const shown = outputs.flatMap((o) => (o.output_type === 'display_data' ? JSON.stringify(o.data['text/plain']) : []))
  const there = lastRun(printed.match(TOKEN) ?? [])
  // Nothing doubled, nothing missing in the middle, nothing of another run.
  expect(printed.match(TOKEN) ?? []).toHaveLength(there.places.length)
  expect(there.places).toEqual(there.places.map((_, i) => i))
  const displays = lastRun(shown.flatMap((text) => text.match(TOKEN) ?? []))
  expect(displays.places).toEqual(displays.places.map((_, i) => i * 50 + 7))
  const own = seen.filter(({ cellId }) => cellId === cell.id).map(({ message }) => message)
  const begun = own.findLastIndex(({ header }) => header.msg_type === 'execute_input')
  if (begun === -1) return
  const count = Number(own[begun]!.content.execution_count)
  const restarted = seen.some(({ message }) => message.content.execution_state === 'restarting')
  if (!restarted) expect(cell.execution_count).toBeGreaterThanOrEqual(count)
  // A later run may have begun without the client seeing it.
  if (restarted || cell.execution_count !== count) return
  const later = own.slice(begun)
  const texts = later.flatMap(({ header, content }) => (header.msg_type === 'stream' ? String(content.text) : []))
  const saw = lastRun(texts.join('').match(TOKEN) ?? [])
  if (saw.run !== -1) expect(there.run).toBe(saw.run)
  expect(there.places.length).toBeGreaterThanOrEqual(saw.places.length)
  // A run whose end was seen was not cut off.
  if (!later.some(({ header, content }) => header.msg_type === 'execute_reply' && content.status === 'ok')) return
  expect(there.places).toHaveLength(400)
  expect(displays.places).toHaveLength(8)
  expect(outputs.filter((o) => o.output_type === 'error')).toEqual([])
  expect(state.status).toBe('ok')
}

test('a runner that is killed at any moment loses and doubles nothing that was seen or answered', async () => {
  const root = makeWorkspace()
  let runner = await startTestRunner(root)
  onTestFinished(() => void runner.stop('SIGKILL'))
  const cells = [...CELLS, 'text'].map((id) => ({
    id,
    cell_type: id === 'text' ? 'markdown' : 'code',
    source: '',
    metadata: {},
  }))
  const content = { nbformat: 4, nbformat_minor: 5, metadata: {}, cells }
  await runner.http('PUT', '/api/contents/k.ipynb', { body: { type: 'notebook', format: 'json', content } })
  let messages = 0
  for (let round = 1; round <= ROUNDS; round++) {
    const next = random(round)
    const { seen, saved, sent } = await live(runner, round, next)
    messages += seen.length
    const seqs = seen.map(({ seq }) => seq)
    expect(seqs).toEqual(seqs.map((_, i) => seqs[0]! + i))
    parseNotebook(readFileSync(join(root, 'k.ipynb'), 'utf8'), 'k.ipynb')
    runner = await startTestRunner(root)
    // Sometimes the next one dies while it recovers.
    if (next() < 0.3) {
      void runner.http('GET', URL).catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, next() * 40))
      await runner.stop('SIGKILL')
      runner = await startTestRunner(root)
    }
    const { json } = await runner.http('GET', URL)
    expect.soft(json.seq, `seq after round ${round}`).toBeGreaterThanOrEqual(seqs.at(-1) ?? 0)
    const source = Number(json.notebook.cells[3].source) - round * 1000
    if (saved >= 0) expect(source, `source after round ${round}`).toBeGreaterThanOrEqual(saved)
    if (saved >= 0) expect(source).toBeLessThanOrEqual(sent)
    for (const cell of json.notebook.cells.slice(0, 3)) checkCell(cell, json.cells[cell.id], seen)
  }
  await runner.stop()
  expect(messages).toBeGreaterThanOrEqual(Math.floor((ROUNDS * 2) / 3) * SEEN)
  console.info(`${ROUNDS} rounds, ${messages} messages seen`)
}, 600_000)
