import { codeCell, expect, openNotebook, test, workerPids } from '../product.js'

const CELL = `import { existsSync } from 'node:fs'
import { FunctionExecutor } from '@mayfly/executor'
const fexec = new FunctionExecutor()
const killed = process.cwd() + '/killed'
// The first calls end at once, all others when the worker has been killed.
const futures = fexec.map(async (n: number) => {
  while (n > 1 && !existsSync(killed)) await new Promise((resolve) => setTimeout(resolve, 20))
  return n
}, Array.from({ length: 24 }, (_, n) => n), { chunksize: 1 })
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
  mayfly.file('killed', '')

  await expect(codeCell(page, 1)).toHaveAttribute('data-state', 'done')
  await expect(codeCell(page, 1).getByTestId('cell-output')).toContainText('24 came to an end')
  // The call that was lost has been retried: all 24 are there.
  await expect(strip).toHaveAttribute('data-done', '24')
})
