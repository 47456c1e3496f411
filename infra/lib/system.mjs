/**
 * Programs of the system that tests use: installed by apt as root on Debian, where they are missing. Elsewhere the tests that need
 * one skip and say so, and here the one command that helps is printed.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, step } from './steps.mjs'

/** Program → Debian package. */
const PROGRAMS = { 'redis-server': 'redis-server', bwrap: 'bubblewrap' }

const isOnPath = (program) => (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)))

/** Whether apt may be used: Debian, as root. */
export const canApt = () =>
  existsSync('/etc/debian_version') &&
  /debian/i.test(readFileSync('/etc/os-release', 'utf8')) &&
  process.getuid?.() === 0

/** Debian's way to say that no service may start by itself: a server that a test needs is started by the test. */
const POLICY = '/usr/sbin/policy-rc.d'

/** Installs Debian packages without starting what is in them. */
export async function aptInstall(packages) {
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const own = !existsSync(POLICY)
  if (own) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    await run('apt-get', ['update'], { env })
    await run('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { env })
  } finally {
    if (own) rmSync(POLICY, { force: true })
  }
}

/** Never fails: a program that cannot be had is told. */
export async function ensurePrograms() {
  const missing = () => Object.keys(PROGRAMS).filter((program) => !isOnPath(program))
  const wanted = missing().map((program) => PROGRAMS[program])
  if (wanted.length === 0) return
  if (canApt()) await step(`Install ${wanted.join(', ')} (Debian)`, () => aptInstall(wanted)).catch(() => undefined)
  const still = missing()
  if (still.length === 0) return
  const packages = still.map((program) => PROGRAMS[program]).join(' ')
  process.stdout.write(
    `  ${still.join(' and ')} not found: the tests that need it are skipped. To run them: sudo apt-get install ${packages}\n`,
  )
}
