import { codeCell, expect, openNotebook, outputOf, picture, runCell, test } from '../product.js'

test('a cell asks: prompt, confirm and no answer; the question survives a reload and any tab may answer', async ({
  page,
  context,
  mayfly,
}) => {
  const path = mayfly.notebook('questions.ipynb', [
    'const ion = prompt("Which ion?")\nion + " is chosen"',
    'confirm("Go on?") ? "went on" : "stopped"',
    'prompt("Once more?")',
  ])
  await openNotebook(page, mayfly, path)
  const question = (number: number, on = page) => codeCell(on, number).getByTestId('cell-input')

  await runCell(page, 1)
  await expect(question(1)).toContainText('Which ion?')
  await picture(page, 'question')
  await page.reload()
  await expect(question(1)).toContainText('Which ion?')
  const other = await context.newPage()
  await openNotebook(other, mayfly, path)
  await question(1, other).getByRole('textbox').fill('C6H12O6')
  await other.keyboard.press('Enter')
  for (const tab of [page, other]) {
    await expect(outputOf(tab, 1)).toContainText('C6H12O6 is chosen')
    await expect(question(1, tab)).toHaveCount(0)
  }
  await other.close()

  await runCell(page, 2)
  await question(2).getByRole('button', { name: 'Yes' }).click()
  await expect(outputOf(page, 2)).toContainText('went on')
  await runCell(page, 2)
  await question(2).getByRole('button', { name: 'No', exact: true }).click()
  await expect(outputOf(page, 2)).toContainText('stopped')

  await runCell(page, 3)
  await expect(question(3).getByRole('textbox')).toBeVisible()
  await question(3).getByRole('textbox').press('Escape')
  await expect(codeCell(page, 3)).toHaveAttribute('data-state', 'done')
  await expect(outputOf(page, 3)).toContainText('null')
})
