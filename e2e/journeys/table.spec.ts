import { codeCell, expect, openNotebook, picture, runCell, test } from '../product.js'

test('a table is sorted and filtered, and draws only what is in sight', async ({ page, mayfly }) => {
  const rows = `Array.from({ length: 5000 }, (_, i) => ({ ion: 'C' + (i % 97) + 'H' + i, mz: (i * 7919) % 5000, found: i % 2 === 0 }))`
  const path = mayfly.notebook('table.ipynb', [rows])
  await openNotebook(page, mayfly, path)
  await runCell(page, 1)
  const table = codeCell(page, 1).getByRole('table')
  await expect(table).toBeVisible()
  expect(await table.getByRole('row').count()).toBeLessThan(500)
  const firstCells = () =>
    table
      .getByRole('row')
      .filter({ has: page.getByRole('cell') })
      .first()
      .innerText()

  const mz = table.getByRole('columnheader', { name: /mz/ })
  await mz.getByRole('button').first().click()
  await expect(mz).toHaveAttribute('aria-sort', 'ascending')
  await expect.poll(firstCells).toMatch(/C0H0\s+0\s/)
  await mz.getByRole('button').first().click()
  await expect(mz).toHaveAttribute('aria-sort', 'descending')
  await expect.poll(firstCells).toMatch(/4,?999/)

  const output = codeCell(page, 1).getByTestId('cell-output')
  await output.getByPlaceholder('Filter rows').fill('C96H')
  await expect.poll(firstCells).toContain('C96H')
  await expect(output).toContainText(/51 of 5,?\s?000/)
  await picture(page, 'table')
  await output.getByPlaceholder('Filter rows').fill('no such ion')
  await expect(output).toContainText(/0 of 5,?\s?000/)
})
