/** Makes the pictures of the README from the running product: the demo notebook and its run page, light and dark. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from './build.mjs'
import { ensureBrowser } from './lib/browser.mjs'
import { install } from './lib/install.mjs'
import { startProduct } from './lib/servers.mjs'
import { fail, ROOT } from './lib/steps.mjs'

const FOLDER = `${ROOT}docs/images`

async function main() {
  await install()
  await build()
  const { chromium } = await import('playwright')
  const workspace = mkdtempSync(join(tmpdir(), 'mayfly-screens-'))
  const product = await startProduct({ workspace, port: 4700 })
  const browser = await chromium.launch({ executablePath: await ensureBrowser(), args: ['--no-sandbox'] })
  mkdirSync(FOLDER, { recursive: true })
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    const shoot = async (name) => {
      for (const theme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme: theme })
        await page.waitForTimeout(1500)
        await page.screenshot({ path: `${FOLDER}/${name}-${theme}.png` })
      }
    }
    await page.goto(product.url)
    await page.getByTestId('home-card-demo').click()
    await page.getByTestId('run-all').click()
    await page.waitForFunction(
      () =>
        [...document.querySelectorAll('[data-testid=cell][data-kind=code]')].every(
          (cell) => cell.dataset.state === 'done',
        ),
      undefined,
      { timeout: 180_000 },
    )
    await page.getByTestId('cell-output').locator('figure:has(canvas)').first().scrollIntoViewIfNeeded()
    await shoot('notebook')
    await page.goto(`${product.url}/runs`)
    await page
      .getByTestId('runs-table')
      .getByRole('link', { name: /annotate|process/i })
      .first()
      .click()
    await page.getByTestId('timeline').waitFor()
    await shoot('run')
  } finally {
    await browser.close()
    await product.stop()
    rmSync(workspace, { recursive: true, force: true })
  }
}

await main().catch(fail)
