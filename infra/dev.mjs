/** `npm run dev`: the product with `next dev` and the compiler watching; restart it after a change to the runner. */
import { spawn } from 'node:child_process'
import { build } from './build.mjs'
import { checkNode, install } from './lib/install.mjs'
import { bin, ROOT } from './lib/steps.mjs'

checkNode()
await install()
await build()
const compiler = spawn(process.execPath, [bin('typescript', 'bin/tsc'), '-b', '-w', '--preserveWatchOutput'], {
  cwd: ROOT,
  stdio: 'inherit',
})
process.once('exit', () => compiler.kill())
process.argv.push('--dev')
await import('./start.mjs')
