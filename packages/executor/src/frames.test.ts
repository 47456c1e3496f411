import fc from 'fast-check'
import { expect, it } from 'vitest'
import { encodeFrame, type Frame, FrameReader } from './frames.js'

const frames = fc.array(fc.record({ header: fc.jsonValue(), body: fc.uint8Array({ maxLength: 300 }) }), {
  minLength: 1,
  maxLength: 8,
})

it('gives back every frame, wherever the stream is cut', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), (sent, cuts) => {
      const bytes = Buffer.concat(sent.map(({ header, body }) => encodeFrame(header, body)))
      const reader = new FrameReader()
      const received: Frame[] = []
      for (let at = 0, i = 0; at < bytes.byteLength; i++) {
        const size = cuts[i % cuts.length]!
        received.push(...reader.push(bytes.subarray(at, at + size)))
        at += size
      }
      expect(received.map(({ header }) => JSON.stringify(header))).toEqual(
        sent.map(({ header }) => JSON.stringify(header)),
      )
      for (const [i, { body }] of received.entries()) expect([...body]).toEqual([...sent[i]!.body])
    }),
  )
})

it('gives a body memory of its own', () => {
  const bytes = encodeFrame({}, new Uint8Array([1, 2, 3]))
  const [frame] = new FrameReader().push(bytes)
  bytes.fill(0)
  expect([...frame!.body]).toEqual([1, 2, 3])
  expect(frame!.body.byteOffset).toBe(0)
})
