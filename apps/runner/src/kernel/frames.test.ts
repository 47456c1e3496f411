import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeFrame, FrameReader } from './frames.js'

test('any messages survive any cutting into chunks', () => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue()),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (messages, sizes) => {
        const bytes = Buffer.concat(messages.map(encodeFrame))
        const reader = new FrameReader<unknown>()
        const read: unknown[] = []
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length]!
          read.push(...reader.push(bytes.subarray(at, at + size)))
          at += size
        }
        expect(read).toEqual(messages.map((message) => JSON.parse(JSON.stringify(message))))
      },
    ),
  )
})

test('a nonsensical length is refused', () => {
  expect(() => new FrameReader().push(Buffer.from([255, 255, 255, 255, 0]))).toThrow(/announced/)
})
