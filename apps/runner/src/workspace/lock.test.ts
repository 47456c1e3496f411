import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { lockHome } from './lock.js'

let home: string
const path = () => join(home, 'runner.lock')
const held = expect.objectContaining({ code: 'E_HOME_LOCKED', hint: expect.stringContaining('MAYFLY_HOME') })

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'mayfly-lock-'))
})

test('one at a time; free again after release', () => {
  const lock = lockHome(home)
  expect(() => lockHome(home)).toThrow(held)
  lock.release()
  expect(readdirSync(home)).toEqual([])
  lockHome(home).release()
})

test('the lock of a process that is gone is taken over', () => {
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  writeFileSync(path(), readFileLocked().replace(String(process.pid), String(pid)))
  lockHome(home).release()
  expect(existsSync(path())).toBe(false)
})

test.skipIf(process.platform !== 'linux')('also when its number was given to another process', () => {
  writeFileSync(path(), readFileLocked().replace(/"started":"\d+"/, '"started":"1"'))
  lockHome(home).release()
})

test('a torn lock is none', () => {
  writeFileSync(path(), '{"pid":')
  lockHome(home).release()
})

test('that of another machine counts while it is renewed', () => {
  writeFileSync(path(), JSON.stringify({ pid: 1, host: 'elsewhere', started: '' }))
  expect(() => lockHome(home)).toThrow(held)
  utimesSync(path(), 1, 1)
  lockHome(home).release()
})

test('what someone else took over is not released', () => {
  const lock = lockHome(home)
  writeFileSync(path(), 'other')
  lock.release()
  expect(readFileSync(path(), 'utf8')).toBe('other')
})

function readFileLocked(): string {
  const lock = lockHome(home)
  const text = readFileSync(path(), 'utf8')
  lock.release()
  return text
}
