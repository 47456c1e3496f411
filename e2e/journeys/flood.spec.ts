import { codeCell, expect, openNotebook, outputOf, picture, runCell, test } from '../product.js'

test('a flood of output: the page answers, the cell stops at once, the rest is in a file', async ({
  page,
  context,
  mayfly,
}) => {
  const flood = "for (let i = 0; ; i++) console.log('line ' + i + ' ' + 'x'.repeat(80))"
  const path = mayfly.notebook('flood.ipynb', ['let kept = 41', flood, 'kept + 1'])
  await openNotebook(page, mayfly, path)
  await page.getByTestId('run-all').click()
  await expect(outputOf(page, 2)).toContainText('line 100 ')

  // What a person does meanwhile: add a cell, write in it, and see it.
  const before = await page.getByTestId('cell').count()
  await codeCell(page, 3).getByTestId('cell-editor').click()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Insert a cell below' }).click()
  await expect(page.getByTestId('cell')).toHaveCount(before + 1)
  await codeCell(page, 4).getByTestId('cell-editor').click()
  await page.keyboard.type('const typed = 1')
  await expect(codeCell(page, 4).getByTestId('cell-editor')).toContainText('const typed = 1')
  await expect(codeCell(page, 2)).toHaveAttribute('data-state', 'running')

  const rest = codeCell(page, 2).getByRole('link', { name: /open the rest/i })
  await expect(rest).toBeVisible()
  await page.getByTestId('interrupt').click()
  await expect(codeCell(page, 2)).toHaveAttribute('data-state', 'error')
  await expect(outputOf(page, 2)).toContainText('KeyboardInterrupt')
  await runCell(page, 3)
  await expect(outputOf(page, 3)).toContainText('42')

  const size = await outputOf(page, 2).evaluate((element) => element.textContent!.length)
  expect(size, 'characters that the page holds').toBeLessThan(9 * 2 ** 20)
  await rest.scrollIntoViewIfNeeded()
  await picture(page, 'flood')
  const [file] = await Promise.all([context.waitForEvent('page'), rest.click()])
  const answer = await page.request.get(file.url(), { headers: { range: 'bytes=0-999' } })
  expect(answer.status()).toBe(206)
  expect(await answer.text()).toContain('line ')
  await file.close()
})
