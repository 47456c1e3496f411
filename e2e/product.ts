/** The product under test: started once a worker, on a fresh workspace; notebooks are written as files, as a user would. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { descendantsIn, processTable } from '@mayfly/executor/processes'
import { test as base, expect, type Page } from 'playwright/test'
import { type Product, startProduct } from '../infra/lib/servers.mjs'

export { expect, type Page }

export interface Mayfly {
  /** Address of the home page; changes when the product is restarted. */
  url: string
  workspace: string
  product: Product
  /** Stops both servers and starts them again on the same workspace. */
  restart(): Promise<void>
  /** Writes a notebook with one code cell per source and returns its path in the workspace. */
  notebook(name: string, cells: string[]): string
  /** Writes a file into the workspace. */
  file(name: string, text: string): void
}

export const test = base.extend<{ problems: string[] }, { mayfly: Mayfly }>({
  mayfly: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's needs from this pattern.
    async ({}, use) => {
      const workspace = mkdtempSync(join(tmpdir(), 'mayfly-e2e-'))
      // A limit that a journey can reach in a moment.
      process.env.MAYFLY_KERNEL_MEMORY_MB ??= '512'
      process.env.MAYFLY_KERNEL_RSS_MB ??= '900'
      const start = () => startProduct({ workspace, port: 4300 })
      const mayfly: Mayfly = {
        url: '',
        workspace,
        product: await start(),
        async restart() {
          await mayfly.product.stop()
          mayfly.product = await start()
          mayfly.url = mayfly.product.url
        },
        notebook(name, cells) {
          writeFileSync(join(workspace, name), JSON.stringify(notebookOf(cells), null, 1))
          return name
        },
        file(name, text) {
          writeFileSync(join(workspace, name), text)
        },
      }
      mayfly.url = mayfly.product.url
      await use(mayfly)
      await mayfly.product.stop()
      rmSync(workspace, { recursive: true, force: true })
    },
    { scope: 'worker', timeout: 180_000 },
  ],
  /** Page errors and console errors of the test; every journey must end with none. */
  problems: [
    async ({ page }, use) => {
      const problems: string[] = []
      page.on('pageerror', (error) => problems.push(error.message))
      page.on('console', (message) => {
        if (message.type() === 'error') problems.push(message.text())
      })
      await use(problems)
      expect(problems).toEqual([])
    },
    { auto: true },
  ],
})

/** A notebook with one code cell per source. */
export function notebookOf(cells: string[]) {
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {
      kernelspec: { name: 'mayfly', display_name: 'TypeScript (Mayfly)', language: 'typescript' },
      language_info: { name: 'typescript' },
    },
    cells: cells.map((source, index) => ({
      id: `cell-${index + 1}`,
      cell_type: 'code',
      metadata: {},
      execution_count: null,
      outputs: [],
      source,
    })),
  }
}

/** The code cell with this number, from 1 (markdown cells are not counted). */
export const codeCell = (page: Page, number: number) =>
  page.locator('[data-testid=cell][data-kind=code]').nth(number - 1)

/** The outputs of the code cell with this number. */
export const outputOf = (page: Page, number: number) => codeCell(page, number).getByTestId('cell-output')

/** Runs one code cell as a person at the keyboard does; does not wait for its end. */
export async function runCell(page: Page, number: number) {
  await codeCell(page, number).getByTestId('cell-editor').click()
  await page.keyboard.press('ControlOrMeta+Enter')
}

export async function openNotebook(page: Page, mayfly: Mayfly, path: string) {
  await page.goto(`${mayfly.url}/n/${path}`)
  await expect(page.getByTestId('cell').first()).toBeVisible()
}

/** Presses Run all and waits until every code cell is done; fails at once, with its output, when one ends in an error. */
export async function runAll(page: Page, timeout = 90_000) {
  await page.getByTestId('run-all').click()
  const broken = page.locator('[data-testid=cell][data-state=error]')
  const pending = page.locator('[data-testid=cell][data-kind=code]:not([data-state=done])')
  await expect(async () => {
    if ((await broken.count()) === 0) expect(await pending.count(), 'cells that are not done').toBe(0)
  }).toPass({ timeout, intervals: [100] })
  if ((await broken.count()) > 0) expect(await broken.first().innerText()).toBe('a cell without an error')
}

/** Process ids of the executor's worker processes below `ancestor`, from the process table. */
export function workerPids(ancestor: number): number[] {
  return descendantsIn(processTable(), ancestor)
    .filter(({ command }) => command.some((part) => /executor\/dist\/worker\//.test(part)))
    .map(({ pid }) => pid)
}

/** Saves a picture for the eyes, in light and dark, below test-results/screens. */
export async function picture(page: Page, name: string) {
  const folder = new URL('../test-results/screens/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme })
    // What depends on the theme, the editor too, is drawn anew in the next frames.
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))))
    const path = new URL(`${name}-${theme}.png`, folder).pathname
    await page.screenshot({ path, animations: 'disabled' })
  }
}
