/** The language service over its socket, against the real compiler. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ORIGIN, startTestRunner, type TestRunner } from '../fixtures/runner.js'
import { LanguagePage } from './fixtures/page.js'

let runner: TestRunner
const pages: LanguagePage[] = []

beforeAll(async () => {
  runner = await startTestRunner()
  mkdirSync(join(runner.root, 'sub/lib'), { recursive: true })
  writeFileSync(join(runner.root, 'sub/util.ts'), 'export const half = (x: number): number => x / 2\n')
  writeFileSync(
    join(runner.root, 'top.ts'),
    'export interface Top { height: number }\nexport let top: Top = { height: 3 }\n',
  )
})
afterAll(async () => {
  for (const page of pages) page.close()
  await runner.stop()
})

async function open(sources: string[], path = 'sub/book.ipynb') {
  const page = await LanguagePage.open(runner, path)
  pages.push(page)
  page.cells(sources)
  return page
}

const messages = (items: { message: string }[]) => items.map(({ message }) => message)

describe('types across cells', () => {
  it('flow from a cell to later ones, also of a name that is declared again', async () => {
    const page = await open([
      'const rows = [{ name: "a", size: 1 }]\nlet total = 0',
      'total = rows.length\ntotal = "many"\nrows[0].size.toFixed()\nrows[0].sise',
      'const rows = new Map<string, number>()',
      'rows.set("a", 1)\nrows.push(1)',
    ])
    expect(await page.problems('c1')).toEqual([])
    expect(messages(await page.problems('c2'))).toEqual([
      "Type 'string' is not assignable to type 'number'.",
      expect.stringMatching(/^Property 'sise' does not exist on type/),
    ])
    expect(await page.problems('c3')).toEqual([])
    expect(messages(await page.problems('c4'))).toEqual([expect.stringMatching(/^Property 'push' does not exist/)])
    expect(page.diagnostics.get('c4')!.items[0]).toMatchObject({
      severity: 'error',
      start: { line: 1, character: 5 },
      end: { line: 1, character: 9 },
    })
  })

  it('cover all kinds of declarations', async () => {
    const page = await open([
      `interface Point { x: number; y: number }
type Pair<T> = [T, T]
enum Color { Red, Green }
namespace Shapes { export const unit: Point = { x: 0, y: 0 }; export type Name = string }
class Box<T> { constructor(readonly value: T) {} }
function twice<T>(value: T): Pair<T> { return [value, value] }
const { a, b: [c, ...rest], ...others } = { a: 1, b: ['x', 'y'], d: true, e: null }
var early = 1
for (var i = 0; i < 3; i++) {}
export const shared = await Promise.resolve(5)
import { readFile as read } from 'node:fs/promises'
import type { Stats } from 'node:fs'
abstract class Base { abstract go(): void }
async function* numbers() { yield 1 }`,
      '%%md # nothing to see for the compiler: a + ',
      `const p: Point = { x: 1, y: Shapes.unit.y }
const q: Pair<number> = twice(c.length)
const color: Color = Color.Red
const box = new Box(p); box.value.x
const n: Shapes.Name = rest[0]!
others.d satisfies boolean; early = 2; i = 3; shared.toFixed(); a.toFixed()
const text: string = await read('x', 'utf8')
let stats: Stats
class Derived extends Base { go() {} }
for await (const each of numbers()) each.toFixed()
display(box); const answer: string | null = prompt('?'); require('node:fs')`,
    ])
    expect(await page.problems('c1')).toEqual([])
    expect(await page.problems('c3')).toEqual([])
  })

  it('come from packages, the bundled ones, Node and files beside the notebook', async () => {
    const page = await open([
      `import ms from 'ms'
import { FunctionExecutor } from '@mayfly/executor'
import { half } from './util'
import { half as again } from './util.ts'
import { top, type Top } from '../top'
import { createHash } from 'node:crypto'
const executor = new FunctionExecutor()`,
      `half(4) + again(2); half('4')
const t: Top = top
createHash('sha256').update('x').digest('hex').toUpperCase()
const squares = await executor.getResult(executor.map((x: number) => x * x, [1, 2]))
import { gone } from './util'`,
    ])
    expect(messages(await page.problems('c1')).filter((message) => !message.includes("'ms'"))).toEqual([])
    expect(messages(await page.problems('c2'))).toEqual([
      "Argument of type 'string' is not assignable to parameter of type 'number'.",
      expect.stringContaining("no exported member 'gone'"),
    ])
  })

  it('survive a cell that does not parse', async () => {
    const page = await open(['const n = 1\nfunction f() { return { deep: n } }', 'f().deep.toFixed()\nn.toFixed()'])
    expect(await page.problems('c2')).toEqual([])
    page.edit('c1', 'const n = 1', 'const n = 1\nconst broken = {')
    expect((await page.problems('c1')).length).toBeGreaterThan(0)
    page.edit('c2', 'n.toFixed()', 'n.toFixed( )')
    expect(await page.problems('c2')).toEqual([])
  })

  it('say what is only declared later, what is constant, and nothing of unused names', async () => {
    const page = await open([
      'const fixed = 1; const unused = 2; let open; open = 3',
      'fixed = 2; later + 1; nowhere',
      'let later = 1',
    ])
    expect(await page.problems('c1')).toEqual([])
    const items = await page.problems('c2')
    expect(messages(items)).toEqual([
      "Cannot assign to 'fixed' because it is a constant.",
      "'later' is declared in a later cell (code cell 3).",
      "Cannot find name 'nowhere'.",
    ])
    expect(items.map(({ severity }) => severity)).toEqual(['error', 'warning', 'error'])
  })

  it('follow edits into dependent cells, moves and removals', async () => {
    const page = await open(['let n = 1', 'const twice = n * 2', 'twice.toFixed()'])
    expect(await page.problems('c3')).toEqual([])
    page.edit('c2', 'n * 2', 'String(n)')
    await page.until(() => page.diagnostics.get('c3')!.items.length === 1)
    expect(messages(page.diagnostics.get('c3')!.items)[0]).toContain("'toFixed' does not exist on type 'string'")
    page.cells(['let n = 1', 'const other = n * 2', 'twice.toFixed()'])
    expect(messages(await page.problems('c3'))).toEqual(["Cannot find name 'twice'."])
  })
})

describe('operations', () => {
  it('complete members, names of other cells, and know when types do not help', async () => {
    const page = await open([
      'const measurements = [{ mass: 1, charge: 2 }]\nfunction helper(x: number) { return x }\nlet free: any',
      'measurements[0].;\nhelp\nfree.',
    ])
    const members = await page.ask('complete', page.at('c2', 'measurements[0].'))
    expect(members.items.map((item: { label: string }) => item.label)).toEqual(['charge', 'mass'])
    const names = await page.ask('complete', page.at('c2', 'measurements[0].;\nhelp'))
    const found = names.items.find((item: { label: string }) => item.label === 'helper')
    expect(found).toBeDefined()
    const more = await page.ask('resolve', { ref: found.ref })
    expect(more).toMatchObject({ detail: 'function helper(x: number): number', documentation: 'Code cell 1' })
    expect(await page.ask('complete', page.at('c2', 'free.'))).toEqual({ items: [], incomplete: false, unknown: true })
    page.edit('c2', 'free.', 'Math.ma')
    const math = await page.ask('complete', page.at('c2', 'Math.ma'))
    const max = math.items.find((item: { label: string }) => item.label === 'max')
    expect(await page.ask('resolve', { ref: max.ref })).toMatchObject({
      detail: expect.stringContaining('max(...values: number[]): number'),
      documentation: expect.stringContaining('larger'),
    })
    expect(JSON.stringify(math)).not.toContain('.mayfly~')
  })

  it('tell types and documentation of what the pointer is on', async () => {
    const page = await open([
      '/** Half of it. */\nfunction half(x: number) { return x / 2 }\nlet v = { k: 1 }',
      'half(3); v',
    ])
    const told = await page.ask('hover', page.at('c2', 'hal'))
    expect(told.text).toContain('function half(x: number): number')
    expect(told.text).toContain('Half of it.')
    expect(told.text).not.toMatch(/alias|import|mayfly~/)
    expect(told.span).toEqual({ start: { line: 0, character: 0 }, end: { line: 0, character: 4 } })
    expect((await page.ask('hover', page.at('c2', 'half(3); v'))).text).toMatch(/let v: \{\s*k: number;?\s*\}/)
    expect(await page.ask('hover', page.at('c2', 'half(3'))).toBeNull()
  })

  it('show the parameters of a call while it is written', async () => {
    const page = await open(['function area(width: number, height: number) { return width * height }', 'area(1, '])
    const help = await page.ask('signature', page.at('c2', 'area(1, '))
    expect(help.signatures[0]).toMatchObject({ label: 'area(width: number, height: number): number', active: 1 })
    expect(help.signatures[0].parameters).toHaveLength(2)
  })

  it('go to definitions in cells, files and libraries', async () => {
    const page = await open([
      'const one = 1\nlet two = 2',
      'import { half } from "./util"\none + two\nhalf(one)\nMath.max(1)',
    ])
    const span = (line: number, from: number, to: number) => ({
      start: { line, character: from },
      end: { line, character: to },
    })
    expect(await page.ask('definition', page.at('c2', '\non'))).toEqual([{ cellId: 'c1', ...span(0, 6, 9) }])
    expect(await page.ask('definition', page.at('c2', '+ tw'))).toEqual([{ cellId: 'c1', ...span(1, 4, 7) }])
    expect(await page.ask('definition', page.at('c2', '\nhal'))).toMatchObject([
      { path: 'sub/util.ts', ...span(0, 13, 17), text: expect.stringContaining('half') },
    ])
    const [library] = await page.ask('definition', page.at('c2', 'Math.ma'))
    expect(library.path).toMatch(/lib\.es5\.d\.ts$/)
  })

  it('find and rename over cells: variables, constants, exports, members', async () => {
    const page = await open([
      'let count = 1\nexport const size = 2\nconst item = { weight: 1 }\nexport let open = 1',
      'count += size\nconst both = { count, size }\nfunction f(count: number) { return count }',
      'count + item.weight + open; open = 2',
      'let count = "new"',
      'count',
    ])
    const edits = async (cellId: string, before: string, name: string) =>
      Object.fromEntries(
        (await page.ask('rename', { ...page.at(cellId, before), name })).map(
          (cell: { cellId: string; edits: { text: string; start: object }[] }) => [
            cell.cellId,
            cell.edits.map((edit) => edit.text).sort(),
          ],
        ),
      )
    for (const [cell, before] of [
      ['c1', 'let cou'],
      ['c2', 'cou'],
      ['c3', 'cou'],
    ] as const)
      expect(await edits(cell, before, 'sum')).toEqual({ c1: ['sum'], c2: ['count: sum', 'sum'], c3: ['sum'] })
    for (const [cell, before] of [
      ['c1', 'const si'],
      ['c2', '+= si'],
    ] as const)
      expect(await edits(cell, before, 'width')).toEqual({ c1: ['width'], c2: ['size: width', 'width'] })
    for (const [cell, before] of [
      ['c1', 'let op'],
      ['c3', '+ op'],
    ] as const)
      expect(await edits(cell, before, 'free')).toEqual({ c1: ['free'], c3: ['free', 'free'] })
    expect(await edits('c3', 'item.wei', 'mass')).toEqual({ c1: ['mass'], c3: ['mass'] })
    expect(await edits('c2', 'f(cou', 'n')).toEqual({ c2: ['n', 'n'] })
    expect(await edits('c5', 'cou', 'text')).toEqual({ c4: ['text'], c5: ['text'] })
    const found = await page.ask('references', page.at('c3', 'cou'))
    expect(found.map((each: { cellId: string }) => each.cellId).sort()).toEqual(['c1', 'c2', 'c2', 'c3'])
    expect(await page.ask('renameable', page.at('c2', 'cou'))).toMatchObject({ name: 'count' })
    await expect(edits('c1', 'let cou', 'size')).rejects.toMatchObject({ code: 'E_LANGUAGE_RENAME' })
    await expect(edits('c1', 'let cou', 'a b')).rejects.toMatchObject({ code: 'E_LANGUAGE_RENAME' })
    expect(await page.ask('renameable', page.at('c2', 'count += siz'))).not.toBeNull()
  })

  it('format a cell', async () => {
    const page = await open(['const a=1', 'if(a){\nconsole.log( a )}'])
    const edits = await page.ask('format', { cellId: 'c2' })
    expect(edits.length).toBeGreaterThan(2)
    for (const { start } of edits) expect(start.line).toBeGreaterThanOrEqual(0)
  })
})

describe('the service', () => {
  it('starts again when it dies, with everything it knew', async () => {
    const page = await open(['const rows = [1]', 'rows.'], 'again.ipynb')
    const complete = () => page.ask('complete', page.at('c2', 'rows.'))
    const before = (await complete()).items.length
    const { pid, rss } = (await runner.http('GET', '/api/mayfly/language')).json
    expect(rss).toBeGreaterThan(10_000_000)
    process.kill(pid, 'SIGKILL')
    expect((await complete()).items.length).toBe(before)
    const status = (await runner.http('GET', '/api/mayfly/language')).json
    expect(status.pid).not.toBe(pid)
    expect(status.restarts).toBe(1)
  })

  it('keeps two pages and two notebooks of a folder apart', async () => {
    const [a, b] = await Promise.all([
      open(['const x = 1', 'x.toFixed()'], 'a.ipynb'),
      open(['const x = "s"', 'x.toFixed()'], 'b.ipynb'),
    ])
    expect(await a.problems('c2')).toEqual([])
    expect(messages(await b.problems('c2'))).toHaveLength(1)
    a.close()
    b.edit('c2', 'toFixed', 'trim')
    expect(await b.problems('c2')).toEqual([])
  })

  it('sees files change on disk, and writes none itself', async () => {
    const page = await open(['import { half } from "./util"\nhalf(2).toFixed()'])
    expect(await page.problems('c1')).toEqual([])
    const old = page.diagnostics.get('c1')
    writeFileSync(join(runner.root, 'sub/util.ts'), 'export const half = (x: number): string => String(x / 2)\n')
    await page.until(() => page.diagnostics.get('c1') !== old && page.diagnostics.get('c1')!.items.length === 1)
    writeFileSync(join(runner.root, 'sub/util.ts'), 'export const half = (x: number): number => x / 2\n')
    expect(readdirSync(join(runner.root, 'sub')).sort()).toEqual(['lib', 'util.ts'])
  })

  it('follows the tsconfig.json of the workspace', async () => {
    mkdirSync(join(runner.root, 'loose'))
    writeFileSync(
      join(runner.root, 'loose/tsconfig.json'),
      '{ // comments are fine\n "compilerOptions": { "strict": false, "paths": { "~/*": ["../sub/*"] } }, "include": ["x"] }',
    )
    const page = await open(
      [
        'function f(x) { return x }\nimport { half } from "~/util"\nhalf("1")\nimport { FunctionExecutor } from "@mayfly/executor"',
      ],
      'loose/book.ipynb',
    )
    expect(messages(await page.problems('c1'))).toEqual([
      "Argument of type 'string' is not assignable to parameter of type 'number'.",
    ])
  })

  it('takes a hundred cells and a cell of five thousand lines', async () => {
    const page = await open([
      'let n0 = 0',
      ...Array.from({ length: 98 }, (_, i) => `let n${i + 1} = n${i} + 1`),
      Array.from({ length: 5000 }, (_, i) => `const v${i} = ${i}${i === 4999 ? ' + n98' : ''}`).join('\n'),
    ])
    expect(await page.problems('c100')).toEqual([])
    page.edit('c1', '= 0', '= ""')
    expect(await page.problems('c1')).toEqual([])
    page.edit('c100', 'const v4999 = 4999', 'const v4999: boolean = 4999')
    const items = await page.problems('c100')
    expect(items.map(({ start }) => start.line)).toContain(4999)
  })

  it('asks for everything again when an edit makes no sense', async () => {
    const page = await open(['const a = 1'])
    page.send({ op: 'edit', cellId: 'c1', version: 9, changes: [{ offset: 500, length: 1, text: '' }] })
    await page.until(() => page.resends === 1)
    page.send({ op: 'edit', cellId: 'gone', version: 9, changes: [] })
    await page.until(() => page.resends === 2)
    await expect(page.ask('hover', { cellId: 'gone', line: 0, character: 0 })).rejects.toMatchObject({
      code: 'E_LANGUAGE_CELL',
    })
  })

  it('refuses strangers, nonsense and paths outside', async () => {
    const address = (path: string, token: string) => `/api/mayfly/language?path=${path}&token=${token}`
    const upgrade = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      authorization: '',
    }
    expect((await runner.http('GET', address('a.ipynb', ''), { headers: upgrade })).status).toBe(401)
    expect((await runner.http('GET', address('../a.ipynb', runner.ticket), { headers: upgrade })).status).toBe(400)
    const foreign = { ...upgrade, origin: 'http://evil.example' }
    expect((await runner.http('GET', address('a.ipynb', runner.ticket), { headers: foreign })).status).toBe(403)
    expect(ORIGIN).toBeTruthy()
    const page = await open(['1'])
    page.send({ op: 'delete everything' })
    expect(await new Promise((resolve) => page.socket.once('close', resolve))).toBe(1007)
  })
})
