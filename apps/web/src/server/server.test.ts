import { createHmac } from 'node:crypto'
import { MayflyError } from '@mayfly/executor/errors'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { readConfig } from './config'
import { formatCursors, parseCursors } from './cursors'
import { lines } from './ndjson'
import { listNotebooks } from './notebooks'
import { checkOrigin } from './origin'
import { createCaller } from './router'
import { createRunner, type Entry } from './runner'
import { type FakeRunner, sendJson, startFakeRunner } from './testing'
import { signTicket, TICKET_LIFE } from './ticket'

const secret = 'a'.repeat(64)
const env = { MAYFLY_SECRET: secret, MAYFLY_ORIGINS: 'http://127.0.0.1:3000', MAYFLY_RUNNER_URL: 'http://127.0.0.1:1' }

describe('config', () => {
  it('reads origins and drops trailing slashes', () => {
    const config = readConfig({
      ...env,
      MAYFLY_ORIGINS: 'http://localhost:1/, http://127.0.0.1:1',
      MAYFLY_RUNNER_URL: 'http://h:2/',
    })
    expect([...config.origins]).toEqual(['http://localhost:1', 'http://127.0.0.1:1'])
    expect(config.runnerUrl).toBe('http://h:2')
  })

  it('names every variable that is wrong', () => {
    expect(() => readConfig({ MAYFLY_SECRET: 'short' })).toThrow(/MAYFLY_SECRET.*MAYFLY_ORIGINS.*MAYFLY_RUNNER_URL/)
  })
})

describe('ticket', () => {
  it('is payload and HMAC-SHA256 of the encoded payload, good for twelve hours', () => {
    const now = 1_790_000_000_123
    const [payload = '', signature] = signTicket(secret, now).split('.')
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toEqual({
      sub: 'local',
      exp: 1_790_000_000 + TICKET_LIFE,
      scope: 'runner',
    })
    expect(signature).toBe(createHmac('sha256', secret).update(payload).digest('base64url'))
    expect(signTicket('b'.repeat(64), now).split('.')[1]).not.toBe(signature)
  })
})

describe('origin', () => {
  const origins = new Set(['http://127.0.0.1:3000'])
  const check = (headers: Record<string, string>) => checkOrigin(new Headers(headers), origins)

  it('lets the own page and plain clients through', () => {
    check({ origin: 'http://127.0.0.1:3000', 'sec-fetch-site': 'same-origin' })
    check({ 'sec-fetch-site': 'same-origin' })
    check({})
  })

  it('refuses foreign pages, with and without an Origin header', () => {
    expect(() => check({ origin: 'http://evil.example' })).toThrow(MayflyError)
    expect(() => check({ origin: 'null' })).toThrow(/not accepted/)
    expect(() => check({ 'sec-fetch-site': 'cross-site' })).toThrow(MayflyError)
    expect(() => check({ 'sec-fetch-site': 'same-site' })).toThrow(MayflyError)
  })
})

describe('cursors', () => {
  it('survive the way through an event id, less what has ended', () => {
    const runId = fc.stringMatching(/^[\w.-]{1,20}$/)
    fc.assert(
      fc.property(fc.dictionary(runId, fc.nat()), fc.dictionary(runId, fc.nat()), (asked, others) => {
        const runs = Object.fromEntries(Object.entries(asked).filter(([id]) => id !== '__proto__'))
        expect(parseCursors(formatCursors({ ...others, ...runs }), runs)).toEqual(runs)
        expect(parseCursors(undefined, runs)).toEqual(runs)
        expect(parseCursors(formatCursors({}), runs)).toEqual({})
      }),
    )
  })
})

describe('lines', () => {
  it('come out whole however the bytes are cut', async () => {
    const line = fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text))
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 9 }), async (expected, size) => {
        const bytes = new TextEncoder().encode(`${expected.map((text) => `${text}\n`).join('')}{"torn`)
        async function* chunks() {
          for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size)
        }
        const found: string[] = []
        for await (const batch of lines(chunks())) found.push(...batch)
        expect(found).toEqual(expected)
      }),
    )
  })
})

describe('the runner behind the API', () => {
  let fake: FakeRunner
  afterEach(() => fake.close())
  const callerFor = (url: string) =>
    createCaller({
      config: readConfig({ ...env, MAYFLY_RUNNER_URL: url }),
      runner: createRunner({ runnerUrl: url, secret }),
    })
  const header = {
    runId: 'r1',
    name: 'f',
    status: 'done',
    backend: 'localhost',
    createdAt: 1,
    jobs: 1,
    calls: 2,
    done: 2,
    failed: 0,
    cost: 0,
    lambdaCost: 0,
    seq: 9,
  }

  it('is asked with a ticket, and its answers are checked', async () => {
    let authorization: string | undefined
    fake = await startFakeRunner({
      'GET /api/mayfly/runs': (req, res) => {
        authorization = req.headers.authorization
        sendJson(res, [header])
      },
      'GET /api/mayfly/examples': (_, res) => sendJson(res, [{ id: 'x' }]),
    })
    const caller = callerFor(fake.url)
    expect(await caller.runs.list()).toEqual([header])
    expect(authorization).toMatch(/^token [\w-]+\.[\w-]+$/)
    await expect(caller.workspace.examples()).rejects.toMatchObject({ cause: { code: 'E_RUNNER_ANSWER' } })
    expect((await caller.kernel.ticket()).token).toMatch(/^[\w-]+\.[\w-]+$/)
  })

  it('keeps code, hint and status of a refusal', async () => {
    fake = await startFakeRunner({})
    const error = await callerFor(fake.url)
      .runs.get({ runId: 'none' })
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'NOT_FOUND', cause: { code: 'E_NOT_FOUND', hint: 'look elsewhere' } })
  })

  it('says in words that the runner does not answer', async () => {
    fake = await startFakeRunner({})
    await fake.close()
    await expect(callerFor(fake.url).runs.list()).rejects.toMatchObject({ cause: { code: 'E_RUNNER_UNREACHABLE' } })
  })

  it('refuses a run id that could be a path', async () => {
    fake = await startFakeRunner({})
    await expect(callerFor(fake.url).runs.cancel({ runId: '../x' })).rejects.toMatchObject({ code: 'BAD_REQUEST' })
    expect(fake.seen).toEqual([])
  })

  it('posts cancels and examples', async () => {
    fake = await startFakeRunner({
      'POST /api/mayfly/runs/r1/cancel': (_, res) => sendJson(res, {}, 202),
      'POST /api/mayfly/examples/demo': (_, res) => sendJson(res, { path: 'demo.ipynb' }),
    })
    const caller = callerFor(fake.url)
    await caller.runs.cancel({ runId: 'r1' })
    expect(await caller.workspace.openExample({ id: 'demo' })).toEqual({ path: 'demo.ipynb' })
  })
})

describe('notebooks', () => {
  it('are found in folders, newest first, with their cells; hidden and foreign folders are left out', async () => {
    const at = (minute: number) => `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z`
    const entry = (path: string, type: string, minute: number): Entry => {
      return { name: path.split('/').at(-1)!, path, type, last_modified: at(minute) }
    }
    const tree: Record<string, Entry[]> = {
      '': [
        entry('a.ipynb', 'notebook', 1),
        entry('sub', 'directory', 2),
        entry('.mayfly', 'directory', 2),
        entry('node_modules', 'directory', 2),
        entry('x.csv', 'file', 3),
      ],
      sub: [entry('sub/b.ipynb', 'notebook', 5), entry('sub/broken.ipynb', 'notebook', 4)],
    }
    const contents = async (path: string): Promise<Entry> => {
      if (path in tree) return { ...entry(path, 'directory', 0), content: tree[path] }
      if (path === 'sub/broken.ipynb') throw new Error('unreadable')
      if (!path.endsWith('.ipynb')) throw new Error(`unexpected ${path}`)
      return { ...entry(path, 'notebook', 0), content: { cells: [{}, {}] } }
    }
    expect(await listNotebooks({ contents })).toEqual([
      { path: 'sub/b.ipynb', modified: Date.parse(at(5)), cells: 2 },
      { path: 'sub/broken.ipynb', modified: Date.parse(at(4)), cells: 0 },
      { path: 'a.ipynb', modified: Date.parse(at(1)), cells: 2 },
    ])
  })
})
