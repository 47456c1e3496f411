import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { changeBetween } from './change'
import { nextProblem } from './next'
import { toKind, toPlace, toRange } from './places'

describe('the smallest change', () => {
  it('turns one text into the other', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', 'é', '😀'), maxLength: 30 })
    fc.assert(
      fc.property(text, text, (before, after) => {
        const { offset, length, text } = changeBetween(before, after)
        expect(before.slice(0, offset) + text + before.slice(offset + length)).toBe(after)
      }),
      { numRuns: 500 },
    )
  })

  it('is as short as what was typed', () => {
    expect(changeBetween('aaa', 'aaaa')).toEqual({ offset: 3, length: 0, text: 'a' })
    expect(changeBetween('let x = 1', 'let x = 12')).toEqual({ offset: 9, length: 0, text: '2' })
    expect(changeBetween('same', 'same')).toMatchObject({ length: 0, text: '' })
  })
})

it('places count from 1 in Monaco, from 0 in the service', () => {
  const span = { start: { line: 0, character: 3 }, end: { line: 2, character: 0 } }
  const range = toRange(span)
  expect(toPlace({ lineNumber: range.startLineNumber, column: range.startColumn })).toEqual(span.start)
  expect(toPlace({ lineNumber: range.endLineNumber, column: range.endColumn })).toEqual(span.end)
  expect([toKind(2), toKind(3), toKind(99)]).toEqual([0, 1, 18])
})

it('leads from one problem to the next and round the end', () => {
  const item = (severity: 'error' | 'hint') => ({
    start: { line: 0, character: 0 },
    end: { line: 0, character: 1 },
    severity,
    message: 'x',
    code: 1,
  })
  const problems = { a: [item('error')], b: [item('hint')], c: [item('error')] }
  const next = (selected?: string) => nextProblem(['a', 'b', 'c'], problems, selected)?.cellId
  expect([next(undefined), next('a'), next('b'), next('c')]).toEqual(['a', 'c', 'c', 'a'])
  expect(nextProblem(['b'], problems, undefined)).toBeUndefined()
})
