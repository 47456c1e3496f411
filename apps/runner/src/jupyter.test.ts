/** The runner as Jupyter clients see it: the real @jupyterlab/services against a real runner with real kernels. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { KernelMessage, type Session } from '@jupyterlab/services'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { connectJupyter, type JupyterClient, openNotebook, recordStamps, run } from './fixtures/jupyter.js'
import { startTestRunner, type TestRunner } from './fixtures/runner.js'

let runner: TestRunner
let client: JupyterClient

beforeAll(async () => {
  // The client library tells of reconnections on the console.
  for (const method of ['warn', 'debug', 'log'] as const) vi.spyOn(console, method).mockImplementation(() => {})
  runner = await startTestRunner()
  client = connectJupyter(runner)
})

afterAll(async () => {
  client.dispose()
  await runner.stop()
})

/** Patience for a busy machine; nothing here is about speed. */
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 30_000, interval: 20 })
const document = async (path: string) => (await runner.http('GET', `/api/mayfly/documents/${path}`)).json

describe('managers', () => {
  test('kernel specs', async () => {
    await client.specs.ready
    expect(client.specs.specs).toMatchObject({ default: 'mayfly', kernelspecs: { mayfly: { language: 'typescript' } } })
  })

  test('kernels start, are listed and end', async () => {
    const kernel = await client.kernels.startNew({ name: 'mayfly' })
    await client.kernels.refreshRunning()
    expect([...client.kernels.running()].map(({ id }) => id)).toContain(kernel.id)
    expect(await kernel.info).toMatchObject({ status: 'ok', protocol_version: '5.4' })
    await kernel.shutdown()
    await client.kernels.refreshRunning()
    expect([...client.kernels.running()].map(({ id }) => id)).not.toContain(kernel.id)
    expect((await runner.http('GET', `/api/kernels/${kernel.id}`)).status).toBe(404)
    await expect(client.kernels.startNew({ name: 'python3' })).rejects.toThrow(/no kernel/)
  })

  test('one session a path, renamed with its notebook', async () => {
    const [one, two] = await Promise.all([openNotebook(client, 's.ipynb', []), openNotebook(client, 's.ipynb', [])])
    expect(two.id).toBe(one.id)
    await client.contents.rename('s.ipynb', 'sub/t.ipynb')
    await client.sessions.refreshRunning()
    const model = await client.sessions.findByPath('sub/t.ipynb')
    expect(model).toMatchObject({ id: one.id, path: 'sub/t.ipynb', kernel: { id: one.kernel!.id } })
    expect(await document('sub/t.ipynb')).toMatchObject({ kernelId: one.kernel!.id })
    await one.shutdown()
    expect((await runner.http('GET', `/api/sessions/${one.id}`)).status).toBe(404)
    expect((await runner.http('GET', `/api/kernels/${one.kernel?.id ?? model!.kernel!.id}`)).status).toBe(404)
  })

  test('a session can get another kernel, and one whose kernel is dead gets a living one', async () => {
    const session = await openNotebook(client, 'change.ipynb', ['a'])
    const first = session.kernel!.id
    await session.changeKernel({ name: 'mayfly' })
    const second = session.kernel!.id
    expect(second).not.toBe(first)
    expect((await runner.http('GET', `/api/kernels/${first}`)).status).toBe(404)
    const content = { restart: false }
    const shutdown = { msgType: 'shutdown_request', channel: 'control', session: 'x', content }
    session.kernel!.sendControlMessage(KernelMessage.createMessage(shutdown as never) as never)
    const state = async () => (await runner.http('GET', `/api/kernels/${second}`)).json.execution_state
    await eventually(async () => expect(await state()).toBe('dead'))
    const again = await client.sessions.startNew({ path: 'change.ipynb', name: '', type: 'notebook' })
    expect(again.id).toBe(session.id)
    expect(await state()).toBe('idle')
  })

  test('a folder takes the sessions and documents in it along', async () => {
    await client.contents.save('folder', { type: 'directory' })
    const session = await openNotebook(client, 'folder/in.ipynb', ['a'])
    await client.contents.rename('folder', 'renamed')
    await run(session.kernel!, 'console.log("moved")', 'a')
    expect(await document('renamed/in.ipynb')).toMatchObject({
      kernelId: session.kernel!.id,
      cells: { a: { status: 'ok' } },
    })
    await client.contents.delete('renamed/in.ipynb')
    await run(session.kernel!, '1', 'a')
    expect((await runner.http('GET', '/api/mayfly/documents/renamed/in.ipynb')).status).toBe(404)
    expect((await client.contents.get('renamed', { content: true })).content).toEqual([])
    await session.shutdown()
  })

  test('contents and checkpoints', async () => {
    const { contents } = client
    const file = await contents.newUntitled({ path: 'sub', type: 'file', ext: 'txt' })
    await contents.save(file.path, { type: 'file', format: 'text', content: 'one' })
    const checkpoint = await contents.createCheckpoint(file.path)
    await contents.save(file.path, { type: 'file', format: 'text', content: 'two' })
    expect(await contents.listCheckpoints(file.path)).toHaveLength(1)
    await contents.restoreCheckpoint(file.path, checkpoint.id)
    expect((await contents.get(file.path, { content: true })).content).toBe('one')
    await contents.deleteCheckpoint(file.path, checkpoint.id)
    expect(await contents.listCheckpoints(file.path)).toEqual([])
    const copy = await contents.copy(file.path, '')
    const folder = await contents.get('sub', { content: true })
    expect(folder.content.map(({ name }: { name: string }) => name)).toContain(file.name)
    expect(await contents.get(copy.path, { content: false, hash: true })).toMatchObject({ hash: expect.any(String) })
    await contents.delete(copy.path)
    await expect(contents.get(copy.path)).rejects.toThrow(/not found/)
    expect(
      await (
        await fetch(await contents.getDownloadUrl(file.path), { headers: { authorization: `token ${runner.ticket}` } })
      ).text(),
    ).toBe('one')
  })
})

describe('cells', () => {
  let session: Session.ISessionConnection
  const kernel = () => session.kernel!

  beforeAll(async () => {
    session = await openNotebook(client, 'cells.ipynb', ['a', 'b', 'c'])
  })

  test('the connection speaks the v1 protocol', async () => {
    await kernel().info
    expect(client.sockets.at(-1)?.protocol).toBe('v1.kernel.websocket.jupyter.org')
  })

  test('streams and results come in order', async () => {
    const { log, reply } = await run(kernel(), 'console.log("one"); console.error("two"); console.log("three"); 6 * 7')
    expect(log).toEqual(['stdout: one\n', 'stderr: two\n', 'stdout: three\n', 'execute_result: 42'])
    expect(reply).toMatchObject({ status: 'ok' })
  })

  test('a flood arrives whole and in order', async () => {
    const printed = await run(kernel(), 'for (let i = 0; i < 20000; i++) console.log(i)')
    const text = printed.log.map((line) => line.slice('stdout: '.length)).join('')
    expect(text === Array.from({ length: 20_000 }, (_, i) => `${i}\n`).join('')).toBe(true)
    const shown = await run(kernel(), 'for (let i = 0; i < 500; i++) display(i)')
    expect(shown.log).toEqual(Array.from({ length: 500 }, (_, i) => `display_data: ${i}`))
  })

  test('errors', async () => {
    const { log, reply } = await run(kernel(), 'throw new RangeError("too far")')
    expect(log).toEqual(['error: RangeError: too far'])
    expect(reply).toMatchObject({ status: 'error', ename: 'RangeError' })
  })

  test('updates of a display reach the cell that shows it', async () => {
    await run(kernel(), 'const handle = display("first"); 0', 'a')
    const { log } = await run(kernel(), 'handle.update("second"); 0', 'b')
    const { notebook } = await document('cells.ipynb')
    expect(JSON.stringify(notebook.cells[0].outputs)).toContain('second')
    expect(JSON.stringify(notebook.cells[1].outputs)).not.toContain('second')
    expect(log.at(-1)).toBe('execute_result: 0')
  })

  test('interrupting keeps the state', async () => {
    await run(kernel(), 'let kept = 1')
    const loop = run(kernel(), 'kept = 2; console.log("in the loop"); while (true) {}', 'c')
    await eventually(async () => expect(JSON.stringify(await document('cells.ipynb'))).toContain('in the loop'))
    expect((await runner.http('GET', `/api/kernels/${kernel().id}`)).json.execution_state).toBe('busy')
    await kernel().interrupt()
    expect((await loop).reply.status).toBe('error')
    expect((await run(kernel(), 'kept')).log).toEqual(['execute_result: 2'])
  })

  test('an error aborts what waits', async () => {
    const results = await Promise.all(
      ['throw new Error("x")', '1', '2'].map((code, i) => run(kernel(), code, 'abc'[i])),
    )
    expect(results.map(({ reply }) => reply.status)).toEqual(['error', 'aborted', 'aborted'])
    expect((await document('cells.ipynb')).cells).toMatchObject({
      a: { status: 'error' },
      b: { status: 'aborted' },
      c: { state: 'idle' },
    })
    expect((await run(kernel(), '3')).log).toEqual(['execute_result: 3'])
  })

  test('completion, inspection, history', async () => {
    await run(kernel(), 'const something = 1')
    const complete = await kernel().requestComplete({ code: 'someth', cursor_pos: 6 })
    expect((complete.content as { matches: string[] }).matches).toContain('something')
    expect((await kernel().requestIsComplete({ code: 'if (' })).content.status).toBe('incomplete')
    const history = await kernel().requestHistory({ output: false, raw: true, hist_access_type: 'tail', n: 1 } as never)
    expect(JSON.stringify(history.content)).toContain('something')
  })

  test('restarting forgets variables, and says so in the cell that ran', async () => {
    await run(kernel(), 'const gone = 1')
    const loop = run(kernel(), 'while (true) {}', 'a').catch(() => undefined)
    await eventually(async () => expect((await document('cells.ipynb')).cells.a.state).toBe('running'))
    await kernel().restart()
    await loop
    const { cells, notebook } = await document('cells.ipynb')
    expect(cells.a.state).toBe('idle')
    expect(notebook.cells[0].outputs).toMatchObject([
      { output_type: 'error', evalue: expect.stringContaining('restarted') },
    ])
    expect((await run(kernel(), 'typeof gone')).log).toEqual(["execute_result: 'undefined'"])
  })

  test('a crash is told in words and the kernel comes back', async () => {
    const statuses: string[] = []
    kernel().statusChanged.connect((_, status) => void statuses.push(status))
    await run(kernel(), 'process.abort()', 'b').catch(() => undefined)
    await eventually(() => expect(statuses).toContain('autorestarting'))
    await eventually(() => expect(statuses.at(-1)).toBe('idle'))
    expect((await run(kernel(), '1 + 1')).log).toEqual(['execute_result: 2'])
    const { cells, notebook } = await document('cells.ipynb')
    expect(cells.b.state).toBe('idle')
    expect(notebook.cells[1].outputs.at(-1)).toMatchObject({ output_type: 'error', evalue: expect.any(String) })
  })
})

describe('connections', () => {
  test('sockets that break in the middle of a loop lose nothing, and stamps tell what came twice', async () => {
    const session = await openNotebook(client, 'broken.ipynb', ['a'])
    const kernel = session.kernel!
    await kernel.info
    const stamps = recordStamps(kernel)
    const code = 'for (let i = 0; i < 12; i++) { console.log(i); await new Promise((r) => setTimeout(r, 50)) } "end"'
    const result = run(kernel, code, 'a')
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 170))
      client.sockets
        .filter((socket) => socket.url.includes(kernel.id))
        .at(-1)!
        .terminate()
    }
    const { log, reply } = await result
    expect(reply.status).toBe('ok')
    expect(log.at(-1)).toBe("execute_result: 'end'")
    const bySeq = new Map(stamps.map(({ seq, message }) => [seq, message]))
    const streams = [...bySeq.values()].filter(({ header }) => header.msg_type === 'stream')
    const text = streams.map(({ content }) => (content as { text: string }).text).join('')
    expect(text).toBe(Array.from({ length: 12 }, (_, i) => `${i}\n`).join(''))
    const seqs = [...bySeq.keys()]
    expect(seqs).toEqual(seqs.map((_, i) => seqs[0]! + i))
  })

  test('a second client sees everything, also the reply', async () => {
    const session = await openNotebook(client, 'shared.ipynb', ['a'])
    const other = connectJupyter(runner)
    const second = other.sessions.connectTo({ model: session.model }).kernel!
    await second.info
    const [mine, theirs] = [recordStamps(session.kernel!), recordStamps(second)]
    await run(session.kernel!, 'console.log("hello"); 1', 'a')
    await eventually(() => expect(theirs.at(-1)?.seq).toBe(mine.at(-1)?.seq))
    const seen = theirs.filter(({ cellId }) => cellId === 'a').map(({ message }) => message.header.msg_type)
    expect(seen).toEqual(['status', 'execute_input', 'stream', 'execute_result', 'execute_reply', 'status'])
    const seqs = theirs.map(({ seq }) => seq)
    expect(seqs).toEqual(seqs.map((_, i) => seqs[0]! + i))
    other.dispose()
  })

  test('a page that comes while a cell runs misses and doubles nothing', async () => {
    const session = await openNotebook(client, 'reload.ipynb', ['a', 'b'])
    const pause = 'while (!existsSync("go")) await new Promise((r) => setTimeout(r, 10))'
    const loop = `for (let i = 0; i < 20; i++) { console.log(i); if (i === 9) { ${pause} } }`
    const code = `import { existsSync } from 'node:fs'\n${loop}`
    const running = [run(session.kernel!, code, 'a'), run(session.kernel!, '"b ran"', 'b')]
    await eventually(async () => expect(JSON.stringify(await document('reload.ipynb'))).toContain('9\\n'))
    const page = connectJupyter(runner)
    const kernel = page.kernels.connectTo({ model: session.kernel!.model })
    const stamps = recordStamps(kernel)
    await kernel.info
    const snapshot = await document('reload.ipynb')
    expect(snapshot.cells).toMatchObject({ a: { state: 'running' }, b: { state: 'queued' } })
    writeFileSync(join(runner.root, 'go'), '')
    await Promise.all(running)
    await eventually(async () =>
      expect(stamps.at(-1)!.seq).toBeGreaterThanOrEqual((await document('reload.ipynb')).seq - 1),
    )
    const later = stamps.filter(({ seq, message }) => seq > snapshot.seq && message.header.msg_type === 'stream')
    const before = snapshot.notebook.cells[0].outputs.map(({ text }: { text: string }) => text).join('')
    const after = later.map(({ message }) => (message.content as { text: string }).text).join('')
    expect(before + after).toBe(Array.from({ length: 20 }, (_, i) => `${i}\n`).join(''))
    expect([before, after]).not.toContain('')
    expect(
      stamps.filter(({ message }) => message.header.msg_type === 'execute_reply').map(({ cellId }) => cellId),
    ).toEqual(['a', 'b'])
    page.dispose()
  })

  test('a client without the sub-protocol gets JSON', async () => {
    const session = await openNotebook(client, 'plain.ipynb', ['a'])
    const { default: WebSocket } = await import('ws')
    const url = `ws://127.0.0.1:${runner.port}/api/kernels/${session.kernel!.id}/channels?token=${runner.ticket}`
    const socket = new WebSocket(url)
    await new Promise((resolve) => socket.once('open', resolve))
    const reply = new Promise<{ header: { msg_type: string } }>((resolve) =>
      socket.on('message', (data, isBinary) => {
        const message = JSON.parse(String(data))
        if (!isBinary && message.channel === 'shell') resolve(message)
      }),
    )
    const header = {
      msg_id: '1',
      msg_type: 'kernel_info_request',
      session: 'x',
      username: '',
      date: '',
      version: '5.4',
    }
    socket.send(JSON.stringify({ channel: 'shell', header, parent_header: {}, metadata: {}, content: {} }))
    expect((await reply).header.msg_type).toBe('kernel_info_reply')
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.send('nonsense')
    expect(await closed).toBe(1007)
  })
})

describe('the life of a document', () => {
  test('outputs are saved by themselves, survive a killed runner, and say what happened', async () => {
    const own = await startTestRunner()
    const visitor = connectJupyter(own)
    const session = await openNotebook(visitor, 'kept.ipynb', ['a', 'b'])
    await run(session.kernel!, 'console.log("done before"); 1', 'a')
    void run(
      session.kernel!,
      'for (let i = 0; ; i++) { console.log("tick", i); await new Promise((r) => setTimeout(r, 20)) }',
      'b',
    ).catch(() => {})
    const file = join(own.root, 'kept.ipynb')
    await eventually(() => expect(readFileSync(file, 'utf8')).toContain('done before'))
    const live = async () => (await own.http('GET', '/api/mayfly/documents/kept.ipynb')).json
    await eventually(async () => expect((await live()).notebook.cells[1].outputs[0].text).toContain('tick 9\n'))
    const seen = await live()
    visitor.dispose()
    await own.stop('SIGKILL')
    const next = await startTestRunner(own.root)
    const { json } = await next.http('GET', '/api/mayfly/documents/kept.ipynb')
    expect(json.seq).toBeGreaterThanOrEqual(seen.seq)
    expect(json.cells.b).toMatchObject({ state: 'idle', status: 'aborted' })
    const [a, b] = json.notebook.cells
    expect(JSON.stringify(a.outputs)).toContain('done before')
    expect(b.outputs[0].text).toContain(seen.notebook.cells[1].outputs[0].text.slice(0, -10))
    expect(b.outputs.at(-1)).toMatchObject({ output_type: 'error', ename: 'RunnerStopped' })
    await next.stop()
  })

  test('a runner that ends in order saves everything', async () => {
    const own = await startTestRunner()
    const visitor = connectJupyter(own)
    const session = await openNotebook(visitor, 'saved.ipynb', ['a'])
    await run(session.kernel!, 'console.log("last words")', 'a')
    visitor.dispose()
    expect(await own.stop()).toBe(0)
    expect(readFileSync(join(own.root, 'saved.ipynb'), 'utf8')).toContain('last words')
  })

  test('clearing reaches all clients', async () => {
    const session = await openNotebook(client, 'clear.ipynb', ['a'])
    await run(session.kernel!, 'console.log("text")', 'a')
    const stamps = recordStamps(session.kernel!)
    await runner.http('POST', '/api/mayfly/documents/clear.ipynb/clear', { body: { cellIds: ['a'] } })
    await eventually(() =>
      expect(stamps.at(-1)).toMatchObject({ cellId: 'a', message: { header: { msg_type: 'clear_output' } } }),
    )
    expect((await document('clear.ipynb')).notebook.cells[0]).toMatchObject({ outputs: [], execution_count: null })
  })
})
