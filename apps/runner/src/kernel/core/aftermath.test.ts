import { expect, test } from 'vitest'
import type { JupyterMessage } from '../messages.js'
import { Aftermath } from './aftermath.js'

const request = (ms: number, session = 's', metadata = {}) =>
  ({ header: { session, date: new Date(ms).toISOString() }, metadata }) as JupyterMessage

test('what was sent before the failure could be known is covered, whatever the clocks say', () => {
  let now = 5000
  const aftermath = new Aftermath(() => now)
  const failing = request(1_000_000)
  aftermath.arrived(failing)
  now += 4.5
  aftermath.failed(failing)
  now += 10
  expect(aftermath.covers(request(1_000_000))).toBe(true)
  expect(aftermath.covers(request(1_000_003))).toBe(true)
  expect(aftermath.covers(request(1_000_004))).toBe(false)
  expect(aftermath.covers(request(1_000_001, 'another'))).toBe(false)
  now += 300
  expect(aftermath.covers(request(1_000_001))).toBe(false)
})

test('a failure within a millisecond covers nothing that may have been sent after it', () => {
  let now = 0
  const aftermath = new Aftermath(() => now)
  const failing = request(7)
  aftermath.arrived(failing)
  now += 0.9
  aftermath.failed(failing)
  expect(aftermath.covers(request(7))).toBe(false)
})

test('a batch is covered for good, another batch never', () => {
  const aftermath = new Aftermath(() => 0)
  aftermath.failed(request(1, 's', { batch: 'b' }))
  expect(aftermath.covers(request(9e9, 't', { batch: 'b' }))).toBe(true)
  expect(aftermath.covers(request(1, 's', { batch: 'c' }))).toBe(false)
  const dateless = { header: { session: 's', date: '' }, metadata: {} } as JupyterMessage
  expect(aftermath.covers(dateless)).toBe(false)
})
