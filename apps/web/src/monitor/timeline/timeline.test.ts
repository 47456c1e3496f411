import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RunModel, S } from '../model'
import { endOf } from '../phases'
import { clamp, pan, tickLabel, tickStep, ticks, toTime, toX, zoom } from '../scale'
import { makeRun } from '../testing'
import { hitTest, indexAt } from './hit'
import { AXIS, failuresByCall, type Pen, paint } from './paint'
import type { Palette } from './palette'
import { fitRows, laneRows, orderRows, pickRows } from './rows'

function modelOf(options: Parameters<typeof makeRun>[0]): RunModel {
  const model = new RunModel()
  model.fold(makeRun(options))
  return model
}

const palette: Palette = {
  phases: ['p0', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6'],
  failed: 'failed',
  cancelled: 'cancelled',
  grid: 'grid',
  line: 'line',
  ink: 'ink',
  faint: 'faint',
  surface: 'surface',
  accent: 'accent',
  font: 'sans-serif',
}

/** A pen that counts fills and rectangles by colour. */
function recordingPen() {
  const fills: Record<string, number> = {}
  const rects: Record<string, [number, number, number, number][]> = {}
  const strokes: Record<string, number> = {}
  let path: [number, number, number, number][] = []
  const nothing = () => {}
  const pen = {
    fillStyle: '',
    strokeStyle: '',
    lineWidth: 1,
    globalAlpha: 1,
    font: '',
    textAlign: 'left',
    textBaseline: 'middle',
    beginPath: () => {
      path = []
    },
    rect: (...box: [number, number, number, number]) => path.push(box),
    fill: () => {
      fills[pen.fillStyle] = (fills[pen.fillStyle] ?? 0) + 1
      rects[pen.fillStyle] = [...(rects[pen.fillStyle] ?? []), ...path]
    },
    stroke: () => {
      strokes[pen.strokeStyle] = (strokes[pen.strokeStyle] ?? 0) + 1
    },
    moveTo: nothing,
    lineTo: nothing,
    closePath: nothing,
    clip: nothing,
    save: nothing,
    restore: nothing,
    translate: nothing,
    fillRect: nothing,
    strokeRect: nothing,
    clearRect: nothing,
    fillText: nothing,
  }
  return { pen: pen as unknown as Pen, fills, rects, strokes }
}

describe('scale', () => {
  const limits = { from: 0, to: 100_000 }
  const window = fc.tuple(fc.integer({ min: 0, max: 90_000 }), fc.integer({ min: 10, max: 10_000 }))

  it('zooms around the cursor and stays inside the limits', () => {
    fc.assert(
      fc.property(
        window,
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        ([from, span], factor, at) => {
          const before = { from, to: from + span }
          const after = zoom(before, factor, at, limits)
          expect(after.from).toBeGreaterThanOrEqual(limits.from - 1e-6)
          expect(after.to).toBeLessThanOrEqual(limits.to + 1e-6)
          const free = after.from > limits.from + 1e-6 && after.to < limits.to - 1e-6
          if (free) expect(after.from + (after.to - after.from) * at).toBeCloseTo(from + span * at, 3)
        },
      ),
    )
  })

  it('pans without changing the span, and inverts pixels to times', () => {
    expect(pan({ from: 10, to: 30 }, 0.5, limits)).toEqual({ from: 20, to: 40 })
    expect(pan({ from: 10, to: 30 }, -9, limits)).toEqual({ from: 0, to: 20 })
    expect(clamp({ from: -50, to: 200_000 }, limits)).toEqual(limits)
    const scale = { from: 1000, to: 3000, width: 640 }
    expect(toTime(scale, toX(scale, 1234))).toBeCloseTo(1234, 9)
  })

  it('puts ticks at round times, never more than asked', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 1e8, noNaN: true }), fc.integer({ min: 2, max: 20 }), (span, most) => {
        const { offsets, step } = ticks({ from: 5e5, to: 5e5 + span }, 5e5, most)
        expect(offsets.length).toBeLessThanOrEqual(most + 1)
        for (const offset of offsets) expect(offset % step).toBe(0)
        expect(tickStep(span, most)).toBe(step)
      }),
    )
    expect(tickLabel(1500, 500)).toBe('1.5 s')
    expect(tickLabel(2000, 1000)).toBe('2 s')
    expect(tickLabel(65_000, 5000)).toBe('1:05')
    expect(tickLabel(3_725_000, 5000)).toBe('1:02:05')
  })
})

describe('rows', () => {
  it.each([10_000, 100_000])('paints at most one of %i rows a pixel, the one that ends last', (rows) => {
    const model = modelOf({ jobs: [rows], workers: 200, sampling: 0, failing: 0.01 })
    const order = orderRows(model, { sort: 'submit' })
    const height = 400
    const rowHeight = fitRows(rows, height)
    const picked = pickRows(model, order, { rowHeight, scroll: 0, height })
    expect(picked.count).toBeLessThanOrEqual(height)
    expect(picked.represented).toBe(rows)
    expect(new Set(picked.y.subarray(0, picked.count)).size).toBe(picked.count)
    for (let i = 0; i < picked.count; i += 17) {
      const group = [...order].filter((_, k) => Math.floor(k * rowHeight) === picked.y[i])
      const latest = Math.max(...group.map((row) => endOf(model, row) || 0))
      expect(endOf(model, picked.rows[i]!)).toBe(latest)
    }
  })

  it('prefers a running call, and shows every row when there is room', () => {
    const model = modelOf({ jobs: [2000], until: 900, workers: 6, sampling: 0 })
    const order = orderRows(model, { sort: 'submit' })
    const picked = pickRows(model, order, { rowHeight: 1 / 8, scroll: 0, height: 300 })
    const running = [...order].filter((row) => model.state.data[row] === S.running)
    const shown = new Set(picked.rows.subarray(0, picked.count))
    const pixels = new Set(running.map((row) => Math.floor(row / 8)))
    expect(running.filter((row) => shown.has(row)).length).toBe(pixels.size)
    const tall = pickRows(model, order, { rowHeight: 10, scroll: 55, height: 100 })
    expect([...tall.rows.subarray(0, tall.count)]).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
    expect(tall.y[0]).toBe(-5)
  })

  it('sorts by duration, cold start and worker, and filters by failure and job', () => {
    const model = modelOf({ jobs: [60, 30], failing: 0.2, seed: 4 })
    const durations = [...orderRows(model, { sort: 'duration' })]
    expect(durations.length).toBe(90)
    expect(new Set(durations).size).toBe(90)
    const workers = [...orderRows(model, { sort: 'worker' })].map((row) => model.worker.data[row]!)
    expect(workers).toEqual([...workers].sort((a, b) => a - b))
    expect([...orderRows(model, { sort: 'submit', job: 1 })].every((row) => row >= 60)).toBe(true)
    const failed = new Set(model.failures.map((failure) => failure.call))
    expect(new Set(orderRows(model, { sort: 'cold', errorsOnly: true }))).toEqual(failed)
  })

  it('puts the calls of each worker in a lane of its own, when there is room for lanes', () => {
    const model = modelOf({ jobs: [120], workers: 5, failing: 0 })
    const order = orderRows(model, { sort: 'submit' })
    const lanes = laneRows(model, order, 78)!
    expect(lanes.count).toBe(120)
    const tops = new Map<number, number>()
    for (let i = 0; i < lanes.count; i++) {
      const worker = model.worker.data[lanes.rows[i]!]!
      tops.set(worker, tops.get(worker) ?? lanes.y[i]!)
      expect(lanes.y[i]).toBe(tops.get(worker))
      expect(lanes.y[i]! + lanes.heights[i]!).toBeLessThanOrEqual(78)
    }
    expect(new Set(tops.values()).size).toBe(5)
    expect(laneRows(model, order, 10)).toBeUndefined()
    expect(laneRows(model, new Int32Array(), 78)).toBeUndefined()
  })

  it('can leave out calls that no worker has had', () => {
    const model = modelOf({ jobs: [400], until: 1200, failing: 0.2, sampling: 0 })
    const begun = orderRows(model, { sort: 'submit', begun: true })
    expect(begun.length).toBeLessThan(400)
    const waiting = model.counts[S.waiting]!
    const again = [...begun].filter((row) => model.state.data[row] === S.waiting)
    expect(begun.length).toBe(400 - waiting + again.length)
    for (const row of again) expect(model.attempt.data[row]).toBeGreaterThan(1)
  })
})

describe('painting', () => {
  it('fills once for each phase whatever the number of calls', () => {
    const model = modelOf({ jobs: [10_000], workers: 100, sampling: 0 })
    const picked = pickRows(model, orderRows(model, { sort: 'submit' }), { rowHeight: 0.04, scroll: 0, height: 400 })
    const { pen, fills } = recordingPen()
    const scale = { from: model.start, to: model.end, width: 900 }
    const count = paint(pen, { model, picked, scale, height: 400, palette, now: model.end, earlier: new Map() })
    expect(count).toBe(picked.count)
    for (const phase of palette.phases) expect(fills[phase] ?? 0).toBeLessThanOrEqual(1)
    expect(fills.p4).toBe(1)
  })

  it('leaves out what is outside the window, marks failures, and draws earlier attempts', () => {
    const model = modelOf({ jobs: [200], failing: 0.2, seed: 8 })
    const order = orderRows(model, { sort: 'submit' })
    const picked = pickRows(model, order, { rowHeight: 6, scroll: 0, height: 1200 })
    const scale = { from: model.start, to: model.end, width: 900 }
    const earlier = failuresByCall(model)
    const whole = recordingPen()
    paint(whole.pen, { model, picked, scale, height: 1200, palette, now: model.end, earlier })
    expect(whole.strokes.failed).toBeGreaterThan(0)
    expect(whole.rects.failed!.length).toBeGreaterThanOrEqual(model.failures.length)
    const narrow = recordingPen()
    const window = { from: model.end + 1000, to: model.end + 2000, width: 900 }
    paint(narrow.pen, { model, picked, scale: window, height: 1200, palette, now: model.end, earlier: new Map() })
    expect(narrow.rects.p4).toBeUndefined()
  })
})

describe('hit test', () => {
  it('finds each painted row and the phase under the pointer', () => {
    const model = modelOf({ jobs: [50], failing: 0 })
    const order = orderRows(model, { sort: 'submit' })
    const picked = pickRows(model, order, { rowHeight: 9, scroll: 13, height: 300 })
    const scale = { from: model.start, to: model.end, width: 800 }
    for (let i = 0; i < picked.count; i++) {
      expect(indexAt(picked, picked.y[i]!)).toBe(i)
      const row = picked.rows[i]!
      const bounds = model.bounds.data.subarray(row * 8, row * 8 + 8)
      const x = toX(scale, (bounds[4]! + bounds[5]!) / 2)
      expect(hitTest(model, picked, scale, model.end, x, picked.y[i]! + 1)).toMatchObject({
        row,
        segment: { phase: 4 },
      })
    }
    expect(hitTest(model, picked, scale, model.end, 10, -20)).toBeUndefined()
    expect(indexAt(picked, 5000)).toBe(-1)
    expect(AXIS).toBeGreaterThan(0)
  })
})
