import { spawn } from 'node:child_process'
import { expect, test } from 'vitest'
import { treeUsage } from './process-tree.js'

test('a real process with a child; none when it is gone', async () => {
  const code =
    'require("child_process").spawn(process.execPath, ["-e", "setInterval(()=>{},1e3)"]); setInterval(()=>{},1e3)'
  const child = spawn(process.execPath, ['-e', `${code}; console.log(1)`], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  const usage = treeUsage(child.pid!)
  expect(usage?.processes).toBe(2)
  expect(usage!.rss).toBeGreaterThan(20e6)
  expect(usage!.cpuSeconds).toBeGreaterThan(0)
  process.kill(-child.pid!, 'SIGKILL')
  await new Promise((resolve) => child.once('exit', resolve))
  expect(treeUsage(child.pid!)).toBeUndefined()
})
