/** axe over every page in both themes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startProduct } from '../infra/lib/servers.mjs'
import { violations } from './axe.js'
import { expect, openNotebook, runAll, test } from './product.js'

const CELLS = [
  "console.log('text');\n[{ ion: 'C6H13O6', msm: 0.91 }, { ion: 'C5H9NO4', msm: 0.42 }]",
  "import { FunctionExecutor } from '@mayfly/executor'\nconst fexec = new FunctionExecutor();\n(await fexec.getResult(fexec.map((n: number) => n * n, [1, 2, 3]))).join()",
]

// The page's own policy forbids inline scripts, which is how axe gets in.
test.use({ bypassCSP: true })

for (const theme of ['light', 'dark'] as const) {
  test(`no WCAG 2.2 AA violation on any page, ${theme}`, async ({ page, mayfly, problems }) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
    await page.goto(mayfly.url)
    await expect(page.getByTestId('home-card-demo')).toBeVisible()
    expect(await violations(page), 'home').toEqual([])

    await openNotebook(page, mayfly, mayfly.notebook(`a11y-${theme}.ipynb`, CELLS))
    await runAll(page)
    expect(await violations(page), 'notebook').toEqual([])
    await page.keyboard.press('Escape')
    await page.keyboard.press('?')
    await expect(page.getByRole('dialog')).toBeVisible()
    expect(await violations(page), 'shortcuts').toEqual([])
    await page.keyboard.press('Escape')
    await page.getByTestId('restart').click()
    await expect(page.getByTestId('restart-confirm')).toBeFocused()
    expect(await violations(page), 'asking before a restart').toEqual([])
    await page.keyboard.press('Escape')

    const strip = page.getByTestId('run-strip').first()
    await strip.getByRole('link', { name: /open run/i }).click()
    await expect(page.getByTestId('run-page')).toHaveAttribute('data-status', 'done')
    for (const tab of await page.getByRole('tab').all()) {
      await tab.click()
      expect(await violations(page), `run page, ${await tab.innerText()}`).toEqual([])
    }

    await page.goto(`${mayfly.url}/runs`)
    await expect(page.getByTestId('runs-table')).toBeVisible()
    expect(await violations(page), 'runs').toEqual([])

    await page.goto(`${mayfly.url}/n/missing-${theme}.ipynb`)
    await expect(page.getByText('could not be opened')).toBeVisible()
    expect(await violations(page), 'a notebook that is not there').toEqual([])
    // The browser itself reports the 404 that this page is about.
    problems.splice(0, problems.length, ...problems.filter((problem) => !problem.includes('404')))
  })

  test(`no WCAG 2.2 AA violation on the empty list of runs, ${theme}`, async ({ page }) => {
    const workspace = mkdtempSync(join(tmpdir(), 'mayfly-e2e-empty-'))
    const product = await startProduct({ workspace, port: 4390 })
    try {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
      await page.goto(`${product.url}/runs`)
      await expect(page.getByText('Runs appear here')).toBeVisible()
      expect(await violations(page)).toEqual([])
    } finally {
      await page.goto('about:blank')
      await product.stop()
      rmSync(workspace, { recursive: true, force: true })
    }
  })
}
