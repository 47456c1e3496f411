/** Requests beside execution, through the kernel core and a real child: completion, inspection, expressions, comms, questions. */
import { PROGRESS_MIME, type ProgressOutput } from '@mayfly/executor/events'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Cell, type Client, gate, openKernel } from './fixtures/client.js'
import type { JupyterMessage } from './messages.js'

let client: Client

beforeAll(async () => {
  client = await openKernel()
})
afterAll(() => client.kernel.shutdown())

const complete = (code: string, cursor = code.length) => client.ask('complete_request', { code, cursor_pos: cursor })
const matches = async (code: string, cursor?: number) => (await complete(code, cursor)).matches as string[]
const inspect = (code: string, detail = 0) =>
  client.ask('inspect_request', { code, cursor_pos: code.length, detail_level: detail })

describe('complete', () => {
  test('types of what is offered', async () => {
    await client.run('const shape = { area() {}, sides: 3, get lazy() { throw new Error("touched") } }; class Shape {}')
    const { metadata, matches: found } = await complete('shape.')
    const types = metadata._jupyter_types_experimental as { text: string; type: string; start: number; end: number }[]
    expect(found.slice(0, 3)).toEqual(['area', 'constructor', 'hasOwnProperty'])
    expect(types.find(({ text }) => text === 'area')).toEqual({ text: 'area', type: 'function', start: 6, end: 6 })
    expect(types.find(({ text }) => text === 'lazy')!.type).toBe('property')
    const names = (await complete('sha')).metadata._jupyter_types_experimental as { text: string; type: string }[]
    expect(names).toMatchObject([{ text: 'shape', type: 'instance' }])
    expect(await matches('whi')).toContain('while')
    expect(await matches('structuredCl')).toEqual(['structuredClone'])
  })

  test('keys in brackets, quoted as they must be', async () => {
    await client.run(`const row = { 'a b': 1, plain: 2, "it's": 3, '': 4, nested: { 'x-y': 1 } }`)
    expect(await matches("row['a")).toEqual(["a b']"])
    expect(await matches('row["')).toEqual(['"]', 'a b"]', `it's"]`, 'nested"]', 'plain"]'])
    expect(await matches("row['it")).toEqual(["it\\'s']"])
    expect(await complete("row['pl']", 7)).toMatchObject({ matches: ['plain'], cursor_start: 5, cursor_end: 7 })
    expect(await matches("row['nested']['x")).toEqual(["x-y']"])
    expect(await matches('row.')).not.toContain('a b')
    expect(await matches("f()['a")).toEqual([])
  })

  test('an object with 100,000 keys, a proxy, and a name that stands in for a global', async () => {
    await client.run('const huge = Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => ["key" + i, i]))')
    expect(await matches('huge.key9999')).toHaveLength(11)
    expect((await matches('huge.')).length).toBeLessThanOrEqual(2000)
    await client.run('let asked = 0; const sly = new Proxy({ a: 1 }, { ownKeys() { asked++; return [] } })')
    expect(await matches('sly.')).toEqual([])
    await client.run('const URL = { mine: 1 }')
    expect(await matches('URL.mi')).toEqual(['mine'])
    expect((await client.run('asked')).text).toBe('0')
  })

  test('while a cell waits: live; while it computes: what the cells declared', async () => {
    const looked = gate()
    const waiting = client.start(`let during = { inner: 1 }; console.log('in'); ${looked.awaits}`)
    await waiting.says('in')
    // The kernel waits for its cell's answer but for a moment, in which a busy machine may not give it.
    await vi.waitFor(async () => expect(await matches('during.inn')).toEqual(['inner']), { timeout: 30_000 })
    looked.open()
    await waiting.result
    const asked = gate()
    const computing = client.start(`console.log('in'); ${asked.computes}`)
    await computing.says('in')
    expect(await matches('shap')).toEqual(['shape'])
    expect(await matches('shape.')).toEqual([])
    asked.open()
    await computing.result
  })
})

describe('inspect', () => {
  test('signature with types, documentation, and the source when more is asked', async () => {
    await client.run(`/**
 * Mass over charge.
 * @param z the charge
 */
export function mz(mass: number, z = 1): number {
  return mass / z
}
/** Twice. */
const twice = (n: number): number => n * 2`)
    const { found, data } = await inspect('mz')
    expect(found).toBe(true)
    expect(data['text/plain']).toMatch(
      /^function mz\(mass: number, z = 1\): number\n\nMass over charge\.\n@param z the charge\n\n/,
    )
    expect(data['text/markdown']).toContain('```ts\nfunction mz(mass: number, z = 1): number\n```')
    expect((await inspect('mz', 1)).data['text/plain']).toContain('return mass / z')
    expect((await inspect('twice')).data['text/plain']).toMatch(/^const twice = \(n: number\): number =>\n\nTwice\./)
    expect((await inspect('Math.max')).data['text/plain']).toContain('function max()')
  })

  test('type and value, without running anything', async () => {
    await client.run(
      'const spectrum = { mz: new Float64Array(3), label: "a" }; let runs = 0; const counted = { get n() { return ++runs } }',
    )
    expect((await inspect('spectrum')).data['text/plain']).toBe(
      "spectrum: Object\n\n{ mz: Float64Array(3) [0, 0, 0], label: 'a' }",
    )
    expect((await inspect('spectrum.label')).data['text/plain']).toBe("spectrum.label: string\n\n'a'")
    expect((await inspect('counted.n')).found).toBe(false)
    expect((await inspect('counted', 1)).data['text/plain']).toContain('n: (…)')
    expect((await client.run('runs')).text).toBe('0')
    expect((await inspect('nowhere')).found).toBe(false)
  })
})

describe('execute', () => {
  test('user expressions: TypeScript, bundles, errors of their own; none after a failure', async () => {
    const { reply } = await client.run('const six: number = 6', {
      user_expressions: { seven: '(six as number) + 1', table: '[{ a: 1 }]', bad: 'nope.x', wrong: 'let = =' },
    })
    expect(reply.status).toBe('ok')
    expect(reply.user_expressions).toMatchObject({
      seven: { status: 'ok', data: { 'text/plain': '7' }, metadata: {} },
      table: { status: 'ok', data: { 'application/vnd.mayfly.table+json': { rows: 1 } } },
      bad: { status: 'error', ename: 'ReferenceError', evalue: 'nope is not defined' },
      wrong: { status: 'error', ename: 'SyntaxError' },
    })
    const failed = await client.run('throw new Error("x")', { user_expressions: { a: '1' } })
    expect(failed.reply.user_expressions).toBeUndefined()
    const silent = await client.run('1', { silent: true, user_expressions: { a: '2' } })
    expect([silent.outputs, silent.reply.user_expressions.a.data['text/plain']]).toEqual([[], '2'])
  })

  test('silent says nothing on iopub, not even text', async () => {
    const { outputs } = await client.run('console.log("quiet"); display(1); 2', { silent: true })
    expect(outputs).toEqual([])
  })
})

describe('history', () => {
  test('outputs, and lives of the kernel', async () => {
    await client.run('6 * 7')
    await client.run('"not kept"', { store_history: false })
    const { history } = await client.ask('history_request', { hist_access_type: 'tail', n: 1, output: true })
    expect(history[0].slice(2)).toEqual([['6 * 7', '42']])
    const session = history[0][0]
    await client.kernel.restart()
    await client.run('"reborn"')
    const after = await client.ask('history_request', { hist_access_type: 'range', session: 0, start: 0, stop: 10 })
    expect(after.history).toEqual([[session + 1, 1, '"reborn"']])
    const before = await client.ask('history_request', { hist_access_type: 'search', pattern: '6 ?*7', unique: true })
    expect(before.history).toHaveLength(1)
  })
})

describe('input', () => {
  const ask = (code: string) => client.start(code, { allow_stdin: true })
  const question = (cell: Cell) => cell.until(({ header }) => header.msg_type === 'input_request')

  test('defaults, passwords and confirmations', async () => {
    let running = ask('prompt("Name?", "Ada")')
    expect((await question(running)).content).toEqual({
      prompt: 'Name? [Ada] ',
      password: false,
      mayfly: { prompt: 'Name?', confirm: false, default: 'Ada' },
    })
    client.send('input_reply', { value: '' }, 'stdin')
    expect((await running.result).text).toBe("'Ada'")
    running = ask('prompt("Key?", { password: true })')
    expect((await question(running)).content).toEqual({ prompt: 'Key?', password: true })
    client.send('input_reply', { value: 's3' }, 'stdin')
    expect((await running.result).text).toBe("'s3'")
    running = ask('confirm("Sure?")')
    expect((await question(running)).content).toMatchObject({
      prompt: 'Sure? [y/n] ',
      mayfly: { prompt: 'Sure?', confirm: true },
    })
    client.send('input_reply', { value: 'yes' }, 'stdin')
    expect((await running.result).text).toBe('true')
  })

  test('a second answer is not taken for the next question', async () => {
    const running = ask('[prompt("1"), prompt("2")]')
    expect((await question(running)).content).toMatchObject({ prompt: '1' })
    client.send('input_reply', { value: 'a' }, 'stdin')
    client.send('input_reply', { value: 'too late' }, 'stdin')
    expect((await running.until(({ content }) => content.prompt === '2')).header.msg_type).toBe('input_request')
    client.send('input_reply', { value: 'b' }, 'stdin')
    expect((await running.result).text).toBe("[ 'a', 'b' ]")
  })

  test('where nobody can be asked it throws, also in a timer after the cell', async () => {
    const { reply } = await client.run('prompt("x")', { allow_stdin: false })
    expect(reply).toMatchObject({
      status: 'error',
      ename: 'MayflyError',
      evalue: expect.stringContaining('Nobody can be asked'),
    })
    await client.run('let late: unknown; setTimeout(() => { try { prompt("y") } catch (e) { late = e } }, 10); 0', {
      allow_stdin: true,
    })
    const { text } = await client.run('while (!late) await new Promise((r) => setTimeout(r, 5)); (late as any).code')
    expect(text).toBe("'E_KERNEL_STDIN'")
  })

  test('an interrupt ends the waiting', async () => {
    const running = ask('prompt("never")')
    await question(running)
    await client.kernel.interrupt()
    expect((await running.result).reply.ename).toBe('KeyboardInterrupt')
    expect((await client.run('1')).text).toBe('1')
  })
})

describe('comms', () => {
  /** The next message of this type, on this line if it is known already. */
  const published = (type: string, id?: string) =>
    client.until(({ header, content }) => header.msg_type === type && (id ?? content.comm_id) === content.comm_id)

  test('opened by a cell: messages and buffers go both ways, until one side closes', async () => {
    const cell =
      client.start(`const comm = comms.open('widget', { a: 1n }, { metadata: { version: '2' }, buffers: [new Uint16Array([258])] })
const got: unknown[] = []; comm.onMessage(({ data, buffers }) => { got.push(data, [...buffers[0]!]); comm.send({ pong: true }) })
comm.onClose(() => got.push('closed'))`)
    const open = await cell.until(({ header }) => header.msg_type === 'comm_open')
    await cell.result
    expect(open.content).toMatchObject({ target_name: 'widget', data: { a: '1' } })
    expect(open.metadata).toMatchObject({ version: '2' })
    expect([...open.buffers![0]!]).toEqual([2, 1])
    const id = String(open.content.comm_id)
    expect(await client.ask('comm_info_request', { target_name: 'widget' })).toEqual({
      status: 'ok',
      comms: { [id]: { target_name: 'widget' } },
    })
    expect((await client.ask('comm_info_request', { target_name: 'other' })).comms).toEqual({})
    const sent = published('comm_msg', id)
    client.send('comm_msg', { comm_id: id, data: { ping: 1 } }, 'shell', [new Uint8Array([7, 8])])
    expect((await sent).content).toEqual({ comm_id: id, data: { pong: true } })
    client.send('comm_close', { comm_id: id, data: {} })
    const { text } = await client.run('while (got.at(-1) !== "closed") await new Promise((r) => setTimeout(r, 5)); got')
    expect(text).toBe("[ { ping: 1 }, [ 7, 8 ], 'closed' ]")
    expect((await client.run('comm.send({})')).reply.evalue).toMatch(/is closed/)
    expect((await client.ask('comm_info_request')).comms).toEqual({})
  })

  test('opened by the page: a registered target takes it, another is closed; a listener that throws is told of', async () => {
    await client.run(
      `const unregister = comms.register('mine', (line, { data }) => { line.send({ hello: data }); line.onMessage(() => { throw new Error('in listener') }) })`,
    )
    const answer = published('comm_msg', 'c1')
    client.send('comm_open', { comm_id: 'c1', target_name: 'mine', data: { x: 1 } })
    expect((await answer).content).toEqual({ comm_id: 'c1', data: { hello: { x: 1 } } })
    const told = client.until(({ content }) => String(content.text).includes('in listener'))
    client.send('comm_msg', { comm_id: 'c1', data: {} })
    expect((await told).header.msg_type).toBe('stream')
    const closed = published('comm_close', 'c2')
    client.send('comm_open', { comm_id: 'c2', target_name: 'nobody', data: {} })
    await closed
    client.send('comm_msg', { comm_id: 'unknown', data: {} })
    client.send('comm_msg', {})
    await client.run('unregister()')
    const refused = published('comm_close', 'c3')
    client.send('comm_open', { comm_id: 'c3', target_name: 'mine', data: {} })
    await refused
    await client.kernel.restart()
    expect((await client.ask('comm_info_request')).comms).toEqual({})
  })
})

test('a debugger is asked for in vain, in its own terms; unknown requests get their idle', async () => {
  const answer = await client.ask('debug_request', { type: 'request', seq: 5, command: 'initialize' }, 'control')
  expect(answer).toMatchObject({ type: 'response', request_seq: 5, success: false, command: 'initialize' })
  const info = await client.ask('kernel_info_request')
  expect(info).toMatchObject({ debugger: false, supported_features: [], help_links: expect.arrayContaining([]) })
  expect((await client.ask('connect_request')).status).toBe('ok')
})

describe('progress', () => {
  test('an interrupted loop is shown as cancelled', async () => {
    const cell = client.start('for (const i of display.progress(Array(1e9).keys(), "endless")) { }')
    await cell.until(({ header }) => header.msg_type === 'display_data')
    await client.kernel.interrupt()
    const progress = ({ content }: JupyterMessage) => (content.data as Record<string, ProgressOutput>)?.[PROGRESS_MIME]
    const last = await cell.until((message) => progress(message)?.state === 'cancelled')
    expect(progress(last)).toMatchObject({ label: 'endless' })
    await cell.result
  })
})
