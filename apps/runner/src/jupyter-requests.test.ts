/** Requests beside execution by the real Jupyter client library, and variables over HTTP. */
import { KernelMessage } from '@jupyterlab/services'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectJupyter, type JupyterClient, openNotebook, run } from './fixtures/jupyter.js'
import { startTestRunner, type TestRunner } from './fixtures/runner.js'

let runner: TestRunner
let client: JupyterClient
let kernel: NonNullable<Awaited<ReturnType<typeof openNotebook>>['kernel']>

beforeAll(async () => {
  runner = await startTestRunner()
  client = connectJupyter(runner)
  kernel = (await openNotebook(client, 'requests.ipynb', ['a', 'b'])).kernel!
  await run(kernel, 'const shape = { area(): number { return 1 }, sides: 3 }', 'a')
})
afterAll(async () => {
  client.dispose()
  await runner.stop()
})

describe('requests', () => {
  test('kernel info', async () => {
    expect(await kernel.info).toMatchObject({
      status: 'ok',
      protocol_version: '5.4',
      language_info: { name: 'typescript' },
    })
  })

  test('completion with types', async () => {
    const { content } = await kernel.requestComplete({ code: 'shape.', cursor_pos: 6 })
    expect(content).toMatchObject({ status: 'ok', cursor_start: 6, cursor_end: 6 })
    const { metadata } = content as unknown as { metadata: { _jupyter_types_experimental: unknown[] } }
    expect(metadata._jupyter_types_experimental).toContainEqual({ text: 'area', type: 'function', start: 6, end: 6 })
  })

  test('inspection', async () => {
    const { content } = await kernel.requestInspect({ code: 'shape', cursor_pos: 3, detail_level: 0 })
    expect(content).toMatchObject({
      status: 'ok',
      found: true,
      data: { 'text/plain': expect.stringContaining('sides: 3') },
    })
  })

  test('user expressions and silence', async () => {
    const future = kernel.requestExecute({
      code: 'console.log("x"); 1',
      silent: true,
      user_expressions: { n: 'shape.sides' },
    })
    const heard: string[] = []
    future.onIOPub = ({ header }) => void heard.push(header.msg_type)
    const { content } = (await future.done) as KernelMessage.IExecuteReplyMsg
    expect(content).toMatchObject({ user_expressions: { n: { status: 'ok', data: { 'text/plain': '3' } } } })
    expect(heard).toEqual(['status', 'status'])
  })

  test('questions of a cell', async () => {
    const future = kernel.requestExecute({ code: 'prompt("Name?", "Ada")', allow_stdin: true })
    future.onStdin = (message) => {
      if (KernelMessage.isInputRequestMsg(message))
        kernel.sendInputReply({ status: 'ok', value: 'Eve' }, message.header)
    }
    let result: unknown
    future.onIOPub = (message) => {
      if (KernelMessage.isExecuteResultMsg(message)) result = message.content.data['text/plain']
    }
    await future.done
    expect(result).toBe("'Eve'")
  })
})

describe('comms', () => {
  test('from the page, with buffers both ways', async () => {
    await run(
      kernel,
      `comms.register('echo', (line) => line.onMessage(({ data, buffers }) => line.send({ back: data }, { buffers })))`,
    )
    const comm = kernel.createComm('echo')
    const back = new Promise<KernelMessage.ICommMsgMsg>((resolve) => {
      comm.onMsg = (message) => void resolve(message)
    })
    await comm.open({ hello: 1 }).done
    await comm.send({ n: 5 }, {}, [new Uint8Array([1, 2, 3]).buffer]).done
    const { content, buffers } = await back
    expect(content.data).toEqual({ back: { n: 5 } })
    const [first] = buffers as (ArrayBuffer | DataView)[]
    const bytes =
      first instanceof ArrayBuffer
        ? new Uint8Array(first)
        : new Uint8Array(first!.buffer, first!.byteOffset, first!.byteLength)
    expect([...bytes]).toEqual([1, 2, 3])
    const { content: info } = await kernel.requestCommInfo({ target_name: 'echo' })
    expect(info).toMatchObject({ comms: { [comm.commId]: { target_name: 'echo' } } })
    await comm.close().done
    expect((await kernel.requestCommInfo({})).content).toMatchObject({ comms: {} })
  })

  test('from a cell, to a target of the page; the cell hears of the close', async () => {
    const opened = new Promise<{ data: unknown; close(): void }>((resolve) => {
      kernel.registerCommTarget('page', (comm, message) =>
        resolve({ data: message.content.data, close: () => void comm.close() }),
      )
    })
    await run(
      kernel,
      `const line = comms.open('page', { a: 1 }); let closed = false; line.onClose(() => { closed = true })`,
    )
    const { data, close } = await opened
    expect(data).toEqual({ a: 1 })
    close()
    expect(
      (await run(kernel, 'for (let i = 0; i < 50 && !closed; i++) await new Promise((r) => setTimeout(r, 10)); closed'))
        .text,
    ).toContain('true')
  })
})

describe('variables over HTTP', () => {
  const get = (rest: string) => runner.http('GET', `/api/mayfly/kernels/${kernel.id}/variables${rest}`)

  test('the list and what is inside', async () => {
    const { status, json } = await get('')
    expect(status).toBe(200)
    expect(json.variables[0]).toMatchObject({
      name: 'shape',
      kind: 'const',
      type: 'Object',
      cellId: 'a',
      expandable: true,
    })
    const detail = await get(`/shape?path=${encodeURIComponent('["sides"]')}`)
    expect(detail.json).toMatchObject({ name: 'shape', path: ['sides'], value: { preview: '3' }, total: 0 })
  })

  test('what is wrong is said with a code', async () => {
    expect((await get('/nothing')).json).toMatchObject({ code: 'E_VARIABLE_UNKNOWN' })
    expect((await get('/nothing')).status).toBe(404)
    for (const query of ['path={}', 'path=[true]', 'path=nonsense', 'from=-1', 'from=x']) {
      const { status, json } = await get(`/shape?${query}`)
      expect([status, json.code]).toEqual([400, 'E_REQUEST_INVALID'])
    }
    expect((await runner.http('GET', '/api/mayfly/kernels/none/variables')).status).toBe(404)
  })
})
