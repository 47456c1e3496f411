import { PROGRESS_MIME, type ProgressOutput } from '@mayfly/executor/events'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { makeDisplay } from '../display.js'

function setUp() {
  const sent: { output: ProgressOutput; text: string }[] = []
  const interrupts = new Set<() => void>()
  const display = makeDisplay({
    show: (data) =>
      void sent.push({ output: data[PROGRESS_MIME] as ProgressOutput, text: data['text/plain'] as string }),
    clear: () => {},
    owner: () => 1,
    onInterrupt(callback) {
      interrupts.add(callback)
      return () => interrupts.delete(callback)
    },
  })
  return { display, sent, interrupts, last: () => sent.at(-1)!.output }
}

describe('a bar by hand', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('a million steps are few messages, and the end is always sent', () => {
    const { display, sent, last } = setUp()
    const bar = display.progress(1_000_000, 'fit')
    for (let i = 0; i < 1_000_000; i++) {
      if (i % 1000 === 0) vi.advanceTimersByTime(5)
      bar.step()
    }
    bar.done()
    // Five seconds, ten messages in each, and the first and the last.
    expect(sent.length).toBeGreaterThan(40)
    expect(sent.length).toBeLessThan(60)
    expect(last()).toMatchObject({ label: 'fit', done: 1_000_000, total: 1_000_000, state: 'done' })
    expect(sent[0]).toMatchObject({ output: { done: 0, state: 'running' }, text: expect.stringContaining('fit') })
    expect(last().remainingMs).toBeUndefined()
  })

  test('a last step before a pause is seen; what is left is estimated', () => {
    const { display, last } = setUp()
    const bar = display.progress(4)
    bar.set(1)
    expect(last().done).toBe(0)
    vi.advanceTimersByTime(160)
    expect(last()).toMatchObject({ done: 1, total: 4, state: 'running', remainingMs: expect.any(Number) })
    bar.fail()
    bar.done()
    expect(last().state).toBe('failed')
  })

  test('an interrupt cancels it, and it is forgotten when it has ended', () => {
    const { display, interrupts, last } = setUp()
    display.progress(3)
    const ended = display.progress()
    ended.done()
    expect(interrupts.size).toBe(1)
    for (const interrupt of interrupts) interrupt()
    expect(last().state).toBe('cancelled')
    expect(interrupts.size).toBe(0)
  })
})

describe('a bar around a loop', () => {
  test('items pass, sizes are known where they can be', async () => {
    const { display, last } = setUp()
    const seen: number[] = []
    for (const n of display.progress([1, 2, 3], 'list')) seen.push(n)
    expect([seen, last().total, last().done, last().state]).toEqual([[1, 2, 3], 3, 3, 'done'])
    for (const n of display.progress(new Set([4]))) seen.push(n)
    expect(last().total).toBe(1)
    async function* later() {
      yield 5
      yield 6
    }
    for await (const n of display.progress(later())) seen.push(n)
    expect([seen, last().total, last().done]).toEqual([[1, 2, 3, 4, 5, 6], undefined, 2])
  })

  test('leaving it early cancels and closes the source; a source that throws fails it', () => {
    const { display, last } = setUp()
    let closed = false
    function* source() {
      try {
        yield 1
        yield 2
        throw new Error('source')
      } finally {
        closed = true
      }
    }
    for (const _ of display.progress(source())) break
    expect([last().state, closed]).toEqual(['cancelled', true])
    expect(() => [...display.progress(source())]).toThrow('source')
    expect(last().state).toBe('failed')
  })
})
