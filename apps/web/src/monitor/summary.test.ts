import type { LoggedEvent } from '@mayfly/executor/events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concurrencyOf, curveOf, resourcesOf } from './curves'
import { failureGroupsOf, stragglersOf, topFrame } from './diagnosis'
import { B, RunModel, WIDTH } from './model'
import { endOf, segmentsOf } from './phases'
import {
  budgetOf,
  costOf,
  countsOf,
  isLambda,
  LAMBDA_PRICE,
  quantile,
  remainingOf,
  rowsOf,
  stagesOf,
  stoppedByBudget,
  valuesOf,
} from './summary'
import { type MadeRun, makeRun } from './testing'

function modelOf(options: MadeRun): RunModel {
  const model = new RunModel()
  model.fold(makeRun(options))
  return model
}

describe('quantile', () => {
  it('lies on the sorted values and in between by a straight line', () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5)
    expect(quantile([1, 2, 3, 4], 1)).toBe(4)
    expect(quantile([7], 0.3)).toBe(7)
    expect(quantile([], 0.5)).toBeNaN()
  })

  it('has the right share of values on each side', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, p) => {
          const sorted = Float64Array.from(values).sort()
          const q = quantile(sorted, p)
          const below = sorted.filter((value) => value < q - 1e-9).length
          const above = sorted.filter((value) => value > q + 1e-9).length
          expect(below).toBeLessThanOrEqual(Math.ceil((sorted.length - 1) * p))
          expect(above).toBeLessThanOrEqual(Math.ceil((sorted.length - 1) * (1 - p)) + 1)
        },
      ),
    )
  })
})

describe('concurrency', () => {
  it('is the highest overlap in each bin, as counted one by one', () => {
    for (const seed of [1, 2, 3]) {
      const model = modelOf({ jobs: [40], seed, failing: 0.1, workers: 5 })
      const window = { from: model.start, to: model.end }
      const bins = 37
      const curve = concurrencyOf(model, window, bins, model.end)
      const width = (window.to - window.from) / bins
      const intervals = Array.from({ length: model.rows }, (_, row) => {
        const from = model.bounds.data[row * WIDTH + B.setup]!
        const end = endOf(model, row)
        return [from, Number.isNaN(end) ? model.last.data[row]! : end] as const
      }).filter(([from]) => !Number.isNaN(from))
      for (let bin = 0; bin < bins; bin++) {
        const a = window.from + bin * width
        const b = bin === bins - 1 ? window.to : a + width
        const moments = [a, ...intervals.map(([from]) => from).filter((from) => from > a && from < b)]
        const counts = moments.map((t) => intervals.filter(([from, to]) => from <= t && t < to).length)
        expect(curve.onWorker[bin]).toBe(Math.max(...counts))
      }
      expect(curve.peak).toBeLessThanOrEqual(5)
    }
  })

  it('counts a call that goes on until now', () => {
    const model = modelOf({ jobs: [50], until: 700 })
    const now = model.end + 100
    const curve = concurrencyOf(model, { from: model.start, to: now }, 20, now)
    expect(curve.onWorker[19]).toBe(countsOf(model)[1])
  })
})

describe('resources', () => {
  it('stay within what the samples say, and are empty where nothing ran', () => {
    const model = modelOf({ jobs: [60], failing: 0 })
    const window = { from: model.start - 10_000, to: model.end }
    const { cpu, memory } = resourcesOf(model, window, 100)
    expect(memory.median[0]).toBeNaN()
    const rss = [...model.samples.rss.data.subarray(0, model.samples.rss.length)]
    const seen = [...memory.median].filter((value) => !Number.isNaN(value))
    expect(seen.length).toBeGreaterThan(5)
    for (const value of seen) expect(value).toBeLessThanOrEqual(Math.max(...rss))
    for (let i = 0; i < 100; i++) {
      if (Number.isNaN(cpu.median[i]!)) continue
      expect(cpu.low[i]!).toBeLessThanOrEqual(cpu.median[i]!)
      expect(cpu.median[i]!).toBeLessThanOrEqual(cpu.high[i]!)
      expect(cpu.high[i]!).toBeLessThanOrEqual(100)
    }
  })

  it('of one call are its own samples in order', () => {
    const model = modelOf({ jobs: [5], failing: 0, median: 900 })
    const curve = curveOf(model, 2)
    expect(curve.at.length).toBeGreaterThan(2)
    expect(curve.at).toEqual([...curve.at].sort((a, b) => a - b))
    expect(curve.cpu[0]).toBeNaN()
    expect(curve.cpu[1]).toBeGreaterThan(50)
  })
})

describe('stages', () => {
  it('add up to the run', () => {
    const model = modelOf({ jobs: [80, 40, 20], failing: 0.1, seed: 5 })
    const stages = stagesOf(model, 'duration', model.end)
    expect(stages.map((stage) => stage.calls)).toEqual([80, 40, 20])
    expect(stages.reduce((sum, stage) => sum + stage.done + stage.failed, 0)).toBe(model.settled)
    for (const stage of stages) {
      expect([...stage.quantiles].sort((a, b) => a - b)).toEqual(stage.quantiles)
      expect(stage.cpuUse).toBeGreaterThan(0.3)
      expect(stage.idleShare).toBeGreaterThan(0)
      expect(stage.idleShare).toBeLessThan(1)
    }
    const [from, to] = rowsOf(model, 1)
    expect(valuesOf(model, 'duration', from, to).length).toBe(40)
  })

  it('cost the billed time of attempts times memory, at the price of Lambda', () => {
    const model = modelOf({ jobs: [10], failing: 0 })
    let ms = 0
    for (let row = 0; row < 10; row++) {
      ms += Math.ceil(model.bounds.data[row * WIDTH + B.ended]! - model.bounds.data[row * WIDTH + B.loaded]!)
    }
    const cost = costOf(model, model.end, 0)
    expect(cost.gbSeconds).toBeCloseTo((ms / 1000) * (1769 / 1024), 9)
    expect(cost.lambda).toBeCloseTo(cost.gbSeconds * LAMBDA_PRICE.gbSecond + 10 * LAMBDA_PRICE.request, 12)
    expect(costOf(model, model.end)).toMatchObject({ own: 0, lambda: model.finished?.lambdaCost })
  })
})

describe('cost on a backend that takes money', () => {
  const at = (seq: number, type: string, fields: object) =>
    ({ seq, at: 1000 + seq * 100, type, ...fields }) as LoggedEvent
  const host = { node: '24', platform: 'linux', cpus: 1, memory: 1, pid: 1 }
  const settings = { runtimeMemory: 1024, budget: { usd: 0.5 } }
  const call = (call: number) => ({ job: 'M001', call, attempt: 1 })
  const events = [
    at(1, 'run.created', { runId: 'r', name: 'n', backend: 'aws_lambda', storage: 'aws_s3', host, settings }),
    at(2, 'job.created', { job: 'M001', name: 'f', first: 0, total: 3 }),
    ...[0, 1].flatMap((n) => [
      at(3 + 2 * n, 'setup', { ...call(n), worker: `w${n}`, cold: true }),
      at(4 + 2 * n, 'fetched', { ...call(n), loaded: 2000, bytes: 1 }),
    ]),
    at(7, 'done', { ...call(0), ended: 3000, metrics: { cpuMs: 1, peakRss: 1, rx: 0, tx: 0 }, cost: 0.01 }),
    at(8, 'failed', {
      ...{ ...call(2), ended: 3000, kind: 'budget', final: true },
      error: { name: 'BudgetExhausted', code: 'E_CALL_BUDGET', message: 'no money', hint: 'more' },
    }),
  ]
  const model = new RunModel()
  model.fold(events)

  it('is what ended attempts were billed, and what runs so far', () => {
    const open = (seconds: number) => seconds * LAMBDA_PRICE.gbSecond + LAMBDA_PRICE.request
    expect(costOf(model, 2500).own).toBeCloseTo(0.01 + open(0.5), 12)
    expect(costOf(model, 4000, 0).own).toBeCloseTo(0.01 + open(2), 12)
    expect(isLambda(model)).toBe(true)
  })

  it('knows the budget, and which calls were not made for it', () => {
    expect(budgetOf(model)).toBe(0.5)
    expect(stoppedByBudget(model)).toMatchObject({ calls: 1, error: { code: 'E_CALL_BUDGET' } })
    expect(stoppedByBudget(modelOf({ jobs: [3] }))).toBeUndefined()
  })
})

describe('stragglers and failures', () => {
  it('finds exactly the calls beyond the limit, each with a cause', () => {
    const model = modelOf({ jobs: [400], failing: 0, seed: 9 })
    const sorted = valuesOf(model, 'duration')
    const p75 = quantile(sorted, 0.75)
    const limit = Math.max(2 * p75, p75 + 3 * (p75 - quantile(sorted, 0.25)))
    const found = stragglersOf(model, model.end)
    expect(found.length).toBe(sorted.filter((value) => value > limit).length)
    expect(found.length).toBeGreaterThan(0)
    for (const one of found) expect(one.cause).toMatch(/longer|median bytes/)
  })

  it('groups failures by code and frame', () => {
    const model = modelOf({ jobs: [300], failing: 0.3, seed: 2 })
    const groups = failureGroupsOf(model)
    expect(groups.map((group) => group.code).sort()).toEqual(['E_USER', 'E_WORKER_LOST'])
    expect(groups.reduce((sum, group) => sum + group.count, 0)).toBe(model.failures.length)
    expect(groups.find((group) => group.code === 'E_USER')?.frame).toBe('annotate (Cell 4:12:9)')
    expect(topFrame(undefined)).toBe('')
    const cancelled = new RunModel()
    cancelled.fold(
      [0, 1, 2].map((call) => ({
        ...{
          seq: call + 1,
          type: 'failed' as const,
          at: 5,
          call,
          attempt: 1,
          ended: 5,
          kind: 'cancelled' as const,
          final: true,
        },
        error: { name: 'Cancelled', code: 'E_CALL_CANCELLED', message: `call M001-0000${call} was cancelled` },
      })),
    )
    expect(failureGroupsOf(cancelled)).toMatchObject([{ count: 3, calls: [0, 1, 2] }])
  })
})

describe('remaining time', () => {
  it('is said only after a tenth, as a range', () => {
    const early = modelOf({ jobs: [1000], until: 300 })
    expect(remainingOf(early, early.end)).toBeUndefined()
    const later = modelOf({ jobs: [100], until: 3500, failing: 0 })
    const left = remainingOf(later, later.end)!
    expect(left[0]).toBeGreaterThan(0)
    expect(left[1]).toBeGreaterThan(left[0])
    const over = modelOf({ jobs: [100] })
    expect(remainingOf(over, over.end)).toBeUndefined()
  })
})

describe('segments', () => {
  it('touch each other, never run backwards, and sum to the whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 50, max: 4000 }), (seed, until) => {
        const model = modelOf({ jobs: [30], seed, until, failing: 0.2 })
        for (let row = 0; row < model.rows; row++) {
          const segments = segmentsOf(model, row, model.end)
          for (let i = 1; i < segments.length; i++) expect(segments[i]!.from).toBeCloseTo(segments[i - 1]!.to, 6)
          for (const { from, to } of segments) expect(to).toBeGreaterThanOrEqual(from)
          expect(segments.slice(0, -1).some((segment) => segment.open)).toBe(false)
        }
      }),
      { numRuns: 40 },
    )
  })
})
