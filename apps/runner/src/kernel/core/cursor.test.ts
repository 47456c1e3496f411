import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { completeness, completionAt, expressionAt, toPoints, toUnits } from './cursor.js'

test('code points and UTF-16 units convert both ways', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(), (text, n) => {
      const points = [...text].length === 0 ? 0 : n % ([...text].length + 1)
      expect(toPoints(text, toUnits(text, points))).toBe(points)
      expect(toUnits(text, points)).toBe([...text].slice(0, points).join('').length)
    }),
  )
})

describe('completionAt', () => {
  test.for([
    ['pri', { expression: '', prefix: 'pri', start: 0 }],
    ['a.b', { expression: 'a', prefix: 'b', start: 2 }],
    ['x + a.b.c', { expression: 'a.b', prefix: 'c', start: 8 }],
    ['a?.b?.', { expression: 'a?.b', prefix: '', start: 6 }],
    ['rows[0].na', { expression: 'rows[0]', prefix: 'na', start: 8 }],
    ["o['k'].", { expression: "o['k']", prefix: '', start: 7 }],
    ['größe.me', { expression: 'größe', prefix: 'me', start: 6 }],
    ['f().x', undefined],
    ['f(a)[0].x', undefined],
    ['[1].x', undefined],
  ] as const)('%s', ([code, expected]) => {
    expect(completionAt(code, code.length)).toEqual(expected)
  })
})

test.for([
  ['foo.bar(1)', 1, 'foo'],
  ['foo.bar(1)', 5, 'foo.bar'],
  ['a + b', 5, 'b'],
  ['  ', 1, undefined],
] as const)('expressionAt %s %i', ([code, cursor, expected]) => {
  expect(expressionAt(code, cursor)).toBe(expected)
})

test.for([
  ['1 + 1', 'complete'],
  ['const x: number = 3', 'complete'],
  ['f(', 'incomplete'],
  ['class A {', 'incomplete'],
  ['`a\nb', 'incomplete'],
  ['/* open', 'incomplete'],
  ['"abc', 'invalid'],
  ['let = = 3', 'invalid'],
  ['f(1))', 'invalid'],
  ['}', 'invalid'],
  ['if (x)', 'incomplete'],
  ['a ? b', 'incomplete'],
] as const)('completeness of %s', ([code, status]) => {
  expect(completeness(code).status).toBe(status)
})

test('an open block is continued with an indent', () => {
  expect(completeness('  if (x) {').indent).toBe('    ')
})
