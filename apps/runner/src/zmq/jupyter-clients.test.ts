/** Jupyter's own clients against the kernel as `mayfly kernel install` registers it. Needs Python packages; never needed by the product. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const MAYFLY = fileURLToPath(new URL('../../../../infra/cli/mayfly.mjs', import.meta.url))
const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))
/** The Python to ask for Jupyter's packages: `MAYFLY_TEST_PYTHON`, else what is on PATH. */
const python = process.env.MAYFLY_TEST_PYTHON ?? 'python3'

const FIND = 'import sys, importlib.util as u; sys.exit(not all(u.find_spec(name) for name in sys.argv[1:]))'

/** Whether Python has these packages; says so once when it has not. */
function lacks(...modules: string[]): boolean {
  try {
    execFileSync(python, ['-c', FIND, ...modules], { stdio: 'ignore' })
    return false
  } catch {
    console.log(`skipped: ${python} does not have ${modules.join(', ')}`)
    return true
  }
}

let prefix: string
let env: NodeJS.ProcessEnv
beforeAll(() => {
  prefix = mkdtempSync(join(tmpdir(), 'mayfly-prefix-'))
  execFileSync(process.execPath, [MAYFLY, 'kernel', 'install', '--prefix', prefix], { stdio: 'ignore' })
  env = { ...process.env, JUPYTER_PATH: join(prefix, 'share', 'jupyter') }
})
afterAll(() => rmSync(prefix, { recursive: true, force: true }))

test.skipIf(lacks('jupyter_kernel_test'))('jupyter_kernel_test: the whole suite', async () => {
  const { stderr } = await run(python, [fixture('kernel_tests.py'), '-v'], { env })
  expect(stderr).toMatch(/\nOK/)
  expect(stderr.match(/\.\.\. ok$/gm)?.length).toBeGreaterThanOrEqual(11)
})

test.skipIf(lacks('nbconvert', 'nbclient'))('nbconvert --execute writes the outputs of a notebook', async () => {
  const file = notebook('ok.ipynb', 'const n: number = 20', 'console.log("n", n)\nn + 22', 'display.html("<b>x</b>")')
  await run(python, ['-m', 'nbconvert', '--to', 'notebook', '--execute', '--inplace', file], { env })
  const [, printed, shown] = JSON.parse(readFileSync(file, 'utf8')).cells
  expect(printed.outputs).toMatchObject([
    { output_type: 'stream', name: 'stdout' },
    { output_type: 'execute_result', data: { 'text/plain': ['42'] } },
  ])
  expect(shown.outputs[0].data['text/html']).toEqual(['<b>x</b>'])
})

test.skipIf(lacks('nbconvert', 'nbclient'))('nbconvert stops at a cell that fails, with our words', async () => {
  const convert = (file: string) => run(python, ['-m', 'nbconvert', '--to', 'notebook', '--execute', file], { env })
  await expect(convert(notebook('fails.ipynb', 'throw new TypeError("no such ion")'))).rejects.toThrow('no such ion')
  await expect(convert(notebook('dies.ipynb', 'process.exit(3)', '1'))).rejects.toThrow(/exit|died/i)
})

test.skipIf(lacks('jupyter_console', 'pexpect'))('jupyter console: cells, results and questions', async () => {
  await run(python, [fixture('console.py')], { env })
})

function notebook(name: string, ...sources: string[]): string {
  const path = join(prefix, name)
  const cells = sources.map((source, i) => ({
    id: `c${i}`,
    cell_type: 'code',
    metadata: {},
    source,
    outputs: [],
    execution_count: null,
  }))
  const metadata = { kernelspec: { name: 'mayfly', display_name: 'TypeScript (Mayfly)', language: 'typescript' } }
  writeFileSync(path, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata, cells }))
  return path
}
