import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Client, openKernel } from './fixtures/client.js'

let folder: string
let client: Client

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mayfly-stack-'))
  writeFileSync(
    join(folder, 'lib.ts'),
    'interface Gap {}\n\nexport const call = (f: () => void) => {\n  f()\n}\nexport async function later(): Promise<void> {\n  await null\n  throw new RangeError("late")\n}',
  )
  client = await openKernel({ workspace: folder })
})
afterAll(async () => {
  await client.kernel.shutdown()
  rmSync(folder, { recursive: true })
})

const placeOf = async (code: string) => (await client.run(code)).outputs.at(-1)!

test('frames lead through cells and files, by the lines of the source', async () => {
  await client.run(
    'import { call, later } from "./lib"\ninterface A {}\nfunction inner(): never {\n  throw new TypeError("x")\n}',
  )
  const { content, cellId } = await placeOf('\ncall(() => {\n  [1].map(function each() { inner() })\n})')
  const { frames, ...place } = content.mayfly
  const defined = { cell: 1, cellId: expect.any(String) }
  const here = { cell: 2, cellId }
  expect(place).toEqual({ ...defined, line: 4, column: 9 })
  expect(frames).toEqual([
    { ...defined, line: 4, column: 9, name: 'inner' },
    { ...here, line: 3, column: 29, name: 'each' },
    { ...here, line: 3, column: 7 },
    { file: 'lib.ts', line: 4, column: 3, name: 'call' },
    { ...here, line: 2, column: 1 },
  ])
})

test('asynchronous frames, code and hint', async () => {
  const { content, cellId } = await placeOf('await later()')
  expect(content.mayfly.frames).toEqual([
    { file: 'lib.ts', line: 8, column: 9, name: 'later' },
    { cell: 3, cellId, line: 1, column: 1 },
  ])
  const told = await placeOf('throw Object.assign(new Error("m"), { code: "E_X", hint: "do this" })')
  expect(told.content.mayfly).toMatchObject({ cell: 4, line: 1, column: 21, code: 'E_X', hint: 'do this' })
})

test('nothing of Node, of packages outside, or of the kernel is among them', async () => {
  const { content } = await placeOf('JSON.parse("{")')
  for (const frame of content.mayfly.frames) expect(frame).toMatchObject({ cell: 5 })
  const none = await placeOf('throw 5')
  expect(none.content.mayfly?.frames).toBeUndefined()
})

test('a name with spaces or brackets does not hide its place', async () => {
  const { content } = await placeOf('const o = { "a (b) c"() { throw new Error("x") } }\no["a (b) c"]()')
  expect(content.mayfly).toMatchObject({ line: 1, column: 33 })
  expect(content.mayfly.frames.at(-1)).toMatchObject({ line: 2, column: 13 })
})
