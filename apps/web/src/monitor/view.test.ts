import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CALL_COLUMNS, type CallColumn, orderCalls } from './call-order'
import { RunFeed } from './feed'
import { formatClock, formatMoney, formatPercent } from './format'
import { RunModel, S } from './model'
import { SHORTCUTS } from './shortcuts'
import { createView, fromQuery, toQuery } from './store'
import { makeRun } from './testing'

const model = new RunModel()
model.fold(makeRun({ jobs: [60, 40], failing: 0.3, retrying: 0.4, seed: 6 }))

describe('the order of calls', () => {
  it('follows each column in both directions, with the unknown last', () => {
    for (const column of Object.keys(CALL_COLUMNS) as CallColumn[]) {
      for (const descending of [false, true]) {
        const rows = orderCalls(model, { column, descending }, model.end)
        expect(new Set(rows).size).toBe(model.rows)
        const values = Array.from(rows, (row) => CALL_COLUMNS[column].of(model, row, model.end))
        const known = values.filter((value) => !Number.isNaN(value))
        expect(values.slice(0, known.length)).toEqual(known)
        const sorted = [...known].sort((a, b) => (descending ? b - a : a - b))
        expect(known).toEqual(sorted)
      }
    }
  })

  it('keeps only the state, the job and the time that are asked for', () => {
    const failed = orderCalls(model, { column: 'call', descending: false, state: 'failed' }, model.end)
    expect(failed.length).toBe(model.counts[S.failed])
    const second = orderCalls(model, { column: 'call', descending: true, job: 1 }, model.end)
    expect(second[0]).toBe(99)
    expect(second.length).toBe(40)
    const early = { from: model.start, to: model.start + 300 }
    const some = orderCalls(model, { column: 'call', descending: false, window: early }, model.end)
    expect(some.length).toBe(60)
  })
})

describe('the address of a view', () => {
  it('gives the view back', () => {
    const start = 1_790_000_000_000
    fc.assert(
      fc.property(fc.nat(1e6), fc.integer({ min: 1, max: 1e6 }), fc.option(fc.nat(1e6)), (from, span, call) => {
        const window = { from: start + from, to: start + from + span }
        const query = toQuery({ window, selected: call ?? undefined, tab: 'calls' }, start)
        const back = fromQuery(query)
        expect(back.offsets).toEqual({ from, to: from + span })
        expect(back.selected).toBe(call ?? undefined)
        expect(back.tab).toBe('calls')
      }),
    )
    expect(toQuery(createView().getState(), start)).toBe('')
    expect(fromQuery('?t=9-3&call=x&tab=nothing')).toEqual({})
  })
})

describe('shortcuts', () => {
  const feed = new RunFeed('made-run')
  feed.model.fold(makeRun({ jobs: [60], failing: 0.3, seed: 6 }))
  const whole = { from: feed.model.start, to: feed.model.end }
  const press = (keys: string, view: ReturnType<typeof createView>) =>
    SHORTCUTS.find((one) => one.keys === keys)!.run({
      feed,
      view,
      limits: () => whole,
      windowNow: () => view.getState().window ?? whole,
    })

  it('zoom, pan, fit and clear', () => {
    const view = createView()
    press('w', view)
    const zoomed = view.getState().window!
    expect(zoomed.to - zoomed.from).toBeLessThan(whole.to - whole.from)
    press('d', view)
    expect(view.getState().window!.from).toBeGreaterThan(zoomed.from)
    press('0', view)
    expect(view.getState().window).toBeUndefined()
    press('e', view)
    expect(view.getState().errorsOnly).toBe(true)
    press('escape', view)
    expect(view.getState().errorsOnly).toBe(false)
  })

  it('step through failures and stragglers, around the ends, and fit the chosen call', () => {
    const view = createView()
    press(']', view)
    const first = view.getState().selected!
    press(']', view)
    expect(view.getState().selected).toBeGreaterThan(first)
    press('[', view)
    expect(view.getState().selected).toBe(first)
    press('[', view)
    expect(view.getState().selected).toBeGreaterThan(first)
    press('f', view)
    const { window, selected } = view.getState()
    expect(window!.from).toBeLessThanOrEqual(feed.model.first.data[selected!]!)
    expect(window!.to).toBeGreaterThanOrEqual(feed.model.last.data[selected!]!)
  })

  it('are each bound once', () => {
    expect(new Set(SHORTCUTS.map(({ keys }) => keys)).size).toBe(SHORTCUTS.length)
  })
})

describe('numbers', () => {
  it('read as people write them', () => {
    expect(formatClock(41_900)).toBe('00:41')
    expect(formatClock(3_723_000)).toBe('1:02:03')
    expect(formatMoney(0.0184)).toBe('$0.0184')
    expect(formatMoney(1.2)).toBe('$1.20')
    expect(formatMoney(0)).toBe('$0')
    expect(formatMoney(4e-6)).toBe('< $0.0001')
    expect(formatPercent(0.004)).toBe('0.4 %')
    expect(formatPercent(Number.NaN)).toBe('–')
  })
})
