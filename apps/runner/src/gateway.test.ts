/**
 * A real Jupyter server that uses the runner as its gateway (`--gateway-url`), and the real client library in front of it: what
 * JupyterLab does. Needs a Python with jupyter_server (PYTHON, or python3 on PATH).
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { connectJupyter, type JupyterClient, run } from './fixtures/jupyter.js'
import { startTestRunner, type TestRunner } from './fixtures/runner.js'

const PYTHON = process.env.PYTHON ?? 'python3'
const present = spawnSync(PYTHON, ['-c', 'import jupyter_server']).status === 0
if (!present) console.info(`gateway.test.ts: skipped, ${PYTHON} cannot import jupyter_server`)

const TOKEN = 'a-token-of-the-test'

describe.skipIf(!present)('a Jupyter server with --gateway-url', () => {
  let runner: TestRunner
  let jupyter: ChildProcess
  let client: JupyterClient
  let log = ''

  beforeAll(async () => {
    for (const method of ['warn', 'debug', 'log'] as const) vi.spyOn(console, method).mockImplementation(() => {})
    runner = await startTestRunner()
    const home = mkdtempSync(join(tmpdir(), 'mayfly-gateway-'))
    const port = await freePort()
    const options = [
      `--gateway-url=http://127.0.0.1:${runner.port}`,
      `--GatewayClient.auth_token=${runner.ticket}`,
      `--IdentityProvider.token=${TOKEN}`,
      `--ServerApp.port=${port}`,
      '--ServerApp.port_retries=0',
      `--ServerApp.root_dir=${home}`,
      '--ServerApp.jpserver_extensions={}',
    ]
    const env = { ...process.env, HOME: home, JUPYTER_CONFIG_DIR: home, JUPYTER_NO_CONFIG: '1' }
    const args = ['-m', 'jupyter_server', '--no-browser', '--allow-root', ...options]
    jupyter = spawn(PYTHON, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
    jupyter.stderr!.on('data', (text: Buffer) => {
      log += text
    })
    const base = `http://127.0.0.1:${port}/`
    await vi.waitFor(
      async () => {
        if (jupyter.exitCode !== null) throw new Error(`the Jupyter server ended: ${log.slice(-2000)}`)
        expect((await fetch(`${base}api`)).status).toBe(200)
      },
      { timeout: 50_000, interval: 200 },
    )
    client = connectJupyter({ ...runner, base, ticket: TOKEN })
  }, 60_000)

  afterAll(async () => {
    client?.dispose()
    jupyter?.kill('SIGKILL')
    await runner?.stop()
  })

  test('offers our kernel', async () => {
    await client.specs.ready
    expect(client.specs.specs).toMatchObject({ default: 'mayfly', kernelspecs: { mayfly: { language: 'typescript' } } })
  })

  test('runs cells, interrupts and restarts, and ends kernels', async () => {
    const kernel = await client.kernels.startNew({ name: 'mayfly' })
    expect(await kernel.info).toMatchObject({ status: 'ok', protocol_version: '5.4' })
    const first = await run(kernel, 'let kept = 1; console.log("hello"); display("shown"); 6 * 7')
    expect(first.log).toEqual(['stdout: hello\n', "display_data: 'shown'", 'execute_result: 42'])
    expect((await run(kernel, 'throw new RangeError("too far")')).log).toEqual(['error: RangeError: too far'])
    const waiting = run(kernel, 'await new Promise(() => {})')
    await vi.waitFor(
      async () => expect((await runner.http('GET', '/api/kernels')).json).toMatchObject([{ execution_state: 'busy' }]),
      { timeout: 20_000 },
    )
    await kernel.interrupt()
    expect((await waiting).reply.status).toBe('error')
    expect((await run(kernel, 'kept')).log).toEqual(['execute_result: 1'])
    await kernel.restart()
    expect((await run(kernel, 'typeof kept')).log).toEqual(["execute_result: 'undefined'"])
    await kernel.shutdown()
    expect((await runner.http('GET', '/api/kernels')).json).toEqual([])
  })
})

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
