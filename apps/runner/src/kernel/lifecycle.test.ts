import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Kernel } from '@mayfly/runner/kernel'
import { describe, expect, onTestFinished, test } from 'vitest'
import { descendantsOf } from './descendants.js'
import { type Client, NODES, openKernel, sleep, WORKSPACE } from './fixtures/client.js'
import { defaultLimits, memoryLimits } from './limits.js'

async function withKernel(options: Parameters<typeof openKernel>[0], body: (client: Client) => Promise<void>) {
  const client = await openKernel(options)
  try {
    await body(client)
  } finally {
    await client.kernel.shutdown()
  }
}

/** Where nobody reaps orphans, a dead one keeps its number: it is a zombie then. */
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(20)
}

test.for([
  ['process.reallyExit', '(process as any).reallyExit(3)', 'ended with exit code 3'],
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
    expect(died!.text).not.toMatch(/0x[0-9a-f]{6}/)
    expect(messages.some(({ content }) => content.execution_state === 'restarting')).toBe(true)
    expect((await run('typeof gone')).text).toBe("'undefined'")
    expect(kernel.executionState).toBe('idle')
  })
})

const HEAP = 'let keep = 1; let big: unknown[] = []\nfor (;;) big.push(new Array(1000).fill(Math.random()))'
const LATE_HEAP = HEAP.replace('for', 'await 0; for')
const BUFFERS = 'let keep = 1; let big: unknown[] = []\nfor (;;) big.push(Buffer.alloc(4e6, 1))'
const ASYNC_BUFFERS = 'let keep = 1; let big: unknown[] = []\nfor (;;) { await null; big.push(Buffer.alloc(4e6, 1)) }'

describe.for(NODES)('memory on %s', ([, nodePath]) => {
  test.for([
    ['fills the heap', HEAP, 'JavaScript heap held', 'MAYFLY_KERNEL_MEMORY_MB'],
    ['fills the heap after an await', LATE_HEAP, 'JavaScript heap held', 'MAYFLY_KERNEL_MEMORY_MB'],
    ['fills the memory outside the heap', BUFFERS, "kernel's process held", 'MAYFLY_KERNEL_RSS_MB'],
    ['fills it between awaits', ASYNC_BUFFERS, "kernel's process held", 'MAYFLY_KERNEL_RSS_MB'],
  ])('a cell that %s is stopped, variables are kept', async ([, code, words, variable]) => {
    await withKernel({ nodePath, memoryMb: 256, rssMb: 500 }, async ({ kernel, run }) => {
      const pid = kernel.pid
      const { reply, outputs } = await run(code!)
      expect(reply.ename).toBe('MemoryLimitError')
      expect(reply.evalue).toMatch(new RegExp(`${words} [\\d,]+ MiB.*, \\d+ MiB more than .*limit of (256|500) MiB`))
      const { mayfly } = outputs.at(-1)!.content
      expect(mayfly).toMatchObject({ code: 'E_KERNEL_MEMORY', cell: 1, hint: expect.stringContaining(variable!) })
      // Cells that do little go on, also before anything is freed.
      expect((await run('await new Promise((r) => setTimeout(r, 200)); big.length > 0')).text).toBe('true')
      expect((await run('big = []; keep')).text).toBe('1')
      expect((await run('Buffer.alloc(2e8, 1).length + keep')).text).toBe('200000001')
      expect(kernel.pid).toBe(pid)
    })
  })
})

test.for(NODES)('garbage beside much that lives stops no cell, on %s', async ([, nodePath]) => {
  // V8 lets the heap grow halfway from what lives to the limit before it collects: from 66 % to 83 %, and a cell is stopped at 80 %.
  const code = `const kept = Array.from({ length: 11_000 }, (_, i) => new Array(1000).fill(i + 0.5))
    for (let i = 0; i < 10_000; i++) kept[9000 + (i % 2000)] = new Array(1000).fill(i + 0.5)
    kept.length`
  await withKernel({ nodePath, memoryMb: 128 }, async ({ run }) => {
    expect((await run(code)).text).toBe('11000')
  })
})

test('limits come from the options, the environment, or the machine', () => {
  expect(memoryLimits({ memoryMb: 100 }, { MAYFLY_KERNEL_MEMORY_MB: '200', MAYFLY_KERNEL_RSS_MB: '900' })).toEqual({
    heapMb: 100,
    rssMb: 900,
  })
  expect(memoryLimits({}, { MAYFLY_KERNEL_MEMORY_MB: '200' }).heapMb).toBe(200)
  expect(defaultLimits(24_000)).toEqual({ heapMb: 4096, rssMb: 18_000 })
  expect(defaultLimits(2000)).toEqual({ heapMb: 1000, rssMb: 1500 })
  expect(defaultLimits(200)).toEqual({ heapMb: 256, rssMb: 384 })
  for (const value of ['x', '-1', '1.5', '3']) {
    const read = () => memoryLimits({}, { MAYFLY_KERNEL_RSS_MB: value })
    expect(read).toThrow(expect.objectContaining({ code: 'E_KERNEL_OPTIONS' }))
  }
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
  await withKernel({}, async ({ kernel, run, start }) => {
    await run('let here = 1; const URL = 2')
    const running = start('console.log("in"); await new Promise(() => {})')
    const waiting = run('3')
    await running.says('in')
    const before = kernel.pid!
    await kernel.restart()
    expect((await running.result).reply.status).toBe('aborted')
    expect((await waiting).reply.status).toBe('aborted')
    expect(kernel.pid).not.toBe(before)
    expect(isAlive(before)).toBe(false)
    const { text, reply } = await run('typeof here + typeof URL')
    expect(text).toBe("'undefinedfunction'")
    expect(reply.execution_count).toBe(1)
  })
})

test('a busy kernel is restarted and shut down all the same, and its children go with it', async () => {
  const { kernel, run, start } = await openKernel()
  const child = await run('require("node:child_process").spawn("sleep", ["60"], { stdio: "ignore" }).pid')
  await start('console.log("in"); for (;;);').says('in')
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

test.for([
  ['before it is ready', 'process.exit(9)'],
  ['as soon as it is ready', 'if (process.env.MAYFLY_KERNEL) setTimeout(() => process.reallyExit(9), 300)'],
])('a kernel that always ends %s is given up, with the reason', async ([, code]) => {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-start-'))
  writeFileSync(join(folder, 'hook.cjs'), code!)
  const kernel = new Kernel({
    id: 'loop',
    workspace: WORKSPACE,
    home: folder,
    env: { NODE_OPTIONS: `--require ${join(folder, 'hook.cjs')}` },
  })
  try {
    await kernel.start().catch((error) => expect(error).toMatchObject({ code: 'E_KERNEL_START' }))
    await waitFor(() => kernel.executionState === 'dead')
  } finally {
    await kernel.shutdown()
    rmSync(folder, { recursive: true })
  }
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

/** A cell whose calls leave a file in this folder before they loop. */
const mapping = (folder: string) => `const { FunctionExecutor } = await import("@mayfly/executor")
const { writeFileSync } = await import("node:fs")
const f = new FunctionExecutor({ progress: false })
await f.getResult(f.map((n) => { writeFileSync(${JSON.stringify(join(folder, 'in-'))} + n, ""); for (;;); }, [1, 2], { chunksize: 1 }))`
const mapped = (folder: string) => existsSync(join(folder, 'in-1'))

test.for([
  ['idle', () => '1', () => true],
  ['busy', () => 'for (;;);', () => true],
  [
    'blocked',
    () => 'require("node:child_process").execSync("sleep 61")',
    (_: string, pid: number) => descendantsOf(pid).length > 0,
  ],
  ['mapping', mapping, mapped],
] as const)('an %s kernel and its children end when its runner is killed', async ([, codeIn, isIn]) => {
  const script = fileURLToPath(new URL('./fixtures/runner.mjs', import.meta.url))
  const home = mkdtempSync(join(tmpdir(), 'mayfly-orphan-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  const args = [script, WORKSPACE, home, codeIn(home)]
  const runner = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [chunk] = (await once(runner.stdout, 'data')) as [Buffer]
  const pid = Number(chunk.toString())
  expect(isAlive(pid)).toBe(true)
  await waitFor(() => isIn(home, pid))
  const all = [pid, ...descendantsOf(pid)]
  runner.kill('SIGKILL')
  await waitFor(() => !all.some(isAlive))
})

test('the children of a killed kernel end with it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-children-'))
  await withKernel({}, async ({ kernel, run }) => {
    void run(mapping(folder))
    await waitFor(() => mapped(folder))
    const children = descendantsOf(kernel.pid!)
    expect(children).not.toEqual([])
    process.kill(kernel.pid!, 'SIGKILL')
    await waitFor(() => !children.some(isAlive))
  })
  rmSync(folder, { recursive: true })
})
