import { expect, it } from 'vitest'
import { progressLine } from '../display.js'
import { estimatePi } from '../hello.js'
import { summaryTable } from './hello.js'

it('aligns the summary', () => {
  const text = summaryTable({
    ...{
      job: 'M000',
      function: 'f',
      invocations: 200,
      done: 199,
      failed: 1,
      elapsed: 2,
      avgRuntime: 0.02,
      p50: 0.0195,
    },
    ...{
      p90: 0.03,
      p95: 0.03,
      p99: 0.03,
      idle: 0,
      max: null,
      cpuSeconds: 4,
      memory: null,
      peakMemory: 60,
      cost: 0,
      lambdaCost: 0.000123,
    },
  })
  expect(text).toContain('200 (199 done, 1 failed)')
  expect(text).toContain('2.00 s, 100 calls/s')
  expect(text).toContain('mean 20.0 ms, p50 19.5 ms, p90 30.0 ms, max –')
  expect(text).toContain('$0.000123 (estimate)')
})

it('paints progress', () => {
  const job = { id: 'M000', name: 'f', total: 4, done: 1, failed: 1, createdAt: 0 }
  expect(progressLine(job, 1500)).toBe(`M000 f  ${'█'.repeat(12)}${'░'.repeat(12)}  2/4 · 1 failed · 1.5 s`)
})

it('estimates π the same way for the same seed', () => {
  const { inside, points } = estimatePi(1)
  expect((4 * inside) / points).toBeCloseTo(Math.PI, 1)
  expect(estimatePi(1)).toEqual({ inside, points })
})
