import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RUN_MIME } from '@mayfly/executor/events'
import { expect, test, vi } from 'vitest'
import { type JupyterMessage, makeHeader } from '../kernel/index.js'
import { RunStrips, stripHtml } from './strips.js'

const output = { runId: 'r1', job: 'M000', name: 'a<b' }
const display = (type: string, value: object): JupyterMessage => ({
  channel: 'iopub',
  header: makeHeader(type, 's'),
  parent_header: { msg_id: 'request' },
  metadata: {},
  content: { data: { [RUN_MIME]: value, 'text/plain': 'M000' }, metadata: {}, transient: { display_id: 'd1' } },
})
const htmlOf = (message: JupyterMessage) => (message.content.data as Record<string, string>)['text/html']

test('a strip follows its run, and rests when it has its summary', async () => {
  const home = mkdtempSync(join(tmpdir(), 'mayfly-strip-'))
  mkdirSync(join(home, 'runs'))
  const log = (...events: object[]) =>
    appendFileSync(join(home, 'runs/r1.ndjson'), events.map((event) => `${JSON.stringify(event)}\n`).join(''))
  const sent: JupyterMessage[] = []
  const strips = new RunStrips(home, (message) => sent.push(message))
  expect(htmlOf(strips.dress(display('display_data', output)))).toContain('starting')

  log({ type: 'job.created', job: 'M000', first: 2, total: 3 }, { type: 'done', call: 2 }, { type: 'done', call: 1 })
  appendFileSync(join(home, 'runs/r1.ndjson'), '{"type":"done","ca')
  await vi.waitFor(() => expect(sent).toHaveLength(1), 30_000)
  expect(htmlOf(sent[0]!)).toContain('<progress value="1" max="3"></progress> 1 of 3 calls')
  expect(sent[0]).toMatchObject({ header: { msg_type: 'update_display_data' }, parent_header: { msg_id: 'request' } })
  appendFileSync(join(home, 'runs/r1.ndjson'), 'll":4}\n')
  log({ type: 'failed', call: 3, final: false }, { type: 'failed', call: 3, final: true })
  await vi.waitFor(() => expect(sent).toHaveLength(2), 30_000)
  expect(htmlOf(sent[1]!)).toContain('3 of 3 calls · <b>1 failed</b>')

  const summary = { total: 3, done: 2, failed: 1, elapsedMs: 1234, cost: 0, lambdaCost: 0 }
  const last = strips.dress(display('update_display_data', { ...output, summary }))
  expect(htmlOf(last)).toMatch(/3 of 3 calls · <b>1 failed<\/b> · 1\.2 s/)
  expect(sent).toHaveLength(2)
  strips.close()
  rmSync(home, { recursive: true })
})

test('names are text, and other messages pass as they are', () => {
  expect(stripHtml(output, { done: 0, failed: 0 })).toContain('a&lt;b')
  const other = { ...display('display_data', output), content: { data: { 'text/plain': '1' }, transient: {} } }
  expect(new RunStrips('/none', () => {}).dress(other)).toBe(other)
})
