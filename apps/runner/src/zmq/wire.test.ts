import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JupyterMessage } from '../kernel/index.js'
import { Wire } from './wire.js'

const message = (content: Record<string, unknown>, buffers?: Uint8Array[]): JupyterMessage => ({
  channel: 'shell',
  header: { msg_id: 'm', msg_type: 't', session: 's', username: 'u', date: 'd', version: '5.4' },
  parent_header: {},
  metadata: {},
  content,
  ...(buffers ? { buffers } : {}),
})
const framesOf = (key: string, sent: JupyterMessage, identities: Buffer[] = []) =>
  new Wire(key).encode({ identities, message: sent }).map((frame) => Buffer.from(frame))

test('what is encoded is decoded, with identities and buffers', () => {
  const bytes = fc.uint8Array({ maxLength: 30 }).map((array) => Buffer.from(array))
  const property = fc.property(
    fc.string(),
    fc.dictionary(fc.string(), fc.jsonValue()),
    fc.array(bytes.filter((frame) => frame.toString() !== '<IDS|MSG>')),
    fc.array(bytes, { minLength: 1 }),
    (key, content, identities, buffers) => {
      const sent = message(JSON.parse(JSON.stringify(content)), buffers)
      expect(new Wire(key).decode(framesOf(key, sent, identities), 'shell')).toEqual({ identities, message: sent })
    },
  )
  fc.assert(property, { numRuns: 200 })
})

test('any change of a signed part is seen', () => {
  const property = fc.property(fc.nat({ max: 4 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (part, at, flip) => {
    const frames = framesOf('key', message({ code: 'x' }))
    const changed = frames[part + 1]!
    changed[at % changed.length]! ^= flip
    expect(new Wire('key').decode(frames, 'shell')).toBe('its signature is wrong')
  })
  fc.assert(property, { numRuns: 200 })
})

test('the signature is the HMAC that the protocol describes', () => {
  const [, signature, ...parts] = framesOf('key', message({ a: 1 }))
  expect(signature?.toString()).toBe(createHmac('sha256', 'key').update(Buffer.concat(parts)).digest('hex'))
  expect(framesOf('', message({}))[1]).toHaveLength(0)
})

test('garbage is refused in words and never throws', () => {
  const frames = fc.array(fc.oneof(fc.constant('<IDS|MSG>'), fc.constant('{}'), fc.string()), { maxLength: 9 })
  const property = fc.property(frames, (texts) => {
    const answer = new Wire('').decode(
      texts.map((text) => Buffer.from(text)),
      'shell',
    )
    expect(typeof answer).toBe('string')
  })
  fc.assert(property, { numRuns: 500 })
})

test('a message is taken once', () => {
  const wire = new Wire('key')
  const frames = framesOf('key', message({}))
  expect(typeof wire.decode(frames, 'shell')).toBe('object')
  expect(wire.decode(frames, 'shell')).toBe('it came before')
})
