import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, gate, openKernel } from './fixtures/client.js'
import { makeHeader } from './index.js'

let client: Client

beforeAll(async () => {
  client = await openKernel()
})
afterAll(() => client.kernel.shutdown())

describe('order', () => {
  test('every message of a cell lies between its busy and its idle', async () => {
    const first = client.messages.length
    await client.run('console.log("a"); console.error("b"); display(1); await 0; process.stdout.write("c"); 5')
    const types = client.messages.slice(first).map(({ header, content }) => content.execution_state ?? header.msg_type)
    expect(types).toEqual([
      'busy',
      'execute_input',
      'stream',
      'stream',
      'display_data',
      'stream',
      'execute_result',
      'execute_reply',
      'idle',
    ])
  })

  test('20,000 lines arrive whole, in order, in few messages', async () => {
    const { outputs, reply } = await client.run('for (let i = 0; i < 20_000; i++) console.log(i)')
    expect(reply.status).toBe('ok')
    expect(outputs.map(({ content }) => content.text).join('')).toBe(
      `${Array.from({ length: 20_000 }, (_, i) => i).join('\n')}\n`,
    )
    expect(outputs.length).toBeLessThan(1000)
  })

  test('bytes are decoded across writes', async () => {
    const { text } = await client.run(
      'const b = Buffer.from("€"); process.stdout.write(b.subarray(0, 1)); process.stdout.write(b.subarray(1))',
    )
    expect(text).toContain('€')
  })

  test('output of a child process that inherits the pipes is shown', async () => {
    const seen = gate()
    const cell = client.start(
      `require("node:child_process").spawnSync("echo", ["from outside"], { stdio: "inherit" }); ${seen.awaits}`,
    )
    // The pipe is another way than that of the end of the cell.
    await cell.says('from outside')
    seen.open()
    expect((await cell.result).text).toContain('from outside')
  })
})

describe('late output finds its cell', () => {
  test('timers, throws and rejections go to the cell whose code they are', async () => {
    const first = client.messages.length
    const before = await client.run(
      'setTimeout(() => console.log("late"), 30)\nsetTimeout(() => { throw new TypeError("thrown late") }, 40)\nsetTimeout(() => Promise.reject(new Error("nobody waits")), 50); 0',
    )
    const parent = before.reply
    const after = await client.run('await new Promise((r) => setTimeout(r, 150)); console.log("own"); 1')
    expect(parent.status).toBe('ok')
    expect(after.reply.status).toBe('ok')
    expect(after.text).toBe('own\n\n1')
    const executes = client.messages.slice(first).filter(({ header }) => header.msg_type === 'execute_input')
    const origin = executes[0]!.parent_header.msg_id
    const late = client.messages
      .slice(first)
      .filter(({ header, parent_header }) => header.msg_type === 'stream' && parent_header.msg_id === origin)
      .map(({ content }) => content.text)
      .join('')
    expect(late).toContain('late\n')
    expect(late).toMatch(/Uncaught TypeError: thrown late\n {4}at .*cell-\d+\.ts:2:26/)
    expect(late).toMatch(/Uncaught \(in promise\) Error: nobody waits/)
  })
})

describe('execute', () => {
  test('iopub and reply carry the cell id; counts count', async () => {
    const first = client.messages.length
    await client.run('1')
    await client.run('2')
    const replies = client.messages.slice(first).filter(({ header }) => header.msg_type === 'execute_reply')
    expect(Number(replies[1]!.content.execution_count)).toBe(Number(replies[0]!.content.execution_count) + 1)
    expect(client.messages.slice(first).every(({ metadata }) => typeof metadata.cellId === 'string')).toBe(true)
  })

  test('silent: no input, no result, no count, but effects', async () => {
    const { reply } = await client.run('1')
    const silent = await client.run('var quiet = 3; quiet', { silent: true })
    expect(silent.outputs).toEqual([])
    expect((await client.run('quiet')).reply.execution_count).toBe(reply.execution_count + 1)
  })

  test('store_history false: shown but not counted', async () => {
    const { reply } = await client.run('1')
    const { reply: second, text } = await client.run('"side"', { store_history: false })
    expect(text).toBe("'side'")
    expect(second.execution_count).toBe(reply.execution_count)
  })

  test('an error aborts what is queued, unless told otherwise', async () => {
    const results = await Promise.all([client.run('throw new Error("stop")'), client.run('1'), client.run('2')])
    expect(results.map(({ reply }) => reply.status)).toEqual(['error', 'aborted', 'aborted'])
    const going = await Promise.all([client.run('throw new Error("go on")', { stop_on_error: false }), client.run('1')])
    expect(going.map(({ reply }) => reply.status)).toEqual(['error', 'ok'])
  })

  test('after a failure, what arrives later of the same batch is not run; anything else is', async () => {
    const execute = (code: string, batch: string) => {
      const header = makeHeader('execute_request', 'client')
      const reply = client.until(
        (m) => m.header.msg_type === 'execute_reply' && m.parent_header.msg_id === header.msg_id,
      )
      const content = { code, silent: false, store_history: true, stop_on_error: true }
      client.kernel.send({ channel: 'shell', header, parent_header: {}, metadata: { batch }, content })
      return reply.then(({ content: answer }) => answer.status)
    }
    expect(await execute('throw new Error("first")', 'one')).toBe('error')
    expect(await execute('globalThis.late = 1', 'one')).toBe('aborted')
    expect(await execute('globalThis.late ??= 2', 'two')).toBe('ok')
    expect((await client.run('globalThis.late')).text).toBe('2')
  })

  test('an error names class, message, and place', async () => {
    const { outputs } = await client.run('\nclass Odd extends RangeError { name = "Odd" }\nthrow new Odd("why")')
    expect(outputs[0]!.content).toMatchObject({
      ename: 'Odd',
      evalue: 'why',
      mayfly: { line: 3, column: 7, cellId: outputs[0]!.cellId },
    })
  })

  test('our errors bring their hint', async () => {
    const { outputs } = await client.run(
      'import { MayflyError } from "@mayfly/executor/errors"\nthrow new MayflyError("E_TEST", "It broke.", { hint: "Mend it." })',
    )
    expect(outputs[0]!.content.traceback.slice(0, 3)).toEqual([
      'MayflyError: It broke.',
      '  code: E_TEST',
      '  → Mend it.',
    ])
  })
})

describe('display', () => {
  test('forms, updates and clearing', async () => {
    const { outputs } = await client.run(
      'const h = display.html("<b>1</b>"); h.update("<b>2</b>"); display.markdown("# m"); display.json({ a: [1] }); display.latex("x^2"); display.svg("<svg/>"); display.clear(true)',
    )
    expect(outputs.map(({ type }) => type)).toEqual([
      'display_data',
      'update_display_data',
      'display_data',
      'display_data',
      'display_data',
      'display_data',
      'clear_output',
    ])
    const [first, update] = outputs
    expect(update!.content.data).toEqual({ 'text/html': '<b>2</b>' })
    expect(update!.content.transient.display_id).toBe(first!.content.transient.display_id)
    expect(outputs.at(-1)!.content).toEqual({ wait: true })
  })

  test('a cell that ends with a display shows it once, with title and size for a picture', async () => {
    const { outputs } = await client.run(
      'display.png(new Uint8Array([0x89, 0x50, 0x4e, 0x47]), { title: "C6H12O6+K", width: 200, pixelated: true })',
    )
    expect(outputs.map(({ type }) => type)).toEqual(['display_data'])
    expect(outputs[0]!.content.metadata).toEqual({ 'image/png': { title: 'C6H12O6+K', width: 200, pixelated: true } })
  })

  test('a handle works after its cell', async () => {
    await client.run('const bar = display("0 %")')
    const { outputs } = await client.run('bar.update("100 %")')
    const update = client.messages.findLast(({ header }) => header.msg_type === 'update_display_data')!
    expect(update.content.data).toEqual({ 'text/plain': "'100 %'" })
    expect(outputs).toEqual([])
  })

  test('values that show themselves, also asynchronously', async () => {
    const { outputs } = await client.run(
      '({ async [Symbol.for("mayfly.display")]() { await 0; return { "text/html": "<i>me</i>" } } })',
    )
    expect(outputs[0]!.content.data).toMatchObject({ 'text/html': '<i>me</i>', 'text/plain': expect.any(String) })
  })

  test('images by their signature, tables by their shape', async () => {
    const png = await client.run('new Uint8Array([0x89, 0x50, 0x4e, 0x47])')
    expect(png.outputs[0]!.content.data['image/png']).toBe('iVBORw==')
    const table = await client.run('[{ a: 1, b: "x" }, { a: 2 }]')
    expect(table.outputs[0]!.content.data['application/vnd.mayfly.table+json']).toEqual({
      columns: [
        { name: 'a', type: 'number' },
        { name: 'b', type: 'string' },
      ],
      data: [
        [1, 2],
        ['x', null],
      ],
      rows: 2,
      shown: 2,
    })
  })
})

describe('other requests', () => {
  test('kernel_info', async () => {
    expect(await client.ask('kernel_info_request')).toMatchObject({
      protocol_version: '5.4',
      language_info: { name: 'typescript' },
    })
  })

  test('complete: names, members, and nothing that would run code', async () => {
    await client.run('const animals = { antelope: 1, ant: 2, get trap() { throw new Error("touched") } }')
    const names = await client.ask('complete_request', { code: 'let x = anim', cursor_pos: 12 })
    expect(names).toMatchObject({ matches: ['animals'], cursor_start: 8, cursor_end: 12 })
    const members = await client.ask('complete_request', { code: '😀; animals.an', cursor_pos: 13 })
    expect(members).toMatchObject({ matches: ['ant', 'antelope'], cursor_start: 11 })
    expect((await client.ask('complete_request', { code: 'animals.trap.', cursor_pos: 13 })).matches).toEqual([])
    expect((await client.ask('complete_request', { code: 'f().', cursor_pos: 4 })).matches).toEqual([])
  })

  test('inspect', async () => {
    await client.run('function area(w: number, h: number) { return w * h }')
    const found = await client.ask('inspect_request', { code: 'area(1, 2)', cursor_pos: 2, detail_level: 0 })
    expect(found.found).toBe(true)
    expect(found.data['text/plain']).toContain('function area(w, h)')
    expect((await client.ask('inspect_request', { code: 'nowhere', cursor_pos: 2 })).found).toBe(false)
  })

  test('is_complete', async () => {
    const status = async (code: string) => (await client.ask('is_complete_request', { code })).status
    expect(await status('1 + 1')).toBe('complete')
    expect(await status('function f() {')).toBe('incomplete')
    expect(await status('const t = `open')).toBe('incomplete')
    expect(await status('let = = 3')).toBe('invalid')
  })

  test('history and comm_info', async () => {
    await client.run('"remember me"')
    const { history } = await client.ask('history_request', { hist_access_type: 'tail', n: 1, output: false })
    expect(history[0][2]).toBe('"remember me"')
    expect(await client.ask('comm_info_request')).toEqual({ status: 'ok', comms: {} })
  })

  test('are answered while a cell runs, and the status stays busy', async () => {
    const answered = gate()
    const running = client.start(`console.log('in'); ${answered.awaits}; "done"`)
    await running.says('in')
    const info = await client.ask('kernel_info_request')
    expect(info.status).toBe('ok')
    expect(client.messages.at(-1)!.content.execution_state).toBe('busy')
    expect(client.kernel.executionState).toBe('busy')
    answered.open()
    expect((await running.result).text).toBe("in\n\n'done'")
  })

  test('input is asked for and answered', async () => {
    const running = client.start('"hello " + prompt("Name?")', { allow_stdin: true })
    const asked = await running.until(({ header }) => header.msg_type === 'input_request')
    expect(asked.content).toEqual({ prompt: 'Name?', password: false })
    client.send('input_reply', { value: 'Ada' }, 'stdin')
    expect((await running.result).text).toBe("'hello Ada'")
    expect((await client.run('prompt("nobody")')).text).toMatch(/Nobody can be asked.*\n.*E_KERNEL_STDIN/)
  })
})
