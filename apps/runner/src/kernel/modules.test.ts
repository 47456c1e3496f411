import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, NODES, openKernel } from './fixtures/client.js'

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

describe.for(NODES)('modules on %s', ([, nodePath]) => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mayfly-modules-'))
    client = await openKernel({ workspace: folder, notebook: 'deep/notes.ipynb', nodePath })
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
    write(
      'ping.ts',
      'import { pong } from "./pong"\nexport const ping = (n: number): string => n ? pong(n - 1) : "ping"',
    )
    write(
      'pong.ts',
      'import { ping } from "./ping"\nexport const pong = (n: number): string => n ? ping(n - 1) : "pong"',
    )
    expect((await client.run('import { ping } from "../ping"; ping(3)')).text).toBe("'pong'")
    write(
      'pong.ts',
      'import { ping } from "./ping"\nexport const pong = (n: number): string => n ? ping(n - 1) : "PONG"',
    )
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

  test.for([
    [
      'CommonJS that requires CommonJS',
      'r1.cjs',
      'exports.v = require("./r2.cjs").v',
      'r2.cjs',
      (v: number) => `exports.v = ${v}`,
    ],
    [
      'a module that imports CommonJS that requires',
      'm1.ts',
      'import c from "./m2.cjs"\nexport const v = c.v',
      'm3.cjs',
      (v: number) => `exports.v = ${v}`,
    ],
    [
      'CommonJS that reads JSON',
      'j1.cjs',
      'exports.v = require("./j2.json").v',
      'j2.json',
      (v: number) => `{ "v": ${v} }`,
    ],
    [
      'a module that imports JSON',
      'k1.ts',
      'import j from "./k2.json"\nexport const v: number = j.v',
      'k2.json',
      (v: number) => `{ "v": ${v} }`,
    ],
    [
      'a module that imports later',
      'd1.ts',
      'export const v = (await import("./d2")).v',
      'd2.ts',
      (v: number) => `export const v: number = ${v}`,
    ],
    [
      'a module that is exported on',
      'x1.ts',
      'export * from "./x2"',
      'x2.ts',
      (v: number) => `export const v: number = ${v}`,
    ],
    [
      'a TypeScript module behind JavaScript names',
      'n1.js',
      'export { v } from "./n2.js"',
      'n2.ts',
      (v: number) => `export const v: number = ${v}`,
    ],
    [
      'a path by import attribute',
      'y1.ts',
      'import j from "./y2.json" with { type: "json" }\nexport const v = j.v',
      'y2.json',
      (v: number) => `{ "v": ${v} }`,
    ],
  ] as const)('%s: an edit below is seen, also by require', async ([, top, text, below, version]) => {
    if (top === 'm1.ts') write('m2.cjs', 'exports.v = require("./m3.cjs").v')
    write(top, text)
    const ask = async () => {
      const imported = await client.run(`const m = await import("../${top}"); m.v ?? m.default.v`)
      const required = /^[rj]/.test(top) ? await client.run(`require("../${top}").v`) : imported
      return [imported.text, required.text]
    }
    for (const value of [1, 2, 3]) {
      write(below, version(value))
      expect(await ask()).toEqual([`${value}`, `${value}`])
    }
  })

  test('a package installed after it was missed is found', async () => {
    expect((await client.run('import late from "late-package"; late')).text).toContain(
      "Cannot find package 'late-package'",
    )
    write('node_modules/late-package/package.json', '{ "name": "late-package", "main": "index.js" }')
    write('node_modules/late-package/index.js', 'module.exports = "here"')
    expect((await client.run('import late from "late-package"; late')).text).toBe("'here'")
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
    const linked = await openKernel({ workspace: link, nodePath })
    try {
      expect((await linked.run("(await import('./linked/outer')).inner")).text).toBe('7')
    } finally {
      await linked.kernel.shutdown()
      rmSync(link)
    }
  })
})
