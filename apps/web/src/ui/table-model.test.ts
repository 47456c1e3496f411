import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arrangeRows, type CellValue, columnFormat, nextSort } from './table-model'

const rows: CellValue[][] = [
  ['C10H20', 2.5, true],
  ['C2H4', null, false],
  ['C9H18', 10, true],
]

describe('arrangeRows', () => {
  it('sorts numbers as numbers, text as people do, and empty values last both ways', () => {
    expect(arrangeRows(rows, '', { column: 1, descending: false })).toEqual([0, 2, 1])
    expect(arrangeRows(rows, '', { column: 1, descending: true })).toEqual([2, 0, 1])
    expect(arrangeRows(rows, '', { column: 0, descending: false })).toEqual([1, 2, 0])
  })

  it('filters by any column, regardless of case', () => {
    expect(arrangeRows(rows, 'c9', undefined)).toEqual([2])
    expect(arrangeRows(rows, 'true', undefined)).toEqual([0, 2])
    expect(arrangeRows(rows, 'nothing', undefined)).toEqual([])
  })

  it('never loses or doubles a row', () => {
    const value = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null))
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value)), fc.boolean(), (table, descending) => {
        const order = arrangeRows(table, '', { column: 1, descending })
        expect([...order].sort((a, b) => a - b)).toEqual(table.map((_, i) => i))
      }),
    )
  })
})

it('a head steps through ascending, descending and none', () => {
  const first = nextSort(undefined, 2)
  expect(first).toEqual({ column: 2, descending: false })
  const second = nextSort(first, 2)
  expect(second).toEqual({ column: 2, descending: true })
  expect(nextSort(second, 2)).toBeUndefined()
  expect(nextSort(second, 1)).toEqual({ column: 1, descending: false })
})

it('writes a column with one number of digits', () => {
  const write = columnFormat([[0.05], [1], [0.125], [null]], 0)
  expect([0.05, 1, null, 0.125].map(write)).toEqual(['0.050', '1.000', '', '0.125'])
  expect(columnFormat([[1], [20]], 0)(20)).toBe('20')
  expect(columnFormat([[1.5e-9], [2]], 0)(1.5e-9)).toBe('1.500e-9')
  expect(columnFormat([[300.123456789]], 0)(300.123456789)).toBe('300.1235')
  expect(columnFormat([[Number.NaN]], 0)(Number.NaN)).toBe('NaN')
})
