import { codeCell, expect, openNotebook, outputOf, picture, runCell, test } from '../product.js'

test('kill -9 of the kernel: the cell says so, and the notebook goes on', async ({ page, mayfly }) => {
  const path = mayfly.notebook('killed.ipynb', [
    'process.pid',
    "console.log('before'); await new Promise(() => {})",
    '6 * 7',
  ])
  await openNotebook(page, mayfly, path)
  await runCell(page, 1)
  await expect(codeCell(page, 1)).toHaveAttribute('data-state', 'done')
  await expect(outputOf(page, 1)).toHaveText(/^\d+$/)
  const pid = Number(await outputOf(page, 1).innerText())
  await runCell(page, 2)
  await expect(outputOf(page, 2)).toContainText('before')
  process.kill(pid, 'SIGKILL')
  await expect(codeCell(page, 2)).toHaveAttribute('data-state', 'error')
  await expect(outputOf(page, 2)).toContainText('KernelDied')
  await expect(outputOf(page, 2)).toContainText('SIGKILL')
  await expect(outputOf(page, 2), 'what came before is kept').toContainText('before')
  await picture(page, 'kernel-killed')
  await runCell(page, 3)
  await expect(outputOf(page, 3)).toContainText('42')
  await runCell(page, 1)
  await expect(outputOf(page, 1)).not.toHaveText(String(pid))
  await expect(outputOf(page, 1)).toHaveText(/^\d+$/)
})

test('kill -9 of the runner in the middle of a cell: after a restart the page is connected again and has lost nothing', async ({
  page,
  mayfly,
  problems,
}) => {
  const count = `for (let i = 1; ; i++) {
  console.log('tick ' + i + '.')
  await new Promise((resolve) => setTimeout(resolve, 50))
}`
  const path = mayfly.notebook('runner-killed.ipynb', ['"kept " + "output"', count, '6 * 7'])
  await openNotebook(page, mayfly, path)
  await runCell(page, 1)
  await expect(outputOf(page, 1)).toContainText('kept output')
  await runCell(page, 2)
  await expect(outputOf(page, 2)).toContainText('tick 10.')
  process.kill(mayfly.product.pids.runner, 'SIGKILL')
  await expect(page.getByTestId('kernel-status')).not.toHaveAttribute('data-state', 'busy')
  const shown = (await outputOf(page, 2).innerText()).match(/tick \d+\./g) ?? []
  expect(shown.length).toBeGreaterThanOrEqual(10)

  await mayfly.restart()
  await expect(page.getByTestId('kernel-status')).toHaveAttribute('data-state', 'idle')
  await expect(codeCell(page, 2)).not.toHaveAttribute('data-state', 'running')
  const holdsAll = () =>
    expect(async () => {
      await expect(outputOf(page, 1)).toContainText('kept output')
      const text = await outputOf(page, 2).innerText()
      for (const tick of shown) expect(text).toContain(tick)
      const ticks = [...text.matchAll(/tick (\d+)\./g)].map((match) => Number(match[1]))
      expect(ticks, 'nothing twice').toEqual(ticks.map((_, index) => index + 1))
    }).toPass({ timeout: 60_000 })
  await holdsAll()
  await runCell(page, 3)
  await expect(outputOf(page, 3)).toContainText('42')
  await page.reload()
  await expect(page.getByTestId('cell').first()).toBeVisible()
  await holdsAll()
  // The browser complains of every connection that failed while nobody listened.
  problems.splice(0)
})
