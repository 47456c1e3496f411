import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { makeContext } from './context.js'
import { kilobytes, UseReader } from './sampler.js'

describe('sampler', () => {
  it('reads the lines of /proc/self/status', () => {
    const status = 'Name:\tnode\nVmHWM:\t   61440 kB\nVmRSS:\t   51200 kB\n'
    expect(kilobytes(status, 'VmRSS:')).toBe(51200 * 1024)
    expect(kilobytes(status, 'VmHWM:')).toBe(61440 * 1024)
    expect(kilobytes(status, 'VmSwap:')).toBe(0)
  })

  it('counts from the baseline, and the peak is never below the present', () => {
    const use = new UseReader()
    const base = use.begin({ rx: 10, tx: 20 })
    const sample = use.sample({ ...base, cpuUs: 0 }, 15, 20)
    expect(sample).toMatchObject({ rx: 5, tx: 0 })
    expect(sample.cpuMs).toBeGreaterThan(0)
    expect(sample.rss).toBeGreaterThan(10_000_000)
    expect(sample.peakRss).toBeGreaterThanOrEqual(sample.rss)
  })

  it.skipIf(process.platform !== 'linux')(
    'adds children, as the system accounts for them, and their memory',
    async () => {
      const use = new UseReader()
      const base = use.begin({ rx: 0, tx: 0 })
      const burn = `const until = performance.now() + 1e5, kept = Buffer.alloc(6e7, 1)
      while (process.cpuUsage().user < 4e5 && performance.now() < until);
      console.log(kept.length, JSON.stringify(process.cpuUsage()))`
      const before = process.cpuUsage()
      const child = spawn(process.execPath, ['-e', `${burn}; setTimeout(() => {}, 1e5)`], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      const [said] = (await once(child.stdout!, 'data')) as [Buffer]
      const { user, system } = JSON.parse(String(said).slice(9)) as NodeJS.CpuUsage
      const own = () => Object.values(process.cpuUsage(before)).reduce((a, b) => a + b, 0)
      const least = (user + system + own()) / 1000
      const living = use.sample(base, 0, 0)
      const most = (user + system + own()) / 1000
      expect(living.rss).toBeGreaterThan(process.memoryUsage.rss() + 5e7)
      expect(living.cpuMs).toBeGreaterThan(0.85 * least)
      expect(living.cpuMs).toBeLessThan(1.15 * most)
      child.kill('SIGKILL')
      await once(child, 'close')
      const ended = use.sample(base, 0, 0)
      expect(ended.cpuMs).toBeGreaterThanOrEqual(living.cpuMs - 10)
      expect(ended.rss).toBeLessThan(living.rss)
      expect(ended.peakRss).toBe(living.peakRss)
      // What a child used before is not the next attempt's.
      const next = use.begin({ rx: 0, tx: 0 })
      expect(use.sample({ ...next, since: next.since - 10 }, 0, 0).cpuMs).toBeLessThan(100)
    },
  )
})

it('formats logs, and leaves progress out that comes too fast, except the last', () => {
  const lines: string[] = []
  const reports: { done: number }[] = []
  const context = makeContext({
    call: { index: 3, attempt: 2, callId: 'M000-00003' },
    storage: undefined as never,
    signal: new AbortController().signal,
    deadline: undefined,
    log: (text) => lines.push(text),
    progress: (report) => reports.push(report),
    metric: () => {},
  })
  context.log('%d of', 2, { a: 1 })
  for (let done = 1; done <= 1000; done++) context.progress(done, 1000)
  expect(lines).toEqual(['2 of { a: 1 }\n'])
  expect(reports.length).toBeLessThan(20)
  expect(reports.at(-1)).toEqual({ done: 1000, total: 1000 })
  expect(context).toMatchObject({ index: 3, attempt: 2, callId: 'M000-00003' })
})
