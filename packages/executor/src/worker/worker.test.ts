import { describe, expect, it } from 'vitest'
import { makeContext } from './context.js'
import { kilobytes, MemoryReader, takeSample } from './sampler.js'

describe('sampler', () => {
  it('reads the lines of /proc/self/status', () => {
    const status = 'Name:\tnode\nVmHWM:\t   61440 kB\nVmRSS:\t   51200 kB\n'
    expect(kilobytes(status, 'VmRSS:')).toBe(51200 * 1024)
    expect(kilobytes(status, 'VmHWM:')).toBe(61440 * 1024)
    expect(kilobytes(status, 'VmSwap:')).toBe(0)
  })

  it('counts from the baseline, and the peak is never below the present', () => {
    const memory = new MemoryReader()
    memory.reset()
    const sample = takeSample(memory, { cpuUs: 0, rx: 10, tx: 20 }, 15, 20)
    expect(sample).toMatchObject({ rx: 5, tx: 0 })
    expect(sample.cpuMs).toBeGreaterThan(0)
    expect(sample.rss).toBeGreaterThan(10_000_000)
    expect(sample.peakRss).toBeGreaterThanOrEqual(sample.rss)
  })
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
