/** Streamed answers, cut where the network likes. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eventMessage } from '../../testing/lambda/event-stream.js'
import { type Frame, FrameReader } from './frames.js'

const payloads = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 6 })
const messageOf = (payload: Uint8Array) => eventMessage('PayloadChunk', 'application/octet-stream', payload)

function readAll(pieces: Buffer[]): Frame[] {
  const reader = new FrameReader()
  const frames: Frame[] = []
  for (const piece of pieces) reader.read(piece, (frame) => frames.push(frame))
  reader.end()
  return frames
}

describe('messages', () => {
  it('are the same however they are cut', () => {
    const cuts = fc.array(fc.nat(2500), { maxLength: 8 })
    const property = fc.property(payloads, cuts, (contents, places) => {
      const bytes = Buffer.concat(contents.map(messageOf))
      const at = [0, ...places.filter((place) => place < bytes.length).sort((a, b) => a - b), bytes.length]
      const pieces = at.slice(1).map((end, i) => bytes.subarray(at[i]!, end))
      const frames = readAll(pieces)
      expect(frames.map(({ type, exception }) => [type, exception])).toEqual(
        contents.map(() => ['PayloadChunk', false]),
      )
      expect(frames.map(({ payload }) => [...payload])).toEqual(contents.map((content) => [...content]))
    })
    fc.assert(property, { numRuns: 100 })
  })

  it('that were changed on the way are refused, wherever', () => {
    const property = fc.property(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.nat(), (content, at) => {
      const bytes = messageOf(content)
      bytes[at % bytes.length]! ^= 0x10
      expect(() => readAll([bytes])).toThrow(/garbled|within a message/)
    })
    fc.assert(property, { numRuns: 100 })
  })

  it('that are not whole at the end are missed', () => {
    expect(() => readAll([messageOf(new Uint8Array(10)).subarray(0, -1)])).toThrow('within a message')
  })
})
