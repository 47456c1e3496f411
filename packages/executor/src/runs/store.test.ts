import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import type { RunEvent } from '../events.js'
import { RunLog } from './log.js'
import { RunStore } from './store.js'

let folder: string
let store: RunStore

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mayfly-runs-'))
  store = open()
})

const open = (at = folder) => new RunStore(at, join(folder, 'cache', 'runs.json'))
const path = (id = 'run1') => join(folder, `${id}.ndjson`)

function created(pid = process.pid, runId = 'run1', at = Date.now()): RunEvent {
  const host = { pid, cpus: 2, memory: 1, node: '', platform: '' }
  const names = { name: 'f', backend: 'localhost', storage: 'localhost', notebook: 'a.ipynb', cellId: 'c' }
  return { type: 'run.created', at, runId, ...names, host, settings: { type: 'sample' } }
}

function job(calls: number): RunEvent[] {
  const metrics = { cpuMs: 1, peakRss: 1, rx: 0, tx: 0 }
  const list: RunEvent[] = [{ type: 'job.created', at: 1, job: 'M000', name: 'f', first: 0, total: calls }]
  for (let call = 0; call < calls; call++) {
    const of = { at: 1, call, attempt: 1 }
    list.push({ type: 'submitted', ...of }, { type: 'sample', ...of, rss: 1, ...metrics })
    list.push({ type: 'log', ...of, stream: 'stdout', text: '"type":"run.finished"' })
    if (call % 10 === 9) {
      const error = { name: 'E', code: 'E_USER', message: 'no' }
      list.push({ type: 'failed', ...of, ended: 1, kind: 'error', error, final: false })
      list.push({ type: 'failed', ...of, attempt: 2, ended: 1, kind: 'error', error, final: true })
    } else list.push({ type: 'done', ...of, ended: 1, metrics })
  }
  return list
}

const finished: RunEvent = { type: 'run.finished', at: 99, status: 'failed', cost: 1, lambdaCost: 2 }

function lines(events: RunEvent[], from = 1): string {
  return events.map((event, i) => `${JSON.stringify({ seq: from + i, ...event })}\n`).join('')
}

async function text(stream: ReadableStream<Uint8Array>): Promise<string> {
  return new Response(stream).text()
}

describe('headers', () => {
  test('fold a whole log', async () => {
    const events = [created(), ...job(100), finished]
    writeFileSync(path(), lines(events))
    expect(await store.get('run1')).toEqual({
      runId: 'run1',
      name: 'f',
      status: 'failed',
      backend: 'localhost',
      notebook: 'a.ipynb',
      cellId: 'c',
      createdAt: expect.any(Number),
      finishedAt: 99,
      jobs: 1,
      calls: 100,
      done: 90,
      failed: 10,
      cost: 1,
      lambdaCost: 2,
      seq: events.length,
    })
  })

  test('are the same however the log grew', async () => {
    const whole = lines([created(), ...job(30), finished])
    const expected = new RunLog(path('whole'))
    writeFileSync(path('whole'), whole)
    await expected.refresh()
    let n = 0
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(whole.length), { maxLength: 8 }), async (cuts) => {
        const file = path(`part${n++}`)
        const log = new RunLog(file)
        writeFileSync(file, '')
        let start = 0
        for (const cut of [...cuts.sort((a, b) => a - b), whole.length]) {
          appendFileSync(file, whole.slice(start, cut))
          start = cut
          await log.refresh()
        }
        expect([log.state, log.lines, log.end]).toEqual([expected.state, expected.lines, expected.end])
      }),
      { numRuns: 50 },
    )
  })

  test('come newest first, logs without a beginning and strange files are left out', async () => {
    writeFileSync(path('old'), lines([created(process.pid, 'old', 1), finished]))
    writeFileSync(path('new'), lines([created(process.pid, 'new', 2), finished]))
    writeFileSync(path('empty'), '')
    writeFileSync(path('torn'), lines([created()]).slice(0, 40))
    writeFileSync(join(folder, 'note.txt'), '')
    writeFileSync(path('a b'), lines([created()]))
    expect((await store.list()).map(({ runId }) => runId)).toEqual(['new', 'old'])
    expect(await open(join(folder, 'none')).list()).toEqual([])
  })

  test.each(['none', '../run1', 'a/b', ''])('%j is not found', async (id) => {
    await expect(store.get(id)).rejects.toThrow(expect.objectContaining({ code: 'E_NOT_FOUND' }))
  })
})

describe('the cache', () => {
  test('a later store need not read the log again, unless it changed', async () => {
    writeFileSync(path(), lines([created(), ...job(10), finished]))
    const before = await store.list()
    await store.close()
    const later = open()
    expect(await later.list()).toEqual(before)
    expect(await text(await later.tail('run1', 40, true))).toBe(
      lines([created(), ...job(10), finished])
        .split('\n')
        .slice(40)
        .join('\n'),
    )
    writeFileSync(path(), lines([created(), ...job(20), finished]))
    expect(await open().list()).toMatchObject([{ calls: 20 }])
  })

  test('a running run is not kept, a damaged file is ignored', async () => {
    writeFileSync(path(), lines([created()]))
    await store.list()
    await store.close()
    expect(existsSync(join(folder, 'cache'))).toBe(false)
    mkdirSync(join(folder, 'cache'))
    writeFileSync(join(folder, 'cache', 'runs.json'), '{"run1":{"size":1}}')
    expect(await open().list()).toHaveLength(1)
  })
})

describe('lost runs', () => {
  test('a run whose process is gone is lost', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    writeFileSync(path(), lines([created(child.pid), ...job(3)]))
    expect((await store.get('run1')).status).toBe('running')
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
    expect(await store.get('run1')).toMatchObject({ status: 'lost', finishedAt: expect.any(Number), done: 3 })
  })
})

describe('tails', () => {
  test('begin behind any line', async () => {
    const whole = lines([created(), ...job(700), finished])
    writeFileSync(path(), whole)
    const all = whole.split(/(?<=\n)/).filter(Boolean)
    for (const after of [0, 1, 5, 1023, 1024, 1025, 2500, all.length - 1, all.length, all.length + 5])
      expect(await text(await store.tail('run1', after, false))).toBe(all.slice(after).join(''))
  })

  test('without follow they end where the log ends, complete lines only', async () => {
    const first = lines([created()])
    writeFileSync(path(), `${first}{"seq":2,"torn`)
    expect(await text(await store.tail('run1', 0, false))).toBe(first)
  })

  test('with follow they go on until the run ends', async () => {
    const events = [created(), ...job(5), finished]
    writeFileSync(path(), lines(events.slice(0, 3)))
    const following = store.tail('run1', 1, true).then(text)
    for (let i = 3; i < events.length; i++) {
      const line = lines(events.slice(i, i + 1), i + 1)
      appendFileSync(path(), line.slice(0, 9))
      if (i % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 120))
      appendFileSync(path(), line.slice(9))
    }
    expect(await following).toBe(lines(events).split('\n').slice(1).join('\n'))
  })

  test('with follow they end when the process is gone', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    writeFileSync(path(), lines([created(child.pid)]))
    const following = store.tail('run1', 0, true).then(text)
    child.kill('SIGKILL')
    expect((await following).split('\n')).toHaveLength(2)
  })

  test('a reader that leaves ends the following', async () => {
    writeFileSync(path(), lines([created()]))
    const reader = (await store.tail('run1', 0, true)).getReader()
    await reader.read()
    await reader.cancel()
  })
})

test('cancelling leaves a file for the executor', async () => {
  writeFileSync(path(), lines([created()]))
  await store.cancel('run1')
  expect(existsSync(join(folder, 'run1.cancel'))).toBe(true)
  writeFileSync(path('ended'), lines([created(process.pid, 'ended'), finished]))
  await store.cancel('ended')
  expect(existsSync(join(folder, 'ended.cancel'))).toBe(false)
  await expect(store.cancel('none')).rejects.toThrow(expect.objectContaining({ code: 'E_NOT_FOUND' }))
})
