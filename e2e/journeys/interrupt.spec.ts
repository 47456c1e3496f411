import { codeCell, expect, openNotebook, test } from '../product.js'

test('interrupting an endless loop keeps the variables', async ({ page, mayfly }) => {
  const path = mayfly.notebook('interrupt.ipynb', ['let kept = 41', 'for (;;) {}', 'kept + 1'])
  await openNotebook(page, mayfly, path)
  await page.getByTestId('run-all').click()
  await expect(codeCell(page, 2)).toHaveAttribute('data-state', 'running')
  await expect(codeCell(page, 3)).toHaveAttribute('data-state', 'queued')
  await page.getByTestId('interrupt').click()
  await expect(codeCell(page, 2)).toHaveAttribute('data-state', 'error')
  await expect(codeCell(page, 2).getByTestId('cell-output')).toContainText('KeyboardInterrupt')
  await expect(codeCell(page, 3)).toHaveAttribute('data-state', /aborted|idle/)

  await codeCell(page, 3).click()
  await page.keyboard.press('ControlOrMeta+Enter')
  await expect(codeCell(page, 3)).toHaveAttribute('data-state', 'done')
  await expect(codeCell(page, 3).getByTestId('cell-output')).toContainText('42')
})

test('an error names the cell and the line, and later cells are not run', async ({ page, mayfly }) => {
  const path = mayfly.notebook('error.ipynb', [
    'function broken(): number {\n  throw new TypeError("no such ion")\n}',
    '\nbroken()',
    '1',
  ])
  await openNotebook(page, mayfly, path)
  await page.getByTestId('run-all').click()
  const output = codeCell(page, 2).getByTestId('cell-output')
  await expect(output).toContainText('TypeError')
  await expect(output).toContainText('no such ion')
  await expect(output).toContainText(/line 2|:2/)
  await expect(codeCell(page, 3)).toHaveAttribute('data-state', /aborted|idle/)
})
