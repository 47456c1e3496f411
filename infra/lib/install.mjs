/** Installs the packages with `npm ci` when the lock is newer than what is installed. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, run, step } from './steps.mjs'

const OLDEST = [20, 19]

/** Exits with one sentence when this Node is too old to run Mayfly. */
export function checkNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number)
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    process.stderr.write(
      `Mayfly needs Node ${OLDEST.join('.')} or newer, this is ${version}. Install Node 24 and try again.\n`,
    )
    process.exit(1)
  }
}

/** The root's packages, or those of another folder with a lock of its own. */
export async function install(folder = ROOT, title = 'Install packages') {
  const lock = statSync(join(folder, 'package-lock.json'))
  const installed = statSync(join(folder, 'node_modules/.package-lock.json'), { throwIfNoEntry: false })
  if (installed && installed.mtimeMs >= lock.mtimeMs) return
  await step(title, () => run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder }))
}
