import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { type Client, openKernel, sleep, WORKSPACE } from './fixtures/client.js'

async function withKernel(options: Parameters<typeof openKernel>[0], body: (client: Client) => Promise<void>) {
  const client = await openKernel(options)
  try {
    await body(client)
  } finally {
    await client.kernel.shutdown()
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(20)
}

test.for([
  ['process.exit', 'console.log("last words"); process.exit(3)', 'ended because the code called process.exit(3)'],
  ['process.abort', 'process.abort()', 'was aborted'],
  ['a kill from outside', 'process.kill(process.pid, "SIGKILL")', 'was killed from outside (SIGKILL)'],
])('%s is told in words and the kernel starts again', async ([, code, reason]) => {
  await withKernel({}, async ({ kernel, run, messages }) => {
    await run('let gone = 1')
    const queued = [run(code!), run('2')]
    const [died, waiting] = await Promise.all(queued)
    expect(died!.reply).toMatchObject({ status: 'error', ename: 'KernelDied' })
    expect(died!.reply.evalue).toContain(reason)
    expect(waiting!.reply.status).toBe('aborted')
    if (code!.includes('last words')) expect(died!.outputs[0]?.content.text).toBe('last words\n')
    expect(died!.text).not.toMatch(/0x[0-9a-f]{6}/)
    expect(messages.some(({ content }) => content.execution_state === 'restarting')).toBe(true)
    expect((await run('typeof gone')).text).toBe("'undefined'")
    expect(kernel.executionState).toBe('idle')
  })
})

test('a cell that fills the heap is stopped, variables are kept', async () => {
  await withKernel({ memoryMb: 256 }, async ({ run }) => {
    const { reply } = await run(
      'let keep = 1; let big: number[][] = []\nfor (;;) big.push(new Array(1000).fill(Math.random()))',
    )
    expect(reply.ename).toBe('MemoryError')
    expect((await run('await new Promise((r) => setTimeout(r, 200)); big.length > 0')).text).toBe('true')
    expect((await run('big = []; keep')).text).toBe('1')
  })
})

test('one allocation too large for the watch is reported as out of memory', async () => {
  await withKernel({ memoryMb: 64 }, async ({ run }) => {
    const { reply, text } = await run('const all: unknown[] = []; for (;;) all.push(new Array(3e6).fill(0.5))')
    expect(reply).toMatchObject({ status: 'error' })
    expect(text).toMatch(/out of memory|memory limit/)
    expect((await run('1 + 1')).text).toBe('2')
  })
})

test('restart gives a new process without names, and settles what ran and waited', async () => {
  await withKernel({}, async ({ kernel, run }) => {
    await run('let here = 1; const URL = 2')
    const running = run('await new Promise(() => {})')
    const waiting = run('3')
    await sleep(50)
    const before = kernel.pid!
    await kernel.restart()
    expect((await running).reply.status).toBe('aborted')
    expect((await waiting).reply.status).toBe('aborted')
    expect(kernel.pid).not.toBe(before)
    expect(isAlive(before)).toBe(false)
    const { text, reply } = await run('typeof here + typeof URL')
    expect(text).toBe("'undefinedfunction'")
    expect(reply.execution_count).toBe(1)
  })
})

test('a busy kernel is restarted and shut down all the same, and its children go with it', async () => {
  const { kernel, run } = await openKernel()
  const child = await run('require("node:child_process").spawn("sleep", ["60"], { stdio: "ignore" }).pid')
  void run('for (;;);')
  await sleep(50)
  const pid = kernel.pid!
  await kernel.shutdown()
  expect(kernel.executionState).toBe('dead')
  await waitFor(() => !isAlive(pid) && !isAlive(Number(child.text)))
})

test('shutdown_request is answered, then the kernel ends', async () => {
  const { kernel, ask } = await openKernel()
  expect(await ask('shutdown_request', { restart: false }, 'control')).toEqual({ status: 'ok', restart: false })
  await waitFor(() => kernel.executionState === 'dead')
})

test('a kernel that cannot start says so', async () => {
  await expect(openKernel({ nodePath: '/no/such/node' })).rejects.toMatchObject({ code: 'E_KERNEL_START' })
})

test.for([
  [{ workspace: '/no/such/folder' }, 'workspace: the folder does not exist'],
  [{ memoryMb: 1 }, 'memoryMb'],
] as const)('options %j are refused', async ([options, words]) => {
  await expect(openKernel(options)).rejects.toMatchObject({
    code: 'E_KERNEL_OPTIONS',
    message: expect.stringContaining(words),
  })
})

test.for([
  ['idle', '1'],
  ['busy', 'for (;;);'],
])('an %s kernel ends when its runner is killed', async ([, code]) => {
  const script = fileURLToPath(new URL('./fixtures/runner.mjs', import.meta.url))
  const runner = spawn(process.execPath, [script, WORKSPACE, code!], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [chunk] = (await once(runner.stdout, 'data')) as [Buffer]
  const pid = Number(chunk.toString())
  expect(isAlive(pid)).toBe(true)
  runner.kill('SIGKILL')
  await waitFor(() => !isAlive(pid))
})
