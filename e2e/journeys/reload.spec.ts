import { codeCell, expect, openNotebook, outputOf, test } from '../product.js'

/** Counts until the test has reloaded the page, then a little further. */
const COUNT = `import { existsSync } from 'node:fs'
let last = Infinity
for (let i = 1; i <= last; i++) {
  if (last === Infinity && existsSync('reloaded')) last = i + 5
  console.log('tick ' + i + '.')
  await new Promise((resolve) => setTimeout(resolve, 100))
}
'counted ' + last`

test('reloading the page while a cell runs loses nothing', async ({ page, mayfly }) => {
  const path = mayfly.notebook('reload.ipynb', [COUNT, '6 * 7'])
  await openNotebook(page, mayfly, path)
  await page.getByTestId('run-all').click()
  await expect(outputOf(page, 1)).toContainText('tick 5.')
  await page.reload()
  await expect(codeCell(page, 1)).toHaveAttribute('data-state', 'running')
  mayfly.file('reloaded', '')
  await expect(codeCell(page, 1)).toHaveAttribute('data-state', 'done')
  await expect(codeCell(page, 2)).toHaveAttribute('data-state', 'done')
  await expect(outputOf(page, 1)).toContainText('counted')
  const text = await outputOf(page, 1).innerText()
  const ticks = [...text.matchAll(/tick (\d+)\./g)].map((match) => Number(match[1]))
  const last = Number(text.match(/counted (\d+)/)![1])
  expect(ticks).toEqual(Array.from({ length: last }, (_, index) => index + 1))
  await expect(outputOf(page, 2)).toContainText('42')
})
