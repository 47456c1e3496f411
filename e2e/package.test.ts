/** Guards of the repository itself: what the lock must hold, and what no file may name. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

interface LockPackage {
  resolved?: string
  optional?: boolean
  link?: boolean
  optionalDependencies?: Record<string, string>
}
const readLock = (folder: string): Record<string, LockPackage> =>
  JSON.parse(readFileSync(join(ROOT, folder, 'package-lock.json'), 'utf8')).packages
const lock = readLock('.')

it('every optional binary that the lock names is in the lock, so it installs on every platform', () => {
  const missing: string[] = []
  for (const [path, { optionalDependencies }] of Object.entries(lock)) {
    for (const name of Object.keys(optionalDependencies ?? {})) {
      if (!(`node_modules/${name}` in lock) && !(`${path}/node_modules/${name}` in lock))
        missing.push(`${name} of ${path}`)
    }
  }
  expect(missing).toEqual([])
})

it.each(['.', 'infra/aws'])('the lock of %s names no registry', (folder) => {
  const hosts = Object.values(readLock(folder)).filter(({ resolved, link }) => resolved !== undefined && !link)
  expect(hosts).toEqual([])
})

it('docs/decisions.md has one line for each dependency', () => {
  const decisions = readFileSync(join(ROOT, 'docs/decisions.md'), 'utf8')
  const manifests = ['.', 'packages/executor', 'packages/pipeline', 'apps/runner', 'apps/web', 'infra/aws']
  const names = new Set(
    manifests.flatMap((folder) => {
      const manifest = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'))
      return Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
    }),
  )
  const unexplained = [...names].filter(
    (name) => !/^@(mayfly|types)\//.test(name) && !decisions.includes(`\`${name}\``),
  )
  expect(unexplained).toEqual([])
})

it('no tracked file above 1 MB', () => {
  const large = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' })
    .split('\0')
    .filter((file) => file && file !== 'package-lock.json')
    .filter((file) => readFileSync(join(ROOT, file)).length > 1_000_000)
  expect(large).toEqual([])
})
