import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Client, openKernel } from './fixtures/client.js'

let folder: string
let client: Client
let edits = 0

/** Writes a file with a time of its own: two edits within a clock tick still differ. */
function write(path: string, text: string): void {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  const time = Date.now() / 1000 + ++edits
  utimesSync(file, time, time)
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mayfly-modules-'))
  client = await openKernel({ workspace: folder, notebook: 'deep/notes.ipynb' })
})
afterAll(async () => {
  await client.kernel.shutdown()
  rmSync(folder, { recursive: true })
})

test('an edited file is read anew, also when it is imported by another; what did not change keeps its state', async () => {
  write('a.ts', 'import { b } from "./b"\nimport { count } from "./state"\nexport const a: string = b + count()')
  write('b.ts', 'export const b: string = "one"')
  write('state.ts', 'let n = 0\nexport const count = () => ++n')
  expect((await client.run('import { a } from "../a"; a')).text).toBe("'one1'")
  write('b.ts', 'export const b: string = "two"')
  expect((await client.run('import { a } from "../a"; a')).text).toBe("'two2'")
  expect((await client.run('import { a } from "../a"; a')).text).toBe("'two2'")
})

test('files that import each other', async () => {
  write('ping.ts', 'import { pong } from "./pong"\nexport const ping = (n: number): string => n ? pong(n - 1) : "ping"')
  write('pong.ts', 'import { ping } from "./ping"\nexport const pong = (n: number): string => n ? ping(n - 1) : "pong"')
  expect((await client.run('import { ping } from "../ping"; ping(3)')).text).toBe("'pong'")
  write('pong.ts', 'import { ping } from "./ping"\nexport const pong = (n: number): string => n ? ping(n - 1) : "PONG"')
  expect((await client.run('import { ping } from "../ping"; ping(3)')).text).toBe("'PONG'")
})

test('CommonJS and require follow edits too', async () => {
  write('c.cjs', 'exports.v = 1')
  expect((await client.run('import c from "../c.cjs"; c.v')).text).toBe('1')
  expect((await client.run('require("../c.cjs").v')).text).toBe('1')
  write('c.cjs', 'exports.v = 2')
  expect((await client.run('import c from "../c.cjs"; c.v')).text).toBe('2')
  expect((await client.run('require("../c.cjs").v')).text).toBe('2')
})

test("index files, tsx, and packages of the workspace before the runner's", async () => {
  write('lib/index.ts', 'export const from = "index"')
  write('view.tsx', 'const h = (tag: string) => tag\n/** @jsx h */\nexport const view: string = <b />')
  write('node_modules/lodash/package.json', '{ "name": "lodash", "main": "main.js" }')
  write('node_modules/lodash/main.js', 'module.exports = { mine: true }')
  expect((await client.run('import { from } from "../lib"; from')).text).toBe("'index'")
  expect((await client.run('import { view } from "../view"; view')).text).toBe("'b'")
  expect((await client.run('import _ from "lodash"; _.mine')).text).toBe('true')
})

test('faults of modules name file and line, and the importing cell', async () => {
  write('bad.ts', 'export const x: number = ;')
  write('throws.ts', 'interface Gap {}\n\nthrow new Error("at the top")')
  expect((await client.run('\nimport { x } from "../bad"')).text).toMatch(
    /SyntaxError: Unexpected ";" \(.*bad\.ts:1:26\)\n.*cell-\d+\.ts:2:1/,
  )
  expect((await client.run('import "../throws"')).text).toMatch(/Error: at the top\n {4}at throws\.ts:3:7/)
  write('bad.ts', 'export const x: number = 4')
  expect((await client.run('import { x } from "../bad"; x')).text).toBe('4')
})

test('what the executor is told of imports', async () => {
  const { text } = await client.run(`
import { kernelHost } from '@mayfly/executor/host'
import { from as renamed } from '../lib'
const host = kernelHost()!
JSON.stringify([host.importOf('renamed'), host.currentCell()!.notebook, host.workspace, [...host.modules()].some((m) => m.url.endsWith('/lib/index.ts') && m.namespace.from === 'index')])`)
  expect(JSON.parse(text.slice(1, -1))).toEqual([
    { specifier: '../lib', imported: 'from' },
    'deep/notes.ipynb',
    folder,
    true,
  ])
  expect((await client.run('const renamed = 1; host.importOf("renamed")')).text).toBe('')
  expect((await client.run('host.importOf("renamed")')).text).toBe('')
})

test('a renamed notebook imports from its new folder', async () => {
  client.kernel.rename('notes.ipynb')
  expect((await client.run('import { from } from "./lib"; from')).text).toBe("'index'")
})

test('a workspace behind a symbolic link is the same workspace', async () => {
  const link = `${folder}-link`
  symlinkSync(folder, link)
  write('linked/inner.ts', 'export const inner: number = 7')
  // Only files of the workspace may be imported without extension, and only from files of the workspace.
  write('linked/outer.ts', 'export { inner } from "./inner"')
  const linked = await openKernel({ workspace: link })
  try {
    expect((await linked.run("(await import('./linked/outer')).inner")).text).toBe('7')
  } finally {
    await linked.kernel.shutdown()
    rmSync(link)
  }
})
