import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { descendantsIn, descendantsOf, isAlive, parsePs, parseStat, processTable } from './index.js'

test('a line of Linux, with an odd command name', () => {
  const stat = '7 (a) b (c) S 3 8 7 0 -1 4194560 1 0 0 0 250 50 9 11 20 0 1 0 5 1000 300'
  expect(parseStat(stat)).toEqual({
    ...{ state: 'S', parent: 3, group: 8, cpuMs: 3000, endedCpuMs: 200, startTicks: 5 },
  })
})

test('lines of ps', () => {
  expect(parsePs('  12  1  2048  02:03:04   01:02.50 node --x /a b')).toEqual([
    {
      ...{ pid: 12, parent: 1, rss: 2_097_152, ageMs: 7_384_000, cpuMs: 62_500 },
      command: ['node', '--x', '/a', 'b'],
    },
  ])
  expect(parsePs('12 1 0 1-00:00:01 1-02:03:04 x')[0]).toMatchObject({ ageMs: 86_401_000, cpuMs: 93_784_000 })
  expect(parsePs('')).toEqual([])
  expect(parsePs('  PID PPID RSS')).toEqual([])
})

test('descendants only, parents first, also of a table that holds a circle', () => {
  const row = (pid: number, parent: number) => ({ pid, parent })
  const rows = [row(5, 4), row(1, 0), row(4, 2), row(2, 1), row(3, 1)]
  const below = (pid: number, skip?: (one: { pid: number }) => boolean) =>
    descendantsIn(rows, pid, skip).map((one) => one.pid)
  expect(below(1)).toEqual([2, 3, 4, 5])
  expect(below(1, ({ pid }) => pid === 4)).toEqual([2, 3])
  expect(below(9)).toEqual([])
  expect(descendantsIn([row(1, 3), row(2, 1), row(3, 2)], 1)).toHaveLength(2)
})

test('this process and a child of it: in the table while they live', async () => {
  const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1000)'])
  await once(child.stdout, 'data')
  const pid = child.pid!
  const found = descendantsIn(processTable(), process.pid).find((row) => row.pid === pid)!
  expect(found.command.join(' ')).toContain('setInterval')
  expect(found.rss).toBeGreaterThan(10e6)
  expect(found.cpuMs).toBeGreaterThanOrEqual(0)
  expect(found.ageMs).toBeGreaterThan(-1000)
  expect(isAlive(pid)).toBe(true)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(isAlive(pid)).toBe(false)
})

test('a tree is what the table says, grandchildren and children of other threads included', async () => {
  const code = `const { spawn } = require('node:child_process')
    const start = () => spawn('sleep', ['1000'], { stdio: 'ignore' }).pid
    if (require('node:worker_threads').isMainThread) {
      new (require('node:worker_threads').Worker)(__filename, { argv: [] }).on('message', () => console.log(start()))
    } else require('node:worker_threads').parentPort.postMessage(start())`
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-tree-'))
  writeFileSync(join(folder, 'tree.cjs'), code)
  const shell = spawn('sh', ['-c', `"${process.execPath}" "${join(folder, 'tree.cjs')}"; exit`], { detached: true })
  await once(shell.stdout, 'data')
  const tree = descendantsOf(shell.pid!)
  const table = descendantsIn(processTable(), shell.pid!).map((row) => row.pid)
  process.kill(-shell.pid!, 'SIGKILL')
  await once(shell, 'exit')
  rmSync(folder, { recursive: true })
  expect(tree).toHaveLength(3)
  expect([...tree].sort()).toEqual([...table].sort())
  expect(descendantsOf(shell.pid!)).toEqual([])
})

test('a later process with the same number is another', () => {
  expect(isAlive(process.pid, Date.now())).toBe(true)
  if (process.platform === 'linux')
    expect(isAlive(process.pid, Date.now() - 24 * 3600_000 - performance.now())).toBe(false)
})
