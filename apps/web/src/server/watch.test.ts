import type { LoggedEvent, RunHeader } from '@mayfly/executor/events'
import { afterEach, describe, expect, it } from 'vitest'
import { decodeBatch } from '../lib/run-batch'
import { makeRun } from '../monitor/testing'
import { createRunner } from './runner'
import { type Answer, type FakeRunner, sendJson, startFakeRunner } from './testing'
import { type RunNews, watchRuns } from './watch'

const secret = 'a'.repeat(64)
let fake: FakeRunner
afterEach(() => fake.close())

const toLines = (events: LoggedEvent[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('')
const headerOf = (runId: string, status: RunHeader['status']): RunHeader => {
  return {
    runId,
    name: 'f',
    status,
    backend: 'x',
    createdAt: 0,
    jobs: 1,
    calls: 1,
    done: 0,
    failed: 0,
    cost: 0,
    lambdaCost: 0,
    seq: 0,
  }
}
const after = (events: LoggedEvent[], url: URL) =>
  events.filter(({ seq }) => seq > Number(url.searchParams.get('after')))

async function start(runs: Record<string, { events: Answer; status?: () => RunHeader['status'] }>) {
  const answers: Record<string, Answer> = {}
  for (const [runId, { events, status }] of Object.entries(runs)) {
    answers[`GET /api/mayfly/runs/${runId}/events`] = events
    answers[`GET /api/mayfly/runs/${runId}`] = (_, res) => sendJson(res, headerOf(runId, status?.() ?? 'done'))
  }
  fake = await startFakeRunner(answers)
  return createRunner({ runnerUrl: fake.url, secret })
}

async function collect(news: AsyncIterable<RunNews>) {
  const events: Record<string, LoggedEvent[]> = {}
  const ends: Record<string, string> = {}
  let messages = 0
  for await (const one of news) {
    messages++
    const list = (events[one.runId] ??= [])
    if (one.events) list.push(...decodeBatch(one.events))
    expect(one.seq).toBe(list.at(-1)?.seq ?? one.seq)
    if (one.end) ends[one.runId] = one.end
  }
  return { events, ends, messages }
}

describe('watching runs', () => {
  it('gives every event of several finished runs once and in order, and their ends', async () => {
    const a = makeRun({ runId: 'a', jobs: [400] })
    const b = makeRun({ runId: 'b', jobs: [3], seed: 2 })
    const runner = await start({
      a: { events: (_, res, url) => res.end(toLines(after(a, url))), status: () => 'failed' },
      b: { events: (_, res, url) => res.end(toLines(after(b, url))) },
    })
    const got = await collect(watchRuns(runner, { a: 0, b: 5, gone: 0 }, undefined, { limit: 500 }))
    expect(got.events.a).toEqual(a)
    expect(got.events.b).toEqual(b.slice(5))
    expect(got.ends).toEqual({ a: 'failed', b: 'done', gone: 'missing' })
    expect(got.messages).toBeLessThan(a.length / 100)
  })

  it('goes on where it was when the runner drops the stream, and reports a lost run', async () => {
    const log = makeRun({ jobs: [20], until: 900 })
    let asked = 0
    const runner = await start({
      a: {
        events: (_, res, url) => {
          asked++
          const rest = after(log, url)
          res.end(`${toLines(rest.slice(0, 30))}{"torn`)
        },
        status: () => (asked * 30 < log.length ? 'running' : 'lost'),
      },
    })
    const got = await collect(watchRuns(runner, { a: 0 }, undefined, { retry: 5, interval: 1 }))
    expect(got.events.a).toEqual(log)
    expect(got.ends).toEqual({ a: 'lost' })
    expect(asked).toBeGreaterThan(2)
  })

  it('closes its connection to the runner when the reader leaves, and when its signal aborts', async () => {
    const log = makeRun({ jobs: [2] })
    const runner = await start({
      a: { events: (_, res) => res.write(toLines(log.slice(0, 3))), status: () => 'running' },
    })
    for await (const news of watchRuns(runner, { a: 0 }, undefined)) {
      expect(news.seq).toBe(3)
      expect(fake.open()).toBe(1)
      break
    }
    await expect.poll(() => fake.open()).toBe(0)
    const abort = new AbortController()
    const rest = collect(watchRuns(runner, { a: 0 }, abort.signal))
    await expect.poll(() => fake.open()).toBe(1)
    abort.abort()
    await rest
    await expect.poll(() => fake.open()).toBe(0)
  })

  it('gathers a trickle of events into few messages', async () => {
    const log = makeRun({ jobs: [10] })
    const runner = await start({
      a: {
        events: (_, res) => {
          let at = 0
          const next = () => {
            res.write(toLines([log[at++]!]))
            if (at < log.length) setImmediate(next)
            else res.end()
          }
          next()
        },
      },
    })
    const got = await collect(watchRuns(runner, { a: 0 }, undefined, { interval: 200 }))
    expect(got.events.a).toEqual(log)
    expect(got.messages).toBeLessThan(log.length / 4)
  })
})
