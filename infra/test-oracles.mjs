/**
 * `npm run test:oracles`: our doubles and our storage held against what others have written: the S3 checks and the storage
 * contract on Ceph's RADOS Gateway (Debian), the Lambda cases with AWS's own runtime client. What is missing is installed, where
 * we may; else the one command that helps is printed, and the exit code is 2. Takes some minutes and is no part of `npm test`.
 *
 *   npm run test:oracles [-- s3 | lambda]
 */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { build } from './build.mjs'
import { install } from './lib/install.mjs'
import { bin, fail, ROOT, run, StepError, step } from './lib/steps.mjs'
import { aptInstall, canApt } from './lib/system.mjs'
import { CEPH_PACKAGES, CEPH_PROGRAMS, startCeph } from './oracles/ceph.mjs'

/** The last line of versions that runs on Node 20; it is compiled when it is installed. */
const RUNTIME_CLIENT = 'aws-lambda-ric@3'
const COMPILERS = {
  autoconf: 'autoconf',
  automake: 'automake',
  libtoolize: 'libtool',
  cmake: 'cmake',
  make: 'make',
  'g++': 'g++',
}

const wanted = process.argv.slice(2)
const oracles = { s3, lambda }

await install()
  .then(build)
  .then(async () => {
    for (const [name, oracle] of Object.entries(oracles)) {
      if (wanted.length === 0 || wanted.includes(name)) await oracle()
    }
  })
  .catch(fail)

async function s3() {
  if (!(await have(CEPH_PROGRAMS, CEPH_PACKAGES))) return
  const ceph = await step('Start the RADOS Gateway', startCeph)
  process.stdout.write(`  ${ceph.version}\n`)
  try {
    await tests('s3', { MAYFLY_ORACLE_S3: JSON.stringify(ceph) })
  } finally {
    await ceph.close()
  }
}

async function lambda() {
  if (!(await have(Object.keys(COMPILERS), Object.values(COMPILERS)))) return
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'mayfly', 'oracles')
  const client = join(folder, 'node_modules/aws-lambda-ric/bin/index.mjs')
  // What the compiler makes last.
  if (!existsSync(join(folder, 'node_modules/aws-lambda-ric/dist/rapid-client.node'))) {
    const npm = ['install', '--no-audit', '--no-fund', '--prefix', folder, RUNTIME_CLIENT]
    await step(`Compile ${RUNTIME_CLIENT}`, () => run('npm', npm))
  }
  await tests('lambda', { MAYFLY_ORACLE_RUNTIME: client })
}

/** Whether these programs are there, in the end. */
async function have(programs, packages) {
  const missing = () => programs.filter((program) => !onPath(program))
  if (missing().length > 0 && canApt()) await step(`Install ${packages.join(', ')}`, () => aptInstall(packages))
  if (missing().length === 0) return true
  process.stdout.write(`  ${missing().join(', ')} not found. To go on: sudo apt-get install ${packages.join(' ')}\n`)
  process.exitCode = 2
  return false
}

function onPath(program) {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)))
}

async function tests(name, env) {
  const args = [
    bin('vitest', 'vitest.mjs'),
    'run',
    '--config',
    `${ROOT}infra/oracles/vitest.config.ts`,
    `${name}.oracle.ts`,
  ]
  await run(process.execPath, args, { env, quiet: false }).catch((error) => {
    if (!(error instanceof StepError)) throw error
    process.exitCode = 1
  })
}
