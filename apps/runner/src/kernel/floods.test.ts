import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { SHOWN_DISPLAYS, SHOWN_TAIL, SHOWN_TEXT } from './child/gate.js'
import { REST_MIME, type RestOutput } from './child/rest.js'
import { type CellResult, type Client, gate, openKernel } from './fixtures/client.js'

let home: string
let client: Client

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'mayfly-floods-'))
  client = await openKernel({ home })
})
afterAll(async () => {
  await client.kernel.shutdown()
  rmSync(home, { recursive: true })
})

const streams = ({ outputs }: CellResult) =>
  outputs.filter(({ type }) => type === 'stream').map(({ content }) => String(content.text))
const restOf = (content: Record<string, unknown>) =>
  (content.data as Record<string, unknown> | undefined)?.[REST_MIME] as RestOutput | undefined
const restsOf = (messages: { content: Record<string, unknown> }[]): RestOutput[] =>
  messages.flatMap(({ content }) => restOf(content) ?? [])
const rests = ({ outputs }: CellResult): RestOutput[] => restsOf(outputs)
const fileOf = (rest: RestOutput) => readFileSync(join(home, 'outputs', rest.file), 'utf8')
const lines = (count: number) => `${Array.from({ length: count }, (_, i) => `line ${i}`).join('\n')}\n`

describe('text without end', () => {
  test('the head is shown, the rest is in a file, and the end is shown when the cell is over', async () => {
    const result = await client.run('for (let i = 0; i < 300_000; i++) console.log("line " + i); 7')
    const expected = lines(300_000)
    const rest = rests(result).at(-1)!
    const at = result.outputs.findIndex(({ content }) => content.data?.[REST_MIME])
    const head = result.outputs
      .slice(0, at)
      .map(({ content }) => content.text)
      .join('')
    const tail = result.outputs
      .slice(at)
      .map(({ content }) => content.text ?? '')
      .join('')
    expect(head).toHaveLength(SHOWN_TEXT)
    expect(head + fileOf(rest)).toBe(expected)
    expect(tail.length).toBeGreaterThan(SHOWN_TAIL - 100)
    expect(expected.endsWith(tail)).toBe(true)
    expect(tail).toMatch(/^line /)
    expect(rest).toEqual({
      file: expect.stringMatching(/^test\/cell-\d+-\d+\.txt$/),
      bytes: expected.length - SHOWN_TEXT,
      lines: fileOf(rest).split('\n').length - 1,
      complete: true,
    })
    expect(result.outputs.at(-1)!.content.data['text/plain']).toBe('7')
    expect(result.outputs.length).toBeLessThan(300)
  })

  test('both streams keep their order in the file and in the tail', async () => {
    const result = await client.run(
      'process.stdout.write("x".repeat(2 ** 20)); for (let i = 0; i < 100; i++) console[i % 2 ? "error" : "log"](i)',
    )
    expect(fileOf(rests(result).at(-1)!)).toBe(`${Array.from({ length: 100 }, (_, i) => i).join('\n')}\n`)
    const names = result.outputs.filter(({ type }) => type === 'stream').map(({ content }) => content.name)
    expect(names.slice(-2)).toEqual(['stdout', 'stderr'])
  })

  test('an interrupted flood has its end', async () => {
    const cell = client.start('for (let i = 0; ; i++) console.log("line " + i)')
    await cell.until(({ content }) => restOf(content) !== undefined)
    await client.kernel.interrupt()
    const result = await cell.result
    const rest = rests(result).at(-1)!
    expect(rest.complete).toBe(true)
    expect(result.outputs.at(-1)!.type).toBe('error')
    // The last line may be in one of them only: an interrupt hits anywhere.
    const tail = streams(result).at(-1)!.split('\n')
    expect(fileOf(rest).slice(-200)).toContain(tail.at(-3))
  })

  test('late output of a cell goes to its file', async () => {
    const result = await client.run(
      'process.stdout.write("x".repeat(2 ** 20 + 5)); setTimeout(() => console.log("late"), 20); 0',
    )
    const rest = rests(result).at(-1)!
    await vi.waitFor(() => expect(fileOf(rest)).toBe('xxxxxlate\n'), { timeout: 30_000 })
  })

  test('only of files that have grown is told again', async () => {
    const spill = 'process.stdout.write("x".repeat(2 ** 20 + 5));'
    const quiet = rests(await client.run(`${spill} 0`)).at(-1)!
    const first = client.messages.length
    const late = rests(await client.run(`${spill} setTimeout(() => console.log("late"), 20); 0`)).at(-1)!
    const told = () => restsOf(client.messages.slice(first))
    await expect.poll(() => told().at(-1), { timeout: 30_000 }).toMatchObject({ file: late.file, bytes: 10 })
    expect(told().map(({ file }) => file)).not.toContain(quiet.file)
  })

  test('what is cleared does not count', async () => {
    const result = await client.run(
      'for (let i = 0; i < 12; i++) { display.clear(); process.stdout.write("x".repeat(3e5)) }; 0',
    )
    expect(rests(result)).toEqual([])
  })

  test('a pair of code units is not torn', async () => {
    const result = await client.run('process.stdout.write("x".repeat(2 ** 20 - 1) + "🦋🦋")')
    expect(fileOf(rests(result).at(-1)!)).toBe('🦋🦋')
  })

  test('a folder that cannot be written is said, and the cell goes on', async () => {
    const own = await openKernel({ home: '/dev/null' })
    try {
      const result = await own.run('process.stdout.write("x".repeat(3 * 2 ** 20)); 8')
      expect(result.outputs.at(-1)!.content.data['text/plain']).toBe('8')
      expect(result.text).toContain('Not all of it is there: ENOTDIR')
      expect(rests(result).at(-1)!.complete).toBe(false)
    } finally {
      await own.kernel.shutdown()
    }
  })

  test('floods leave the memory of the kernel alone', async () => {
    const own = await openKernel({ home, id: 'narrow', memoryMb: 128, rssMb: 350 })
    try {
      const cell = own.start('for (;;) process.stdout.write("y".repeat(50_000))')
      await cell.until(({ content }) => Number(restOf(content)?.bytes) > 2e8)
      await own.kernel.interrupt()
      expect((await cell.result).reply.ename).toBe('KeyboardInterrupt')
    } finally {
      await own.kernel.shutdown()
    }
  })

  test('child processes that write to the pipes themselves are cut, with a word', async () => {
    const seen = gate()
    const cell = client.start(
      `require("node:child_process").spawnSync("sh", ["-c", "yes | head -c 3000000"], { stdio: "inherit" }); ${seen.awaits}`,
    )
    // The pipe is another way than that of the end of the cell.
    await cell.says('beyond 1 MiB is not shown')
    seen.open()
    expect((await cell.result).text.length).toBeLessThan(1.1 * 2 ** 20)
  })
})

describe('displays without end', () => {
  test('as many as a page can hold are shown, the others leave their text', async () => {
    const result = await client.run('for (let i = 0; i < 10_000; i++) display("value " + i)')
    const shown = result.outputs.filter(({ type, content }) => type === 'display_data' && !content.data[REST_MIME])
    expect(shown).toHaveLength(SHOWN_DISPLAYS)
    const file = fileOf(rests(result).at(-1)!)
    expect(file.split('\n')).toHaveLength(10_000 - SHOWN_DISPLAYS + 1)
    expect(file).toMatch(/^.?value 500/)
    expect(streams(result).at(-1)).toContain('value 9999')
  })

  test('of updates the last counts, and those of hidden displays are not sent', async () => {
    const first = client.messages.length
    const result = await client.run(
      'const kept = display(0); for (let i = 1; i <= 20_000; i++) kept.update(i)\nfor (let i = 0; i < 600; i++) display(i).update(-1)',
    )
    const updates = result.outputs.filter(
      ({ type, content }) => type === 'update_display_data' && !content.data[REST_MIME],
    )
    expect(updates.length).toBeLessThan(700)
    const id = result.outputs.find(({ type }) => type === 'display_data')!.content.transient.display_id
    const last = updates.filter(({ content }) => content.transient.display_id === id).at(-1)!
    expect(last.content.data['text/plain']).toBe('20000')
    expect(client.messages.length - first).toBeLessThan(2000)
  })

  test('an animation by clearing sends few frames, and the last', async () => {
    const result = await client.run('for (let i = 0; i < 5000; i++) { display.clear(true); console.log("frame " + i) }')
    expect(result.outputs.length).toBeLessThan(1000)
    expect(result.outputs.slice(-2).map(({ type }) => type)).toEqual(['clear_output', 'stream'])
    expect(result.outputs.at(-1)!.content.text).toBe('frame 4999\n')
  })

  test('one value that is too large is shown in part, whole in a file', async () => {
    const result = await client.run('display.mime({ "text/plain": "z".repeat(3e6), "text/html": "<b>small</b>" })')
    const [value] = result.outputs
    expect(value!.content.data['text/html']).toBe('<b>small</b>')
    expect(value!.content.data['text/plain'].length).toBeLessThan(70_000)
    expect(fileOf(rests(result)[0]!)).toBe('z'.repeat(3e6))
    const markup = await client.run('display.html("w".repeat(9e6))')
    expect(markup.outputs[0]!.content.data).toEqual({ 'text/plain': 'text/html of 9.0 MB is too large to be shown' })
    expect(rests(markup)[0]).toMatchObject({ bytes: 9e6, complete: true })
  })
})
