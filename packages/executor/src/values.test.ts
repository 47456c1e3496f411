import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeValue, encodeValue, findUnserializable } from './values.js'

describe('values', () => {
  it('come back as they went', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
    })
    fc.assert(
      fc.property(anything, (value) => {
        fc.pre(findUnserializable(value) === undefined)
        expect(decodeValue(encodeValue(value, 'it'))).toEqual(value)
      }),
    )
  })

  it('keep cycles, shared parts and holes', () => {
    const shared = { n: 1 }
    const value: unknown[] = [shared, shared]
    value[4] = value
    const copy = decodeValue(encodeValue(value, 'it')) as unknown[]
    expect(copy[0]).toBe(copy[1])
    expect(copy[4]).toBe(copy)
    expect(2 in copy).toBe(false)
  })

  it.each([
    [{ a: [0, { b: () => 1 }] }, 'value.a[1].b', 'a function'],
    [new Map([['k', Symbol('s')]]), 'value[entry 0][1]', 'a symbol'],
    [{ later: Promise.resolve() }, 'value.later', 'a Promise'],
    [[new WeakMap()], 'value[0]', 'a WeakMap'],
  ])('are refused with the path: %o', (value, path, kind) => {
    expect(findUnserializable(value)).toMatchObject({ path, kind: expect.stringContaining(kind) })
    expect(() => encodeValue(value, 'The thing')).toThrow(
      expect.objectContaining({ code: 'E_VALUE_UNSERIALIZABLE', message: expect.stringContaining(path) }),
    )
  })
})
