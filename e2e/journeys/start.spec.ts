/** `npm start` itself, as the README says it. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'playwright/test'

/** Takes the first port from 4200 on that is free. */
async function takePort() {
  for (let port = 4200; ; port++) {
    const server = createServer()
    const taken = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (taken) return { server, port }
  }
}

test('npm start steps over a taken port, prints one URL, and Ctrl+C leaves nothing behind', async ({ page }) => {
  const workspace = mkdtempSync(join(tmpdir(), 'mayfly-start-'))
  const taken = await takePort()
  const child = spawn(process.execPath, ['infra/start.mjs'], {
    cwd: fileURLToPath(new URL('../../', import.meta.url)),
    env: { ...process.env, MAYFLY_WORKSPACE: workspace, PORT: String(taken.port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let url = ''
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
    expect(urls).toEqual([expect.stringMatching(/^http:\/\/localhost:\d+$/)])
    url = urls![0]!
    // The next but for those that others have taken.
    expect(Number(new URL(url).port)).toBeGreaterThan(taken.port)
    await page.goto(url)
    await expect(page.getByTestId('home-card-hello-map')).toBeVisible()
  } finally {
    child.kill('SIGINT')
    taken.server.close()
  }
  expect(await ended).toBe(0)
  await expect(page.request.get(url)).rejects.toThrow()
  rmSync(workspace, { recursive: true, force: true })
})
