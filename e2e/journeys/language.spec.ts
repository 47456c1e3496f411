import { codeCell, expect, type Mayfly, openNotebook, type Page, picture, test } from '../product.js'

/** Puts the cursor at the end of a cell's source and types. */
async function typeInto(page: Page, number: number, text: string) {
  const cell = codeCell(page, number)
  await cell.locator('.monaco-editor .view-lines').first().click()
  await page.keyboard.press('ControlOrMeta+End')
  await page.keyboard.type(text, { delay: 15 })
}

const sourceOf = (page: Page, number: number) => codeCell(page, number).locator('.view-lines').first()
const squiggles = (page: Page, number: number) => codeCell(page, number).locator('.squiggly-error')

async function open(page: Page, mayfly: Mayfly, name: string, cells: string[]) {
  await openNotebook(page, mayfly, mayfly.notebook(name, cells))
  await expect(codeCell(page, 1).locator('.monaco-editor')).toBeVisible()
}

test('types across cells: errors are marked, counted and never keep a cell from running; completion knows other cells', async ({
  page,
  mayfly,
}) => {
  await open(page, mayfly, 'types.ipynb', [
    '/** Peaks of a spectrum. */\nconst peaks = [{ mass: 180.06, charge: 1 }, { mass: 342.11, charge: 2 }]\nlet total: number = 0',
    'for (const peak of peaks) total += peak.mass\ntotal = "many"',
    'peaks',
  ])
  await expect(squiggles(page, 2).first()).toBeVisible()
  await expect(page.getByTestId('problems')).toHaveAttribute('data-errors', '1')
  await expect(codeCell(page, 2).getByTestId('cell-problems')).toBeVisible()
  await page.getByTestId('problems').click()
  await expect(codeCell(page, 2)).toHaveAttribute('data-selected', 'true')
  await picture(page, 'language-error')

  await page.getByTestId('run-all').click()
  await expect(codeCell(page, 2)).toHaveAttribute('data-state', 'done')

  await typeInto(page, 3, '[0]!.')
  const list = page.locator('.suggest-widget.visible')
  await expect(list).toBeVisible()
  await expect(list.getByText('charge', { exact: false }).first()).toBeVisible()
  await expect(list.getByText('mass', { exact: false }).first()).toBeVisible()
  await picture(page, 'language-completion')
  await page.keyboard.type('mas')
  await expect(list.locator('.monaco-list-row.focused')).toContainText('mass')
  await page.keyboard.press('Tab')
  await expect(sourceOf(page, 3)).toHaveText('peaks[0]!.mass')

  await typeInto(page, 3, '\nMath.max(1, ')
  await expect(page.locator('.parameter-hints-widget.visible')).toContainText('max(')
  await picture(page, 'language-signature')
  await page.keyboard.press('Escape')

  await codeCell(page, 2).locator('.view-lines').getByText('peaks').first().hover()
  await expect(page.locator('.monaco-hover:visible').first()).toContainText('mass: number')
  await expect(page.locator('.monaco-hover:visible').first()).toContainText('Peaks of a spectrum')
  await picture(page, 'language-hover')
})

test('rename reaches all cells and is undone as one step; definition leads to the cell; format tidies', async ({
  page,
  mayfly,
}) => {
  await open(page, mayfly, 'rename.ipynb', [
    'let count = 1\nconst label = "a"',
    'count += 2\nconst both = { count }',
    'const x={a:1,b:count}\nif(x.a){\nx.b=2}',
  ])
  await expect(page.getByTestId('problems')).toHaveCount(0)
  await sourceOf(page, 2).getByText('count').first().click()
  await page.keyboard.press('ControlOrMeta+Home')
  await page.keyboard.press('F2')
  const input = page.locator('.rename-input')
  await expect(input).toBeVisible()
  await input.fill('total')
  await input.press('Enter')
  await expect(sourceOf(page, 1)).toContainText('let total = 1')
  await expect(sourceOf(page, 2)).toContainText('{ count: total }')
  await expect(sourceOf(page, 3)).toContainText('b:total')
  await page.keyboard.press('ControlOrMeta+z')
  await expect(sourceOf(page, 1)).toContainText('let count = 1')
  await expect(sourceOf(page, 2)).toContainText('{ count }')
  await expect(sourceOf(page, 3)).toContainText('b:count')

  await page.keyboard.press('ControlOrMeta+Home')
  await page.keyboard.press('F12')
  await expect(codeCell(page, 1)).toHaveAttribute('data-selected', 'true')

  await sourceOf(page, 3).click()
  await page.keyboard.press('Shift+Alt+f')
  await expect(sourceOf(page, 3)).toContainText('const x = { a: 1, b: count }')
})

test('where types know nothing the running kernel completes', async ({ page, mayfly }) => {
  await open(page, mayfly, 'runtime.ipynb', ['const data: any = JSON.parse(\'{"sample":"liver","pixels":3}\')', 'data'])
  await page.getByTestId('run-all').click()
  await expect(codeCell(page, 2)).toHaveAttribute('data-state', 'done')
  await typeInto(page, 2, '.')
  const list = page.locator('.suggest-widget.visible')
  await expect(list).toBeVisible()
  await expect(list.getByText('sample', { exact: false }).first()).toBeVisible()
})
