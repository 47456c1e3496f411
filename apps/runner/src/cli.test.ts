import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { main } from '@mayfly/runner/cli'
import { afterAll, beforeEach, expect, test, vi } from 'vitest'
import { parseNotebook } from './nbformat.js'

const folder = mkdtempSync(join(tmpdir(), 'mayfly-cli-'))
const errors: string[] = []

beforeEach(() => {
  errors.length = 0
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => errors.push(String(text)) > 0)
  vi.stubEnv('MAYFLY_WORKSPACE', folder)
  return () => {
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

function notebook(name: string, ...cells: { source: string; tags?: string[]; type?: string }[]): string {
  return notebookWith({}, name, ...cells)
}

function notebookWith(
  metadata: object,
  name: string,
  ...cells: { source: string; tags?: string[]; type?: string }[]
): string {
  const path = join(folder, name)
  const written = cells.map(({ source, tags, type = 'code' }, i) => ({
    id: `c${i}`,
    cell_type: type,
    metadata: tags ? { tags } : {},
    source,
    ...(type === 'code' ? { outputs: [], execution_count: null } : {}),
  }))
  writeFileSync(path, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata, cells: written }))
  return path
}

const outputsOf = (path: string) => parseNotebook(readFileSync(path, 'utf8'), path).cells.map((cell) => cell.outputs)

test('runs all cells and writes their outputs', async () => {
  const input = notebook(
    'ok.ipynb',
    { source: '# Title', type: 'markdown' },
    { source: 'const alpha = 1', tags: ['parameters'] },
    { source: 'console.log("alpha", alpha)\nconst bar = display("0 %")' },
    { source: 'bar.update("100 %"); alpha * 2' },
  )
  const output = join(folder, 'out/ok.ipynb')
  expect(await main(['run', input, '-p', 'alpha=21', '-p', 'aplha=1', '-o', output])).toBe(0)
  expect(errors.join('')).toContain('W_PARAMETER_UNKNOWN: the notebook has no parameter aplha; did you mean alpha?')
  const [markdown, first, injected, printed, last] = outputsOf(output)
  expect([markdown, first, injected]).toEqual([undefined, [], []])
  expect(printed).toEqual([
    { output_type: 'stream', name: 'stdout', text: 'alpha 21\n' },
    { output_type: 'display_data', data: { 'text/plain': "'100 %'" }, metadata: {} },
  ])
  expect(last).toEqual([
    { output_type: 'execute_result', data: { 'text/plain': '42' }, metadata: {}, execution_count: 4 },
  ])
  expect(errors.join('')).toContain('[4/4] bar.update')
  expect(readdirSync(join(folder, 'out'))).toEqual(['ok.ipynb'])
})

test('a failed cell: exit code 1, outputs written, later cells not run', async () => {
  const input = notebook(
    'fail.ipynb',
    { source: 'let n = 1' },
    { source: 'throw new RangeError("no")' },
    { source: 'n' },
  )
  const output = join(folder, 'fail-out.ipynb')
  expect(await main(['run', input, '-o', output])).toBe(1)
  const [, failed, after] = outputsOf(output)
  expect(failed).toEqual([
    { output_type: 'error', ename: 'RangeError', evalue: 'no', traceback: ['RangeError: no', '    at cell-2.ts:1:7'] },
  ])
  expect(after).toEqual([])
})

test('a cell tagged raises-exception may fail', async () => {
  const input = notebook(
    'raises.ipynb',
    { source: 'throw new Error("expected")', tags: ['raises-exception'] },
    { source: '5' },
  )
  const output = join(folder, 'raises-out.ipynb')
  expect(await main(['run', input, '-o', output])).toBe(0)
  expect(outputsOf(output)[1]).toHaveLength(1)
})

test('a kernel that dies: exit code 1 with the reason', async () => {
  const output = join(folder, 'dies-out.ipynb')
  const source = "process.kill(process.pid, 'SIGKILL'); await new Promise(() => {})"
  expect(await main(['run', notebook('dies.ipynb', { source }), '-o', output])).toBe(1)
  expect(outputsOf(output)[0]?.[0]).toMatchObject({
    ename: 'KernelDied',
    evalue: expect.stringContaining('SIGKILL'),
  })
})

test('executors have the settings of the notebook; --backend comes before them', async () => {
  const source = `import { FunctionExecutor } from '@mayfly/executor'
new FunctionExecutor()`
  const settings = { mayfly: { backend: 'nowhere', workers: 1 } }
  const input = notebookWith(settings, 'settings.ipynb', { source }, { source: '1' })
  const output = join(folder, 'settings-out.ipynb')
  expect(await main(['run', input, '-o', output])).toBe(1)
  expect(outputsOf(output)[0]?.[0]).toMatchObject({ evalue: expect.stringContaining("no backend 'nowhere'") })
  expect(await main(['run', input, '--backend', 'localhost', '-o', output])).toBe(0)
})

test.for([
  [['run', 'a.ipynb'], 'E_USAGE'],
  [['run', 'a.ipynb', 'b.ipynb', '-o', 'c.ipynb'], 'E_USAGE'],
  [['run', 'a.ipynb', '--nope'], 'E_USAGE'],
  [['run', '/no/such.ipynb', '-o', '/tmp/x.ipynb'], 'E_NOTEBOOK_READ'],
] as const)('bad input %j: exit code 2', async ([argv, code]) => {
  expect(await main(argv)).toBe(2)
  expect(errors.join('')).toContain(code)
})
