import { codeCell, expect, openNotebook, outputOf, runCell, test } from '../product.js'

/** Cells that never end by themselves, each in another way. The first line tells that the cell is in. */
const ENDLESS = {
  'a loop': 'for (;;) {}',
  'an await': 'await new Promise(() => {})',
  'a loop of awaits': 'for (;;) await null',
  'a regular expression': ";/^(a+)+$/.test('a'.repeat(40) + 'b')",
  'a loop in a timer': 'setTimeout(() => { for (;;) {} }, 0); await new Promise(() => {})',
  'a wait in shared memory': 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)',
  'a command': "import { execSync } from 'node:child_process'\nexecSync('sleep 600')",
}

test('an interrupt stops a cell whatever it waits for, and keeps the variables', async ({ page, mayfly }) => {
  const sources = Object.values(ENDLESS).map((source, i) => `kept = ${i + 2}; console.log('in ${i + 2}')\n${source}`)
  const path = mayfly.notebook('endless.ipynb', ['let kept = 1', ...sources, 'kept * 100'])
  await openNotebook(page, mayfly, path)
  await runCell(page, 1)
  await expect(codeCell(page, 1)).toHaveAttribute('data-state', 'done')
  for (const [i, name] of Object.keys(ENDLESS).entries()) {
    await test.step(name, async () => {
      await runCell(page, i + 2)
      await expect(outputOf(page, i + 2)).toContainText(`in ${i + 2}`)
      await page.getByTestId('interrupt').click()
      await expect(codeCell(page, i + 2)).toHaveAttribute('data-state', 'error')
      await expect(outputOf(page, i + 2)).toContainText('KeyboardInterrupt')
      await runCell(page, sources.length + 2)
      await expect(outputOf(page, sources.length + 2)).toContainText(`${(i + 2) * 100}`)
    })
  }
})
