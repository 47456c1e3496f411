import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import WebSocket from 'ws'
import { makeWorkspace, ORIGIN, SECRET, startTestRunner, type TestRunner } from './fixtures/runner.js'

let runner: TestRunner

/** Patience for a busy machine; nothing here is about speed. */
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 30_000, interval: 20 })

beforeAll(async () => {
  runner = await startTestRunner()
})

afterAll(async () => {
  await runner.stop()
})

describe('who may come in', () => {
  test.each([
    ['GET /api goes without a ticket', '/api', { authorization: '' }, 200],
    ['nothing else does', '/api/status', { authorization: '' }, 401],
    ['a wrong ticket', '/api/status', { authorization: 'token abc.def' }, 401],
    ['our page', '/api/status', { origin: ORIGIN }, 200],
    ['another page', '/api/status', { origin: 'http://evil.example' }, 403],
    ['a sandboxed page', '/api/status', { origin: 'null' }, 403],
    ['another host name', '/api', { host: 'evil.example' }, 403],
    ['localhost', '/api/status', { host: 'localhost:1234' }, 200],
  ])('%s', async (_, path, headers, status) => {
    const answer = await runner.http('GET', path, { headers: headers as Record<string, string> })
    expect(answer.status).toBe(status)
    if (status !== 200)
      expect(answer.json).toMatchObject({
        message: expect.any(String),
        code: expect.stringMatching(/^E_/),
        traceback: '',
      })
  })

  test('a ticket in the query or a cookie', async () => {
    const none = { authorization: '' }
    const query = await runner.http('GET', `/api/status?token=${runner.ticket}&1234`, { headers: none })
    const cookie = { ...none, cookie: `mayfly-ticket=${runner.ticket}` }
    expect([query.status, (await runner.http('GET', '/api/status', { headers: cookie })).status]).toEqual([200, 200])
  })

  test.each([
    ['without a ticket', '', {}, 401],
    ['from another page', '?token=T', { origin: 'http://evil.example' }, 403],
    ['under another host name', '?token=T', { host: 'evil.example' }, 403],
    ['to an unknown kernel', '?token=T', { origin: ORIGIN }, 404],
  ])('a socket %s is refused', async (_, query, headers, status) => {
    const url = `ws://127.0.0.1:${runner.port}/api/kernels/none/channels${query.replace('T', runner.ticket)}`
    const socket = new WebSocket(url, { headers: headers as Record<string, string> })
    const code = await new Promise((resolve) => {
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode))
      socket.on('error', () => {})
      socket.on('open', () => resolve('open'))
    })
    socket.terminate()
    expect(code).toBe(status)
  })
})

describe('contents over HTTP', () => {
  test.each(['/api/contents/%2e%2e/x', '/api/contents/..%2f..%2fetc%2fpasswd', '/files/..%2f..%2fetc%2fpasswd'])(
    '%s stays inside',
    async (path) => expect([400, 404]).toContain((await runner.http('GET', path)).status),
  )

  test.each(['/api/contents/.mayfly', '/files/.mayfly/x', '/api/mayfly/documents/.mayfly/x.ipynb'])(
    '%s is not there',
    async (path) => expect((await runner.http('GET', path)).status).toBe(404),
  )

  test('bad parameters and bodies are named', async () => {
    const type = await runner.http('GET', '/api/contents/sub?type=poem')
    expect(type).toMatchObject({
      status: 400,
      json: { code: 'E_REQUEST_INVALID', message: expect.stringMatching(/type/) },
    })
    const body = await runner.http('PUT', '/api/contents/a.txt', { body: { type: 'poem' } })
    expect(body).toMatchObject({ status: 400, json: { message: expect.stringMatching(/type/) } })
    expect((await runner.http('PATCH', '/api/contents/a.txt', { body: {} })).status).toBe(400)
  })

  test('names with any letters', async () => {
    const path = encodeURIComponent('Über 100% #1 ?.txt')
    const body = { type: 'file', format: 'text', content: 'x' }
    expect((await runner.http('PUT', `/api/contents/${path}`, { body })).status).toBe(201)
    expect((await runner.http('PUT', `/api/contents/${path}`, { body })).status).toBe(200)
    expect((await runner.http('GET', `/api/contents/${path}?content=1`)).json).toMatchObject({ content: 'x' })
  })

  test('files are served whole and in ranges, and never as a page of ours', async () => {
    writeFileSync(join(runner.root, 'page.html'), '<script>0123456789</script>')
    const whole = await runner.http('GET', '/files/page.html')
    expect(whole).toMatchObject({ status: 200, text: '<script>0123456789</script>' })
    expect(whole.headers).toMatchObject({ 'content-security-policy': 'sandbox', 'x-content-type-options': 'nosniff' })
    const part = await runner.http('GET', '/files/page.html', { headers: { range: 'bytes=8-11' } })
    expect(part).toMatchObject({ status: 206, text: '0123' })
    expect((await runner.http('GET', '/files/page.html', { headers: { range: 'bytes=-9' } })).text).toBe('</script>')
    expect((await runner.http('GET', '/files/page.html', { headers: { range: 'bytes=99-' } })).status).toBe(416)
    expect((await runner.http('GET', '/files/sub')).status).toBe(404)
  })

  test('the rest of floods comes from its own folder, in ranges, as text, and from nowhere else', async () => {
    const folder = join(runner.root, '.mayfly', 'outputs', 'k1')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'a-1.txt'), '<b>0123456789')
    symlinkSync(join(runner.root, 'page.html'), join(folder, 'link.txt'))
    const url = '/api/mayfly/outputs/k1/a-1.txt'
    const whole = await runner.http('GET', url)
    expect(whole).toMatchObject({ status: 200, text: '<b>0123456789' })
    expect(whole.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    })
    expect(whole.headers['content-disposition']).toBeUndefined()
    const saved = await runner.http('GET', `${url}?download=1`, { headers: { range: 'bytes=-3' } })
    expect(saved).toMatchObject({ status: 206, text: '789' })
    expect(saved.headers['content-disposition']).toBe("attachment; filename*=UTF-8''a-1.txt")
    for (const [path, status] of [
      ['k1', 404],
      ['k1/link.txt', 404],
      ['k1/..%2f..%2fjournal', 400],
      ['%2e%2e/storage', 404],
    ] as const)
      expect([path, (await runner.http('GET', `/api/mayfly/outputs/${path}`)).status]).toEqual([path, status])
  })

  test('a folder named checkpoints is a folder', async () => {
    mkdirSync(join(runner.root, 'sub', 'checkpoints'))
    const answer = await runner.http('GET', '/api/contents/sub/checkpoints')
    expect(answer.json).toMatchObject({ type: 'directory' })
  })
})

describe('examples', () => {
  test('a blank notebook gets a free name', async () => {
    const paths = []
    for (let i = 0; i < 2; i++) paths.push((await runner.http('POST', '/api/mayfly/examples/blank')).json.path)
    expect(paths).toEqual(['Untitled.ipynb', 'Untitled1.ipynb'])
    expect((await runner.http('POST', '/api/mayfly/examples/none')).status).toBe(404)
  })

  test('a copy that is there is opened, not overwritten', async () => {
    const list = (await runner.http('GET', '/api/mayfly/examples')).json as { id: string }[]
    const experiments = ['experiment-1-typical', 'experiment-2-interactive', 'experiment-3-stress']
    expect(list.map(({ id }) => id)).toEqual(['hello-map', 'demo', ...experiments, 'blank'])
    writeFileSync(join(runner.root, 'demo.ipynb'), 'mine')
    expect((await runner.http('POST', '/api/mayfly/examples/demo')).json).toEqual({ path: 'demo.ipynb' })
    expect(readFileSync(join(runner.root, 'demo.ipynb'), 'utf8')).toBe('mine')
  })
})

describe('kernels over HTTP', () => {
  test('what a kernel takes of the machine, with the processes it started', async () => {
    const { id } = (await runner.http('POST', '/api/kernels', { body: {} })).json
    const first = (await runner.http('GET', `/api/mayfly/kernels/${id}/usage`)).json
    expect(first).toMatchObject({ pid: expect.any(Number), cpu: 0 })
    for (const name of ['rss', 'ownRss', 'rssLimit', 'heapUsed', 'heapLimit'])
      expect([name, first[name]]).toEqual([name, expect.any(Number)])
    expect(first.rss).toBeGreaterThan(10e6)
    await new Promise((resolve) => setTimeout(resolve, 600))
    const second = (await runner.http('GET', `/api/mayfly/kernels/${id}/usage`)).json
    expect(second.cpu).toBeLessThan(8)
    expect((await runner.http('GET', '/api/mayfly/kernels/none/usage')).status).toBe(404)
    await runner.http('DELETE', `/api/kernels/${id}`)
  })

  test('kernel specs by name', async () => {
    expect((await runner.http('GET', '/api/kernelspecs/mayfly')).json).toMatchObject({ name: 'mayfly', spec: {} })
    expect((await runner.http('GET', '/api/kernelspecs/python3')).status).toBe(404)
  })
})

describe('documents over HTTP', () => {
  const url = '/api/mayfly/documents/sub/doc.ipynb'
  const cells = [{ id: 'a', cell_type: 'code', source: '1 + 1', metadata: {} }]

  test('get, put, conflict', async () => {
    expect((await runner.http('GET', url)).status).toBe(404)
    const file = join(runner.root, 'sub/doc.ipynb')
    writeFileSync(file, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [] }))
    const { json } = await runner.http('GET', url)
    expect(json).toMatchObject({ notebook: { nbformat: 4, cells: [] }, seq: 0, kernelId: null, cells: {} })
    const saved = await runner.http('PUT', url, { body: { cells, metadata: { k: 1 }, hash: json.hash } })
    expect(saved).toMatchObject({ status: 200, json: { seq: 0, hash: expect.stringMatching(/^[0-9a-f]{64}$/) } })
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ metadata: { k: 1 }, cells: [{ source: ['1 + 1'] }] })
    const again = await runner.http('PUT', url, { body: { cells, metadata: {}, hash: json.hash } })
    expect(again).toMatchObject({
      status: 409,
      json: { code: 'E_DOCUMENT_CONFLICT', where: { hash: saved.json.hash } },
    })
    expect((await runner.http('POST', `${url}/clear`, { body: {} })).status).toBe(200)
  })

  const odd = {
    nbformat: 4,
    nbformat_minor: 2,
    metadata: { celltoolbar: 'Tags', mine: { deep: [1] } },
    cells: [
      {
        cell_type: 'code',
        source: ['a\n', 'b'],
        metadata: { collapsed: true },
        execution_count: null,
        outputs: [
          {
            output_type: 'display_data',
            metadata: {},
            data: { 'application/x-unknown': 'kept', 'application/vnd.x+json': [1] },
          },
        ],
      },
      { id: 'x', cell_type: 'markdown', source: 'one', metadata: {} },
      { id: 'x', cell_type: 'raw', source: '', metadata: { format: 'text/restructuredtext' } },
    ],
  }
  test.each([
    ['without ids, with double ones and unknown parts', JSON.stringify(odd)],
    ['with a byte order mark', `\ufeff${JSON.stringify(odd)}`],
  ])('a notebook %s opens and keeps them', async (_, text) => {
    const file = join(runner.root, 'odd.ipynb')
    writeFileSync(file, text)
    const path = '/api/mayfly/documents/odd.ipynb'
    const { notebook, hash } = (await runner.http('GET', path)).json
    expect(readFileSync(file, 'utf8')).toBe(text)
    expect(new Set(notebook.cells.map(({ id }: { id: string }) => id)).size).toBe(3)
    const edited = notebook.cells.map(({ id, cell_type, source, metadata }: typeof notebook) => ({
      id,
      cell_type,
      source: `${source}!`,
      metadata,
    }))
    expect(
      (await runner.http('PUT', path, { body: { cells: edited, metadata: notebook.metadata, hash } })).status,
    ).toBe(200)
    const saved = JSON.parse(readFileSync(file, 'utf8'))
    expect(saved).toMatchObject({ nbformat_minor: 5, metadata: odd.metadata })
    expect(saved.cells).toMatchObject(odd.cells.map(({ metadata, cell_type }) => ({ metadata, cell_type })))
    expect(saved.cells[0].outputs).toEqual(odd.cells[0]!.outputs)
  })

  test.each([
    ['of version 3', JSON.stringify({ nbformat: 3, nbformat_minor: 0, metadata: {}, worksheets: [] })],
    ['that is not JSON', '{"nbformat": 4,'],
    ['in the middle of a merge', '<<<<<<< HEAD\n{}\n======='],
    ['that is a list', '[]'],
    ['whose cells are none', JSON.stringify({ nbformat: 4, metadata: {}, cells: [{ cell_type: 'poem' }] })],
    ['that is not UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
  ])('a file %s is refused and never overwritten', async (_, bytes) => {
    const file = join(runner.root, 'foreign.ipynb')
    writeFileSync(file, bytes)
    const path = '/api/mayfly/documents/foreign.ipynb'
    expect(await runner.http('GET', path)).toMatchObject({
      status: 422,
      json: { code: 'E_NOTEBOOK_INVALID', hint: expect.any(String) },
    })
    expect((await runner.http('PUT', path, { body: { cells, metadata: {}, hash: '' } })).status).toBe(422)
    expect((await runner.http('GET', '/api/contents/foreign.ipynb')).status).toBe(422)
    expect((await runner.http('GET', '/api/contents/foreign.ipynb?content=0')).status).toBe(200)
    expect(readFileSync(file).equals(Buffer.from(bytes))).toBe(true)
  })

  test('double ids and files that are no notebooks are refused', async () => {
    const body = { cells: [...cells, ...cells], metadata: {}, hash: '' }
    expect(await runner.http('PUT', url, { body })).toMatchObject({
      status: 400,
      json: { message: expect.stringMatching(/unique/) },
    })
    writeFileSync(join(runner.root, 'bad.ipynb'), '{"nbformat": 3}')
    const bad = await runner.http('GET', '/api/mayfly/documents/bad.ipynb')
    expect(bad).toMatchObject({ status: 422, json: { code: 'E_NOTEBOOK_INVALID', hint: expect.any(String) } })
  })
})

describe('versions over HTTP', () => {
  const url = '/api/mayfly/documents/sub/history.ipynb'
  const cells = (source: string) => [{ id: 'a', cell_type: 'code', source, metadata: {} }]
  const versions = async () =>
    (await runner.http('GET', `${url}/versions`)).json as { id: string; cause: string; hash: string }[]
  const source = async () => (await runner.http('GET', url)).json.notebook.cells[0].source as string
  const save = async (text: string) => {
    const { hash } = (await runner.http('GET', url)).json
    return (await runner.http('PUT', url, { body: { cells: cells(text), metadata: {}, hash } })).json
  }

  test('every edit, checkpoint and overwriting is kept and can be had back', async () => {
    expect((await runner.http('GET', `${url}/versions`)).status).toBe(404)
    const file = join(runner.root, 'sub/history.ipynb')
    writeFileSync(file, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: cells('original') }))
    expect(await versions()).toEqual([])
    await save('one')
    const { hash } = await save('two')
    await eventually(async () => expect((await versions())[0]?.hash).toBe(hash))
    expect(await runner.http('POST', '/api/contents/sub/history.ipynb/checkpoints')).toMatchObject({ status: 201 })
    expect((await versions()).map(({ cause }) => cause)).toEqual(['checkpoint', 'autosave', 'autosave', 'autosave'])
    writeFileSync(file, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: cells('outside') }))
    expect(await source()).toBe('outside')
    const list = await versions()
    expect(list.map(({ cause }) => cause).slice(0, 2)).toEqual(['autosave', 'conflict'])
    const oldest = list.at(-1)!
    expect((await runner.http('GET', `${url}/versions/${oldest.id}`)).json).toMatchObject({
      cells: [{ source: 'original' }],
    })
    const restored = await runner.http('POST', `${url}/versions/${oldest.id}/restore`)
    expect(restored).toMatchObject({ status: 200, json: { hash: oldest.hash, seq: 0 } })
    expect(await source()).toBe('original')
    expect(JSON.parse(readFileSync(file, 'utf8')).cells[0].source).toEqual(['original'])
    await eventually(async () =>
      expect((await versions()).slice(0, 2)).toMatchObject([{ hash: oldest.hash }, { cause: 'restore' }]),
    )
    expect((await runner.http('POST', `${url}/versions/none/restore`)).status).toBe(404)
  })

  test('a history follows a rename; deleted and damaged notebooks come back from it', async () => {
    const before = await versions()
    const moved = '/api/mayfly/documents/moved.ipynb'
    await runner.http('PATCH', '/api/contents/sub/history.ipynb', { body: { path: 'moved.ipynb' } })
    expect((await runner.http('GET', `${moved}/versions`)).json).toEqual(before)
    await runner.http('DELETE', '/api/contents/moved.ipynb')
    expect((await runner.http('GET', moved)).status).toBe(404)
    const restore = () => runner.http('POST', `${moved}/versions/${before[0]!.id}/restore`)
    expect(await restore()).toMatchObject({ status: 200, json: { hash: before[0]!.hash } })
    expect((await runner.http('GET', moved)).json.notebook.cells).toMatchObject([{ source: 'original' }])
    await runner.http('PATCH', '/api/contents/moved.ipynb', { body: { path: 'again.ipynb' } })
    await runner.http('PATCH', '/api/contents/again.ipynb', { body: { path: 'moved.ipynb' } })
    writeFileSync(join(runner.root, 'moved.ipynb'), '<<<<')
    expect((await runner.http('GET', moved)).status).toBe(422)
  })
})

describe('the process', () => {
  test('two runners do not share one home', () => {
    const env = { ...process.env, MAYFLY_WORKSPACE: runner.root, MAYFLY_SECRET: SECRET, MAYFLY_ORIGINS: ORIGIN }
    const main = createRequire(import.meta.url).resolve('@mayfly/runner/main')
    const second = spawnSync(process.execPath, [main], { env, encoding: 'utf8' })
    expect(second).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/E_HOME_LOCKED|uses .*\.mayfly/),
    })
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('ends with 0 on %s', async (signal) => {
    const own = await startTestRunner(makeWorkspace())
    expect(existsSync(join(own.root, '.mayfly'))).toBe(true)
    expect(await own.stop(signal)).toBe(0)
  })
})
