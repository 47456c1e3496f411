import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Client, NODES, openKernel, sleep } from './fixtures/client.js'

let client: Client

beforeAll(async () => {
  client = await openKernel()
  await client.run(
    'import { FunctionExecutor } from "@mayfly/executor"; const fexec = new FunctionExecutor({ progress: false })',
  )
  await client.run('let keep = 7; let rounds = 0; const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms))')
})
afterAll(() => client.kernel.shutdown())

const BEGUN = 'console.log("begun")'

/** Runs a cell that would never end, interrupts it a moment after it has printed `begun`, and gives its result. */
async function interrupted(code: string, { kernel, start } = client) {
  const cell = start(code)
  await cell.says('begun')
  await sleep(50)
  await kernel.interrupt()
  return cell.result
}

describe('an interrupt ends the cell and keeps the state', () => {
  test.for([
    ['loop', 'for (;;);'],
    ['loop in a function that catches', 'const spin = () => { try { for (;;); } catch {} }; spin()'],
    ['getter', '({ get x() { for (;;); } }).x'],
    ['sort', '[2, 1].sort(() => { for (;;); })'],
    ['JSON', 'JSON.stringify({ toJSON() { for (;;); } })'],
    ['backtracking regular expression', '/(a+)+$/.test("a".repeat(40) + "b")'],
    ['blocked thread', 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'],
    ['await that never settles', 'await new Promise(() => {})'],
    ['loop of microtasks', 'for (;;) await null'],
    ['loop after an await', 'await 0; for (;;);'],
    ['loop of timers', 'for (;;) { await sleep(2); rounds++ }'],
    ['loop inside an awaited function', 'const run = async () => { await 0; for (;;); }; await run()'],
    ['endless for await', 'for await (const _ of (async function* () { for (;;) { await sleep(2); yield 1 } })());'],
    ['loop in a timeout', 'setTimeout(() => { for (;;); }, 5); await sleep(60_000)'],
    ['loop in an immediate', 'setImmediate(() => { for (;;); }); await sleep(60_000)'],
    ['loop in nextTick', 'process.nextTick(() => { for (;;); }); await sleep(60_000)'],
    ['flood of output', 'for (;;) console.log("flood")'],
    ['flood of large writes', 'for (;;) { process.stdout.write("x".repeat(1e5)); await null }'],
    ['flood of displays', 'for (;;) display({ "text/plain": "x" })'],
    ['catch without end', 'for (;;) { try { for (;;); } catch {} }'],
    ['loop in a finally', 'try { for (;;); } finally { for (;;); }'],
    ['await in a finally', 'try { await new Promise(() => {}) } finally { await new Promise(() => {}) }'],
    ['cell that catches and waits again', 'for (;;) { try { await new Promise(() => {}) } catch {} }'],
    [
      'WebAssembly loop',
      'const wasm = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 9, 1, 7, 0, 3, 64, 12, 0, 11, 11])); (new WebAssembly.Instance(wasm).exports as any).f()',
    ],
    [
      'recursion that catches its overflow',
      'const dig = (): any => { try { return dig() } catch { return dig() } }; dig()',
    ],
    ['proxy trap', 'new Proxy({}, { get() { for (;;); } } as any).x'],
    ['display of a hostile object', '({ [Symbol.for("nodejs.util.inspect.custom")]() { for (;;); } })'],
    ['thenable that loops', 'await ({ then() { for (;;); } } as any)'],
    ['thenable that never answers', 'await ({ then() {} } as any)'],
    ['storm of microtasks', 'await new Promise(() => { const go = (): any => Promise.resolve().then(go); go() })'],
    ['storm of ticks', 'await new Promise(() => { const go = () => process.nextTick(go); go() })'],
    ['interval that loops', 'setInterval(() => { for (;;); }, 1); await new Promise(() => {})'],
    ['module that loops', 'await import("data:text/javascript,for(;;);")'],
    ['module that waits', 'await import("data:text/javascript,await new Promise(() => {})")'],
    [
      'event that never comes',
      'import { EventEmitter, once } from "node:events"; await once(new EventEmitter(), "never")',
    ],
    ['endless JSON', 'for (;;) JSON.parse(JSON.stringify(Array.from({ length: 1e5 }, (_, i) => ({ i }))))'],
    ['map of endless calls', 'await fexec.getResult(fexec.map(() => { for (;;); }, [1, 2, 3]))'],
    ['futures of endless calls', 'for await (const f of fexec.map(() => { for (;;); }, [1])) await f.result()'],
  ])('%s', async ([, code]) => {
    const { reply, outputs } = await interrupted(`${BEGUN};\n${code}`)
    expect(reply).toMatchObject({ status: 'error', ename: 'KeyboardInterrupt' })
    expect(outputs.at(-1)?.type).toBe('error')
    expect((await client.run('keep')).text).toBe('7')
    expect((await client.run('await sleep(5); "timers work"')).text).toBe("'timers work'")
  })

  test('a loop of timers has really stopped', async () => {
    const before = (await client.run('rounds')).text
    await sleep(50)
    expect((await client.run('rounds')).text).toBe(before)
  })

  test('a blocking child process is killed after two seconds', async () => {
    const { reply } = await interrupted(`${BEGUN};\nrequire("node:child_process").execSync("sleep 60")`)
    expect(reply.ename).toBe('KeyboardInterrupt')
    expect((await client.run('keep')).text).toBe('7')
  })
})

test('finally blocks run, and what they print comes before the error', async () => {
  const { outputs } = await interrupted(
    `try { ${BEGUN}; await new Promise(() => {}) } finally { console.log("tidied") }`,
  )
  expect(outputs.map(({ type, content }) => content.text ?? type)).toEqual(['begun\n', 'tidied\n', 'error'])
})

test('a cell may catch the interrupt and go on', async () => {
  const result = await interrupted(
    `let caught = ""; try { ${BEGUN}; await new Promise(() => {}) } catch (e: any) { caught = e.name }\ncaught`,
  )
  expect(result.outputs.at(-1)!.content.data['text/plain']).toBe("'KeyboardInterrupt'")
})

test('listeners of the host hear it once', async () => {
  await client.run(
    'import { kernelHost } from "@mayfly/executor/host"; let heard = 0; const stop = kernelHost()!.onInterrupt(() => heard++)',
  )
  await interrupted(`${BEGUN}; for (;;);`)
  expect((await client.run('stop(); heard')).text).toBe('1')
})

test('queued cells are aborted, later ones run', async () => {
  const first = client.start(`${BEGUN}; await new Promise(() => {})`)
  const second = client.run('rounds = -1')
  await first.says('begun')
  client.send('interrupt_request', {}, 'control')
  expect((await first.result).reply.ename).toBe('KeyboardInterrupt')
  expect((await second).reply.status).toBe('aborted')
  expect((await client.run('rounds >= 0')).text).toBe('true')
})

test.for([0, 1, 3, 10, 30])('an interrupt %i ms after the request is not lost', async (delay) => {
  const result = client.run('const typed: number = 1; for (;;);')
  if (delay > 0) await sleep(delay)
  await client.kernel.interrupt()
  expect((await result).reply.ename).toBe('KeyboardInterrupt')
  expect((await client.run('keep')).text).toBe('7')
})

test('promises of abandoned cells may be collected', async () => {
  for (let i = 0; i < 5; i++) await interrupted(`await 0; ${BEGUN}; for (;;);`)
  await client.run('for (let i = 0; i < 200; i++) new Array(1e5).fill(i)')
  expect((await client.run('keep')).text).toBe('7')
})

/** What must keep the state on every Node that kernels run on; where it is 24 or later, with asynchronous contexts in use. */
const SCENARIOS: [string, string][] = [
  ['loop', 'for (;;);'],
  ['backtracking regular expression', '/(a+)+$/.test("a".repeat(40) + "b")'],
  ['blocked thread', 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'],
  ['await that never settles', 'await new Promise(() => {})'],
  ['loop of microtasks', 'for (;;) await null'],
  ['loop after an await', 'await 0; for (;;);'],
  ['loop in a timeout', 'setTimeout(() => { for (;;); }, 5); await new Promise(() => {})'],
  ['loop in an immediate', 'setImmediate(() => { for (;;); }); await new Promise(() => {})'],
  ['loop in nextTick', 'process.nextTick(() => { for (;;); }); await new Promise(() => {})'],
]

describe.for(NODES)('on %s', ([version, nodePath]) => {
  let own: Client
  beforeAll(async () => {
    own = await openKernel({ nodePath })
    const safe = Number.parseInt(version.slice(1), 10) >= 24
    const context =
      'import { AsyncLocalStorage } from "node:async_hooks"; const als = new AsyncLocalStorage(); als.enterWith({ user: 1 })'
    await own.run(`let keep = 7${safe ? `\n${context}` : ''}`)
  })
  afterAll(() => own.kernel.shutdown())

  test.for(SCENARIOS)('%s', async ([, code]) => {
    const pid = own.kernel.pid
    const { reply, outputs } = await interrupted(`${BEGUN};\n${code}`, own)
    expect(reply).toMatchObject({ status: 'error', ename: 'KeyboardInterrupt' })
    expect(outputs.at(-1)!.content.mayfly.cellId).toBe(outputs.at(-1)!.cellId)
    expect((await own.run('await new Promise((r) => setTimeout(r, 5)); keep')).text).toBe('7')
    expect(own.kernel.pid).toBe(pid)
  })

  test.for([
    ['at the top', 'process.exit(3)'],
    ['in a try block', 'try { process.exit(3) } catch {} finally { keep = 0 }'],
    ['after an await', 'await 0; const go = async () => { await 0; process.exit(3) }; await go(); keep = 0'],
  ])('process.exit %s ends the cell alone', async ([, code]) => {
    const pid = own.kernel.pid
    const { reply } = await own.run(code!)
    expect(reply).toMatchObject({ status: 'error', ename: 'SystemExit' })
    expect(reply.evalue).toContain('process.exit(3)')
    expect((await own.run('keep')).text).toBe('7')
    expect(own.kernel.pid).toBe(pid)
  })
})

test('code that loops after its cell has ended is interrupted too', async () => {
  const looping = client.start(`setTimeout(() => { ${BEGUN}; for (;;); }, 20); 0`)
  await looping.result
  await looping.says('begun')
  const next = client.run('keep')
  await client.kernel.interrupt()
  expect((await next).reply.status).toMatch(/ok|error/)
  expect((await client.run('keep')).text).toBe('7')
})

test('a cell that replaces timers and promises is interrupted all the same', async () => {
  const { reply } = await interrupted(
    `const own = { ...globalThis, setTimeout, setImmediate, process }\nglobalThis.setTimeout = globalThis.setImmediate = (() => 0) as never; ${BEGUN}; await new Promise(() => {})`,
  )
  expect(reply.ename).toBe('KeyboardInterrupt')
  const { text } = await client.run(
    'globalThis.setTimeout = own.setTimeout; globalThis.setImmediate = own.setImmediate; await sleep(5); "back"',
  )
  expect(text).toBe("'back'")
})

test('a late process.exit is a fault that is shown, and ends nothing', async () => {
  const pid = client.kernel.pid
  const cell = client.start('setTimeout(() => process.exit(2), 5); 0')
  const said = await cell.until(({ content }) => String(content.text).includes('process.exit(2)'))
  expect(said.content.text).toContain('the kernel goes on')
  expect((await client.run('keep')).text).toBe('7')
  expect(client.kernel.pid).toBe(pid)
})

test('native code that nothing stops: after five seconds a restart is offered, and works', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-stuck-'))
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const { kernel, run, start } = await openKernel()
  let writer: number | undefined
  try {
    // A pipe nobody writes to: no child process to kill, no JavaScript to terminate.
    const stuck = start(`require('node:fs').readFileSync(${JSON.stringify(pipe)})`)
    // It can be opened for writing when the cell has opened it: it reads from then on, until the writer closes.
    writer = await vi.waitFor(() => openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK), { timeout: 30_000 })
    await sleep(100)
    await kernel.interrupt()
    const offered = await stuck.until(({ header }) => header.msg_type === 'mayfly_notice')
    expect(offered.content).toMatchObject({ code: 'E_KERNEL_STUCK', action: 'restart' })
    await kernel.restart()
    expect((await stuck.result).reply.status).toBe('aborted')
    expect((await run('1 + 1')).text).toBe('2')
  } finally {
    await kernel.shutdown()
    if (writer !== undefined) closeSync(writer)
    rmSync(folder, { recursive: true })
  }
})
