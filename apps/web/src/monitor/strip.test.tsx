// @vitest-environment happy-dom
import type { RunOutput } from '@mayfly/executor/events'
import { cleanup, render } from '@testing-library/react'
import { afterEach, describe, expect, it } from 'vitest'
import { encodeBatch } from '../lib/run-batch'
import { RunFeed } from './feed'
import { StripView, stripFacts } from './strip'
import { type MadeRun, makeRun } from './testing'

afterEach(cleanup)

const output: RunOutput = { runId: 'made-run', job: 'M001', name: 'segment_dataset' }

function feedOf(options: MadeRun, end?: string): RunFeed {
  const feed = new RunFeed('made-run')
  const events = makeRun(options)
  feed.receive({ runId: 'made-run', events: encodeBatch(events), ...(end ? { end } : {}) })
  return feed
}

const show = (feed: RunFeed, of: RunOutput = output) => render(<StripView feed={feed} output={of} />)

describe('the strip', () => {
  it('shows a running job with its counts and a way to the run', () => {
    const view = show(feedOf({ jobs: [40], until: 1500, failing: 0 }))
    const strip = view.getByTestId('run-strip')
    expect(strip.dataset).toMatchObject({ runId: 'made-run', status: 'running', total: '40' })
    expect(Number(strip.dataset.done)).toBeGreaterThan(0)
    const bar = view.getByRole('progressbar')
    expect(bar.getAttribute('aria-valuemax')).toBe('40')
    expect(Number(bar.getAttribute('aria-valuenow'))).toBe(Number(strip.dataset.done))
    expect(view.getByText('Open run').getAttribute('href')).toBe('/runs/made-run')
    expect(view.getByRole('img').getAttribute('aria-label')).toContain('40 calls')
  })

  it('shows only its own job of the run', () => {
    const feed = feedOf({ jobs: [10, 25], failing: 0 }, 'done')
    expect(show(feed, { ...output, job: 'M002' }).getByTestId('run-strip').dataset).toMatchObject({
      status: 'done',
      done: '25',
      total: '25',
    })
  })

  it('falls back to what the notebook saved when the log is gone', () => {
    const feed = new RunFeed('made-run')
    feed.receive({ runId: 'made-run', end: 'missing' })
    const summary = { total: 12, done: 11, failed: 1, elapsedMs: 3200, cost: 0, lambdaCost: 0.0004 }
    const view = show(feed, { ...output, summary })
    expect(view.getByTestId('run-strip').dataset).toMatchObject({ status: 'failed', done: '11', total: '12' })
    expect(view.getByText('3.2 s')).toBeTruthy()
    expect(view.getByText(/\$0\.000400 on Lambda/)).toBeTruthy()
    expect(view.queryByText('Open run')).toBeNull()
    cleanup()
    expect(show(feed).getByText('the log of this run is gone')).toBeTruthy()
  })

  it('believes the cell that the job has ended before the log says so', () => {
    const feed = feedOf({ jobs: [40], until: 1500, failing: 0 })
    expect(stripFacts(feed, output)?.status).toBe('running')
    const summary = { total: 40, done: 40, failed: 0, elapsedMs: 2500, cost: 0, lambdaCost: 0.0001 }
    expect(stripFacts(feed, { ...output, summary })).toMatchObject({
      status: 'done',
      counts: [0, 0, 40, 0, 0],
      elapsed: 2500,
    })
  })

  it('says lost, cancelled or failed as the log does', () => {
    expect(stripFacts(feedOf({ jobs: [50], until: 900 }, 'lost'), output)?.status).toBe('lost')
    expect(stripFacts(feedOf({ jobs: [50], failing: 0.5, retrying: 0 }, 'failed'), output)?.status).toBe('failed')
    expect(stripFacts(feedOf({ jobs: [50], failing: 0 }, 'done'), output)).toMatchObject({
      status: 'done',
      left: undefined,
    })
  })
})
