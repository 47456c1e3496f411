/** `npm run bench -- NAME [ARG …]`: builds what is stale, then runs `bench/NAME.mjs`. Without a name it lists them. */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { build } from '../infra/build.mjs'
import { install } from '../infra/lib/install.mjs'
import { fail, ROOT } from '../infra/lib/steps.mjs'

const [name, ...args] = process.argv.slice(2)
const names = readdirSync(`${ROOT}bench`)
  .filter((file) => file.endsWith('.mjs') && !['run.mjs', 'lib.mjs'].includes(file))
  .map((file) => file.slice(0, -4))

if (!name || !existsSync(`${ROOT}bench/${name}.mjs`)) {
  process.stderr.write(`Usage: npm run bench -- NAME, where NAME is one of: ${names.join(', ')}\n`)
  process.exitCode = name ? 2 : 0
} else {
  await install().then(build).catch(fail)
  if (!process.exitCode) {
    const child = spawn(process.execPath, [`${ROOT}bench/${name}.mjs`, ...args], { cwd: ROOT, stdio: 'inherit' })
    child.on('close', (code) => {
      process.exitCode = code ?? 1
    })
  }
}
