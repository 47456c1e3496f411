/** Other TypeScript kernels for Jupyter, installed by npm into a temporary folder, to be measured beside ours in the same run. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../infra/lib/steps.mjs'

const PEERS = {
  deno: {
    version: '2.9.6',
    argv: (modules) => [denoBinary(modules), 'jupyter', '--kernel', '--conn', '{connection_file}'],
  },
  tslab: {
    version: '1.0.22',
    argv: (modules) => [
      process.execPath,
      join(modules, 'tslab/bin/tslab'),
      'kernel',
      '--config-path={connection_file}',
    ],
  },
}

/** Our kernel as `mayfly kernel install` registers it: `{ name, argv, interrupt, cwd? }`, interrupted by message. */
export const OURS = {
  name: 'mayfly',
  argv: [process.execPath, `${ROOT}infra/cli/mayfly.mjs`, 'kernel', 'run', '--conn', '{connection_file}'],
  interrupt: ({ client }) => void client.ask('control', 'interrupt_request'),
}

/** The peers that install here, interrupted by signal as their specifications say; the reason of each that does not goes to stderr. */
export function installPeers(folder) {
  return Object.entries(PEERS).flatMap(([name, { version, argv }]) => {
    try {
      const prefix = join(folder, name)
      const options = { stdio: 'pipe', timeout: 300_000 }
      // tslab knows no `console` without Node's types beside the notebook.
      const wanted = [`${name}@${version}`, '@types/node@20']
      execFileSync('npm', ['install', '--prefix', prefix, '--no-audit', '--no-fund', ...wanted], options)
      const interrupt = ({ child }) => void child.kill('SIGINT')
      return [{ name, argv: argv(join(prefix, 'node_modules')), interrupt, cwd: prefix }]
    } catch (error) {
      process.stderr.write(`${name} ${version} is not measured: ${String(error.stderr ?? error.message).slice(-500)}\n`)
      return []
    }
  })
}

/** The program itself: the command that npm links would be measured with a Node around it. */
function denoBinary(modules) {
  const scope = join(modules, '@deno')
  const found = readdirSync(scope)
    .map((platform) => join(scope, platform, 'deno'))
    .find((file) => existsSync(file))
  if (!found) throw new Error(`no program in ${scope}`)
  return found
}
