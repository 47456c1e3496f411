import { codeCell, expect, openNotebook, outputOf, picture, runCell, test } from '../product.js'

test('the history of a notebook: an earlier version comes back with its outputs, and that can be undone', async ({
  page,
  mayfly,
}) => {
  const path = mayfly.notebook('versions.ipynb', ['"the first text"'])
  await openNotebook(page, mayfly, path)
  await runCell(page, 1)
  await expect(outputOf(page, 1)).toContainText('the first text')
  await page.keyboard.press('ControlOrMeta+s')
  await expect(page.getByTestId('save-state')).toHaveAttribute('data-state', 'saved')

  await codeCell(page, 1).getByTestId('cell-editor').click()
  await page.keyboard.press('ControlOrMeta+a')
  // A quote typed over a choice would go around it.
  await page.keyboard.press('Delete')
  await page.keyboard.type('"another text"')
  await page.keyboard.press('ControlOrMeta+Enter')
  await expect(outputOf(page, 1)).toContainText('another text')
  await page.keyboard.press('ControlOrMeta+s')
  await expect(page.getByTestId('save-state')).toHaveAttribute('data-state', 'saved')

  await page.getByRole('button', { name: /^history/i }).click()
  const panel = page.getByTestId('side-panel')
  const restore = async (source: string, diffSays: RegExp) => {
    await expect(async () => {
      for (const version of await panel.getByRole('listitem').getByRole('button').all()) {
        await version.click()
        const dialog = page.getByRole('dialog')
        await expect(dialog.getByRole('button', { name: /go back/i })).toBeEnabled()
        if (diffSays.test(await dialog.innerText())) return
        await dialog.getByRole('button', { name: 'Close' }).first().click()
        await expect(dialog).toHaveCount(0)
      }
      throw new Error('no such version yet')
    }).toPass({ timeout: 60_000 })
    await picture(page, 'version')
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /go back/i })
      .click()
    await expect(page.getByRole('dialog')).toHaveCount(0)
    await expect(codeCell(page, 1).getByTestId('cell-editor')).toContainText(source)
  }
  await restore('first', /the.first.text/)
  await expect(outputOf(page, 1)).toContainText('the first text')
  await restore('another', /another.text/)
  await page.reload()
  await expect(codeCell(page, 1).getByTestId('cell-editor')).toContainText('another')
})
