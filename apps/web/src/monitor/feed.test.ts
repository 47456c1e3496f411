import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { encodeBatch } from '../lib/run-batch'
import { FeedHub, type Watch } from './feed'
import { makeRun } from './testing'

/** A watch that records its subscriptions and lets the test speak through them. */
function recordingWatch() {
  const opened: { runs: Record<string, number>; on: Parameters<Watch>[1]; closed: boolean }[] = []
  const watch: Watch = (runs, on) => {
    const subscription = { runs, on, closed: false }
    opened.push(subscription)
    return () => {
      subscription.closed = true
    }
  }
  return { watch, opened }
}

describe('the hub of a page', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())
  const log = makeRun({ jobs: [5] })

  it('watches all runs through one subscription, and reopens it from where each run is', () => {
    const { watch, opened } = recordingWatch()
    const hub = new FeedHub(watch)
    hub.use('a')
    const leaveB = hub.use('b')
    hub.use('b')
    vi.advanceTimersByTime(100)
    expect(opened.map(({ runs }) => runs)).toEqual([{ a: 0, b: 0 }])
    opened[0]!.on.news({ runId: 'a', events: encodeBatch(log.slice(0, 7)) })
    hub.use('c')
    vi.advanceTimersByTime(100)
    expect(opened[0]!.closed).toBe(true)
    expect(opened[1]!.runs).toEqual({ a: 7, b: 0, c: 0 })
    // Another component still shows b.
    leaveB()
    leaveB()
    vi.advanceTimersByTime(100)
    expect(opened.length).toBe(2)
  })

  it('does not ask again for a run that has ended, and knows one whose log is gone', () => {
    const { watch, opened } = recordingWatch()
    const hub = new FeedHub(watch)
    hub.use('a')
    hub.use('gone')
    vi.advanceTimersByTime(100)
    opened[0]!.on.news({ runId: 'a', events: encodeBatch(log), end: 'done' })
    opened[0]!.on.news({ runId: 'gone', end: 'missing' })
    expect(hub.feed('a').state).toBe('ended')
    expect(hub.feed('gone').state).toBe('missing')
    expect(hub.feed('a').moving).toBe(false)
    expect(hub.feed('a').now()).toBe(hub.feed('a').model.end)
    hub.use('b')
    vi.advanceTimersByTime(100)
    expect(opened.at(-1)!.runs).toEqual({ b: 0 })
  })

  it('closes the subscription when nobody looks, and tries again after a refusal', () => {
    const { watch, opened } = recordingWatch()
    const hub = new FeedHub(watch)
    const leave = hub.use('a')
    vi.advanceTimersByTime(100)
    opened[0]!.on.error(new Error('refused'))
    expect(hub.connected).toBe(false)
    vi.advanceTimersByTime(5000)
    expect(opened.length).toBe(2)
    opened[1]!.on.state(true)
    expect(hub.connected).toBe(true)
    leave()
    vi.advanceTimersByTime(100)
    expect(opened[1]!.closed).toBe(true)
    expect(opened.length).toBe(2)
  })

  it('lets the present go on between messages of a run that is under way', () => {
    const { watch, opened } = recordingWatch()
    const hub = new FeedHub(watch)
    hub.use('a')
    vi.advanceTimersByTime(100)
    opened[0]!.on.news({ runId: 'a', events: encodeBatch(log.slice(0, 7)) })
    const feed = hub.feed('a')
    expect(feed.moving).toBe(true)
    const before = feed.now()
    vi.advanceTimersByTime(500)
    expect(feed.now() - before).toBeCloseTo(500, -1)
    opened[0]!.on.news({ runId: 'a', end: 'lost' })
    expect(feed.model.status).toBe('lost')
    expect(feed.now()).toBe(feed.model.end)
  })
})
