/** `npm run e2e`: the Playwright journeys against the built product, in the system's Chromium. Arguments are passed on. */
import { pathToFileURL } from 'node:url'
import { build } from './build.mjs'
import { ensureBrowser } from './lib/browser.mjs'
import { install } from './lib/install.mjs'
import { bin, fail, run } from './lib/steps.mjs'

export async function journeys(args = [], env = {}) {
  const CHROME_PATH = await ensureBrowser()
  await run(process.execPath, [bin('playwright', 'cli.js'), 'test', '-c', 'e2e/playwright.config.ts', ...args], {
    quiet: false,
    env: { CHROME_PATH, ...env },
  })
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await install()
    .then(build)
    .then(() => journeys(process.argv.slice(2)))
    .catch(fail)
}
