/** The four notebooks from the first cell to the last, as `mayfly run` does it, at a small size. */
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, expect, it } from 'vitest'

const notebooks = fileURLToPath(new URL('../notebooks/', import.meta.url))
const mayfly = fileURLToPath(new URL('../../../infra/cli/mayfly.mjs', import.meta.url))
/** One workspace for all: what they share, such as isotope patterns, is computed once. */
const work = mkdtempSync(join(tmpdir(), 'mayfly-notebooks-'))
afterAll(() => rmSync(work, { recursive: true, force: true }))

interface Output {
  output_type: string
  data?: Record<string, unknown>
  text?: string | string[]
}

async function run(name: string, parameters: string[] = []): Promise<Output[]> {
  cpSync(join(notebooks, `${name}.ipynb`), join(work, `${name}.ipynb`))
  const args = ['run', `${name}.ipynb`, ...parameters.flatMap((text) => ['-p', text]), '-o', 'out.ipynb']
  const env = { ...process.env, MAYFLY_WORKSPACE: work, MAYFLY_HOME: join(work, '.mayfly') }
  const child = spawn(process.execPath, [mayfly, ...args], { cwd: work, env, stdio: ['ignore', 'ignore', 'pipe'] })
  let told = ''
  child.stderr.on('data', (text) => {
    told += text
  })
  const code = await new Promise((done) => child.on('close', done))
  expect(code, told).toBe(0)
  const { cells } = JSON.parse(readFileSync(join(work, 'out.ipynb'), 'utf8')) as { cells: { outputs?: Output[] }[] }
  return cells.flatMap(({ outputs }) => outputs ?? [])
}

const annotationsIn = (folder: string) =>
  readFileSync(join(work, folder, 'results.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
const showing = (outputs: Output[], mime: string) => outputs.filter(({ data }) => data?.[mime] !== undefined).length
const printed = (outputs: Output[]) => outputs.flatMap(({ text }) => text ?? []).join('')

it('experiment 1 times, saves and validates', { timeout: 120_000 }, async () => {
  const outputs = await run('experiment-1-typical', ['size=1'])
  expect(printed(outputs)).toMatch(/Duration \d+\.\d s\nClient memory: \d+ MB before, \d+ MB after/)
  expect(showing(outputs, 'image/png')).toBe(3)
  expect(showing(outputs, 'image/svg+xml')).toBe(3)
  expect(JSON.stringify(outputs)).toContain('](/runs/')
  const report = JSON.parse(readFileSync(join(work, 'experiment-1-results/validation.json'), 'utf8'))
  expect(report.truth.recall).toBeGreaterThan(0.5)
  // The client's share is small: workers hold the spectra.
  expect(report.memoryAfter - report.memoryBefore).toBeLessThan(200)
  const file = readFileSync(join(work, 'experiment-1-results/results.parquet'))
  const rows = await parquetReadObjects({ file: new Uint8Array(file).buffer })
  const annotations = annotationsIn('experiment-1-results')
  expect(rows.length).toBe(annotations.length)
  expect(printed(outputs)).toContain(`${rows.length} annotations`)
  const [best] = annotations.map((line) => line.split(',')).sort((a, b) => Number(b[9]) - Number(a[9]))
  expect(JSON.stringify(outputs)).toContain(`${best?.at(-1)} - MSM ${Number(best?.[9]).toFixed(3)} FDR 0%`)
})

it('experiment 1 finds everything in the cache, and compares with a reference', { timeout: 120_000 }, async () => {
  const before = annotationsIn('experiment-1-results')
  cpSync(join(work, 'experiment-1-results/results.csv'), join(work, 'reference.csv'))
  const outputs = await run('experiment-1-typical', ['size=1', 'fresh=false', 'referenceCsv=reference.csv', 'images=0'])
  expect(annotationsIn('experiment-1-results')).toEqual(before)
  expect(printed(outputs).match(/loaded from cache/g)).toHaveLength(10)
  expect(JSON.stringify(outputs)).toContain('### Validation against reference.csv: PASS')
  const { reference } = JSON.parse(readFileSync(join(work, 'experiment-1-results/validation.json'), 'utf8'))
  expect(reference.ok).toBe(true)
})

it('experiment 2 answers for a short list', { timeout: 120_000 }, async () => {
  const outputs = await run('experiment-2-interactive', ['size=1', 'molecules=120', 'adducts=["+H","+Na"]'])
  expect(printed(outputs)).toMatch(/\d+ annotations in \d+\.\d s/)
  expect(showing(outputs, 'image/png')).toBeGreaterThan(0)
})

it('experiment 3 takes the size it is given, and cleans up', { timeout: 120_000 }, async () => {
  const outputs = await run('experiment-3-stress', ['size=1', 'cleanUp=true'])
  expect(JSON.stringify(outputs)).toContain('## 1 MB of spectra')
  expect(printed(outputs)).toMatch(/µs a peak/)
  expect(printed(outputs)).toMatch(/Removed \d+ objects/)
})

it('the demo draws, and saves what it found', { timeout: 120_000 }, async () => {
  const outputs = await run('demo', ['decoys=10', 'images=4'])
  expect(showing(outputs, 'image/png')).toBe(4 + 4)
  expect(showing(outputs, 'image/svg+xml')).toBe(2)
  expect(printed(outputs)).toMatch(/Total cost: 0\.\d{5} \$/)
  const images = readdirSync(join(work, 'mayfly-demo/results/images'))
  expect(printed(outputs)).toContain(
    `${annotationsIn('mayfly-demo/results').length} annotations and ${images.length} images`,
  )
  expect(readdirSync(join(work, 'mayfly-demo/results/views'))).toHaveLength(4)
  expect(existsSync(join(work, 'mayfly-demo/section-truth.csv'))).toBe(true)
})
