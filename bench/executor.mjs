/**
 * The executor's goals: first result cold and warm, no-op calls per second warm and with a fresh process per call, how well it
 * keeps its workers busy, large results, how soon a result is in the caller's hands, how soon a killed worker is noticed, what
 * copies of slow calls gain, and whether the reported CPU and memory are the operating system's.
 *
 *   npm run bench -- executor        prints one JSON row a line: { measure, value, unit, goal, ok, peer?, ratio? }
 *
 * The peer is Lithops on its localhost backend, in the same run, where `PYTHON` (default `python3`) can import it.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FunctionExecutor } from '@mayfly/executor'
import { median, row as print, timed } from './lib.mjs'

const home = mkdtempSync(join(tmpdir(), 'mayfly-bench-'))
const PEER_MS = 600_000
const increment = (x) => x + 1
const lithops = peer()

try {
  await firstResults()
  await throughput()
  await freshProcesses()
  await sleepers(2)
  await sleepers(8)
  await results(100, 64 * 1024)
  await results(100, 10 * 1024 * 1024)
  await latency()
  await hedging()
  await chaos()
  await killed()
  await cancelled()
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
  row('first map result, cold: constructor to result', cold, 'ms', 150, { key: 'cold' })
  const warm = []
  for (let i = 0; i < 30; i++) {
    warm.push((await timed(() => executor.getResult(executor.map(increment, [i])))).ms)
  }
  row('first map result, warm, median of 30', median(warm), 'ms', 5, { key: 'warm' })
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
  row('no-op calls per second, one map of 10,000, median of 3', median(rates), '1/s', 2000, {
    atLeast: true,
    key: 'noop',
  })
  await executor.close()
}

/** A worker process for each call. */
async function freshProcesses() {
  const executor = new FunctionExecutor({ home, recycleAfter: 1 })
  const items = Array.from({ length: 40 }, (_, i) => i)
  const { ms } = await timed(() => executor.getResult(executor.map(increment, items, { chunksize: 1 })))
  row('calls per second with a fresh process per call', items.length / (ms / 1000), '1/s', 25, { atLeast: true })
  await executor.close()
}

/** 100 sleeps of 100 ms: what share of the time that perfect scheduling needs. */
async function sleepers(workers) {
  const executor = new FunctionExecutor({ home, workers })
  await executor.getResult(executor.map(increment, Array(workers).fill(1), { chunksize: 1 }))
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
  const { ms } = await timed(() => executor.getResult(executor.map(sleep, Array(100).fill(100))))
  const ideal = Math.ceil(100 / workers) * 100
  const key = `sleep${workers}`
  row(`100 sleeps of 100 ms on ${workers} workers, efficiency`, (100 * ideal) / ms, '%', 90, { atLeast: true, key })
  await executor.close()
}

async function results(count, bytes) {
  const executor = new FunctionExecutor({ home })
  const make = (n) => new Uint8Array(n).fill(7)
  const futures = () => executor.map(make, Array(count).fill(bytes))
  const { ms } = await timed(async () => {
    for (const future of futures()) await future.result()
  })
  row(`${count} results of ${bytes / 1024} KB`, ms, 'ms', bytes > 1e6 ? 10_000 : 1000, { key: `results${bytes}` })
  await executor.close()
}

/** From the end of a function on its worker to its result in the caller. */
async function latency() {
  const executor = new FunctionExecutor({ home })
  const delays = []
  for (let i = 0; i < 50; i++) {
    const future = executor.callAsync(() => performance.timeOrigin + performance.now())
    const ended = await future.result()
    delays.push(performance.timeOrigin + performance.now() - ended)
  }
  row('end of the function → result in the caller, median of 50', median(delays), 'ms', 100)
  await executor.close()
}

/** A heavy-tailed map (one call in 25 takes 40 times as long, but not when it is made again), with and without copies. */
async function hedging() {
  const tail = (i, ctx) =>
    new Promise((resolve) => setTimeout(resolve, i % 25 === 7 && ctx.attempt === 1 ? 2000 : 30 + (i % 7) * 5))
  const items = Array.from({ length: 100 }, (_, i) => i)
  const run = async (hedge) => {
    const executor = new FunctionExecutor({ home, workers: 8, hedge })
    await executor.getResult(executor.map(increment, Array(8).fill(1), { chunksize: 1 }))
    const { ms } = await timed(() => executor.getResult(executor.map(tail, items, { chunksize: 1 })))
    await executor.close()
    return ms
  }
  const plain = await run(false)
  const hedged = await run({ after: 0.5, factor: 1.5, min: 0.1, max: 0.1 })
  row('heavy-tailed map of 100, time saved by copies of slow calls', 100 * (1 - hedged / plain), '%', 25, {
    atLeast: true,
  })
}

/** 10,000 calls, and one in twenty kills its worker. */
async function chaos() {
  const executor = new FunctionExecutor({ home, workers: 4 })
  const items = Array.from({ length: 10_000 }, (_, i) => i)
  const deadly = (i, ctx) => {
    if (ctx.attempt === 1 && (i * 7919) % 20 === 3) process.kill(process.pid, 'SIGKILL')
    return i
  }
  const futures = executor.map(deadly, items, { retry: { attempts: 20 } })
  const got = await executor.getResult(futures)
  const missing = items.filter((i) => got[i] !== i).length
  row('10,000 calls of which 500 kill their worker: calls lost or wrong', missing, 'calls', 0)
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
  row('a killed worker is noticed after', failed.at - at, 'ms', 5000, { key: 'noticed' })
  row('… and its call runs again after another', again.at - failed.at, 'ms', 1000)
}

/** From `cancel` to the moment no process of two endless calls is left. */
async function cancelled() {
  const executor = new FunctionExecutor({ home, workers: 2 })
  const futures = executor.map(
    () => {
      for (;;);
    },
    [1, 2],
    { chunksize: 1 },
  )
  while (futures.some(({ state }) => state !== 'running')) await new Promise((resolve) => setTimeout(resolve, 5))
  const pids = [...futures].map(({ stats }) => stats.pid)
  const { ms } = await timed(async () => {
    executor.cancel(futures)
    while (pids.some(lives)) await new Promise((resolve) => setTimeout(resolve, 5))
  })
  row('cancel → the last process of two busy calls is gone', ms, 'ms', 1000)
  await executor.close()
}

function lives(pid) {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
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

/** Prints a row with the peer's figure for `key`, where there is one. `ratio`: how many times better than the peer. */
function row(measure, value, unit, goal, { key, ...more } = {}) {
  const theirs = key === undefined ? undefined : lithops?.[key]
  const ratio = theirs && (more.atLeast ? value / theirs : theirs / value)
  print(measure, value, unit, goal, {
    ...more,
    ...(theirs ? { peer: theirs, ratio: Number(ratio.toPrecision(3)) } : {}),
  })
}

/** Lithops' figures on this machine, or undefined where it is not installed. */
function peer() {
  const python = process.env.PYTHON ?? 'python3'
  const script = fileURLToPath(new URL('peers/lithops_localhost.py', import.meta.url))
  try {
    execFileSync(python, ['-c', 'import lithops'], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  // Its workers are started as `python`, which must be the same one.
  const PATH = python.includes('/') ? `${dirname(python)}:${process.env.PATH}` : process.env.PATH
  const { stdout } = spawnSync(python, [script], {
    env: { ...process.env, PATH },
    encoding: 'utf8',
    timeout: PEER_MS,
  })
  // It prints what it has after each measure: a run that took too long still counts for those it came to.
  const last = stdout.trimEnd().split('\n').at(-1)
  return last ? JSON.parse(last) : undefined
}
