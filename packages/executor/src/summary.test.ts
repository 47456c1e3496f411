import { expect, it } from 'vitest'
import { gbSeconds, lambdaCost, prices } from './cost/cost.js'
import { quantile, summarize } from './summary.js'
import { neededCount } from './wait.js'

it('interpolates quantiles', () => {
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5)
  expect(quantile([5], 0.9)).toBe(5)
  expect(quantile([], 0.5)).toBeUndefined()
})

it('sums up good calls only', () => {
  const durations = Float64Array.from([300, Number.NaN, 100])
  const base = { id: 'M000', name: 'f', total: 3, done: 2, failed: 1, elapsedMs: 1234, durations }
  const use = { workers: 2, busyMs: 617, cost: 0.5 }
  const row = summarize({
    ...base,
    cpuMs: 500,
    runtimeMemory: undefined,
    peakRss: 2 ** 20 * 80,
    lambdaCost: 0.001,
    ...use,
  })
  expect(row).toEqual({
    ...{ job: 'M000', function: 'f', invocations: 3, done: 2, failed: 1, elapsed: 1.234 },
    ...{ avgRuntime: 0.2, p50: 0.2, p90: 0.28, p95: 0.29, p99: 0.298, max: 0.3, cpuSeconds: 0.5 },
    ...{ memory: null, peakMemory: 80, idle: 0.75, cost: 0.5, lambdaCost: 0.001 },
  })
})

it('has no run times when no call was good', () => {
  const durations = Float64Array.from([Number.NaN])
  const base = { id: 'A000', name: 'f', total: 1, done: 0, failed: 1, elapsedMs: 1, durations }
  const row = summarize({
    ...base,
    cpuMs: 0,
    runtimeMemory: 128,
    peakRss: 0,
    lambdaCost: 0,
    workers: 0,
    busyMs: 0,
    cost: 0,
  })
  expect([row.avgRuntime, row.p50, row.max]).toEqual([null, null, null])
})

it('bills as Lambda does: GB × seconds in full milliseconds, and requests', () => {
  expect(gbSeconds({ durationMs: 1000, runtimeMemory: 1024 })).toBe(1)
  expect(gbSeconds({ durationMs: 0.2, runtimeMemory: 1024 })).toBe(0.001)
  expect(gbSeconds({ durationMs: 1000, runtimeMemory: 64 })).toBe(0.125)
  expect(gbSeconds({ durationMs: 1000, runtimeMemory: undefined })).toBeCloseTo(1769 / 1024)
  expect(lambdaCost(1_000_000, 0)).toBeCloseTo(16.6667)
  expect(lambdaCost(0, 1_000_000)).toBeCloseTo(0.2)
})

it('has a date and a source for each price', () => {
  for (const price of Object.values(prices())) {
    expect(price.date).toMatch(/^\d{4}-\d\d-\d\d$/)
    expect(price.source.length).toBeGreaterThan(5)
    expect(typeof price.verified).toBe('boolean')
  }
})

it('counts how many calls a wait needs', () => {
  expect(neededCount('ALL_COMPLETED', 7)).toBe(7)
  expect(neededCount('ANY_COMPLETED', 0)).toBe(0)
  expect(neededCount('ALWAYS', 7)).toBe(0)
  expect(neededCount(50, 7)).toBe(4)
  expect(() => neededCount('SOMETIMES' as never, 1)).toThrow(expect.objectContaining({ code: 'E_CONFIG_VALUE' }))
})
