import { codeCell, expect, openNotebook, test, workerPids } from '../product.js'

const CELL = `import { FunctionExecutor } from '@mayfly/executor'
const fexec = new FunctionExecutor()
const futures = fexec.map(async (n: number) => {
  await new Promise((resolve) => setTimeout(resolve, 400))
  return n
}, Array.from({ length: 24 }, (_, n) => n))
const settled = await fexec.settled(futures)
settled.length + ' came to an end'`

test('a worker killed in the middle of a map never hangs it', async ({ page, mayfly }) => {
  const path = mayfly.notebook('kill.ipynb', [CELL])
  await openNotebook(page, mayfly, path)
  await page.getByTestId('run-all').click()
  const strip = page.getByTestId('run-strip')
  await expect.poll(async () => Number(await strip.getAttribute('data-done'))).toBeGreaterThan(1)
  const workers = workerPids(mayfly.product.pids.runner)
  expect(workers.length).toBeGreaterThan(0)
  process.kill(workers[0]!, 'SIGKILL')

  await expect(codeCell(page, 1)).toHaveAttribute('data-state', 'done', { timeout: 30_000 })
  await expect(codeCell(page, 1).getByTestId('cell-output')).toContainText('24 came to an end')
  // The call that was lost has been retried: all 24 are there.
  await expect(strip).toHaveAttribute('data-done', '24')
})
