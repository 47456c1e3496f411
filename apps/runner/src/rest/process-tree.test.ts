import { spawn } from 'node:child_process'
import { expect, test } from 'vitest'
import { parsePs, parseStat, treeOf, treeUsage } from './process-tree.js'

test('lines of the system, with odd command names', () => {
  const stat = '7 (a) b (c) S 3 7 7 0 -1 4194560 1 0 0 0 250 50 9 9 20 0 1 0 5 1000 300'
  expect(parseStat(7, stat)).toEqual({ pid: 7, parent: 3, rss: 0, cpuSeconds: 3 })
  expect(parsePs('  12  1  2048   01:02.50')).toEqual([{ pid: 12, parent: 1, rss: 2_097_152, cpuSeconds: 62.5 }])
  expect(parsePs('12 1 0 1-02:03:04')[0]?.cpuSeconds).toBe(86_400 + 2 * 3600 + 3 * 60 + 4)
  expect(parsePs('')).toEqual([])
})

test('a tree holds descendants only', () => {
  const row = (pid: number, parent: number) => ({ pid, parent })
  const rows = [row(5, 4), row(1, 0), row(4, 2), row(2, 1), row(3, 1)]
  expect(treeOf(rows, 2).map(({ pid }) => pid)).toEqual([2, 4, 5])
  expect(treeOf(rows, 9)).toEqual([])
})

test('a real process with a child; none when it is gone', async () => {
  const code =
    'require("child_process").spawn(process.execPath, ["-e", "setInterval(()=>{},1e3)"]); setInterval(()=>{},1e3)'
  const child = spawn(process.execPath, ['-e', `${code}; console.log(1)`], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  const usage = await treeUsage(child.pid!)
  expect(usage?.processes).toBe(2)
  expect(usage!.rss).toBeGreaterThan(20e6)
  expect(usage!.cpuSeconds).toBeGreaterThan(0)
  process.kill(-child.pid!, 'SIGKILL')
  await new Promise((resolve) => child.once('exit', resolve))
  expect(await treeUsage(child.pid!)).toBeUndefined()
})
