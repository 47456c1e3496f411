import { codeCell, expect, openNotebook, outputOf, picture, test } from '../product.js'

test('the palette: commands found by typing, run by keys, also from inside a cell', async ({ page, mayfly }) => {
  await openNotebook(page, mayfly, mayfly.notebook('palette.ipynb', ['6 * 7', '"second"']))
  await codeCell(page, 1).getByTestId('cell-editor').click()
  await page.keyboard.press('ControlOrMeta+k')
  const field = page.getByRole('combobox', { name: 'Find a command' })
  await expect(field).toBeFocused()
  await picture(page, 'palette')
  await field.fill('run all')
  await expect(page.getByRole('option').first()).toContainText('Run all cells')
  await page.keyboard.press('Enter')
  await expect(field).toBeHidden()
  await expect(outputOf(page, 1)).toContainText('42')
  await expect(outputOf(page, 2)).toContainText('second')

  // The focus is where it was: typing goes on in the cell.
  await page.keyboard.press('End')
  await page.keyboard.type(' + 1')
  await expect(codeCell(page, 1).getByTestId('cell-editor')).toContainText('6 * 7 + 1')

  // What opens a window of its own keeps its focus.
  await page.keyboard.press('ControlOrMeta+k')
  await field.fill('find')
  await expect(page.getByRole('option').first()).toContainText('Find')
  await page.keyboard.press('Enter')
  await expect(page.getByPlaceholder('Find', { exact: true })).toBeFocused()
  await page.keyboard.type('second')
  await expect(page.getByPlaceholder('Find', { exact: true })).toHaveValue('second')
})
