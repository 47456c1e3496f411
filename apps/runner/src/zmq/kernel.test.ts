/** The whole protocol over real sockets, with a client of our own; one kernel for the tests that leave it alive. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Client, newConnection, type StartedKernel, startKernel } from './fixtures/client.mjs'

const MAYFLY = fileURLToPath(new URL('../../../../infra/cli/mayfly.mjs', import.meta.url))
const ARGV = [process.execPath, MAYFLY, 'kernel', 'run', '--conn', '{connection_file}']

const isStatus =
  (state: string, parent?: string) =>
  ({ header, parent_header, content }: Client['heard'][number]) =>
    header.msg_type === 'status' &&
    content.execution_state === state &&
    (parent === undefined || parent_header.msg_id === parent)

describe('a kernel that stays', () => {
  let kernel: StartedKernel
  let client: Client
  beforeAll(async () => {
    kernel = await startKernel(ARGV)
    client = kernel.client
    await client.ready()
  })
  afterAll(() => kernel.stop())

  test('says what it is, on shell and on control', async () => {
    for (const channel of ['shell', 'control']) {
      const { content, channel: came } = await client.ask(channel, 'kernel_info_request')
      expect(came).toBe(channel)
      expect(content).toMatchObject({ status: 'ok', implementation: 'mayfly', language_info: { name: 'typescript' } })
    }
  })

  test('a cell: busy, input, output, result, reply, idle, in this order, under a topic', async () => {
    const { reply, outputs, text, result, types } = await client.execute('console.log("hi"); 6 * 7')
    expect(reply).toMatchObject({ status: 'ok', execution_count: 1 })
    expect([text, result]).toEqual(['hi\n', '42'])
    expect(types).toEqual(['status', 'execute_input', 'stream', 'execute_result', 'status'])
    expect(outputs[2]?.topic).toMatch(/^kernel\.[\w-]+\.stream$/)
    expect((await client.execute('await Promise.resolve(7)')).result).toBe('7')
  })

  test('errors, and what waits behind them is aborted', async () => {
    const [failed, aborted] = await Promise.all([client.execute('throw new RangeError("no")'), client.execute('1')])
    expect(failed.reply).toMatchObject({ status: 'error', ename: 'RangeError', evalue: 'no' })
    expect(failed.types).toContain('error')
    expect(aborted.reply.status).toBe('aborted')
  })

  test('prompt and confirm ask on stdin', async () => {
    const asked: unknown[] = []
    client.onInput = (content) => {
      asked.push(content)
      return 'Ada'
    }
    expect((await client.execute('"hello " + prompt("Who?")')).result).toBe("'hello Ada'")
    expect(asked).toMatchObject([{ prompt: expect.stringContaining('Who?'), password: false }])
  })

  test('control is answered while a cell runs, and interrupts it with the state kept', async () => {
    await client.execute('let kept = 1')
    const running = client.execute('kept = 2; console.log("in"); for (;;) {}')
    await client.until(({ header, content }) => header.msg_type === 'stream' && content.text === 'in\n')
    expect((await client.ask('control', 'kernel_info_request')).content.status).toBe('ok')
    expect((await client.ask('control', 'interrupt_request')).content.status).toBe('ok')
    expect((await running).reply).toMatchObject({ status: 'error', ename: 'KeyboardInterrupt' })
    expect((await client.execute('kept')).result).toBe('2')
  })

  test('SIGINT interrupts too', async () => {
    const running = client.execute('console.log("waits"); await new Promise(() => {})')
    await client.until(({ header, content }) => header.msg_type === 'stream' && content.text === 'waits\n')
    kernel.child.kill('SIGINT')
    expect((await running).reply.ename).toBe('KeyboardInterrupt')
  })

  test('the heartbeat echoes, also in the middle of a loop', async () => {
    const running = client.execute('console.log("loops"); for (;;) {}')
    await client.until(({ header, content }) => header.msg_type === 'stream' && content.text === 'loops\n')
    expect(await client.heartbeat('ping')).toBe('ping')
    await client.ask('control', 'interrupt_request')
    await running
  })

  test('completion, inspection, completeness, history, comms', async () => {
    const ask = async (type: string, content: object) => (await client.ask('shell', type, content)).content
    expect((await ask('complete_request', { code: 'Math.flo', cursor_pos: 8 })).matches).toContain('floor')
    expect((await ask('inspect_request', { code: 'Math.PI', cursor_pos: 7, detail_level: 0 })).found).toBe(true)
    expect((await ask('is_complete_request', { code: 'function f() {' })).status).toBe('incomplete')
    expect((await ask('history_request', { hist_access_type: 'tail', n: 1 })).history).toHaveLength(1)
    expect((await ask('comm_info_request', {})).comms).toEqual({})
  })

  test('messages that are not signed, wrongly signed, cut, garbled or replayed are dropped', async () => {
    const before = Number((await client.execute('globalThis.hits = 0')).reply.execution_count)
    const execute = () => client.frames('execute_request', { code: 'globalThis.hits++' })
    const good = execute()
    const wrong = execute()
    wrong[1] = '0'.repeat(64)
    const changed = execute()
    changed[5] = JSON.stringify({ code: 'globalThis.hits = 1000' })
    const refused = [wrong, changed, ['<IDS|MSG>', '', ...good.slice(2)], good.slice(0, 4), ['nonsense'], ['']]
    for (const frames of [...refused, good, good, good]) await client.sendRaw('shell', frames)
    const { result, reply } = await client.execute('hits')
    expect(result).toBe('1')
    expect(reply.execution_count).toBe(before + 2)
  })

  test('a request of an unknown type is not the end', async () => {
    await client.sendRaw('shell', client.frames('no_such_request', { deep: [1, null] }))
    expect((await client.execute('1 + 1')).result).toBe('2')
  })

  test('two clients: each gets its own replies, both hear what is published', async () => {
    const other = new (client.constructor as typeof Client)(kernel.connection)
    await other.ready()
    const [mine, theirs] = await Promise.all([client.execute('"mine"'), other.execute('"theirs"')])
    expect([mine.result, theirs.result]).toEqual(["'mine'", "'theirs'"])
    await other.until(({ content }) => content.data?.['text/plain'] === "'mine'")
    other.close()
  })

  test('a thousand small cells in a row, none lost', async () => {
    const all = await Promise.all(Array.from({ length: 1000 }, (_, n) => client.execute(`${n} * 2`)))
    expect(all.map(({ result }) => Number(result))).toEqual(Array.from({ length: 1000 }, (_, n) => n * 2))
  })
})

test('a shutdown request is answered, then the process ends with 0, also when Jupyter wants to restart it', async () => {
  for (const restart of [false, true]) {
    const kernel = await startKernel(ARGV)
    await kernel.client.ready()
    const { content } = await kernel.client.ask('control', 'shutdown_request', { restart })
    expect(content).toEqual({ status: 'ok', restart })
    expect(await kernel.ended).toBe(0)
    await kernel.stop()
  }
})

test('a kernel that dies says why, and its process ends with 1 so that Jupyter starts another', async () => {
  const kernel = await startKernel(ARGV)
  await kernel.client.ready()
  const { reply } = await kernel.client.execute('process.kill(process.pid, "SIGKILL"); await new Promise(() => {})')
  expect(reply).toMatchObject({ status: 'error', ename: 'KernelDied', evalue: expect.stringContaining('SIGKILL') })
  await kernel.client.until(isStatus('restarting'))
  expect(await kernel.ended).toBe(1)
  await kernel.stop()
})

test('ends with its parent, and the cell in it too', async () => {
  const parent = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  const kernel = await startKernel(ARGV, { env: { JPY_PARENT_PID: String(parent.pid) } })
  await kernel.client.ready()
  const { result } = await kernel.client.execute('process.pid')
  void kernel.client.execute('for (;;) {}')
  parent.kill('SIGKILL')
  expect(await kernel.ended).toBe(0)
  await vi.waitFor(() => expect(() => process.kill(Number(result), 0)).toThrow('ESRCH'), { timeout: 30_000 })
  await kernel.stop()
})

test.skipIf(process.platform === 'win32')('IPC, and messages without a key', async () => {
  const kernel = await startKernel(ARGV, { transport: 'ipc', key: '' })
  await kernel.client.ready()
  expect((await kernel.client.execute('"by " + "file"')).result).toBe("'by file'")
  await kernel.stop()
})

test('knows the notebook it belongs to, and imports beside it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-jupyter-'))
  writeFileSync(join(folder, 'beside.ts'), 'export const here: string = "beside"')
  const kernel = await startKernel(ARGV, { cwd: folder, env: { JPY_SESSION_NAME: join(folder, 'a.ipynb') } })
  await kernel.client.ready()
  const { result } = await kernel.client.execute('import { here } from "./beside.ts"\nhere')
  expect(result).toBe("'beside'")
  await kernel.stop()
  rmSync(folder, { recursive: true })
})

test('two processes on one connection file: the second says so', async () => {
  const first = await startKernel(ARGV)
  await first.client.ready()
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-jupyter-'))
  const file = join(folder, 'same.json')
  writeFileSync(file, JSON.stringify(first.connection))
  const { code, stderr } = await runToEnd(file)
  expect([code, stderr]).toEqual([2, expect.stringContaining('E_KERNEL_CONNECTION')])
  await first.stop()
  rmSync(folder, { recursive: true })
})

test('a signature scheme that is not ours is refused, and no message shows the key', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-jupyter-'))
  const file = join(folder, 'md5.json')
  writeFileSync(file, JSON.stringify({ ...(await newConnection({ key: 'SECRET' })), signature_scheme: 'hmac-md5' }))
  const { code, stderr } = await runToEnd(file)
  expect([code, stderr]).toEqual([2, expect.stringContaining('E_KERNEL_SIGNATURE')])
  expect(stderr).not.toContain('SECRET')
  rmSync(folder, { recursive: true })
})

async function runToEnd(file: string): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [MAYFLY, 'kernel', 'run', '--conn', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, stderr }
}
