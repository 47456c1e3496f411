import { codeCell, expect, openNotebook, outputOf, runCell, test } from '../product.js'

/** Counts until the test says so by a file, so that nothing here depends on the machine's speed. */
const COUNT = `import { existsSync } from 'node:fs'
for (let i = 1; !existsSync('enough-NAME'); i++) {
  console.log('tick ' + i + '.')
  await new Promise((resolve) => setTimeout(resolve, 50))
}
'counted'`

const ticksIn = (text: string) => [...text.matchAll(/tick (\d+)\./g)].map((match) => Number(match[1]))

test('a page closed during a long cell and opened again shows every output, and goes on live', async ({
  page,
  context,
  mayfly,
}) => {
  const path = mayfly.notebook('closed.ipynb', [COUNT.replace('NAME', 'closed'), '6 * 7'])
  await openNotebook(page, mayfly, path)
  await page.getByTestId('run-all').click()
  await expect(outputOf(page, 1)).toContainText('tick 3.')
  await page.close()

  const again = await context.newPage()
  await openNotebook(again, mayfly, path)
  await expect(codeCell(again, 1)).toHaveAttribute('data-state', 'running')
  await expect(codeCell(again, 2)).toHaveAttribute('data-state', 'queued')
  await expect(outputOf(again, 1)).toContainText('tick 3.')
  const shown = ticksIn(await outputOf(again, 1).innerText()).length
  expect(shown).toBeGreaterThan(2)
  await expect.poll(async () => ticksIn(await outputOf(again, 1).innerText()).length).toBeGreaterThan(shown)
  mayfly.file('enough-closed', '')
  await expect(codeCell(again, 2)).toHaveAttribute('data-state', 'done')
  await expect(outputOf(again, 1)).toContainText('counted')
  const ticks = ticksIn(await outputOf(again, 1).innerText())
  expect(ticks).toEqual(ticks.map((_, index) => index + 1))
  await expect(outputOf(again, 2)).toContainText('42')
})

test('two tabs of one notebook follow each other', async ({ page, context, mayfly }) => {
  const path = mayfly.notebook('tabs.ipynb', [COUNT.replace('NAME', 'tabs'), '"from the second tab"'])
  await openNotebook(page, mayfly, path)
  const other = await context.newPage()
  await openNotebook(other, mayfly, path)

  await runCell(page, 1)
  await expect(codeCell(other, 1)).toHaveAttribute('data-state', 'running')
  await expect(outputOf(other, 1)).toContainText('tick 5.')
  mayfly.file('enough-tabs', '')
  for (const tab of [page, other]) {
    await expect(codeCell(tab, 1)).toHaveAttribute('data-state', 'done')
    await expect(outputOf(tab, 1)).toContainText('counted')
  }
  expect(await outputOf(other, 1).innerText()).toBe(await outputOf(page, 1).innerText())

  await runCell(other, 2)
  await expect(outputOf(page, 2)).toContainText('from the second tab')
  await other.close()
})
