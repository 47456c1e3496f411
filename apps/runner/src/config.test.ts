import { existsSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from './config.js'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'mayfly-config-')))
const env = { MAYFLY_WORKSPACE: folder, MAYFLY_SECRET: '0123456789abcdef', MAYFLY_ORIGINS: 'http://localhost:3000' }

test('defaults: state inside the workspace, any port', () => {
  const config = readConfig(env)
  expect(config).toMatchObject({ workspace: folder, home: join(folder, '.mayfly'), port: 0, idleMinutes: 240 })
  expect(existsSync(config.home)).toBe(true)
})

test('origins are normalized', () => {
  const { origins } = readConfig({ ...env, MAYFLY_ORIGINS: 'http://localhost:3000/, http://127.0.0.1:3000' })
  expect([...origins]).toEqual(['http://localhost:3000', 'http://127.0.0.1:3000'])
})

test.each([
  ['MAYFLY_SECRET', undefined],
  ['MAYFLY_SECRET', 'short'],
  ['MAYFLY_ORIGINS', undefined],
  ['MAYFLY_ORIGINS', 'no origin'],
  ['MAYFLY_RUNNER_PORT', '70000'],
  ['MAYFLY_RUNNER_PORT', 'x'],
  ['MAYFLY_KERNEL_IDLE_MINUTES', '-1'],
])('%s=%s is refused by name', (name, value) => {
  expect(() => readConfig({ ...env, [name]: value })).toThrow(
    expect.objectContaining({ code: 'E_CONFIG_ENVIRONMENT', message: expect.stringContaining(name) }),
  )
})

test('a workspace that is a file is refused', () => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  expect(() => readConfig({ ...env, MAYFLY_WORKSPACE: file })).toThrow(
    expect.objectContaining({ code: 'E_CONFIG_FOLDER' }),
  )
})
