/**
 * The executor's goals, each in a process of its own: first result cold and warm, no-op calls per second, how soon a killed
 * worker is noticed and its call tried again, and whether the reported CPU and memory are the operating system's.
 *
 *   npm run bench -- executor        prints one JSON row a line: { measure, value, unit, goal, ok }
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FunctionExecutor } from '@mayfly/executor'
import { median, row, timed } from './lib.mjs'

const home = mkdtempSync(join(tmpdir(), 'mayfly-bench-'))
const increment = (x) => x + 1

try {
  await firstResults()
  await throughput()
  await killed()
  await truth()
} finally {
  rmSync(home, { recursive: true, force: true })
}

async function firstResults() {
  let executor
  const { ms: cold } = await timed(async () => {
    executor = new FunctionExecutor({ home })
    await executor.getResult(executor.map(increment, [1]))
  })
  row('first map result, cold: constructor to result', cold, 'ms', 150)
  const warm = []
  for (let i = 0; i < 30; i++) {
    warm.push((await timed(() => executor.getResult(executor.map(increment, [i])))).ms)
  }
  row('first map result, warm, median of 30', median(warm), 'ms', 5)
  await executor.close()
}

async function throughput() {
  const executor = new FunctionExecutor({ home })
  const items = Array.from({ length: 10_000 }, (_, i) => i)
  const rates = []
  for (let i = 0; i < 3; i++) {
    const { ms } = await timed(() => executor.getResult(executor.map(increment, items)))
    rates.push(items.length / (ms / 1000))
  }
  row('no-op calls per second, one map of 10,000, median of 3', median(rates), '1/s', 2000, { atLeast: true })
  await executor.close()
}

async function killed() {
  const executor = new FunctionExecutor({ home })
  const future = executor.callAsync(async (_, ctx) => {
    if (ctx.attempt === 1) await new Promise((resolve) => setTimeout(resolve, 60_000))
    return ctx.attempt
  })
  while (future.stats.pid === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
  const at = performance.timeOrigin + performance.now()
  process.kill(future.stats.pid, 'SIGKILL')
  await future.result()
  await executor.close()
  const log = lastLog()
  const failed = log.find(({ type }) => type === 'failed')
  const again = log.find(({ type, attempt }) => type === 'started' && attempt === 2)
  row('a killed worker is noticed after', failed.at - at, 'ms', 5000)
  row('… and its call runs again after another', again.at - failed.at, 'ms', 1000)
}

async function truth() {
  const executor = new FunctionExecutor({ home, workers: 1 })
  const future = executor.callAsync(() => {
    const before = process.cpuUsage()
    const held = Buffer.alloc(200 * 1024 * 1024, 1)
    let use = 0
    while (use < 1e6) {
      const { user, system } = process.cpuUsage(before)
      use = user + system
    }
    return { cpuMs: use / 1000, peak: process.resourceUsage().maxRSS * 1024, held: held.length }
  })
  const own = await future.result()
  const off = (reported, actual) => 100 * Math.abs(reported / actual - 1)
  row('reported peak RSS of a call that holds 200 MB, off by', off(future.stats.peakRss, own.peak), '%', 5)
  row('reported CPU of a call that burns 1 s, off by', off(future.stats.cpuMs, own.cpuMs), '%', 5)
  await executor.close()
}

function lastLog() {
  const runs = join(home, 'runs')
  const file = readdirSync(runs).sort().at(-1)
  return readFileSync(join(runs, file), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}
