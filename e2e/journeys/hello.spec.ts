import { codeCell, expect, picture, runAll, test } from '../product.js'

test('Hello, map: three cards, two hundred calls, live strip, run page, and the run survives a restart', async ({
  page,
  mayfly,
}) => {
  await page.goto(mayfly.url)
  for (const card of ['hello-map', 'demo', 'blank']) await expect(page.getByTestId(`home-card-${card}`)).toBeVisible()
  await picture(page, 'home')

  await page.getByTestId('home-card-hello-map').click()
  await expect(page).toHaveURL(/\/n\/hello-map\.ipynb/)
  await runAll(page)
  const strip = page.getByTestId('run-strip').first()
  await expect(strip).toHaveAttribute('data-total', '200')
  await expect(strip).toHaveAttribute('data-done', '200')
  await expect(codeCell(page, 1).getByTestId('cell-duration')).toHaveText(/\d/)
  await picture(page, 'hello-notebook')

  await strip.getByRole('link', { name: /open run/i }).click()
  const run = page.getByTestId('run-page')
  await expect(run).toHaveAttribute('data-status', 'done')
  await expect(page.getByTestId('timeline')).toHaveAttribute('data-rows', '200')
  await expect(page.getByTestId('concurrency')).toBeVisible()
  await expect(page.getByTestId('resources')).toBeVisible()
  await picture(page, 'hello-run')
  const address = new URL(page.url()).pathname

  // A page that looks while nobody is there would complain.
  await page.goto('about:blank')
  await mayfly.restart()
  await page.goto(`${mayfly.url}/runs`)
  await expect(page.getByTestId('runs-table').getByRole('row')).not.toHaveCount(0)
  await picture(page, 'runs')
  await page.goto(mayfly.url + address)
  await expect(page.getByTestId('run-page')).toHaveAttribute('data-status', 'done')
  await expect(page.getByTestId('timeline')).toHaveAttribute('data-rows', '200')
})
