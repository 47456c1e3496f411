import { hash } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { lastByteOfMd5 } from './md5.js'

const expected = (text: string) => hash('md5', text, 'buffer')[15]

it('is the last byte of the MD5 of any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('C', 'l', '7', '+', 'µ', '→'), maxLength: 80 }), (text) => {
      expect(lastByteOfMd5(text)).toBe(expected(text))
    }),
    { numRuns: 200 },
  )
})

it('at the lengths where blocks end', () => {
  for (let length = 0; length <= 130; length++)
    expect(lastByteOfMd5('C'.repeat(length))).toBe(expected('C'.repeat(length)))
})
