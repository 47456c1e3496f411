/** A notebook on AWS Lambda, chosen in its toolbar, against the doubles of Lambda and S3. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { violations } from '../axe.js'
import { type Cloud, type Connected, startCloud, startConnected } from '../cloud.js'
import { expect, notebookOf, outputOf, type Page, picture, runAll, test } from '../product.js'

let cloud: Cloud
let mayfly: Connected

test.use({ bypassCSP: true })
test.describe.configure({ mode: 'serial' })
test.beforeAll(async () => {
  cloud = await startCloud()
  mayfly = await startConnected(4410)
  writeFileSync(join(mayfly.workspace, 'mayfly.config.json'), JSON.stringify(cloud.sections))
})
test.afterAll(async () => {
  await mayfly?.stop()
  await cloud?.close()
})

/** Waits for the kernel, then opens the choice of the backend. */
async function openChoice(page: Page) {
  await expect(page.getByTestId('kernel-status')).toHaveAttribute('data-state', 'idle')
  await page.getByTestId('backend').click()
  await expect(page.getByRole('radio', { name: 'AWS Lambda' })).toBeEnabled()
}

const metadataOf = (name: string) =>
  JSON.parse(readFileSync(join(mayfly.workspace, name), 'utf8')).metadata as Record<string, unknown>

test('Hello, map runs on Lambda when that is chosen, with the results it has here', async ({ page }) => {
  await page.goto(mayfly.product.url)
  await page.getByTestId('home-card-hello-map').click()
  await expect(page.getByTestId('backend')).toHaveText('This machine')
  await runAll(page)
  const here = await outputOf(page, 4).innerText()
  expect(here).toContain('600000000')

  await openChoice(page)
  await page.getByRole('radio', { name: 'AWS Lambda' }).check()
  await expect(page.getByLabel('Storage')).toContainText('Automatic (Amazon S3, bucket mine)')
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
    expect(await violations(page), theme).toEqual([])
  }
  await picture(page, 'backend-choice')
  await page.keyboard.press('Escape')
  await expect(page.getByTestId('backend')).toBeFocused()

  // At once: what was chosen must be in force although it was not saved yet.
  await page.getByTestId('run-all').click()
  const strip = page.getByTestId('run-strip').first()
  const cost = strip.getByTestId('strip-cost')
  await expect(cost).toHaveText(/^\$0\.0/)
  await expect(strip).toHaveAttribute('data-status', 'running')
  const early = await cost.innerText()
  await expect(strip).toHaveAttribute('data-status', 'done', { timeout: 90_000 })
  expect(Number((await cost.innerText()).slice(1))).toBeGreaterThan(Number(early.slice(1)))
  await expect(page.locator('[data-testid=cell][data-kind=code]:not([data-state=done])')).toHaveCount(0)
  expect(await outputOf(page, 4).innerText()).toBe(here)
  expect(metadataOf('hello-map.ipynb')).toMatchObject({ mayfly: { backend: 'aws_lambda' }, kernelspec: {} })

  await strip.getByRole('link', { name: /open run/i }).click()
  await expect(page.getByTestId('run-page')).toHaveAttribute('data-status', 'done')
  await expect(page.getByTestId('timeline')).toHaveAttribute('data-rows', '200')
  const header = page.locator('header').filter({ has: page.getByTestId('run-status') })
  await expect(header).toContainText('aws_lambda')
  await expect(header).toContainText(/cost, estimate\s*\$0\.00\d+/)
  await page.getByRole('tab', { name: 'Stages' }).click()
  await expect(page.getByRole('tabpanel')).toContainText(/[1-9]\d*(\.\d+)? ?%/)
  await picture(page, 'run-on-lambda')
})

test('a run stops at the budget of its notebook, and says so', async ({ page }) => {
  const cells = [
    "import { FunctionExecutor } from '@mayfly/executor'\nconst fexec = new FunctionExecutor()",
    `const futures = fexec.map((ms: number) => new Promise((end) => setTimeout(end, ms)), Array(30).fill(200), { timeout: 5 })
const ends = await fexec.settled(futures);
[ends.filter(({ status }) => status === 'fulfilled').length > 0, ends.some(({ reason }) => reason?.code === 'E_CALL_BUDGET')].join()`,
  ]
  writeFileSync(join(mayfly.workspace, 'budget.ipynb'), JSON.stringify(notebookOf(cells)))
  await page.goto(`${mayfly.product.url}/n/budget.ipynb`)
  await openChoice(page)
  await page.getByRole('radio', { name: 'AWS Lambda' }).check()
  await page.getByLabel('Budget, US dollars').fill('nothing')
  await expect(page.getByText('Give a number.')).toBeVisible()
  // What an attempt may cost at worst is 0.000214, its requests to S3 included: few fit one after the other.
  await page.getByLabel('Budget, US dollars').fill('0.00024')
  await page.keyboard.press('Escape')
  await expect(page.getByTestId('backend')).toContainText('≤ $0.00024')
  await runAll(page)
  await expect(outputOf(page, 2)).toContainText('true,true')
  const strip = page.getByTestId('run-strip').first()
  await expect(strip).toHaveAttribute('data-status', 'failed')
  await expect(strip.getByTestId('strip-cost')).toContainText('of at most $0.00024')
  await strip.getByRole('link', { name: /open run/i }).click()
  const note = page.getByRole('alert').filter({ hasText: 'Stopped at its budget of $0.00024' })
  await expect(note).toContainText(/\d+ calls were not made/)
  await expect(note).toContainText('E_CALL_BUDGET')
  const [run] = await (await page.request.get(`${mayfly.product.url}/api/trpc/runs.list`))
    .json()
    .then(({ result }) => result.data)
  expect(run.cost).toBeGreaterThan(0)
  expect(run.cost).toBeLessThanOrEqual(0.00024)
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme })
    expect(await violations(page), theme).toEqual([])
  }
  await picture(page, 'run-at-its-budget')
})

test('the METASPACE demo on Lambda gives what it gives here, annotation by annotation', () => {
  const demo = fileURLToPath(new URL('../../packages/pipeline/notebooks/demo.ipynb', import.meta.url))
  const cli = fileURLToPath(new URL('../../infra/cli/mayfly.mjs', import.meta.url))
  const run = (backend: string) => {
    // A workspace for each: the demo makes its data where there is none.
    const folder = join(mayfly.workspace, backend)
    mkdirSync(folder)
    copyFileSync(demo, join(folder, 'demo.ipynb'))
    const env = { ...process.env, MAYFLY_WORKSPACE: folder, MAYFLY_HOME: join(folder, '.mayfly') }
    execFileSync(process.execPath, [cli, 'run', 'demo.ipynb', '--backend', backend, '-o', 'out.ipynb'], {
      ...{ cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] },
    })
    return shownBy(JSON.parse(readFileSync(join(folder, 'out.ipynb'), 'utf8')))
  }
  const [there, here] = [run('aws_lambda'), run('localhost')]
  expect(there).toEqual(here)
  const text = JSON.stringify(there)
  for (const part of ['msm', 'fdr', 'image/png', 'Annotations below FDR: 5% ']) expect(text).toContain(part)
})

interface NbOutput {
  output_type: string
  data?: Record<string, unknown>
  text?: string | string[]
}

/** What the cells of a notebook show, without names of runs, times and prices. */
function shownBy(notebook: { cells: { source: string | string[]; outputs?: NbOutput[] }[] }): unknown[] {
  return notebook.cells
    .filter(({ source }) => !String(source).includes('getStats'))
    .flatMap(({ outputs = [] }) => outputs)
    .filter(({ data }) => !Object.keys(data ?? {}).some((mime) => mime.includes('mayfly.run')))
    .map(
      ({ data, text = '' }) =>
        data ??
        [text]
          .flat()
          .join('')
          .replace(/[\d.]+ (ms|s|min)\b/g, ''),
    )
}
