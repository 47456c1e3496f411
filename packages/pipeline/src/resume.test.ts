/**
 * `annotate` killed with SIGKILL inside its stages, and its workers too: started again it goes on, makes no call again that had
 * ended, and ends with the very same results. MAYFLY_KILLS sets the number of kills at random moments.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { FunctionExecutor, type LoggedEvent, Storage } from '@mayfly/executor'
import type { StatsRow } from '@mayfly/pipeline'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { section, sectionFolder } from './fixtures/section.js'

const KILLS = Number(process.env.MAYFLY_KILLS ?? 4)
const work = mkdtempSync(join(tmpdir(), 'mayfly-resume-'))
afterAll(() => rmSync(work, { recursive: true, force: true }))

const SCRIPT = `import { main } from '@mayfly/pipeline/cli'
process.exitCode = await main(process.argv.slice(1))`

let home = ''
beforeEach(() => {
  home = mkdtempSync(join(work, 'home-'))
})

/** `mayfly annotate` of the small section in a process of its own. */
function start(out: string, ...options: string[]): Annotate {
  const files = ['ds.json', 'db.json'].map((file) => join(sectionFolder, file))
  const args = ['--input-type=module', '-e', SCRIPT, 'annotate', ...files, out, '--workers', '2', ...options]
  const env = { ...process.env, MAYFLY_HOME: home }
  const child = spawn(process.execPath, args, { cwd: sectionFolder, env, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (text) => {
    said += text
  })
  const closed = new Promise<{ code: number | null; said: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, said }))
  })
  return { child, closed }
}

interface Annotate {
  child: ChildProcess
  closed: Promise<{ code: number | null; said: string }>
}

const results = (folder: string) => readFileSync(join(folder, 'results.csv'), 'utf8')
const storage = () => new Storage({ backend: 'localhost', home })
const receipts = async () =>
  (await storage().listKeys('mayfly', 'pipeline/')).filter((key) => /\/work[^/]*\/receipts\//.test(key))
const nameOf = (receipt: string) =>
  receipt
    .split('/')
    .at(-1)!
    .replace(/-[0-9a-f]+$/, '')

function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

/** Calls that ended well in all runs of this home, by function. */
function ended(): Record<string, number> {
  const names: string[] = []
  for (const file of readdirSync(join(home, 'runs')).filter((name) => name.endsWith('.ndjson'))) {
    const functionOf: string[] = []
    for (const line of readFileSync(join(home, 'runs', file), 'utf8')
      .split('\n')
      .slice(0, -1)) {
      const event = JSON.parse(line) as LoggedEvent
      if (event.type === 'job.created') functionOf.push(...Array<string>(event.total).fill(event.name))
      if (event.type === 'done') names.push(functionOf[event.call]!)
    }
  }
  return tally(names)
}

async function expected(): Promise<{ table: string; stats: StatsRow[] }> {
  const out = join(work, 'expected')
  expect(await start(out).closed).toMatchObject({ code: 0 })
  const { stages } = JSON.parse(readFileSync(join(out, 'statistics.json'), 'utf8')) as { stages: StatsRow[] }
  return { table: results(out), stats: stages }
}
let whole: ReturnType<typeof expected> | undefined

async function killed({ child, closed }: Annotate): Promise<void> {
  const workers = workersOf(child)
  child.kill('SIGKILL')
  await closed
  // Workers notice that they are alone, and end.
  await expect.poll(() => workers.filter(isAlive)).toEqual([])
}

describe('a killed annotation', () => {
  it.each(['generateFormulas', 'calculatePeaks', 'annotateSegment'])(
    'inside %s goes on with the calls that are missing',
    async (name) => {
      const { table } = await (whole ??= expected())
      const out = join(home, 'out')
      const running = start(out)
      while (running.child.exitCode === null && !(await receipts()).some((key) => nameOf(key) === name)) await sleep(1)
      await killed(running)
      const left = tally((await receipts()).map(nameOf))
      await using executor = new FunctionExecutor({ home, workers: 2 })
      const pipeline = section({ executor })
      await pipeline.run()
      for (const { Function: fn, Resumed, Cached } of pipeline.getStats())
        if (!Cached) expect([fn, Resumed]).toEqual([fn, left[fn] ?? 0])
      await start(out).closed
      expect(results(out)).toBe(table)
      expect(await receipts()).toEqual([])
    },
  )

  it('that was to compute everything again goes on with its own results, and with none of before', async () => {
    const { table } = await (whole ??= expected())
    const out = join(home, 'out')
    await start(out).closed
    const running = start(out, '--no-cache')
    while (running.child.exitCode === null && !(await receipts()).some((key) => nameOf(key) === 'calculatePeaks'))
      await sleep(1)
    await killed(running)
    const left = tally((await receipts()).map(nameOf))
    await using executor = new FunctionExecutor({ home, workers: 2 })
    const pipeline = section({ executor })
    await pipeline.run()
    const rows = pipeline.getStats()
    // What the killed run has finished; the rest was made once before it, and again.
    expect(rows[0]).toMatchObject({ Function: 'readDatabase', Cached: true })
    const made = ended()
    for (const { Function: fn, Actions } of rows.filter((row) => /annotate|rank/.test(row.Function)))
      expect([fn, (made[fn] ?? 0) > Actions]).toEqual([fn, true])
    for (const { Function: fn, Resumed, Cached } of rows)
      if (!Cached) expect([fn, Resumed]).toEqual([fn, left[fn] ?? 0])
    await start(out).closed
    expect(results(out)).toBe(table)
  })

  it(`${KILLS} times at random moments, or its workers, ends with the same and makes no call twice`, async () => {
    const { table, stats } = await (whole ??= expected())
    const out = join(home, 'out')
    for (let kill = 0; kill < KILLS; kill++) {
      const running = start(out)
      await sleep(300 + Math.random() * 1200)
      const [victim] = kill % 2 === 1 ? workersOf(running.child) : []
      if (victim === undefined) await killed(running)
      else {
        try {
          process.kill(victim, 'SIGKILL')
        } catch {
          // It has ended by itself.
        }
        expect(await running.closed).toMatchObject({ code: 0 })
        expect(results(out)).toBe(table)
      }
    }
    expect(await start(out).closed).toMatchObject({ code: 0 })
    expect(results(out)).toBe(table)
    const made = ended()
    // Pictures are written by each run that comes to its end.
    for (const { Function: fn, Actions } of stats.filter((row) => row.Function !== 'encodeImages'))
      expect([fn, (made[fn] ?? 0) <= Actions]).toEqual([fn, true])
  })
})

/** Processes started by a process, on Linux. */
function workersOf({ pid }: ChildProcess): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/** Whether it runs: what has ended and waits for its parent to take note does not. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
  } catch {
    return false
  }
}

it('Ctrl+C ends it with 130, and the next start goes on', async () => {
  const { table } = await (whole ??= expected())
  const out = join(home, 'out')
  const { child, closed } = start(out)
  while (child.exitCode === null && (await receipts()).length === 0) await sleep(1)
  child.kill('SIGINT')
  const { code, said } = await closed
  expect(code).toBe(130)
  expect(said).toMatch(/^E_CANCELLED: .+ was cancelled\n +→ What was finished is kept/m)
  await start(out).closed
  expect(results(out)).toBe(table)
})
