import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LoggedEvent, RunEvent } from '../events.js'
import { activeCalls, histogramSvg, runTimes } from './histogram.js'
import { joinRuns, plotsOf, writePlots } from './index.js'
import { plotData } from './model.js'
import { ticks } from './svg.js'
import { spans, timelineSvg } from './timeline.js'

const T0 = 1_700_000_000_000
const METRICS = { cpuMs: 1, peakRss: 1, rx: 0, tx: 0 }

function logged(events: RunEvent[]): LoggedEvent[] {
  return events.map((event, i) => ({ seq: i + 1, ...event }))
}

function created(total: number, name = 'f<1>'): RunEvent[] {
  const host = { pid: 1, cpus: 2, memory: 1, node: '', platform: '' }
  return [
    { type: 'run.created', at: T0, runId: 'r', name, backend: 'localhost', storage: 'localhost', host, settings: {} },
    { type: 'job.created', at: T0, job: 'M000', name: 'f', first: 0, total },
  ]
}

/** A good call that runs from `from` to `to`, milliseconds after the start. */
function good(call: number, from: number, to: number, attempt = 1): RunEvent[] {
  const of = { call, attempt }
  return [
    { type: 'submitted', at: T0, ...of },
    { type: 'invoked', at: T0 + from - 3, ...of },
    { type: 'setup', at: T0 + from - 2, worker: 'w', cold: true, ...of },
    { type: 'fetched', at: T0 + from, loaded: T0 + from - 1, bytes: 1, ...of },
    { type: 'started', at: T0 + from, ...of },
    { type: 'stored', at: T0 + to + 1, ended: T0 + to, bytes: 1, ...of },
    { type: 'done', at: T0 + to + 1, ended: T0 + to, metrics: METRICS, ...of },
    { type: 'collected', at: T0 + to + 2, ...of },
  ]
}

function failed(call: number, to: number): RunEvent {
  const error = { name: 'E', code: 'E_USER', message: '' }
  return { type: 'failed', at: T0 + to, ended: T0 + to, call, attempt: 1, kind: 'lost', error, final: false }
}

describe('plotData', () => {
  it('places every boundary of every attempt', () => {
    const events = logged([
      ...created(2),
      ...good(0, 10, 30),
      ...good(1, 20, 40).slice(0, 5),
      failed(1, 25),
      ...good(1, 30, 50, 2),
    ])
    const data = plotData(events)
    expect(data).toMatchObject({ title: 'f<1>', start: T0, end: T0 + 52, calls: 2 })
    expect(data.attempts.map(({ call, attempt, failedAt }) => [call, attempt, failedAt])).toEqual([
      [0, 1, undefined],
      [1, 1, T0 + 25],
      [1, 2, undefined],
    ])
    expect([...data.attempts[0]!.bounds].map((at) => at - T0)).toEqual([0, 7, 8, 9, 10, 30, 31, 32])
    expect(spans(data.attempts[1]!).at(-1)).toEqual([4, T0 + 20, T0 + 25])
  })

  it('takes a log that ends anywhere', () => {
    const events = logged([...created(3), ...good(0, 10, 30), ...good(1, 20, 40)])
    for (let length = 0; length <= events.length; length++) {
      const plots = plotsOf(events.slice(0, length))
      for (const svg of [plots.timeline, plots.histogram]) {
        expect(svg).toMatch(/^<svg [\s\S]*<\/svg>\n$/)
        expect(svg).not.toMatch(/NaN|Infinity|undefined/)
      }
    }
  })
})

describe('pictures', () => {
  it('escape what users named', () => {
    const svg = timelineSvg(plotData(logged([...created(1, '<script>"&'), ...good(0, 5, 9)])))
    expect(svg).not.toContain('<script>')
    expect(svg).toContain('&#60;script&#62;&#34;&#38;')
  })

  it('mark failed attempts with a cross each', () => {
    const events = [...created(2), ...good(0, 10, 30).slice(0, 5), failed(0, 20), ...good(0, 22, 40, 2)]
    const svg = timelineSvg(plotData(logged(events)))
    expect(svg.match(/l6 6m0-6l-6 6/g)).toHaveLength(1)
    expect(svg).toContain('1 failed attempts')
  })

  it('keep the slowest call visible among 20,000', () => {
    const events = [...created(20_000)]
    for (let call = 0; call < 20_000; call++) events.push(...good(call, 10, call === 12_345 ? 9_000 : 100))
    const svg = timelineSvg(plotData(logged(events)))
    expect(svg.length).toBeLessThan(400_000)
    // The run bar of the straggler's row is nearly as wide as the plot.
    const widths = [...svg.matchAll(/class="p4" d="([^"]+)"/g)].flatMap(([, d]) =>
      [...d!.matchAll(/h([\d.]+)/g)].map(([, w]) => Number(w)),
    )
    expect(Math.max(...widths)).toBeGreaterThan(800)
  })

  it('are written as three files', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mayfly-plot-'))
    const plots = plotsOf(logged([...created(1), ...good(0, 5, 9)]))
    const paths = await writePlots(plots, join(folder, 'deep', 'run'))
    expect(paths.map((path) => path.slice(folder.length))).toEqual([
      '/deep/run_timeline.svg',
      '/deep/run_histogram.svg',
      '/deep/run.html',
    ])
    expect(readFileSync(paths[2]!, 'utf8')).toContain(plots.histogram)
    rmSync(folder, { recursive: true })
  })
})

it('numbers the calls of several runs on', () => {
  const run = logged([...created(2), ...good(0, 10, 30), ...good(1, 20, 40)])
  const data = plotData(joinRuns([run, run]))
  expect([data.calls, data.jobs.map(({ first }) => first), data.attempts.map(({ call }) => call)]).toEqual([
    4,
    [0, 2],
    [0, 1, 2, 3],
  ])
})

describe('active calls', () => {
  it('counts those that run at each moment', () => {
    const data = plotData(logged([...created(3), ...good(0, 10, 30), ...good(1, 20, 40), ...good(2, 30, 50)]))
    expect(activeCalls(data.attempts).map(([at, count]) => [at - T0, count])).toEqual([
      [10, 1],
      [20, 2],
      [30, 2],
      [40, 1],
      [50, 0],
    ])
    expect(runTimes(data.attempts)).toEqual([20, 20, 20])
    expect(histogramSvg(data)).toContain('at most 2')
  })

  it('equals a count by definition, for any calls', () => {
    const span = fc.tuple(fc.integer({ min: 5, max: 50 }), fc.integer({ min: 1, max: 50 }))
    fc.assert(
      fc.property(fc.array(span, { maxLength: 30 }), (calls) => {
        const events = calls.flatMap(([from, length], call) => good(call, from, from + length))
        const { attempts } = plotData(logged([...created(calls.length), ...events]))
        for (const [at, count] of activeCalls(attempts))
          expect(count).toBe(calls.filter(([from, length]) => T0 + from <= at && at < T0 + from + length).length)
      }),
    )
  })
})

it('ticks are round, from 0, and not beyond the end', () => {
  expect(ticks(3.7, 8)).toEqual([0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5])
  expect(ticks(0, 8)).toEqual([0])
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (max) => {
      const all = ticks(max, 8)
      expect(all.length).toBeLessThanOrEqual(10)
      expect(all.at(-1)).toBeLessThanOrEqual(max * 1.0001)
    }),
  )
})
