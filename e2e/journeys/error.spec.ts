import { codeCell, expect, openNotebook, outputOf, picture, runCell, test } from '../product.js'

test('a frame of a stack leads to its cell and line', async ({ page, mayfly }) => {
  const path = mayfly.notebook('stack.ipynb', [
    '// a line\nfunction intensity(ion: string): number {\n  throw new TypeError("no such ion: " + ion)\n}',
    '1 + 1',
    'const ions = ["C6H12O6"]\nions.map((ion) => intensity(ion))',
  ])
  await openNotebook(page, mayfly, path)
  await runCell(page, 1)
  await runCell(page, 3)
  await expect(codeCell(page, 3)).toHaveAttribute('data-state', 'error')
  await expect(outputOf(page, 3)).toContainText('no such ion: C6H12O6')
  await picture(page, 'error')

  await outputOf(page, 3)
    .getByRole('button', { name: /Cell 1, line 3/ })
    .first()
    .click()
  await expect(codeCell(page, 1)).toHaveAttribute('data-selected', 'true')
  await expect(codeCell(page, 1).locator('.monaco-editor.focused, .monaco-editor :focus')).not.toHaveCount(0)
  // The cursor stands on the line: what is typed lands there.
  await page.keyboard.press('End')
  await page.keyboard.type(' // here')
  await expect(codeCell(page, 1).getByTestId('cell-editor')).toContainText(/no.such.ion[^}]*\/\/.here/)

  await outputOf(page, 3)
    .getByRole('button', { name: /Cell 2, line 2/ })
    .first()
    .click()
  await expect(codeCell(page, 3)).toHaveAttribute('data-selected', 'true')
})
