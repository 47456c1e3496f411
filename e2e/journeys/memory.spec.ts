import { codeCell, expect, openNotebook, outputOf, picture, runCell, test } from '../product.js'

test('a cell that takes too much memory is stopped, and the variables are kept', async ({ page, mayfly }) => {
  const greedy = 'const hoard: number[][] = []\nfor (;;) hoard.push(new Array(1e5).fill(1.5))'
  const buffers = 'const held: Buffer[] = []\nfor (;;) { held.push(Buffer.alloc(2 ** 24, 1)); await null }'
  const path = mayfly.notebook('memory.ipynb', [
    'let kept = 41',
    greedy,
    'hoard.length = 0; kept + 1',
    buffers,
    'held.length = 0; kept + 2',
  ])
  await openNotebook(page, mayfly, path)
  await runCell(page, 1)
  await expect(codeCell(page, 1)).toHaveAttribute('data-state', 'done')
  for (const [cell, answer] of [
    [2, '42'],
    [4, '43'],
  ] as const) {
    await runCell(page, cell)
    await expect(codeCell(page, cell)).toHaveAttribute('data-state', 'error')
    await expect(outputOf(page, cell)).toContainText('MemoryLimitError')
    await expect(outputOf(page, cell)).toContainText(/\d MiB/)
    await runCell(page, cell + 1)
    await expect(outputOf(page, cell + 1)).toContainText(answer)
  }
  await picture(page, 'memory')
})
