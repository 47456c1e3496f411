import { codeCell, expect, openNotebook, picture, runCell, test } from '../product.js'

test('variables: types, sizes and previews, also while a cell waits; nothing of them runs', async ({
  page,
  mayfly,
}) => {
  const path = mayfly.notebook('variables.ipynb', [
    `const spectrum = new Float64Array(1000)
const ions = [{ formula: 'C6H12O6', mz: 180.063 }, { formula: 'H2O', mz: 18.011 }]
let touched = 0
const shy = { get value() { touched++; return touched } }`,
    'touched',
    'const later: string = "defined"; await new Promise(() => {})',
  ])
  await openNotebook(page, mayfly, path)
  await runCell(page, 1)
  await expect(codeCell(page, 1)).toHaveAttribute('data-state', 'done')
  await page.getByRole('button', { name: /^variables/i }).click()
  const panel = page.getByTestId('side-panel')
  const row = (name: string) => panel.getByRole('row').filter({ hasText: name })
  await expect(row('spectrum')).toContainText('Float64Array')
  await expect(row('spectrum')).toContainText(/1,?\s?000|7\.8|8,?\s?000/)
  await expect(row('ions')).toContainText('2')
  await row('ions').getByRole('button').first().click()
  await expect(panel).toContainText('C6H12O6')
  await expect(row('shy')).toBeVisible()
  await picture(page, 'variables')

  await panel.getByLabel('Filter variables').fill('float')
  await expect(row('shy')).toHaveCount(0)
  await expect(row('spectrum')).toBeVisible()
  await panel.getByLabel('Filter variables').fill('')

  await runCell(page, 2)
  await expect(codeCell(page, 2).getByTestId('cell-output')).toHaveText('0')
  await runCell(page, 3)
  await expect(row('later')).toContainText('string')
  await page.getByTestId('interrupt').click()
  await expect(codeCell(page, 3)).toHaveAttribute('data-state', 'error')
})
