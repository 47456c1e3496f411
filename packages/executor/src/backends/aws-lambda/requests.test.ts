/** The bill for requests to the storage. */
import { describe, expect, it } from 'vitest'
import { RequestTally, requestsCost } from '../../cost/requests.js'
import type { AttemptEvent, Invocation } from '../backend.js'
import { countInputs, mostRequests, withRequests } from './requests.js'

const done = (result: { bytes: Uint8Array } | { key: string; size: number }): AttemptEvent => ({
  ...{ id: 1, type: 'done', at: 0, ended: 0, metrics: { cpuMs: 0, peakRss: 0, rx: 0, tx: 0 }, result },
  billed: { ms: 5, requests: 1, storage: { put: 1, get: 3, list: 0 } },
})
const bytes = new Uint8Array(1)
const stored = { key: 'k', size: 9 }

describe('requests', () => {
  it('of function and caller are on the bill of the end that comes next, once', () => {
    const tally = new RequestTally()
    tally.add('list', 4)
    expect(withRequests(done({ bytes }), tally)).toMatchObject({
      billed: { ms: 5, storage: { put: 1, get: 3, list: 4 } },
    })
    expect(withRequests(done(stored), tally)).toMatchObject({ billed: { storage: { put: 1, get: 4, list: 0 } } })
  })

  it('cost nothing where the storage is not paid by request', () => {
    expect(withRequests(done({ bytes }), undefined)).toMatchObject({ billed: { ms: 5, requests: 1 } })
    expect(withRequests(done({ bytes }), undefined)).not.toHaveProperty('billed.storage')
  })

  it('for inputs are those of what does not travel in the message: written once, read by each attempt', () => {
    const call = (attempt: number, input: Invocation['input']): Invocation => ({
      id: 1,
      index: 0,
      attempt,
      callId: '',
      input,
    })
    const tally = new RequestTally()
    countInputs([call(1, { bytes }), call(1, stored), call(2, { parts: [stored, { bytes }] })], tally)
    expect(tally.take()).toEqual({ put: 1, get: 2, list: 0 })
  })

  it('cost what the table of prices says, and fewer are made than are set aside for them', () => {
    expect(requestsCost({ put: 1000, get: 10_000, list: 1000 })).toBeCloseTo(0.014)
    const [short, long] = [mostRequests(10, 'event'), mostRequests(890, 'event')]
    expect([short.list > 60, long.list < 900, mostRequests(890, 'stream').list]).toEqual([true, true, 0])
  })
})
