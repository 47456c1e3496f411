import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyValue, ODD } from '../../fixtures/odd-values.js'
import { childrenOf } from '../variables.js'
import { headOf, preview, summarize, typeName } from './preview.js'
import { estimateBytes } from './size.js'

function tellable(value: unknown): void {
  const summary = summarize(value)
  expect(JSON.parse(JSON.stringify(summary))).toEqual(summary)
  expect(summary.preview.length).toBeLessThanOrEqual(120)
  const inside = childrenOf(value, [], 0)!
  expect(inside.total > 0).toBe(summary.expandable)
  for (const child of inside.children.slice(0, 5)) childrenOf(value, [child.key], 0)
}

test('whatever the value: a summary that is JSON, and children that agree with it', () => {
  for (const make of ODD) tellable(make())
  fc.assert(
    fc.property(anyValue, ({ value }) => tellable(value)),
    { numRuns: 400 },
  )
})

test('holes and getters are told apart', () => {
  const sparse = Object.defineProperty(new Array(3), 1, { get: () => 1, enumerable: true })
  expect(childrenOf(sparse, [], 0)!.children.map(({ type }) => type)).toEqual(['empty', 'accessor', 'empty'])
  expect(childrenOf(new Array(2 ** 32 - 1), [], 2 ** 32 - 3)!.children).toHaveLength(2)
})

describe('preview', () => {
  test.for([
    [undefined, 'undefined'],
    [-0, '-0'],
    [12n, '12n'],
    ["it's\n", '"it\'s\\n"'],
    [Object.assign(new Array(3), { 0: 1, 2: 'x' }), "[1, empty, 'x']"],
    [{ a: { b: { c: { d: 1 } } } }, '{ a: { b: { c: {…} } } }'],
    [new Map([[{ k: 1 }, [1]]]), 'Map(1) { {…} → [1] }'],
    [Object.create(null, { x: { value: 1, enumerable: true } }), '[null prototype] { x: 1 }'],
    [/re/g, '/re/g'],
    [new ArrayBuffer(4), 'ArrayBuffer(4)'],
    [Symbol('s'), 'Symbol(s)'],
  ] as const)('%s', ([value, text]) => {
    expect(preview(value, 3)).toBe(text)
  })

  test('heads of functions and classes', () => {
    expect(
      headOf(function named(a: number) {
        return a
      }),
    ).toBe('function named(a)')
    expect(headOf(async (x: { y: number }) => x)).toBe('async (x) =>')
    expect(headOf(({ a }: { a: number }) => ({ a }))).toBe('({ a }) =>')
    class Base {}
    class Derived extends Base {}
    expect(headOf(Derived as never)).toBe('class Derived extends Base')
    const { method } = {
      method(q: number) {
        return () => q
      },
    }
    expect(headOf(method)).toBe('method(q)')
    expect(headOf(Math.max)).toBe('function max()')
  })

  test('types', () => {
    expect(
      [null, [1, 2], ['a', 1], [], [null], [{}, {}], new Uint8Array(1), new Date(), class {}].map(typeName),
    ).toEqual(['null', 'number[]', 'Array', 'Array', 'unknown[]', 'object[]', 'Uint8Array', 'Date', 'class'])
  })
})

test('sizes: exact for buffers, within a third for what is counted, never long in coming', () => {
  expect(estimateBytes(new Float64Array(10))).toBe(80)
  expect(estimateBytes(Buffer.alloc(7))).toBe(7)
  expect(estimateBytes(5)).toBeUndefined()
  expect(estimateBytes(() => 1)).toBeUndefined()
  const cells = estimateBytes(Array.from({ length: 1e5 }, (_, i) => ({ x: i, y: i })))!
  expect(cells).toBeGreaterThan(3e6)
  expect(cells).toBeLessThan(7e6)
  expect(estimateBytes(new Map(Array.from({ length: 1e5 }, (_, i) => [i, 'x'.repeat(100)])))).toBeGreaterThan(1e7)
})
