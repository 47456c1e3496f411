/** Connecting an AWS account on the settings page, against the doubles of Lambda and S3. */
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { violations } from '../axe.js'
import { type Cloud, type Connected, startCloud, startConnected } from '../cloud.js'
import { expect, type Page, picture, test } from '../product.js'

let cloud: Cloud
let mayfly: Connected

test.use({ bypassCSP: true })
test.beforeAll(async () => {
  cloud = await startCloud()
  mayfly = await startConnected(4420)
})
test.afterAll(async () => {
  await mayfly?.stop()
  await cloud?.close()
})

async function accessible(page: Page, where: string) {
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
    expect(await violations(page), `${where}, ${theme}`).toEqual([])
  }
}

test('an account is connected, checked step by step, and a change by someone else is not lost', async ({ page }) => {
  const file = join(mayfly.workspace, 'mayfly.config.json')
  const { aws_lambda, aws_s3 } = cloud.sections
  writeFileSync(file, JSON.stringify({ name: 'kept', aws_lambda: { environment: aws_lambda.environment } }))
  await page.goto(mayfly.product.url)
  await page.getByRole('link', { name: 'Settings' }).click()
  const form = page.getByTestId('aws-form')
  await expect(form).toBeVisible()
  await expect(page.getByRole('alert').filter({ hasText: 'cannot be used' })).toContainText('region')

  const paste = form.getByLabel('What npm run deploy:aws printed')
  await paste.fill('{ "aws_lambda": ')
  await expect(form.getByText('Paste the sections')).toBeVisible()
  await paste.fill(JSON.stringify({ aws_lambda: { region: 'eu-west-1', functions: { 512: 'mayfly-512' } } }))
  await expect(form.getByText('mayfly-512')).toBeVisible()
  await expect(form.getByLabel('Region', { exact: true })).toHaveValue('eu-west-1')
  await form.getByRole('button', { name: 'Use a role instead' }).click()

  await form.getByLabel('Region', { exact: true }).fill('Frankfurt')
  await form.getByLabel('Bucket', { exact: true }).fill('mine')
  await form.getByRole('button', { name: 'Save' }).click()
  await expect(form.getByLabel('Region', { exact: true })).toBeFocused()
  await expect(form.getByText('A region such as eu-central-1.')).toBeVisible()
  await expect(form.getByText('The ARN of the role')).toBeVisible()
  await accessible(page, 'faults')

  await form.getByLabel('Region', { exact: true }).fill('us-east-1')
  await form.getByLabel('Role of the functions').fill(aws_lambda.role)
  await form.getByText('More', { exact: true }).click()
  await form.getByLabel('S3 address').fill(aws_s3.endpoint)
  await form.getByLabel('Variable with the key’s id').fill('MAYFLY_E2E_S3_ID')
  await form.getByLabel('Variable with the secret').fill('MAYFLY_E2E_S3_SECRET')
  await form.getByLabel('Lambda address').fill('http://127.0.0.1:9')
  await form.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Saved to mayfly.config.json', { exact: true })).toBeVisible()
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
    name: 'kept',
    aws_lambda: { ...aws_lambda, endpoint: 'http://127.0.0.1:9' },
    aws_s3,
  })

  const checklist = page.getByTestId('aws-checklist')
  const step = (name: string) => checklist.getByTestId('aws-step').filter({ hasText: new RegExp(`^${name}`) })
  await checklist.getByRole('button', { name: 'Check' }).click()
  await expect(step('region')).toHaveAttribute('data-state', 'bad')
  await expect(step('region')).toContainText('start the server at http://127.0.0.1:9')
  await expect(checklist.getByRole('button', { name: 'Copy the fix: region' })).toBeVisible()
  await expect(checklist).toHaveAttribute('data-state', 'done')
  await accessible(page, 'a red step')

  // Someone else writes the file while the form is open.
  const meant = JSON.parse(readFileSync(file, 'utf8'))
  writeFileSync(file, JSON.stringify({ ...meant, workers: 10 }, null, 2))
  await form.getByLabel('Lambda address').fill(aws_lambda.endpoint)
  await form.getByRole('button', { name: 'Save' }).click()
  await expect(form.getByRole('alert').filter({ hasText: 'has changed since' })).toContainText('E_CONFIG_CONFLICT')
  await form.getByRole('button', { name: 'Show what is there now' }).click()
  await expect(page.getByTestId('in-force').getByRole('row', { name: /^workers 10/ })).toContainText(
    'mayfly.config.json',
  )
  await form.getByLabel('Lambda address').fill(aws_lambda.endpoint)
  await form.getByRole('button', { name: 'Save' }).click()
  await expect.poll(() => JSON.parse(readFileSync(file, 'utf8'))).toEqual({ ...meant, aws_lambda, workers: 10 })

  // A check that would wait for long is given up.
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const good = readFileSync(file, 'utf8')
  const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
  writeFileSync(file, JSON.stringify({ ...JSON.parse(good), aws_lambda: { ...aws_lambda, endpoint } }))
  await checklist.getByRole('button', { name: /^Check/ }).click()
  await expect(checklist.getByText(/^Step \d of 8$/)).toBeVisible()
  await checklist.getByRole('button', { name: 'Cancel' }).click()
  await expect(checklist).toHaveAttribute('data-state', /done|idle/)
  silent.closeAllConnections()
  silent.close()
  writeFileSync(file, good)
  await checklist.getByRole('button', { name: /^Check/ }).click()
  await expect(checklist.getByText('Calls can run on Lambda.')).toBeVisible()
  for (const one of await checklist.getByTestId('aws-step').all())
    await expect(one).toHaveAttribute('data-state', /good|note/)
  await picture(page, 'settings')
})
