import { codeCell, expect, openNotebook, test } from '../product.js'

const COUNT = `for (let i = 1; i <= 40; i++) {
  console.log('tick ' + i)
  await new Promise((resolve) => setTimeout(resolve, 250))
}
'counted'`

test('reloading the page while a cell runs loses nothing', async ({ page, mayfly }) => {
  const path = mayfly.notebook('reload.ipynb', [COUNT, '6 * 7'])
  await openNotebook(page, mayfly, path)
  await page.getByTestId('run-all').click()
  await expect(codeCell(page, 1).getByTestId('cell-output')).toContainText('tick 5')
  await page.reload()
  await expect(codeCell(page, 1)).toHaveAttribute('data-state', 'running')
  await expect(codeCell(page, 1)).toHaveAttribute('data-state', 'done', { timeout: 30_000 })
  await expect(codeCell(page, 2)).toHaveAttribute('data-state', 'done')
  const text = await codeCell(page, 1).getByTestId('cell-output').first().innerText()
  const ticks = [...text.matchAll(/tick (\d+)/g)].map((match) => Number(match[1]))
  expect(ticks).toEqual(Array.from({ length: 40 }, (_, index) => index + 1))
  await expect(codeCell(page, 2).getByTestId('cell-output')).toContainText('42')
})
