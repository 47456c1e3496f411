import type { LoggedEvent } from '@mayfly/executor/events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBatch, encodeBatch } from '../lib/run-batch'
import { B, MOST_LOGS, RunModel, S, WIDTH } from './model'
import { makeRun } from './testing'

/** Everything a model holds, as plain values that can be compared. */
function dump(model: RunModel) {
  const columns = { ...model } as Record<string, unknown>
  const plain = (value: unknown): unknown => {
    if (value && typeof value === 'object' && 'data' in value && 'length' in value) {
      return [...(value as { data: Float64Array; length: number }).data.subarray(0, value.length as number)]
    }
    return value
  }
  const { version: _, samples: __, ...rest } = columns
  return {
    ...Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, plain(value)])),
    samples: Object.fromEntries(Object.entries(model.samples).map(([key, value]) => [key, plain(value)])),
  }
}

function folded(batches: LoggedEvent[][]): RunModel {
  const model = new RunModel()
  for (const batch of batches) model.fold(batch)
  return model
}

const at = 1_790_000_000_000
const call = { call: 0, attempt: 1 }
const error = { name: 'Error', code: 'E_USER', message: 'no' }

describe('folding', () => {
  it('gives the same model however the events are cut, sent in columns, and repeated', () => {
    const run = fc.record({
      seed: fc.integer({ min: 0, max: 9999 }),
      jobs: fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 1, maxLength: 3 }),
      failing: fc.double({ min: 0, max: 0.6, noNaN: true }),
    })
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(run, cuts, fc.nat(20), (options, sizes, overlap) => {
        const events = makeRun(options)
        const whole = dump(folded([events]))
        const batches: LoggedEvent[][] = []
        for (let from = 0, i = 0; from < events.length; i++) {
          const to = from + sizes[i % sizes.length]!
          // Each batch repeats the end of the one before, as after a reconnection.
          const batch = events.slice(Math.max(0, from - overlap), to)
          batches.push([...decodeBatch(JSON.parse(JSON.stringify(encodeBatch(batch))))])
          from = to
        }
        expect(dump(folded(batches))).toEqual(whole)
      }),
      { numRuns: 60 },
    )
  })

  it('counts calls by state and agrees with the log', () => {
    const events = makeRun({ jobs: [300, 50], failing: 0.2, seed: 3 })
    const model = folded([events])
    const final = events.filter((event) => event.type === 'failed' && event.final)
    expect(model.rows).toBe(350)
    expect(model.counts[S.failed]).toBe(final.length)
    expect(model.counts[S.done]).toBe(350 - final.length)
    expect(model.settled).toBe(350)
    expect(model.failures.length).toBe(events.filter((event) => event.type === 'failed').length)
    expect(model.retried).toBe(new Set(model.failures.filter((one) => !one.final).map((one) => one.call)).size)
    expect(model.samples.call.length).toBe(events.filter((event) => event.type === 'sample').length)
    expect(model.status).toBe('failed')
  })

  it('starts a row over for a retry and keeps what the first attempt did', () => {
    const model = new RunModel()
    model.fold([
      { seq: 1, type: 'job.created', at, job: 'M001', name: 'f', first: 0, total: 2 },
      { seq: 2, type: 'submitted', at: at + 1, ...call },
      { seq: 3, type: 'invoked', at: at + 2, ...call },
      { seq: 4, type: 'setup', at: at + 3, ...call, worker: 'a', cold: true },
      { seq: 5, type: 'failed', at: at + 9, ...call, ended: at + 8, kind: 'lost', error, final: false },
    ])
    expect(model.state.data[0]).toBe(S.waiting)
    model.fold([{ seq: 6, type: 'submitted', at: at + 10, call: 0, attempt: 2 }])
    expect(model.bounds.data[B.submitted]).toBe(at + 10)
    expect(model.bounds.data[B.setup]).toBeNaN()
    expect(model.first.data[0]).toBe(at + 1)
    expect(model.worker.data[0]).toBe(-1)
    expect(model.failures).toMatchObject([{ call: 0, attempt: 1, from: at + 2, to: at + 8, final: false }])
    expect(model.retried).toBe(1)
    // A late word of the first attempt changes nothing.
    model.fold([{ seq: 7, type: 'started', at: at + 11, ...call }])
    expect(model.state.data[0]).toBe(S.waiting)
    expect(model.bounds.data[B.started]).toBeNaN()
  })

  it('does not revive a call that has ended', () => {
    const model = new RunModel()
    const metrics = { cpuMs: 1, peakRss: 2, rx: 0, tx: 0 }
    model.fold([
      { seq: 1, type: 'submitted', at, ...call },
      { seq: 2, type: 'done', at: at + 5, ...call, ended: at + 4, metrics },
      { seq: 3, type: 'started', at: at + 6, ...call },
    ])
    expect(model.state.data[0]).toBe(S.done)
    expect(model.bounds.data[B.stored]).toBe(at + 5)
  })

  it('says that a run is lost only when the log does not say otherwise', () => {
    const model = folded([makeRun({ jobs: [3], failing: 0 })])
    model.markLost()
    expect(model.status).toBe('done')
    const torn = folded([makeRun({ jobs: [30], until: 300 })])
    expect(torn.status).toBe('running')
    torn.markLost()
    expect(torn.status).toBe('lost')
  })

  it('keeps the newest logs and says how many it dropped', () => {
    const model = new RunModel()
    const lines = Array.from({ length: MOST_LOGS + 5 }, (_, i): LoggedEvent => {
      return { seq: i + 1, type: 'log', at: at + i, ...call, stream: 'stdout', text: String(i) }
    })
    model.fold(lines)
    expect(model.logs.length + model.logsDropped).toBe(lines.length)
    expect(model.logs.at(-1)?.text).toBe(String(MOST_LOGS + 4))
  })

  it('folds 100,000 calls', () => {
    const events = makeRun({ jobs: [100_000], workers: 500, sampling: 0, failing: 0.001 })
    const model = folded([events])
    expect(model.rows).toBe(100_000)
    expect(model.settled).toBe(100_000)
    expect(model.bounds.length).toBe(100_000 * WIDTH)
  })
})

describe('batches', () => {
  it('give every event back, bit for bit, through JSON', () => {
    const time = fc.double({ min: at, max: at + 1e9, noNaN: true })
    const sample = fc.record({
      type: fc.constant('sample' as const),
      at: time,
      call: fc.nat(1000),
      attempt: fc.integer({ min: 1, max: 5 }),
      rss: fc.nat(),
      cpuMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
      peakRss: fc.nat(),
      rx: fc.nat(),
      tx: fc.nat(),
    })
    const progress = fc.record(
      {
        type: fc.constant('progress' as const),
        at: time,
        call: fc.nat(1000),
        attempt: fc.constant(1),
        done: fc.nat(),
        total: fc.nat(),
        note: fc.string(),
      },
      { requiredKeys: ['type', 'at', 'call', 'attempt', 'done'] },
    )
    const events = fc.array(fc.oneof(sample, progress), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(events, fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 60, maxLength: 60 }), (list, steps) => {
        let seq = 0
        const logged = list.map((event, i) => ({ ...event, seq: (seq += steps[i]!) })) as LoggedEvent[]
        const back = [...decodeBatch(JSON.parse(JSON.stringify(encodeBatch(logged))))]
        expect(back).toEqual(JSON.parse(JSON.stringify(logged)))
      }),
    )
  })
})
