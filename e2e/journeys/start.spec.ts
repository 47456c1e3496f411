/** `npm start` itself, as the README says it. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'playwright/test'

test('npm start steps over a taken port, prints one URL, and Ctrl+C leaves nothing behind', async ({ page }) => {
  const workspace = mkdtempSync(join(tmpdir(), 'mayfly-start-'))
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(4200, '127.0.0.1', resolve))
  const child = spawn(process.execPath, ['infra/start.mjs'], {
    cwd: fileURLToPath(new URL('../../', import.meta.url)),
    env: { ...process.env, MAYFLY_WORKSPACE: workspace, PORT: '4200' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  try {
    let output = ''
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk) => {
        output += chunk
        if (output.includes('Ctrl+C')) resolve()
      })
    })
    const urls = output.match(/http:\/\/\S+/g)
    expect(urls).toEqual(['http://localhost:4201'])
    await page.goto(urls![0]!)
    await expect(page.getByTestId('home-card-hello-map')).toBeVisible()
  } finally {
    child.kill('SIGINT')
    taken.close()
  }
  expect(await ended).toBe(0)
  await expect(page.request.get('http://localhost:4201')).rejects.toThrow()
  rmSync(workspace, { recursive: true, force: true })
})
