import { expect, picture, runAll, test } from '../product.js'

test('the METASPACE demo annotates its data set from the first cell to the ion images', async ({ page, mayfly }) => {
  await page.goto(mayfly.url)
  await page.getByTestId('home-card-demo').click()
  await expect(page).toHaveURL(/\/n\/.*\.ipynb/)
  await runAll(page, 120_000)

  await expect.poll(() => page.getByTestId('run-strip').count()).toBeGreaterThanOrEqual(5)
  for (const strip of await page.getByTestId('run-strip').all())
    await expect(strip).toHaveAttribute('data-status', 'done')
  // Five ion images and four isotopes of the best one, each with its values, colours and scale.
  const pictures = page.getByRole('figure').filter({ has: page.locator('canvas') })
  await expect.poll(() => pictures.count()).toBe(9)
  await pictures.first().scrollIntoViewIfNeeded()
  await expect(pictures.first()).toContainText(/MSM 0\.\d+ FDR \d+%/)
  await expect(pictures.first()).toContainText('µm')
  await expect(pictures.first()).toContainText('intensity')
  const apart = () =>
    pictures.evaluateAll(([one, two]) => two!.getBoundingClientRect().top - one!.getBoundingClientRect().top)
  await expect.poll(apart, 'the second picture stands beside the first').toBe(0)
  const drawings = page.getByTestId('cell-output').locator('img')
  await expect(drawings, 'the FDR curve and the spectrum').toHaveCount(2)
  await expect(drawings.first()).toHaveAttribute('alt', /false discovery rate: \d+ below 5 %/)
  const width = () => drawings.first().evaluate((image) => (image as HTMLImageElement).naturalWidth)
  await expect.poll(width).toBeGreaterThan(10)
  await expect(page.getByText(/Total cost/i).first()).toBeVisible()
  await picture(page, 'demo-images')
  await page.getByRole('columnheader', { name: /msm/i }).first().scrollIntoViewIfNeeded()
  await picture(page, 'demo-table')
})
