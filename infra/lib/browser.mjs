/**
 * Finds a Chromium or Chrome for the journeys. Where there is none it installs Debian's package (as root on Debian),
 * else Playwright's own; where neither can be had it fails with the one command that helps.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { bin, run, step } from './steps.mjs'
import { aptInstall, canApt } from './system.mjs'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']
const MAC = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

/** Path of an installed browser, or undefined. `CHROME_PATH` wins. */
export function findBrowser() {
  if (process.env.CHROME_PATH && existsSync(process.env.CHROME_PATH)) return process.env.CHROME_PATH
  for (const folder of (process.env.PATH ?? '').split(':')) {
    for (const name of NAMES) if (folder && existsSync(join(folder, name))) return join(folder, name)
  }
  return MAC.find((path) => existsSync(path)) ?? playwrightsOwn()
}

function playwrightsOwn() {
  const script = "import('playwright').then(({chromium}) => process.stdout.write(chromium.executablePath()))"
  try {
    const path = execFileSync(process.execPath, ['-e', script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return existsSync(path) ? path : undefined
  } catch {
    return undefined
  }
}

export async function ensureBrowser() {
  const found = findBrowser()
  if (found) return found
  const tries = canApt()
    ? [
        ['Install Chromium (Debian)', () => aptInstall(['chromium', 'fonts-liberation'])],
        ['Install Chromium (Playwright)', playwrightInstall],
      ]
    : [['Install Chromium (Playwright)', playwrightInstall]]
  for (const [title, install] of tries) {
    try {
      await step(title, install)
      const browser = findBrowser()
      if (browser) return browser
    } catch {
      // The next way is tried; when none works the message below says what to do.
    }
  }
  throw new Error(
    'The journeys need Chromium or Chrome and none could be installed. Run `sudo apt-get install chromium` (Debian), or install Chrome and set CHROME_PATH.',
  )
}

const playwrightInstall = () => run(process.execPath, [bin('playwright', 'cli.js'), 'install', 'chromium'])
