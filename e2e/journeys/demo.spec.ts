import { expect, picture, runAll, test } from '../product.js'

test('the METASPACE demo annotates its data set from the first cell to the ion images', async ({ page, mayfly }) => {
  test.setTimeout(180_000)
  await page.goto(mayfly.url)
  await page.getByTestId('home-card-demo').click()
  await expect(page).toHaveURL(/\/n\/.*\.ipynb/)
  await runAll(page, 120_000)

  expect(await page.getByTestId('run-strip').count()).toBeGreaterThanOrEqual(5)
  for (const strip of await page.getByTestId('run-strip').all())
    await expect(strip).toHaveAttribute('data-status', 'done')
  const images = page.getByTestId('cell-output').locator('img')
  await expect.poll(() => images.count()).toBeGreaterThanOrEqual(5)
  await images.first().scrollIntoViewIfNeeded()
  expect(await images.first().evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBeGreaterThan(10)
  await expect(page.getByText(/MSM 0\.\d+/).first()).toBeVisible()
  await expect(page.getByText(/Total cost/i).first()).toBeVisible()
  await picture(page, 'demo-images')
  await page.getByRole('columnheader', { name: /msm/i }).first().scrollIntoViewIfNeeded()
  await picture(page, 'demo-table')
})
