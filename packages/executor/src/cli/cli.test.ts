/** The commands as a user types them, in a folder of their own. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const BIN = fileURLToPath(new URL('../../../../infra/cli/mayfly.mjs', import.meta.url))
let folder: string

interface Outcome {
  code: number
  out: string
  err: string
}

function mayfly(args: string[], env: Record<string, string> = {}): Promise<Outcome> {
  const { MAYFLY_HOME: _home, MAYFLY_WORKSPACE: _workspace, ...rest } = process.env
  return new Promise((resolve) => {
    const options = { cwd: folder, env: { ...rest, XDG_CONFIG_HOME: folder, ...env } }
    execFile(process.execPath, [BIN, ...args], options, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err }),
    )
  })
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mayfly-cli-'))
  const { code } = await mayfly(['hello', '--calls', '4', '--workers', '1'])
  expect(code).toBe(0)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('runs', () => {
  it('are listed, shown, priced and plotted', async () => {
    const list = JSON.parse((await mayfly(['job', 'list', '--json'])).out)
    expect(list).toMatchObject([{ name: 'Hello, map: estimatePi', status: 'done', calls: 4, done: 4 }])
    const shown = await mayfly(['job', 'show', list[0].runId.slice(0, 10)])
    expect(shown).toMatchObject({ code: 0 })
    expect(shown.out).toMatch(/M000 +estimatePi +4 +4 +0/)
    expect((await mayfly(['cost', 'last'])).out).toMatch(/M000 +estimatePi +4 /)
    const plotted = await mayfly(['job', 'plot', 'last', '-o', 'plots/p'])
    expect(plotted.out.trim().split('\n')).toHaveLength(3)
    expect(readFileSync(join(folder, 'plots/p_timeline.svg'), 'utf8')).toContain('4 calls')
    expect((await mayfly(['job', 'attach', 'last'])).code).toBe(0)
    expect((await mayfly(['job', 'cancel', 'last'])).out).toContain('ended already')
    expect(await mayfly(['logs'])).toEqual({ code: 0, out: '', err: '' })
  })

  it('that are not there are named', async () => {
    const { code, err } = await mayfly(['job', 'show', 'nope'])
    expect([code, err]).toEqual([2, expect.stringContaining('E_NOT_FOUND: no run nope')])
  })
})

describe('storage', () => {
  it('puts, lists, gets and deletes', async () => {
    writeFileSync(join(folder, 'a.bin'), Buffer.from([0, 255, 10]))
    expect((await mayfly(['storage', 'put', 'a.bin', 'demo', '-k', 'x/a'])).out).toContain('demo/x/a  3 B')
    expect(JSON.parse((await mayfly(['storage', 'list', 'demo', '--json'])).out)).toMatchObject([
      { key: 'x/a', size: 3 },
    ])
    expect((await mayfly(['storage', 'get', 'demo', 'x/a', '-o', 'b.bin'])).code).toBe(0)
    expect([...readFileSync(join(folder, 'b.bin'))]).toEqual([0, 255, 10])
    expect((await mayfly(['storage', 'delete', 'demo', '--prefix', 'x/'])).out).toContain('1 deleted')
    expect(await mayfly(['storage', 'get', 'demo', 'x/a'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('E_STORAGE_NOT_FOUND'),
    })
  })
})

describe('configuration', () => {
  it('says what is in force and from where, without secrets', async () => {
    writeFileSync(
      join(folder, 'mayfly.config.ts'),
      'export default { workers: 3 as number, extraEnv: { API_KEY: "hush" } }',
    )
    const { out } = await mayfly(['config'], { MAYFLY_TIMEOUT: '30' })
    expect(out).toMatch(/workers +3 +file .*mayfly\.config\.ts/)
    expect(out).toMatch(/timeout +30 +environment MAYFLY_TIMEOUT/)
    expect(out + (await mayfly(['config', '--json'])).out).not.toContain('hush')
    rmSync(join(folder, 'mayfly.config.ts'))
  })

  it('that is wrong stops a command before it begins', async () => {
    const { code, err } = await mayfly(['hello'], { MAYFLY_WORKERS: 'many' })
    expect([code, err]).toEqual([2, expect.stringContaining('MAYFLY_WORKERS')])
  })
})

describe('use', () => {
  it.each([
    [['job', 'show']],
    [['job', 'dance']],
    [['logs', '--call', 'x']],
    [['hello', '--calls', '0']],
    [['storage']],
    [['storage', 'delete', 'demo']],
    [['cost', 'predict', '--calls', '3']],
    [['cost', 'predict', '--calls', '3', '--seconds', '1', '--price', 'gold']],
    [['worker', 'list', 'more']],
    [['config', '--nonsense']],
    [['doctor', 'feet']],
  ])('%j is refused with the usage', async (args) => {
    const { code, err, out } = await mayfly(args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('E_CLI_USAGE')
    expect(err).toContain(`mayfly ${args[0]}`)
  })

  it('is explained by --help', async () => {
    const { code, out } = await mayfly(['job', '--help'])
    expect([code, out]).toEqual([0, expect.stringContaining('mayfly job list')])
  })

  it('the self-test passes here, and a runtime is remembered', async () => {
    const { code, out } = await mayfly(['test'])
    expect([code, out]).toEqual([0, expect.stringContaining('Everything works.')])
    expect(out.match(/^✓/gm)).toHaveLength(8)
    expect((await mayfly(['runtime', 'deploy', '--memory', '256'])).out).toContain('-256MB: Node')
    const [known] = JSON.parse((await mayfly(['runtime', 'list', '--json'])).out)
    expect(known).toMatchObject({ backend: 'localhost', memory: 256, node: process.versions.node })
    expect((await mayfly(['runtime', 'delete', known.name])).code).toBe(0)
    expect((await mayfly(['runtime', 'delete', known.name])).code).toBe(2)
  })

  it('clean removes code and data of runs that have ended, and their logs when asked', async () => {
    const { code, out } = await mayfly(['clean', '--all', '--runs', '0'])
    expect(code).toBe(0)
    expect(out).toMatch(/^[1-9]\d* objects removed\n[1-9]\d* logs of runs removed\n$/)
    expect(JSON.parse((await mayfly(['job', 'list', '--json'])).out)).toEqual([])
  })

  it('the doctor makes a test call', async () => {
    const { code, out } = await mayfly(['doctor'])
    expect([code, out]).toEqual([0, expect.stringMatching(/✓ test call: done/)])
  })
})
