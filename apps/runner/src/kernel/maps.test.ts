/**
 * What a scientist does with `map`, in a real kernel with real workers. Every line of `fixtures/maps.json` is
 * `[name, cells, expected]`: the last cell's text must match. `{0}` stands for the number of the first of the cells.
 */
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, openKernel, WORKSPACE } from './fixtures/client.js'

const RUN_MIME = 'application/vnd.mayfly.run+json'
const PREAMBLE = `
import { FunctionExecutor, MapError, Storage } from '@mayfly/executor'
const fexec = new FunctionExecutor({ progress: false })`

let home: string
let client: Client

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'mayfly-maps-'))
  client = await openKernel({ workspace: WORKSPACE, home })
})
afterAll(async () => {
  await client.kernel.shutdown()
  rmSync(home, { recursive: true })
})

/** Runs cells one after the other; the text of the last, without the strips of its maps. */
async function runCells(cells: string[]): Promise<string> {
  let text = ''
  for (const cell of cells) {
    const { outputs } = await client.run(cell)
    const shown = outputs.filter(({ type, content }) => type !== 'update_display_data' && !content.data?.[RUN_MIME])
    text = shown.map(({ content: c }) => c.data?.['text/plain'] ?? c.text ?? c.traceback?.join('\n')).join('\n')
  }
  return text
}

describe('cells that map', () => {
  const cases: [string, string[], string][] = JSON.parse(
    readFileSync(new URL('./fixtures/maps.json', import.meta.url), 'utf8'),
  )
  test.for(cases)('%s', async ([, cells, expected]) => {
    await runCells([PREAMBLE])
    const first =
      Number(
        await runCells([
          '__count = (await import("@mayfly/executor/host")).kernelHost()!.currentCell()!.executionCount',
        ]),
      ) + 1
    const text = await runCells(cells)
    expect(text.trim()).toMatch(new RegExp(expected.replace(/\{(\d+)\}/g, (_, at) => String(first + Number(at)))))
  })
})

test('a workspace module is shipped as it is at each map, with the files beside it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-maps-ws-'))
  const write = (text: string, time: number) => {
    writeFileSync(join(folder, 'model.ts'), text)
    utimesSync(join(folder, 'model.ts'), time, time)
  }
  const other = await openKernel({ workspace: folder, home })
  try {
    writeFileSync(join(folder, 'table.txt'), 'beside')
    write('export const score = (x: number): number => x + 1', 1_700_000_000)
    await other.run(`${PREAMBLE}\nimport { score } from './model'`)
    const map = '(await fexec.getResult(fexec.map((x: number) => score(x), [1, 2]))).join()'
    expect((await other.run(map)).text).toContain("'2,3'")
    write('export const score = (x: number): number => x * 100', 1_700_000_010)
    await other.run("import { score } from './model'")
    expect((await other.run(map)).text).toContain("'100,200'")
    write(
      `import { readFileSync } from 'node:fs'
export const score = (x: number) => readFileSync(new URL('./table.txt', import.meta.url), 'utf8') + x`,
      1_700_000_020,
    )
    await other.run("import { score } from './model'")
    expect((await other.run(map)).text).toContain("'beside1,beside2'")
  } finally {
    await other.kernel.shutdown()
    rmSync(folder, { recursive: true })
  }
})
