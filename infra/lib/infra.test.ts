import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { freePort } from './servers.mjs'
import { digest } from './stale.mjs'
import { ROOT, run } from './steps.mjs'

const folder = mkdtempSync(join(ROOT, 'node_modules', '.infra-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const here = relative(ROOT, folder)

describe('digest', () => {
  it('changes with the content, the time and the names of source files, and not with tests or build products', () => {
    const file = join(folder, 'a.ts')
    writeFileSync(file, 'one')
    const first = digest([here])
    expect(digest([here])).toBe(first)

    writeFileSync(join(folder, 'a.test.ts'), 'a test')
    mkdirSync(join(folder, 'dist'))
    writeFileSync(join(folder, 'dist', 'a.js'), 'built')
    expect(digest([here])).toBe(first)

    writeFileSync(file, 'two!')
    const second = digest([here])
    expect(second).not.toBe(first)
    utimesSync(file, 1, 1)
    expect(digest([here])).not.toBe(second)
  })

  it('passes over what does not exist', () => {
    expect(digest([`${here}/nowhere`])).toBe(digest([]))
  })
})

it('freePort steps over a taken port', async () => {
  // Below those that systems hand out, so that nobody takes it between the two looks.
  const port = await freePort(20_000 + (process.pid % 10_000))
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve))
  expect(await freePort(port)).toBeGreaterThan(port)
  await new Promise((resolve) => taken.close(resolve))
  expect(await freePort(port)).toBe(port)
})

it('a failed step carries the command, the exit code and the output', async () => {
  const failing = run(process.execPath, ['-e', 'console.log("why"); process.exit(3)'], { quiet: false })
  await expect(failing).rejects.toThrow(/ended with 3/)
})

it('the command line names an unknown command and leaves with 2', () => {
  const cli = fileURLToPath(new URL('../cli/mayfly.mjs', import.meta.url))
  expect(execFileSync(process.execPath, [cli, '--help'], { encoding: 'utf8' })).toContain('annotate')
  expect(() => execFileSync(process.execPath, [cli, 'fly'], { stdio: 'pipe' })).toThrow(/E_CLI_COMMAND/)
})
